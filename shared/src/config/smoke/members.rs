//! Every member behind a load balancer, on its own address.

use super::super::{Located, Name, Span, Template};
use super::http::default_status;
use super::{Expectation, default_within};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Every member behind a load balancer, asked on its own address and through the front: each must
/// answer as expected, and as the release.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MembersProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// The service whose members they are; the environment's only one when not given.
    pub service: Option<Located<Name>>,
    /// `host:port` of each, or `https://host:port`; those of the service's target when not given.
    #[serde(default)]
    pub members: Vec<Template>,
    /// Which members of the target are asked.
    #[serde(default)]
    pub group: Group,
    /// The path below each address; asked with `GET`.
    pub path: String,
    /// Request headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// The statuses that will do.
    #[serde(default = "default_status")]
    pub status: Vec<u16>,
    /// By JSONPath (RFC 9535): the value that every node it selects must equal, or what must hold
    /// for them; at least one must be there.
    #[serde(default)]
    pub json: BTreeMap<String, Located<Expectation>>,
    /// Whether the front is asked for the same path.
    #[serde(default = "default_front")]
    pub front: bool,
    /// HAProxy's own view of its members.
    pub haproxy: Option<HaproxyStatistics>,
    /// How long each answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// Which members of a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Those that carry the traffic when no canary runs.
    #[default]
    Stable,
    /// Those of the canary.
    Canary,
    /// All of them.
    All,
}

/// HAProxy's own view of its members, as its statistics page has it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HaproxyStatistics {
    /// Which of the environment's `addresses` has the page; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path of the page as CSV.
    #[serde(default = "default_statistics")]
    pub path: String,
    /// Request headers, to be let in.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// The backend whose servers must all be up.
    pub backend: String,
}

fn default_front() -> bool {
    true
}

fn default_statistics() -> String {
    "/stats;csv".into()
}
