//! How many requests are answered before the rest is turned away.

use super::super::{Located, Name, Span, Template};
use super::auth::default_true;
use super::http::default_status;
use super::{Expectation, default_within};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A limit of requests, tried by sending more. Asked last of all, because the address of this
/// machine is turned away from then on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimitProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address; asked with `GET`.
    pub path: String,
    /// Request headers: a token of its own keeps other users' limits as they are.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// How many requests are answered in one `window`.
    pub limit: u32,
    /// How long the limit counts. Where it lets go sooner, it is tried once more: not all of it may be
    /// free again.
    pub window: Span,
    /// How many requests more or fewer will do: limiters that share their count are late.
    #[serde(default = "default_tolerance")]
    pub tolerance: u32,
    /// How many requests are open at once.
    #[serde(default = "default_together")]
    pub together: u32,
    /// Whether others use up the same limit, so that fewer requests than `limit` may pass.
    #[serde(default)]
    pub shared: bool,
    /// The statuses of requests within the limit.
    #[serde(default = "default_status")]
    pub status: Vec<u16>,
    /// Whether a 429 must say when to come back: `Retry-After`, `RateLimit` or a header that ends
    /// with `RateLimit-Reset`.
    #[serde(default = "default_true")]
    pub retry_after: bool,
    /// What must hold for the headers of a 429.
    #[serde(default)]
    pub response_headers: BTreeMap<String, Located<Expectation>>,
    /// What must hold for the JSON body of a 429, by JSONPath (RFC 9535).
    #[serde(default)]
    pub json: BTreeMap<String, Located<Expectation>>,
    /// Whether requests must be answered again after the time that a 429 names.
    #[serde(default = "default_true")]
    pub recovery: bool,
    /// A recovery that takes longer than this is not waited for; a 429 must not name much more than the
    /// window then.
    #[serde(default = "default_recovery")]
    pub recovery_within: Span,
    /// Whether a made-up `X-Forwarded-For` is tried, which must not begin a new count.
    #[serde(default = "default_true")]
    pub spoof: bool,
    /// How long each answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

fn default_tolerance() -> u32 {
    10
}

fn default_together() -> u32 {
    20
}

fn default_recovery() -> Span {
    Span::seconds(90)
}
