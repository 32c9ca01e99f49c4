//! That an address is asked over HTTPS and nothing else.

use super::super::{Located, Name, Span};
use super::{Hsts, default_within};
use schemars::JsonSchema;
use serde::Deserialize;

/// That plain HTTP leads to HTTPS or nowhere, and that browsers are told to remember it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpsProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given. It must start
    /// with `https://`.
    pub at: Option<Located<Name>>,
    /// The path that is asked both ways.
    #[serde(default = "default_path")]
    pub path: String,
    /// The port on which plain HTTP is tried; 80 when not given. A closed one will do.
    #[serde(default = "default_port")]
    pub port: u16,
    /// The statuses with which plain HTTP may lead to HTTPS; 301 and 308 when not given.
    #[serde(default = "default_redirect")]
    pub redirect: Vec<u16>,
    /// What `Strict-Transport-Security` must say over HTTPS; not asked when not given.
    pub hsts: Option<Hsts>,
    /// How long each answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

fn default_path() -> String {
    "/".into()
}

fn default_port() -> u16 {
    80
}

fn default_redirect() -> Vec<u16> {
    vec![301, 308]
}
