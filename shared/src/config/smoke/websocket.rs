//! A connection that both sides may speak on at any time.

use super::super::{Located, Name, Span, Template};
use super::auth::default_true;
use super::{Expectation, default_within};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A WebSocket (RFC 6455): the handshake, a frame each way, a ping, and the end of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebsocketProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address, query included.
    pub path: String,
    /// Request headers of the handshake.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// The subprotocol that is asked for, and must be agreed on.
    pub protocol: Option<String>,
    /// The `Origin` that a page of the service has.
    pub origin: Option<String>,
    /// An `Origin` of a foreign page, which must be refused; needs `origin`, whose page must be let
    /// in before and after.
    pub bad_origin: Option<String>,
    /// A text that is sent once the connection is open.
    pub send: Option<Template>,
    /// What must hold for the text of a frame that comes.
    pub expect: Option<Located<Expectation>>,
    /// What must hold for the same frame as a JSON document, by JSONPath (RFC 9535).
    #[serde(default)]
    pub json: BTreeMap<String, Located<Expectation>>,
    /// Whether a ping must be answered.
    #[serde(default = "default_true")]
    pub ping: bool,
    /// How long the handshake, the frame, the ping and the end may take, each.
    #[serde(default = "default_within")]
    pub within: Span,
}
