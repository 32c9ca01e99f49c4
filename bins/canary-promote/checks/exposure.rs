//! exposure: at each step the canary got traffic, near its weight.

use crate::facts::{Facts, Metric, Step, Task};
use crate::judge::exposure::{Exposure, exposure};
use crate::judge::{Counts, Interval};
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "exposure",
    title: "at each step the canary got traffic, near its weight",
    why: "a canary that nobody reached shows nothing, however green it is",
    fix: "see whether the router's key splits the traffic, and whether the counters belong to \
          these instances",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    if facts.task != Task::Run {
        return Outcome::skipped("nothing is promoted here");
    }
    if facts.previous.is_none() {
        return Outcome::skipped("the first release goes to stable at once");
    }
    let (mut evidence, mut unknown) = (Vec::new(), Vec::new());
    for step in &facts.steps {
        match of_step(&facts.metrics, step) {
            Ok(line) => evidence.push(line),
            Err(why) => unknown.push(why),
        }
    }
    Outcome::judge(evidence, vec![], unknown)
}

/// What one step shows; also asked before the step is left.
///
/// # Errors
/// Why what was counted cannot be what was routed.
pub fn of_step(metrics: &[Metric], step: &Step) -> Result<String, String> {
    let sum = |sees_users: bool| {
        let samples = step.samples.iter();
        samples
            .filter(|sample| {
                metrics
                    .get(sample.metric)
                    .is_some_and(|metric| metric.sees_users == sees_users)
            })
            .fold(Interval::default(), |sum, sample| Interval {
                canary: sum.canary + sample.interval.canary,
                stable: sum.stable + sample.interval.stable,
            })
    };
    let (users, probes) = (sum(true), sum(false));
    let total = users.canary.requests + probes.canary.requests;
    if total <= 0.0 {
        return Err(format!("at {} the canary got no request", step.weight));
    }
    // Instances may or may not count our own probes: either reading may fit the weight.
    let less = |all: Counts, own: Counts| Counts {
        requests: (all.requests - own.requests).max(0.0),
        errors: 0.0,
    };
    let without = Interval {
        canary: less(users.canary, probes.canary),
        stable: less(users.stable, probes.stable),
    };
    let weight = step.weight.fraction();
    let line = |share: f64, interval: &Interval| {
        let requests = interval.canary.requests + interval.stable.requests;
        format!(
            "at {} the canary got {:.1} % of {requests:.0} requests",
            step.weight,
            share * 100.0
        )
    };
    match (exposure(&without, weight), exposure(&users, weight)) {
        (Exposure::Near { share }, _) => Ok(line(share, &without)),
        (_, Exposure::Near { share }) => Ok(line(share, &users)),
        (Exposure::TooFew { requests }, _) => Ok(format!(
            "at {} the canary answered {:.0} probes; {requests:.0} other requests are too few to see the share",
            step.weight, probes.canary.requests
        )),
        (Exposure::Far { share }, _) => Err(format!(
            "{}: what is counted is not what is routed",
            line(share, &without)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::{interval, promoted};

    #[test]
    fn a_share_near_the_weight_passes() {
        let outcome = check(&promoted());
        assert_eq!(
            outcome,
            Outcome::pass("at 10 % the canary got 10.0 % of 1000 requests")
        );
    }

    #[test]
    fn a_share_far_from_the_weight_is_unknown_not_pass() {
        let mut facts = promoted();
        facts.steps[0].samples[0].interval = interval(0.0, 900.0, 0.0, 100.0);
        assert_eq!(
            check(&facts),
            Outcome::unknown(
                "at 10 % the canary got 90.0 % of 1000 requests: what is counted is not what is routed"
            )
        );
    }

    #[test]
    fn no_request_is_unknown_not_pass() {
        let mut facts = promoted();
        facts.steps[0].samples.clear();
        assert_eq!(
            check(&facts),
            Outcome::unknown("at 10 % the canary got no request")
        );
        facts.steps.clear();
        assert_eq!(check(&facts), Outcome::unknown("nothing was examined"));
    }
}
