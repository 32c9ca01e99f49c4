//! Many requests and how fast they must be answered.

use super::super::{Located, Name, Share, Span, Template};
use super::default_within;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Many requests and how fast they must be answered: at a rate, whether or not earlier ones were
/// answered (`per_second` or `stages`), or by a number of users who each wait for their answer
/// (`users`).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address; asked with `GET`.
    pub path: Option<String>,
    /// Several paths, asked in turn; one that is listed twice is asked twice as often.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Request headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// How many requests are judged; a few more are sent before them to warm up. 300, unless `for`
    /// or `stages` says how long.
    pub requests: Option<u32>,
    /// How long it takes, instead of `requests`.
    #[serde(rename = "for")]
    pub lasting: Option<Span>,
    /// How many requests are sent each second, whether or not earlier ones were answered; 100 when
    /// neither `stages` nor `users` says otherwise.
    pub per_second: Option<f64>,
    /// One after the other: in each the rate, or the number of users, moves in a straight line from
    /// where it was to where it says. It starts at 0.
    #[serde(default)]
    pub stages: Vec<LoadStage>,
    /// So many users, each of whom waits for the answer before the next request.
    pub users: Option<u32>,
    /// How long a user pauses after an answer; not at all when not given.
    pub think: Option<Span>,
    /// What is sent first and not judged. Of `requests` it comes on top, of `for` and `stages` it is
    /// the first part. A twentieth, but at most 20 requests, when not given.
    pub warm_up: Option<WarmUp>,
    /// The most requests under way at once.
    #[serde(default = "default_connections")]
    pub connections: u32,
    /// What half of them must stay under, from the moment each was due.
    pub p50: Option<Span>,
    /// What 95 % of them must stay under, from the moment each was due.
    pub p95: Option<Span>,
    /// What 99 % of them must stay under, from the moment each was due.
    pub p99: Option<Span>,
    /// What 95 % of them must stay under, from the moment each was sent.
    pub service_p95: Option<Span>,
    /// What every answer must stay under, from the moment its request was due; a request that failed is
    /// slower than any limit.
    pub max: Option<Span>,
    /// The largest share that may fail.
    #[serde(default = "default_errors")]
    pub errors: Share,
    /// The smallest part of the planned rate that must be sent; 95 % when not given. Users have no
    /// planned rate.
    pub achieved: Option<Share>,
    /// How much more may be sent while a limit lies inside its interval.
    pub budget: Option<LoadBudget>,
    /// When to stop before the end.
    #[serde(default)]
    pub abort: LoadAbort,
    /// After this long a request has failed.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// A stretch of time in which the rate, or the number of users, moves in a straight line.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadStage {
    /// How long it takes.
    #[serde(rename = "for")]
    pub lasting: Span,
    /// The requests per second at its end.
    pub to: Option<f64>,
    /// The users at its end, instead of `to`.
    pub users: Option<u32>,
}

/// What is sent first and not judged.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WarmUp {
    /// So many requests.
    Requests(u32),
    /// Everything that is due in this time.
    For(Span),
}

/// How much may be sent in all.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadBudget {
    /// So many judged requests in all, those that were planned anyway included.
    pub requests: u32,
}

/// When a series is stopped before its end, so that a service in trouble is left alone.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoadAbort {
    /// When at least this share of all that ended has failed.
    pub errors: Share,
    /// But not before so many have ended.
    pub after: u32,
}

impl Default for LoadAbort {
    fn default() -> Self {
        Self {
            errors: Share::percent(50.0),
            after: 20,
        }
    }
}

fn default_connections() -> u32 {
    512
}

fn default_errors() -> Share {
    Share::percent(1.0)
}
