//! How a rollback proves that it worked.

use super::Span;
use schemars::JsonSchema;
use serde::Deserialize;

/// What rollback asks of the environment when the last good release is back.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rollback {
    /// The path below the environment's URL; asked with `GET`.
    pub path: String,
    /// How many fresh connections must all be answered well and by the release.
    pub requests: u32,
    /// After this long a request has failed.
    pub within: Span,
}

impl Default for Rollback {
    fn default() -> Self {
        Self {
            path: "/".into(),
            requests: 20,
            within: Span::seconds(2),
        }
    }
}
