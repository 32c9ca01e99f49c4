//! A page that does not exist, and what it must not tell.

use super::super::{Located, Name, Span};
use super::{HeaderProfile, default_within};
use schemars::JsonSchema;
use serde::Deserialize;

/// A page that does not exist, and what it must not tell.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorPageProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address; one that no run has asked before when not given.
    pub path: Option<String>,
    /// The statuses that will do.
    #[serde(default = "default_status")]
    pub status: Vec<u16>,
    /// Texts that the page must not contain; by default the marks of stack traces, debug pages
    /// and database errors of usual languages and frameworks.
    #[serde(default = "default_not_contains")]
    pub not_contains: Vec<String>,
    /// Which security headers it must have; not asked when not given.
    pub profile: Option<HeaderProfile>,
    /// How long each whole answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

fn default_status() -> Vec<u16> {
    vec![404]
}

fn default_not_contains() -> Vec<String> {
    [
        "Traceback (most recent call last)",
        "DEBUG = True",
        "Werkzeug Debugger",
        "at Object.",
        "at Module.",
        "at Function.",
        "node_modules/",
        "\"stack\":",
        "Stack trace:",
        "Stack Trace",
        "stack trace",
        "StackTrace",
        "Exception in thread",
        "Caused by: ",
        "java.lang.",
        "org.springframework.",
        "System.NullReferenceException",
        "goroutine 1 [",
        "panicked at",
        "Fatal error: ",
        "SQLSTATE",
        "PrismaClient",
        "psycopg",
        "ORA-0",
    ]
    .map(str::to_owned)
    .into()
}
