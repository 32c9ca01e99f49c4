//! error-rate: the canary fails no more often than the promote margin allows.

use crate::facts::{Cause, End, Facts, Metric, Task};
use crate::judge::bounds::excess_upper;
use crate::judge::{Counts, Interval};
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "error-rate",
    title: "the canary fails no more often than the promote margin allows",
    why: "users must not meet errors that stable would not have given them",
    fix: "read the canary's log for the requests that failed, mend the release, promote the next one",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    if facts.task != Task::Run {
        return Outcome::skipped("nothing is promoted here");
    }
    if facts.previous.is_none() {
        return Outcome::skipped("there is no stable release to compare with");
    }
    let cause = match &facts.end {
        End::PutBack { cause } | End::Stuck { cause, .. } => Some(cause),
        End::Promoted | End::Held | End::Nothing => None,
    };
    if let Some(Cause::Worse { .. }) = cause {
        let findings = facts
            .metrics
            .iter()
            .filter(|metric| is_worse(metric))
            .map(finding);
        return Outcome::judge(
            vec![],
            findings.collect(),
            vec!["the evidence is gone".into()],
        );
    }
    let (mut evidence, mut unknown) = (Vec::new(), Vec::new());
    for metric in &facts.metrics {
        let line = format!("{}: {}", metric.name, comparison(metric));
        if metric.is_certified {
            evidence.push(line)
        } else {
            unknown.push(format!("{line}; that is not enough"))
        }
    }
    Outcome::judge(evidence, vec![], unknown)
}

fn total(metric: &Metric) -> Interval {
    metric
        .intervals
        .iter()
        .fold(Interval::default(), |sum, interval| Interval {
            canary: sum.canary + interval.canary,
            stable: sum.stable + interval.stable,
        })
}

fn is_worse(metric: &Metric) -> bool {
    let total = total(metric);
    total.canary.error_rate() > total.stable.error_rate()
}

fn rate(counts: Counts) -> String {
    match counts.error_rate() {
        Some(rate) => format!(
            "{:.2} % failed ({:.0} of {:.0})",
            rate * 100.0,
            counts.errors,
            counts.requests
        ),
        None => "no requests".into(),
    }
}

fn comparison(metric: &Metric) -> String {
    let total = total(metric);
    let bound = excess_upper(&metric.intervals);
    let known = match bound {
        Some(excess) => format!(
            "at most stable + {:.2} percentage points with 95 % certainty",
            excess * 100.0
        ),
        None => "nothing can be ruled out yet".into(),
    };
    format!(
        "canary {}, stable {}; {known}",
        rate(total.canary),
        rate(total.stable)
    )
}

fn finding(metric: &Metric) -> Finding {
    let total = total(metric);
    Finding::new(format!(
        "{}: canary {}, stable {}",
        metric.name,
        rate(total.canary),
        rate(total.stable)
    ))
    .compared(
        rate(total.canary),
        format!("stable's rate and the margin: {}", rate(total.stable)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::{interval, promoted};

    #[test]
    fn a_certified_metric_passes_with_its_numbers() {
        let outcome = check(&promoted());
        let Outcome::Pass { evidence } = outcome else {
            panic!("{outcome:?}")
        };
        assert!(
            evidence[0].starts_with("requests: canary 0.00 % failed (0 of 100), stable"),
            "{evidence:?}"
        );
    }

    #[test]
    fn a_canary_judged_worse_fails_with_both_rates() {
        let mut facts = promoted();
        facts.metrics[0].intervals = vec![interval(5.0, 100.0, 0.0, 900.0)];
        facts.end = End::PutBack {
            cause: Cause::Worse { log_evidence: 5.0 },
        };
        let Outcome::Fail { findings } = check(&facts) else {
            panic!("must fail")
        };
        assert_eq!(
            findings[0].message,
            "requests: canary 5.00 % failed (5 of 100), stable 0.00 % failed (0 of 900)"
        );
    }

    #[test]
    fn too_little_evidence_is_unknown_not_pass() {
        let mut facts = promoted();
        facts.metrics[0].is_certified = false;
        assert_eq!(check(&facts).word(), "unknown");
        facts.metrics.clear();
        assert_eq!(check(&facts), Outcome::unknown("nothing was examined"));
    }
}
