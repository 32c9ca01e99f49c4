//! A page and the security headers that it must have.

use super::super::{Located, Name, Span};
use super::{HeaderProfile, default_within};
use schemars::JsonSchema;
use serde::Deserialize;

/// A page and the security headers that it must have.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecurityHeadersProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address; asked with `GET`.
    pub path: String,
    /// The statuses that will do for it.
    #[serde(default = "super::http::default_status")]
    pub status: Vec<u16>,
    /// A path that gives an error page, which must have the same headers.
    pub error_path: Option<String>,
    /// Which headers.
    #[serde(default)]
    pub profile: HeaderProfile,
    /// How long each whole answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}
