//! Metrics in Prometheus' text format and what they must show.

use super::super::{Located, Name, Span, Template};
use super::{Expectation, default_within};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Metrics in Prometheus' text format and what they must show.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricsProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address.
    #[serde(default = "default_path")]
    pub path: String,
    /// Request headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Metrics that must be there, each with at least one sample, and what must hold for them. The
    /// name of a family (`http_request_duration_seconds`) or of one of its series
    /// (`http_request_duration_seconds_count`).
    #[serde(default)]
    pub families: BTreeMap<String, Located<MetricFamily>>,
    /// Counters that must have gone up after `traffic`, and further than by being read.
    #[serde(default)]
    pub moves: Vec<Located<String>>,
    /// The path that is asked between two readings, at the same address, to move them.
    pub traffic: Option<Located<String>>,
    /// How often it is asked.
    #[serde(default = "default_requests")]
    pub requests: u32,
    /// What whoever is outside must be told: who sends no `headers`; or, with `at`, who asks for the
    /// same path at the environment's `url`.
    pub outside: Option<Located<Outside>>,
    /// How long each answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// What whoever is outside must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outside {
    /// 401, 403 or 404.
    Forbidden,
}

/// What must hold for a metric; what is not given is not asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricFamily {
    /// What its `# TYPE` must say.
    #[serde(rename = "type")]
    pub kind: Option<MetricKind>,
    /// Only samples with these labels and values count.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What must hold for the value of each sample, or as its `for` says; of histograms and
    /// summaries for their counts, or for the buckets and quantiles that `labels` asks for.
    pub value: Option<Located<Expectation>>,
    /// What must hold for the sum of all these values.
    pub sum: Option<Located<Expectation>>,
}

/// The types of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MetricKind {
    /// Only goes up, but for restarts.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by bucket.
    Histogram,
    /// Quantiles.
    Summary,
    /// Of no declared type.
    Untyped,
}

fn default_path() -> String {
    "/metrics".into()
}

fn default_requests() -> u32 {
    5
}
