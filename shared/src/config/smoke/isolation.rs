//! What belongs to one tenant and must not be seen by another.

use super::super::{Located, Name, Span, Template};
use super::auth::default_true;
use super::http::{RequestBody, default_method, default_status};
use super::{SentAs, default_within};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Something that its owner sees and a stranger does not. The stranger's token must open something
/// of its own, or its refusal proves nothing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IsolationProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address of what belongs to the owner, query included.
    pub path: String,
    /// `GET`, `HEAD` or `OPTIONS`, or one of the environment's `allow.methods`.
    #[serde(default = "default_method")]
    pub method: String,
    /// Request headers, sent by everybody.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// What is sent as body.
    pub body: Option<RequestBody>,
    /// How tokens are sent; as `bearer` when not given.
    #[serde(default)]
    pub sent_as: SentAs,
    /// The owner's token.
    pub owner: Template,
    /// Who must not see it.
    pub stranger: Stranger,
    /// The statuses that will do for the owner, and for the stranger at its own path.
    #[serde(default = "default_status")]
    pub seen: Vec<u16>,
    /// The statuses that will do for the stranger.
    #[serde(default = "default_hidden")]
    pub hidden: Vec<u16>,
    /// The statuses that will do without a token; none leaves that out.
    #[serde(default = "default_anonymous")]
    pub anonymous: Vec<u16>,
    /// The rows of an answer by JSONPath (RFC 9535), such as `$[*]`: the owner must see at least
    /// one, and so must the stranger at its own path.
    pub rows: Option<Located<String>>,
    /// Whether an answer without `rows` hides as well as a refusal does; the list that they would
    /// be in must be there.
    #[serde(default = "default_true")]
    pub empty: bool,
    /// How long each answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// Who must not see what belongs to the owner.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stranger {
    /// The stranger's token.
    pub token: Template,
    /// The path of something that the stranger does see, asked with the same method.
    pub own: String,
}

fn default_hidden() -> Vec<u16> {
    vec![403, 404]
}

fn default_anonymous() -> Vec<u16> {
    vec![401, 403, 404]
}
