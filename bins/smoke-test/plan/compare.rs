//! The new release against the current one, request by request.

use super::Planned;
use super::load::{LOOKS, confidence};
use super::request::{Protocol, Request};
use super::scope::Scope;
use crate::reproduce;
use crate::statistics::{least_for_percentile, least_for_share};
use shared::config::{CompareProbe, Delta, Located, Name, Share, Span};
use shared::error::Result;
use shared::gate::Step;

/// More pairs than this take too long one after the other.
const MOST_PAIRS: u32 = 100_000;
/// The first pairs find cold caches and no connections.
pub(crate) const WARM_UP: u32 = 5;

/// Pairs of requests.
#[derive(Clone, Debug)]
pub(crate) struct ComparePlan {
    /// What it is called.
    pub(crate) name: String,
    /// To the new release.
    pub(crate) new: Request,
    /// The same to the current one.
    pub(crate) current: Request,
    /// How many pairs are judged.
    pub(crate) pairs: u32,
    /// How many may be in all while a limit lies inside its interval.
    pub(crate) budget: Option<u32>,
    /// What the differences must stay under.
    pub(crate) limits: Vec<DeltaLimit>,
    /// The largest share of pairs in which only the new one may fail.
    pub(crate) errors: Share,
    /// The command that shows the times of both by hand.
    pub(crate) reproduce: String,
}

/// A limit on the differences within the pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct DeltaLimit {
    /// The part of all pairs that it is about.
    pub(crate) share: f64,
    /// How much slower the new one may be.
    pub(crate) under: Delta,
}

impl DeltaLimit {
    /// As people call it.
    pub(crate) fn word(&self) -> String {
        if self.share == 0.5 {
            "median".into()
        } else {
            format!("p{:.0}", self.share * 100.0)
        }
    }
}

impl Planned for ComparePlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["compare"]
    }

    fn requests(&self) -> u64 {
        2 * (u64::from(WARM_UP) + u64::from(self.most_pairs()))
    }

    fn steps(&self) -> Vec<Step> {
        let limits = self.limits.iter();
        let limits: Vec<String> = limits
            .map(|limit| format!("{} at most {} slower", limit.word(), limit.under))
            .collect();
        let (name, pairs, limits) = (&self.name, self.pairs, limits.join(", "));
        let times = WARM_UP + self.most_pairs();
        let purpose = format!(
            "compare `{name}`: {pairs} pairs after {WARM_UP} to warm up, {limits}, only the new one \
             fails in at most {}",
            self.errors
        );
        let call = |request: &Request| format!("{} ({times} times)", request.call());
        let current = format!("the current release in the pairs of `{name}`");
        vec![
            Step::reads(purpose, call(&self.new)),
            Step::reads(current, call(&self.current)),
        ]
    }
}

impl ComparePlan {
    fn most_pairs(&self) -> u32 {
        self.budget.unwrap_or_default().max(self.pairs)
    }

    /// How often it is judged at most.
    pub(crate) fn looks(&self) -> u32 {
        if self.most_pairs() > self.pairs {
            LOOKS
        } else {
            1
        }
    }

    /// How sure each statement about it is.
    pub(crate) fn confidence(&self) -> f64 {
        confidence(self.looks())
    }

    /// How many pairs there are before a look, the first being 0.
    pub(crate) fn until(&self, look: u32) -> u32 {
        let (first, last) = (f64::from(self.pairs), f64::from(self.most_pairs()));
        match look {
            0 => self.pairs,
            // The second look is half-way between the first and the last, in proportion.
            1 if self.looks() > 2 => (first * last).sqrt() as u32,
            _ => self.most_pairs(),
        }
    }

    /// The smallest limit that is a time, which the instrument must be much finer than.
    pub(crate) fn finest(&self) -> Option<Span> {
        let times = self.limits.iter().filter_map(|limit| match limit.under {
            Delta::Time(time) => Some(time),
            Delta::Part(_) => None,
        });
        times.min()
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &CompareProbe) -> Result<ComparePlan> {
    let request = |at: Option<&Located<Name>>| {
        let mut request = scope.get(at, &probe.path, probe.within)?;
        (request.headers, request.shown) = scope.headers(&probe.headers)?;
        request.protocol = Protocol::Http1;
        Ok(request)
    };
    let (new, current) = (request(probe.at.as_ref())?, request(Some(&probe.against))?);
    if new.url.endpoint == current.url.endpoint && new.url.target == current.url.target {
        let message = "compares an address with itself";
        let hint = "name the address of the current release with `against`";
        return Err(scope.refuse_at(&probe.against, message).hint(hint));
    }
    let median = DeltaLimit {
        share: 0.5,
        under: probe.max_delta,
    };
    let slow = probe
        .max_delta_p95
        .map(|under| DeltaLimit { share: 0.95, under });
    let plan = ComparePlan {
        name: probe.name.value.clone(),
        reproduce: format!(
            "{}; {}",
            reproduce::timing(&new),
            reproduce::timing(&current)
        ),
        new,
        current,
        pairs: probe.pairs,
        budget: probe.budget.map(|budget| budget.pairs),
        limits: [Some(median), slow].into_iter().flatten().collect(),
        errors: probe.errors,
    };
    match impossible(&plan) {
        Some(why) => Err(scope.refuse(why)),
        None => Ok(plan),
    }
}

/// Even if every pair were alike and none failed, too few of them would prove nothing.
fn impossible(plan: &ComparePlan) -> Option<String> {
    let is_none = |limit: &&DeltaLimit| match limit.under {
        Delta::Time(time) => time.duration().is_zero(),
        Delta::Part(part) => part.fraction() == 0.0,
    };
    if let Some(limit) = plan.limits.iter().find(is_none) {
        return Some(format!(
            "allows the new one to be slower by {}, and no two answers take the same time",
            limit.under
        ));
    }
    if plan.most_pairs() > MOST_PAIRS {
        return Some(format!("needs at most {MOST_PAIRS} `pairs`"));
    }
    if plan.budget.is_some_and(|budget| budget <= plan.pairs) {
        let pairs = plan.pairs;
        return Some(format!(
            "has a `budget` of no more than the {pairs} pairs that are asked anyway"
        ));
    }
    let (confidence, errors) = (plan.confidence(), plan.errors);
    let Some(for_errors) = least_for_share(errors.fraction(), confidence) else {
        return Some(format!(
            "has `errors: {errors}`, which no number of pairs can show"
        ));
    };
    let for_limits = plan.limits.iter();
    let for_limits = for_limits.map(|limit| least_for_percentile(limit.share, confidence));
    let needed = for_limits.fold(for_errors, u64::max);
    let pairs = plan.pairs;
    (u64::from(pairs) < needed).then(|| {
        format!(
            "can never show its limits with {pairs} `pairs`, however alike both are: it needs at \
             least {needed}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::compare_plan;

    #[test]
    fn what_could_never_be_shown_is_refused_with_the_number_needed() {
        let with = |change: fn(&mut ComparePlan)| {
            let mut plan = compare_plan();
            change(&mut plan);
            impossible(&plan)
        };
        assert_eq!(with(|_| ()), None);
        let why = "can never show its limits with 50 `pairs`, however alike both are: it needs at \
                   least 59";
        assert_eq!(with(|plan| plan.pairs = 50).as_deref(), Some(why));
        let slow = with(|plan| {
            plan.pairs = 71;
            plan.limits.push(DeltaLimit {
                share: 0.95,
                under: Delta::Time(Span::milliseconds(50)),
            });
        });
        assert!(slow.is_some_and(|why| why.ends_with("at least 72")));
        assert!(with(|plan| plan.errors = Share::percent(0.0)).is_some());
        assert!(with(|plan| plan.limits[0].under = Delta::Time(Span::seconds(0))).is_some());
        assert!(with(|plan| plan.pairs = MOST_PAIRS + 1).is_some());
        assert!(with(|plan| plan.budget = Some(100)).is_some());
        assert_eq!(with(|plan| plan.budget = Some(400)), None);
    }

    #[test]
    fn a_budget_is_looked_at_three_times() {
        let mut plan = compare_plan();
        assert_eq!(
            (plan.looks(), plan.until(0), plan.requests()),
            (1, 100, 210)
        );
        plan.budget = Some(400);
        assert_eq!((plan.looks(), plan.requests()), (3, 810));
        assert_eq!([0, 1, 2].map(|look| plan.until(look)), [100, 200, 400]);
    }
}
