//! A door: open with a token, closed without it.

use super::super::{Located, Name, Span, Template};
use super::http::{RequestBody, default_method, default_status};
use super::{SentAs, default_within};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// One endpoint that needs a token. It is asked with the token, without it, with garbage of the
/// same shape and with one character of the token changed; both halves must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address, query included.
    pub path: String,
    /// `GET`, `HEAD` or `OPTIONS`, or one of the environment's `allow.methods`.
    #[serde(default = "default_method")]
    pub method: String,
    /// Request headers, sent with every token and without.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// What is sent as body.
    pub body: Option<RequestBody>,
    /// The token that opens the door.
    pub token: Template,
    /// How tokens are sent; as `bearer` when not given.
    #[serde(default)]
    pub sent_as: SentAs,
    /// The statuses that will do with the token.
    #[serde(default = "default_status")]
    pub with: Vec<u16>,
    /// The statuses that will do without a token.
    #[serde(default = "default_refusal")]
    pub without: Vec<u16>,
    /// The statuses that will do with a corrupted token.
    #[serde(default = "default_refusal")]
    pub garbage: Vec<u16>,
    /// Whether each 401 must come with `WWW-Authenticate` (RFC 9110, section 11.6.1).
    #[serde(default = "default_true")]
    pub challenge: bool,
    /// Other known tokens, and what is answered to each.
    #[serde(default)]
    pub roles: Vec<RoleToken>,
    /// A token that has expired.
    pub expired: Option<ExpiredToken>,
    /// How long each answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// The token of somebody else, and what is answered to it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleToken {
    /// Who has it, for the report.
    pub name: Located<String>,
    /// The token.
    pub token: Template,
    /// How it is sent; as the probe says when not given.
    pub sent_as: Option<SentAs>,
    /// The statuses that will do.
    #[serde(default = "default_forbidden")]
    pub status: Vec<u16>,
}

/// A token that has expired, and what is answered to it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpiredToken {
    /// The token.
    pub token: Template,
    /// The statuses that will do.
    #[serde(default = "default_refusal")]
    pub status: Vec<u16>,
}

fn default_refusal() -> Vec<u16> {
    vec![401]
}

fn default_forbidden() -> Vec<u16> {
    vec![403]
}

pub(super) fn default_true() -> bool {
    true
}
