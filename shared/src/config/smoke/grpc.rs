//! A gRPC server that says whether it serves.

use super::super::{Located, Name, Span};
use super::default_within;
use schemars::JsonSchema;
use serde::Deserialize;

/// A gRPC server that says whether it serves, by `grpc.health.v1.Health/Check`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrpcProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given. HTTP/2 is spoken
    /// at once behind `http://`, and agreed on behind `https://`.
    pub at: Option<Located<Name>>,
    /// The service whose health is asked for; the whole server when it is empty.
    #[serde(default)]
    pub service: String,
    /// How long the whole answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}
