//! What a deployed release must answer.

use super::{Share, Span, Template};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What smoke-test asks.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smoke {
    /// How long to wait until the environment answers as the release.
    #[serde(default = "default_wait")]
    pub wait: Span,
    /// How many fresh connections must all be answered by the release.
    #[serde(default = "default_connections")]
    pub connections: u32,
    /// The probes, in their order.
    pub probes: Vec<Probe>,
}

/// One thing to ask.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// One request and what its answer must be.
    Http(HttpProbe),
    /// Many requests at a steady rate and how fast they must be.
    Load(LoadProbe),
}

/// One request and what its answer must be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpProbe {
    /// What it is called in the report.
    pub name: String,
    /// The path below the environment's URL, query included.
    pub path: String,
    /// `GET` or `HEAD`.
    #[serde(default = "default_method")]
    pub method: String,
    /// Request headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// The statuses that will do.
    #[serde(default = "default_status")]
    pub status: Vec<u16>,
    /// Response headers and their exact values.
    #[serde(default)]
    pub response_headers: BTreeMap<String, String>,
    /// JSONPath (RFC 9535) to the value that every node it selects must equal; at least one must
    /// be there.
    #[serde(default)]
    pub json: BTreeMap<String, serde_json::Value>,
    /// Texts that the body must contain.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Texts that the body must not contain.
    #[serde(default)]
    pub not_contains: Vec<String>,
    /// How long the whole answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// Many requests at a steady rate and how fast they must be answered.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadProbe {
    /// What it is called in the report.
    pub name: String,
    /// The path below the environment's URL; asked with `GET`.
    pub path: String,
    /// How many requests are judged; a few more are sent before them to warm up.
    #[serde(default = "default_requests")]
    pub requests: u32,
    /// How many of them are sent each second, whether or not earlier ones were answered.
    #[serde(default = "default_rate")]
    pub per_second: f64,
    /// What 95 % of them must stay under, from the moment each was due.
    pub p95: Span,
    /// The largest share that may fail.
    #[serde(default = "default_errors")]
    pub errors: Share,
    /// After this long a request has failed.
    #[serde(default = "default_within")]
    pub within: Span,
}

fn default_wait() -> Span {
    Span::seconds(30)
}

fn default_connections() -> u32 {
    5
}

fn default_method() -> String {
    "GET".into()
}

fn default_status() -> Vec<u16> {
    vec![200]
}

fn default_within() -> Span {
    Span::seconds(5)
}

fn default_requests() -> u32 {
    300
}

fn default_rate() -> f64 {
    100.0
}

fn default_errors() -> Share {
    Share::percent(1.0)
}
