//! A series of requests, refused when it could never decide its own limits.

mod limits;
mod model;
mod refusals;
mod shape;

pub(crate) use limits::{LOOKS, Limit, Of, confidence, undecidable};
pub(crate) use model::{Length, Model, Ramps};
pub(crate) use refusals::LONGEST_SECONDS;

use super::Planned;
use super::request::{Protocol, Request};
use super::scope::Scope;
use crate::reproduce;
use refusals::{MOST_REQUESTS, allowed, impossible};
use shape::{paths, shape};
use shared::config::{LoadAbort, LoadProbe, Share, Span, WarmUp};
use shared::error::Result;
use shared::gate::Step;

/// The first requests find cold caches and no connections: 5 % of them, but no more than this.
const LONGEST_WARM_UP: u32 = 20;
const ACHIEVED: Share = Share::percent(95.0);

/// A series of requests.
#[derive(Clone, Debug)]
pub(crate) struct LoadPlan {
    /// What it is called.
    pub(crate) name: String,
    /// What is asked again and again, in turn.
    pub(crate) requests: Vec<Request>,
    /// How the load is put on.
    pub(crate) model: Model,
    /// When it ends.
    pub(crate) length: Length,
    /// What is sent first and not judged.
    pub(crate) warm_up: WarmUp,
    /// The most requests under way at once.
    pub(crate) connections: u32,
    /// What its times must stay under.
    pub(crate) limits: Vec<Limit>,
    /// The largest share that may fail.
    pub(crate) errors: Share,
    /// The smallest part of the planned rate that must be sent.
    pub(crate) achieved: Share,
    /// How many may be judged in all while a limit lies inside its interval.
    pub(crate) budget: Option<u32>,
    /// When it is stopped before its end.
    pub(crate) abort: LoadAbort,
    /// The most that may be sent in any second.
    pub(crate) most_per_second: f64,
    /// After this long a request has failed.
    pub(crate) within: Span,
    /// The command that shows one of the requests by hand.
    pub(crate) reproduce: String,
}

impl Planned for LoadPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["load"]
    }

    fn requests(&self) -> u64 {
        let judged = self.judged();
        let more = u64::from(self.budget.unwrap_or_default()).saturating_sub(judged);
        judged + self.warming() + more
    }

    fn steps(&self) -> Vec<Step> {
        let limits = self.limits.iter();
        let limits: Vec<String> = limits
            .map(|limit| format!("{} under {}", limit.word(), limit.under))
            .chain([format!("at most {} errors", self.errors)])
            .collect();
        let (name, how) = (&self.name, self.describe());
        let (judged, warming, limits) = (self.judged(), self.warming(), limits.join(", "));
        let most = if self.is_bounded() { "" } else { "at most " };
        let purpose = format!(
            "load `{name}`: {most}{judged} requests {how} after {warming} to warm up, {limits}"
        );
        let shares = self.requests.len();
        let step = |request: &Request| {
            let times = self.requests().div_ceil(shares as u64);
            Step::reads(&purpose, format!("{} ({times} times)", request.call()))
        };
        self.requests.iter().map(step).collect()
    }
}

impl LoadPlan {
    /// The first of what is asked.
    pub(crate) fn request(&self) -> &Request {
        self.requests.first().expect("a series asks for something")
    }

    /// How many requests are judged; the most that there can be where users decide.
    pub(crate) fn judged(&self) -> u64 {
        match (self.length, &self.model) {
            (Length::Requests(requests), _) => requests.into(),
            (Length::Seconds(seconds), Model::Open(rate)) => {
                let due = rate.until(seconds).ceil() as u64;
                due.saturating_sub(self.warming_of_due(due))
            }
            (Length::Seconds(seconds), Model::Closed(..)) => {
                let most = (self.most_per_second * seconds).ceil() as u64;
                most.min(MOST_REQUESTS.into())
            }
        }
    }

    /// How many requests are sent to warm up.
    fn warming(&self) -> u64 {
        match (self.warm_up, &self.model) {
            (WarmUp::Requests(_), Model::Open(rate)) => {
                let due = rate.until(self.seconds()).ceil() as u64;
                self.warming_of_due(due)
            }
            (WarmUp::Requests(count), Model::Closed(..)) => count.into(),
            (WarmUp::For(time), model) => {
                let seconds = time.duration().as_secs_f64();
                match model {
                    Model::Open(rate) => rate.until(seconds).ceil() as u64,
                    Model::Closed(..) => (self.most_per_second * seconds).ceil() as u64,
                }
            }
        }
    }

    /// The length in seconds, endless when it ends with a number.
    fn seconds(&self) -> f64 {
        match self.length {
            Length::Requests(_) => f64::INFINITY,
            Length::Seconds(seconds) => seconds,
        }
    }

    fn warming_of_due(&self, due: u64) -> u64 {
        match (self.warm_up, &self.model) {
            (WarmUp::Requests(count), _) => u64::from(count).min(due),
            (WarmUp::For(time), Model::Open(rate)) => {
                (rate.until(time.duration().as_secs_f64()).ceil() as u64).min(due)
            }
            (WarmUp::For(_), Model::Closed(..)) => 0,
        }
    }

    /// Whether the number of requests is known beforehand.
    fn is_bounded(&self) -> bool {
        matches!(
            (self.length, &self.model),
            (Length::Requests(_), _) | (_, Model::Open(_))
        )
    }

    /// How often it is judged at most.
    pub(crate) fn looks(&self) -> u32 {
        let planned = self.judged();
        match self.budget {
            Some(budget) if u64::from(budget) > planned => LOOKS,
            Some(_) | None => 1,
        }
    }

    /// How sure each statement about it is.
    pub(crate) fn confidence(&self) -> f64 {
        confidence(self.looks())
    }

    /// How many stages there are.
    pub(crate) fn stages(&self) -> usize {
        let (Model::Open(ramps) | Model::Closed(ramps, _)) = &self.model;
        ramps.count()
    }

    /// `1: 30 s from 0 to 50`; what is not in the plan was sent to decide after all.
    pub(crate) fn stage(&self, index: usize) -> String {
        let (Model::Open(ramps) | Model::Closed(ramps, _)) = &self.model;
        match ramps.describe(index) {
            Some(text) => format!("{}: {text}", index + 1),
            None => "more".into(),
        }
    }

    /// Whether so many requests a second are planned.
    pub(crate) fn has_rate(&self) -> bool {
        matches!(self.model, Model::Open(_))
    }

    /// `at 100/s`, `by 20 users`.
    pub(crate) fn describe(&self) -> String {
        match &self.model {
            Model::Open(rate) if rate.seconds().is_infinite() => format!("at {}/s", rate.peak()),
            Model::Open(rate) => {
                format!("in {} stages up to {}/s", rate.count(), rate.peak())
            }
            Model::Closed(users, _) if users.seconds().is_infinite() => {
                format!("by {} users", users.peak())
            }
            Model::Closed(users, _) => {
                format!("in {} stages up to {} users", users.count(), users.peak())
            }
        }
    }

    /// The smallest limit on times, which the instrument must be much finer than.
    pub(crate) fn finest(&self) -> Option<Span> {
        self.limits.iter().map(|limit| limit.under).min()
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &LoadProbe) -> Result<LoadPlan> {
    let refuse = |why: String| scope.refuse(why);
    let (model, length) = shape(probe).map_err(refuse)?;
    let mut requests = Vec::new();
    for path in paths(probe).map_err(refuse)? {
        let mut request = scope.get(probe.at.as_ref(), path, probe.within)?;
        (request.headers, request.shown) = scope.headers(&probe.headers)?;
        request.protocol = Protocol::Http1;
        requests.push(request);
    }
    let reproduce = requests.first().map(reproduce::timing);
    let plan = LoadPlan {
        name: probe.name.value.clone(),
        requests,
        warm_up: probe
            .warm_up
            .unwrap_or_else(|| default_warm_up(&model, length)),
        model,
        length,
        connections: probe.connections,
        limits: limits::of(probe),
        errors: probe.errors,
        achieved: probe.achieved.unwrap_or(ACHIEVED),
        budget: probe.budget.map(|budget| budget.requests),
        abort: probe.abort,
        most_per_second: scope.allow().per_second,
        within: probe.within,
        reproduce: reproduce.unwrap_or_default(),
    };
    if let Some(why) = impossible(&plan) {
        return Err(scope.refuse(why));
    }
    allowed(scope, &plan)?;
    Ok(plan)
}

fn default_warm_up(model: &Model, length: Length) -> WarmUp {
    let planned = match (length, model) {
        (Length::Requests(requests), _) => f64::from(requests),
        (Length::Seconds(seconds), Model::Open(rate)) => rate.until(seconds),
        (Length::Seconds(_), Model::Closed(..)) => f64::INFINITY,
    };
    WarmUp::Requests(((planned / 20.0) as u32).min(LONGEST_WARM_UP))
}

#[cfg(test)]
mod tests;
