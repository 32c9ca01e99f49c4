//! How a release is put on an environment step by step.

use super::{Share, Span};
use schemars::JsonSchema;
use serde::Deserialize;

/// What canary-promote does.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Canary {
    /// The weights of the canary, rising; 100 % is added when it is not there.
    pub steps: Vec<Share>,
    /// How often the counters are read and judged.
    pub interval: Span,
    /// How long after each change of weight nothing is judged.
    pub warm_up: Span,
    /// The shortest time on one step after the warm-up.
    pub dwell: Span,
    /// The longest time on one step; then it is inconclusive.
    pub deadline: Span,
    /// Where requests and errors are counted.
    pub metrics: Vec<Metric>,
    /// Worse than this is aborted.
    pub abort: Margin,
    /// No worse than this is promoted.
    pub promote: Margin,
    /// The chance that a good release is aborted, over the whole rollout.
    pub alpha: f64,
    /// The chance that a bad release is promoted.
    pub beta: f64,
    /// What an inconclusive step leads to.
    pub inconclusive: Inconclusive,
}

impl Default for Canary {
    fn default() -> Self {
        Self {
            steps: vec![
                Share::percent(5.0),
                Share::percent(25.0),
                Share::percent(50.0),
            ],
            interval: Span::seconds(15),
            warm_up: Span::seconds(15),
            dwell: Span::seconds(60),
            deadline: Span::seconds(1800),
            metrics: Vec::new(),
            abort: Margin {
                ratio: 1.25,
                excess: Share::percent(0.02),
            },
            promote: Margin {
                ratio: 2.0,
                excess: Share::percent(0.1),
            },
            alpha: 0.01,
            beta: 0.05,
            inconclusive: Inconclusive::Abort,
        }
    }
}

/// A bound on the canary's error rate: `ratio` times stable's, plus `excess`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Margin {
    /// At least 1.
    pub ratio: f64,
    /// Percentage points on top.
    pub excess: Share,
}

/// What an inconclusive step leads to. None of them is a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Inconclusive {
    /// Stable gets all traffic back.
    Abort,
    /// The weight stays, for a person to decide: exit 4.
    Hold,
}

/// Where requests and errors are counted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Counters of the instances themselves, in Prometheus' text format.
    Scrape(ScrapeMetric),
    /// Requests that canary-promote sends to each instance.
    Probe(ProbeMetric),
}

/// Counters of the instances themselves.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScrapeMetric {
    /// The path of the exposition.
    #[serde(default = "default_metrics_path")]
    pub path: String,
    /// The counter of requests.
    #[serde(default = "default_requests")]
    pub requests: String,
    /// Its label that holds the HTTP status.
    #[serde(default = "default_status")]
    pub status: String,
}

/// Requests that canary-promote sends to each instance.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeMetric {
    /// The path; asked with `GET`.
    pub path: String,
    /// How many each instance gets per second.
    #[serde(default = "default_per_second")]
    pub per_second: f64,
    /// After this long a request has failed.
    #[serde(default = "default_within")]
    pub within: Span,
}

fn default_metrics_path() -> String {
    "/metrics".into()
}

fn default_requests() -> String {
    "http_requests_total".into()
}

fn default_status() -> String {
    "status".into()
}

fn default_per_second() -> f64 {
    5.0
}

fn default_within() -> Span {
    Span::seconds(2)
}
