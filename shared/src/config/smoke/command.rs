//! A suite of the project's own.

use super::super::{Located, Name, Span, Template};
use super::Expectation;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A suite of the project's own, run as a program: `npm run test:smoke`, an end-to-end test.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is run; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// The program and its arguments; no shell. `SLUICEGATE_URL` and `SLUICEGATE_RELEASE` tell it
    /// what is under test. What it leaves running is ended with it.
    pub run: Vec<String>,
    /// Variables that it sees besides those of this process.
    #[serde(default)]
    pub variables: BTreeMap<String, Template>,
    /// What must hold for its standard output, of which 8 MiB are kept: a runner that ran no test
    /// also ends with 0.
    pub output: Option<Located<Expectation>>,
    /// How long it may take; then it is killed with everything that it started.
    #[serde(default = "default_deadline")]
    pub within: Span,
}

fn default_deadline() -> Span {
    Span::seconds(300)
}
