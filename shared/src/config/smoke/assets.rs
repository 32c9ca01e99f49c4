//! What a page loads.

use super::super::{Located, Name, Span};
use super::default_within;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a page loads from its own origin: scripts, styles, images and icons are all there, are
/// what they should be, and are cached as their names promise.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetsProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path of the page below the address.
    #[serde(default = "default_path")]
    pub path: String,
    /// So many are asked at most.
    #[serde(default = "default_most")]
    pub most: u32,
    /// Whether a file with a hash in its name must be `immutable`, with a `max-age` of a year.
    #[serde(default = "default_yes")]
    pub immutable_hashed: bool,
    /// Whether scripts and styles of 1 KiB and more must come compressed.
    #[serde(default)]
    pub compressed: bool,
    /// How long each whole answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

fn default_path() -> String {
    "/".into()
}

fn default_most() -> u32 {
    50
}

fn default_yes() -> bool {
    true
}
