//! What a rollout found out and did.

use crate::judge::{Decision, Interval};
use serde::Serialize;
use shared::place::Place;
use shared::release::Release;
use shared::traffic::Weight;

/// What a rollout, an abort or a reconciliation found out and did.
#[derive(Debug)]
pub struct Facts {
    /// What was asked for.
    pub task: Task,
    /// The release that was put on the environment.
    pub release: Release,
    /// The release that ran before; `None` when there was none.
    pub previous: Option<Release>,
    /// Whether the canary instances became ready; `None` when it did not come to that.
    pub ready: Option<Result<Vec<String>, String>>,
    /// The steps that were reached, in order.
    pub steps: Vec<Step>,
    /// The names of the metrics, in the order of every [`Sample`].
    pub metrics: Vec<Metric>,
    /// How it ended.
    pub end: End,
    /// How the environment was found afterwards, by service.
    pub places: Vec<Place>,
    /// Errors among the requests that the canary got, and how long it had traffic.
    pub exposed: Exposed,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Put the release on the environment.
    Run,
    /// Take the canary back.
    Abort,
    /// Finish or undo what another run left.
    Reconcile,
}

/// One metric and whether it sees the traffic of users.
#[derive(Clone, Debug, Serialize)]
pub struct Metric {
    /// What it is called.
    pub name: String,
    /// Whether it sees the traffic of users.
    pub sees_users: bool,
    /// All that was counted.
    pub intervals: Vec<Interval>,
    /// Whether it showed that the canary is no worse than the promote margin.
    pub is_certified: bool,
}

/// One weight.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// The canary's part of the traffic.
    pub weight: Weight,
    /// How long it was held, in seconds.
    pub seconds: f64,
    /// What was counted, one entry for each interval and metric.
    pub samples: Vec<Sample>,
    /// What the evidence said at its end.
    pub decision: Decision,
    /// Why nothing could be counted, when that happened last.
    pub trouble: Option<String>,
}

impl Step {
    /// A step on which nothing was counted yet.
    pub fn new(weight: Weight) -> Self {
        Self {
            weight,
            seconds: 0.0,
            samples: Vec::new(),
            decision: Decision::Continue,
            trouble: None,
        }
    }
}

/// What one metric counted in one interval.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    /// The metric's index.
    pub metric: usize,
    /// Since the first weight, in seconds.
    pub at: f64,
    /// The counts.
    pub interval: Interval,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// All traffic is on stable, and stable runs the release.
    Promoted,
    /// Stable runs what it ran before, with all traffic.
    PutBack {
        /// Why.
        cause: Cause,
    },
    /// The weight stays for a person to decide.
    Held,
    /// There was nothing to do.
    Nothing,
    /// It could be neither finished nor undone.
    Stuck {
        /// Why it was being undone.
        cause: Cause,
        /// What kept it from being undone.
        problem: String,
    },
}

/// Why a release was taken back.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The canary was judged worse than the abort margin.
    Worse {
        /// `ln` of the evidence.
        log_evidence: f64,
    },
    /// The time on a step was over before the evidence was enough.
    Inconclusive(String),
    /// The run was asked to stop, or an abort was asked for.
    Asked(String),
    /// Something could not be done.
    Problem(String),
}

impl Cause {
    /// The cause in words.
    pub fn text(&self) -> String {
        match self {
            Self::Worse { log_evidence } => format!(
                "the canary is worse than the abort margin (evidence {:.0} to 1)",
                log_evidence.exp().min(1e9)
            ),
            Self::Inconclusive(why) | Self::Asked(why) | Self::Problem(why) => why.clone(),
        }
    }
}

/// What the users of the canary met.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Exposed {
    /// Requests that canary instances answered, by the metrics that see users.
    pub requests: f64,
    /// Those of them that failed.
    pub errors: f64,
    /// From the first weight to the moment stable had all traffic back, in seconds.
    pub seconds: f64,
}

impl Exposed {
    /// The sum over the metrics that see users.
    pub fn of(metrics: &[Metric], time: std::time::Duration) -> Self {
        let users = metrics.iter().filter(|metric| metric.sees_users);
        let canary = users
            .flat_map(|metric| &metric.intervals)
            .map(|interval| interval.canary);
        let sum = canary.fold(crate::judge::Counts::default(), |sum, counts| sum + counts);
        Self {
            requests: sum.requests,
            errors: sum.errors,
            seconds: time.as_secs_f64(),
        }
    }
}
