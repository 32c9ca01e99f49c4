//! An answer that goes on as long as there is something to tell.

use super::super::{Located, Name, Span, Template};
use super::{Expectation, default_within};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A stream of server-sent events, as a browser's `EventSource` reads it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SseProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address, query included; asked with `GET`.
    pub path: String,
    /// Request headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// How many events must come.
    #[serde(default = "default_events")]
    pub events: u32,
    /// Only events of this name count; all of them when not given.
    pub event: Option<String>,
    /// What must hold for the data of each of them.
    pub data: Option<Located<Expectation>>,
    /// What must hold for the same data as a JSON document, by JSONPath (RFC 9535).
    #[serde(default)]
    pub json: BTreeMap<String, Located<Expectation>>,
    /// How long they may take, from the request to the last of them.
    #[serde(default = "default_within")]
    pub within: Span,
}

fn default_events() -> u32 {
    1
}
