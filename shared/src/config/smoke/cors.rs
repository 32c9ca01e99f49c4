//! Which pages of other origins may use an address.

use super::super::{Located, Name, Span};
use super::default_within;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which pages of other origins may use an address (CORS). Besides those that are named, `null` and
/// origins that nobody has ever heard of, some of which begin or end as the allowed one does, are
/// always tried and must be turned away; so must be the allowed host without TLS and at another
/// port, where credentials are allowed. A request that is answered with an error other than 401 and
/// 403, without the headers of CORS, says nothing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorsProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address.
    pub path: String,
    /// The method that a page would use. It is asked for and not sent, except `GET` and `HEAD`.
    #[serde(default = "super::http::default_method")]
    pub method: String,
    /// The origin that must be allowed: `https://console.example`.
    pub origin: Located<String>,
    /// The request headers that it must be allowed to send.
    #[serde(default)]
    pub headers: Vec<Located<String>>,
    /// Origins that must not be allowed.
    #[serde(default)]
    pub denied: Vec<Located<String>>,
    /// Whether cookies and other credentials must be allowed.
    #[serde(default)]
    pub credentials: bool,
    /// How long each whole answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}
