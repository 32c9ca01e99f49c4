//! A page that must come compressed, and be the same then.

use super::super::{Located, Name, Size, Span};
use super::default_within;
use schemars::JsonSchema;
use serde::Deserialize;

/// A page that must come compressed to those who take it so, and be the same then.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompressionProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address; asked with `GET`.
    pub path: String,
    /// A smaller page is not worth it, and says nothing.
    #[serde(default = "default_min_bytes")]
    pub min_bytes: Size,
    /// The encodings that must work, each asked for alone.
    #[serde(default = "default_encodings")]
    pub encodings: Vec<ContentEncoding>,
    /// How long each whole answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// How a body is compressed (RFC 9110, section 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContentEncoding {
    /// gzip.
    Gzip,
    /// zlib.
    Deflate,
}

fn default_min_bytes() -> Size {
    Size::of_bytes(1024)
}

fn default_encodings() -> Vec<ContentEncoding> {
    vec![ContentEncoding::Gzip]
}
