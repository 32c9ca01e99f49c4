//! How a token is shown to a server.

use super::super::Located;
use schemars::JsonSchema;
use serde::Deserialize;

/// How a token is sent.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SentAs {
    /// As `Authorization: Bearer …` (RFC 6750).
    #[default]
    Bearer,
    /// As `Authorization: Basic …` (RFC 7617); the token is `user:password`.
    Basic,
    /// As the value of the header of this name.
    Header(Located<String>),
    /// As the value of the cookie of this name.
    Cookie(Located<String>),
}
