//! Every series of requests is answered fast enough and with few enough errors.

use crate::facts::{Facts, LoadFact, Measured};
use crate::figures::{Decided, Figures, milliseconds, ms, percent};
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "load",
    title: "every load probe keeps its limits of time and errors",
    why: "one fast answer says nothing about the twentieth: a share and a percentile need enough \
          requests, sent when they are due and timed from then on",
    fix: "compare response and service times in the table: when both are high the service is slow; \
          when the reason names a number of requests, raise `requests` to it",
    severity: Severity::Error,
    run: check,
};

#[derive(Default)]
struct Judged {
    evidence: Vec<String>,
    findings: Vec<Finding>,
    unknown: Vec<String>,
}

fn check(facts: &Facts) -> Outcome {
    if facts.load.is_empty() {
        return Outcome::skipped("no probe of the kind `load` is configured");
    }
    let mut judged = Judged::default();
    for load in &facts.load {
        match &load.measured {
            Ok(measured) => judge(load, measured, &mut judged),
            Err(why) => judged
                .unknown
                .push(format!("`{}` was {why}", load.plan.name)),
        }
    }
    Outcome::judge(judged.evidence, judged.findings, judged.unknown)
}

fn judge(load: &LoadFact, measured: &Measured, judged: &mut Judged) {
    let figures = Figures::of(measured, &load.plan);
    if let Some(why) = figures.unfit(measured, &load.plan) {
        judged.unknown.push(format!("`{}`: {why}", load.plan.name));
        return;
    }
    errors(load, &figures, judged);
    latency(load, &figures, judged);
}

fn errors(load: &LoadFact, figures: &Figures, judged: &mut Judged) {
    let (name, limit) = (&load.plan.name, percent(load.plan.errors.fraction()));
    let (failed, requests) = (figures.failed(), figures.judged);
    let (least, most) = figures.share_of_failures();
    let (least, most) = (percent(least), percent(most));
    let classes = match failed {
        0 => String::new(),
        _ => format!(" ({})", figures.listed_failures()),
    };
    let seen = format!("`{name}`: {failed} of {requests} requests failed{classes}");
    match figures.errors(&load.plan) {
        Decided::Kept => judged.evidence.push(format!(
            "{seen}, so at 95 % confidence at most {most} do (limit {limit})"
        )),
        Decided::Broken => judged.findings.push(finding(
            load,
            format!("{seen}, so at 95 % confidence at least {least} do (limit {limit})"),
            format!("{failed} of {requests}{classes}"),
            format!("at most {limit}"),
        )),
        Decided::Open(needed) => judged.unknown.push(format!(
            "{seen}, so between {least} and {most} do (95 % confidence on each side), and the \
             limit of {limit} lies between; {}",
            enough(needed)
        )),
    }
}

fn latency(load: &LoadFact, figures: &Figures, judged: &mut Judged) {
    let (name, limit) = (&load.plan.name, ms(milliseconds(load.plan.p95)));
    let (p95, requests) = (ms(figures.p95), figures.judged);
    let bound = |bound: Option<f64>| bound.map_or_else(|| "unknown".to_owned(), ms);
    let (lower, upper) = (bound(figures.interval.0), bound(figures.interval.1));
    let seen = format!(
        "`{name}`: p95 is {p95} (95 % interval {lower} to {upper}), limit {limit}, {requests} \
         requests at {}/s",
        load.plan.per_second
    );
    match figures.latency(&load.plan) {
        Decided::Kept => judged.evidence.push(seen),
        // Failed requests are slower than any limit; they are a finding of their own already.
        Decided::Broken if figures.p95.is_infinite() && !judged.findings.is_empty() => {}
        Decided::Broken => {
            judged
                .findings
                .push(finding(load, seen, p95, format!("under {limit}")));
        }
        Decided::Open(needed) => judged.unknown.push(format!(
            "{seen}: the limit lies inside the interval; {}",
            enough(needed)
        )),
    }
}

fn finding(load: &LoadFact, message: String, observed: String, expected: String) -> Finding {
    Finding::new(message)
        .on(&load.plan.url.shown)
        .compared(observed, expected)
        .reproduce(&load.plan.reproduce)
}

fn enough(needed: Option<u64>) -> String {
    match needed {
        Some(needed) => format!("about {needed} requests would decide"),
        None => "it is so close to the limit that no number of requests would decide".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{facts, load_fact};

    fn outcome(load: LoadFact) -> Outcome {
        let mut facts = facts();
        facts.load = vec![load];
        check(&facts)
    }

    #[test]
    fn fast_answers_without_errors_pass_with_both_intervals() {
        assert_eq!(
            outcome(load_fact(&[(300, 12.0, 200)])),
            Outcome::Pass {
                evidence: vec![
                    "`status`: 0 of 300 requests failed, so at 95 % confidence at most 0.994 % \
                     do (limit 1 %)"
                        .into(),
                    "`status`: p95 is 12 ms (95 % interval 12 ms to 12 ms), limit 500 ms, 300 \
                     requests at 100/s"
                        .into(),
                ]
            }
        );
    }

    #[test]
    fn five_percent_of_errors_fail_once() {
        assert_eq!(
            outcome(load_fact(&[
                (285, 12.0, 200),
                (14, 1.0, 500),
                (1, 1.0, 404)
            ])),
            Outcome::fail(
                Finding::new(
                    "`status`: 15 of 300 requests failed (1 4xx, 14 5xx), so at 95 % confidence \
                     at least 3.107 % do (limit 1 %)"
                )
                .on("http://h/api/status")
                .compared("15 of 300 (1 4xx, 14 5xx)", "at most 1 %")
                .reproduce("curl -sS http://h/api/status")
            )
        );
    }

    #[test]
    fn slow_answers_fail_with_the_interval() {
        let Outcome::Fail { findings } = outcome(load_fact(&[(200, 12.0, 200), (100, 620.0, 200)]))
        else {
            panic!("a third is over the limit");
        };
        assert_eq!(
            findings[0].message,
            "`status`: p95 is 620 ms (95 % interval 620 ms to 620 ms), limit 500 ms, 300 \
             requests at 100/s"
        );
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn too_little_to_decide_is_unknown_with_the_number_that_would() {
        let Outcome::Unknown { reason } = outcome(load_fact(&[(298, 12.0, 200), (2, 1.0, 500)]))
        else {
            panic!("2 of 300 do not decide about 1 %");
        };
        assert!(
            reason.contains("2 of 300 requests failed (2 5xx)"),
            "{reason}"
        );
        assert!(reason.contains("requests would decide"), "{reason}");
    }

    #[test]
    fn a_late_generator_is_unknown() {
        let mut load = load_fact(&[(300, 12.0, 200)]);
        if let Ok(measured) = &mut load.measured {
            measured.unsent = 7;
        }
        let Outcome::Unknown { reason } = outcome(load) else {
            panic!("7 were never sent");
        };
        assert!(
            reason.starts_with("`status`: the generator was the bottleneck"),
            "{reason}"
        );
    }

    #[test]
    fn a_series_that_was_not_sent_is_unknown() {
        let mut load = load_fact(&[]);
        load.measured = Err("not asked, because it rained".into());
        assert_eq!(
            outcome(load),
            Outcome::unknown("`status` was not asked, because it rained")
        );
    }

    #[test]
    fn no_series_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `load` is configured")
        );
    }
}
