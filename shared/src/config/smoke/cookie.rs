//! A cookie that an answer must set, and how.

use super::super::Span;
use schemars::JsonSchema;
use serde::Deserialize;

/// How an answer must set a cookie; its value is never looked at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CookieRule {
    /// Whether it must be `Secure`.
    #[serde(default = "default_yes")]
    pub secure: bool,
    /// Whether it must be `HttpOnly`.
    #[serde(default = "default_yes")]
    pub http_only: bool,
    /// What `SameSite` must be; not asked when not given.
    pub same_site: Option<SameSite>,
    /// The longest that it may live; a cookie that ends with the browser always will do.
    pub max_age_at_most: Option<Span>,
    /// What `Path` must be; not asked when not given.
    pub path: Option<String>,
    /// Whether its name must begin with `__Host-`, which is left out of the name given here.
    #[serde(default)]
    pub host_prefix: bool,
}

/// Which requests from other sites carry a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SameSite {
    /// None.
    Strict,
    /// Links that are followed.
    Lax,
    /// All.
    None,
}

fn default_yes() -> bool {
    true
}
