//! How an answer may be cached, and that it can be revalidated.

use super::super::{Located, Name, Span};
use super::default_within;
use schemars::JsonSchema;
use serde::Deserialize;

/// How an answer may be cached, and that it can be revalidated: it is asked once as it is, and
/// then with the conditions that a cache would use.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address; asked with `GET`.
    pub path: String,
    /// How it may be cached.
    pub class: CacheClass,
    /// The least `max-age`, in seconds: for `immutable`, a year (31536000) when not given; for
    /// `public`, 1, and an `s-maxage` must have as much.
    pub max_age: Option<Located<u64>>,
    /// The largest `max-age`, in seconds, for `public` and `private`, and the largest `s-maxage`;
    /// none when not given.
    pub max_age_at_most: Option<Located<u64>>,
    /// Whether a header must tell that a cache stands in front: `Age`, `Cache-Status`, `X-Cache`,
    /// or that of a content delivery network.
    #[serde(default)]
    pub age_required: bool,
    /// How long each whole answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// How an answer may be cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CacheClass {
    /// By everybody, for long, and never asked for again: files with a hash in their name.
    Immutable,
    /// By nobody.
    NoStore,
    /// By everybody, and asked for again before each use.
    Revalidate,
    /// By everybody for a while.
    Public,
    /// By the browser that asked, and by nothing between.
    Private,
}
