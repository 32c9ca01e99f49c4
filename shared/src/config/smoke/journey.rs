//! Requests that build on each other.

use super::super::{Located, Name};
use super::HttpProbe;
use schemars::JsonSchema;
use serde::Deserialize;

/// Requests that build on each other: a sign-in and what follows. Cookies are kept from step to
/// step as browsers keep them, captured values are written `{{name}}` in what is sent, and `{{run}}`
/// is the run's id. Within a path a value is encoded; one that the path begins with stands as it is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JourneyProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// The steps in their order; the first that goes wrong ends the journey.
    pub steps: Vec<HttpProbe>,
    /// What is asked at the end in any case, to leave nothing behind; `allow.requests` always has
    /// room for it. A step that needs a value which was never captured is left out.
    #[serde(default)]
    pub cleanup: Vec<HttpProbe>,
}
