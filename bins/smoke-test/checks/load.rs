//! Every series of requests is answered fast enough and with few enough errors.

use crate::facts::{Facts, Measured};
use crate::figures::{Figures, milliseconds, ms, percent, whole_percent};
use crate::judged::{self, Judged, enough};
use crate::plan::{Limit, LoadPlan, Model, Of};
use crate::spread::Decided;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "load",
    title: "every load probe keeps its limits of time, errors and rate",
    why: "one fast answer says nothing about the twentieth: a share and a percentile need enough \
          requests, sent when they are due and timed from then on",
    fix: "compare response and service times in the table: when both are high the service is slow; \
          when the reason names a number of requests, raise `requests` to it",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.load, "load", judge)
}

fn judge(plan: &LoadPlan, measured: &Measured, judged: &mut Judged) {
    let (figures, name) = (Figures::of(measured, plan), &plan.name);
    if let Some(why) = figures.unfit(measured, plan) {
        judged.open(format!("`{name}`: {why}"));
        return;
    }
    if let Some(why) = &measured.stopped {
        judged.open(format!("`{name}` was {why}"));
    }
    errors(plan, &figures, judged);
    for limit in &plan.limits {
        times(plan, measured, &figures, limit, judged);
    }
    achieved(plan, measured, &figures, judged);
}

fn errors(plan: &LoadPlan, figures: &Figures, judged: &mut Judged) {
    let (name, limit) = (&plan.name, percent(plan.errors.fraction()));
    let (failed, requests) = (figures.failed(), figures.judged);
    let (least, most) = figures.share_of_failures();
    let (least, most) = (percent(least), percent(most));
    let sure = percent(figures.confidence);
    let classes = match failed {
        0 => String::new(),
        _ => format!(" ({})", figures.listed_failures()),
    };
    let seen = format!("`{name}`: {failed} of {requests} requests failed{classes}");
    let uncounted = figures.uncounted(plan.errors.fraction());
    match figures.errors(plan) {
        Decided::Open(_) if uncounted.is_some() => {
            judged.open(format!("{seen}, but {}", uncounted.unwrap_or_default()));
        }
        Decided::Kept => judged.holds(format!(
            "{seen}, so at {sure} confidence at most {most} do (limit {limit})"
        )),
        Decided::Broken => judged.wrong(finding(
            plan,
            format!("{seen}, so at {sure} confidence at least {least} do (limit {limit})"),
            format!("{failed} of {requests}{classes}"),
            format!("at most {limit}"),
        )),
        Decided::Open(needed) => judged.open(format!(
            "{seen}, so between {least} and {most} do ({sure} confidence on each side), and the \
             limit of {limit} lies between; {}",
            enough(needed, "requests")
        )),
    }
}

fn times(
    plan: &LoadPlan,
    measured: &Measured,
    figures: &Figures,
    limit: &Limit,
    judged: &mut Judged,
) {
    let (value, interval) = observed(figures, limit);
    let seen = format!(
        "`{}`: {} is {}{interval}, limit {}, {} requests {}",
        plan.name,
        limit.word(),
        ms(value),
        ms(milliseconds(limit.under)),
        figures.judged,
        plan.describe()
    );
    match figures.times(limit) {
        Decided::Kept => judged.holds(seen),
        // Failed requests are slower than any limit; they are a finding of their own already.
        Decided::Broken if value.is_infinite() && judged.has_findings() => {}
        Decided::Broken => match Figures::doubt(measured, plan) {
            Some(doubt) => judged.open(format!("{seen}, but {doubt}")),
            None => {
                let expected = format!("under {}", ms(milliseconds(limit.under)));
                judged.wrong(finding(plan, seen, ms(value), expected));
            }
        },
        Decided::Open(needed) => judged.open(format!(
            "{seen}: the limit lies inside the interval; {}",
            enough(needed, "requests")
        )),
    }
}

/// What was seen of the times that a limit is on, and the interval around it.
fn observed(figures: &Figures, limit: &Limit) -> (f64, String) {
    let (spread, share) = match limit.of {
        Of::Response(share) => (&figures.response, share),
        Of::Service(share) => (&figures.service, share),
        Of::Slowest => return (figures.slowest(), String::new()),
    };
    let found = spread.percentile(share, figures.confidence);
    let bound = |bound: Option<f64>| bound.map_or_else(|| "unknown".to_owned(), ms);
    let interval = format!(
        " ({} interval {} to {})",
        percent(figures.confidence),
        bound(found.lower),
        bound(found.upper)
    );
    (found.value, interval)
}

/// Whether as many were sent each second as were planned. Users have no planned rate, and a series
/// that was stopped has none any more.
fn achieved(plan: &LoadPlan, measured: &Measured, figures: &Figures, judged: &mut Judged) {
    let (Model::Open(_), None) = (&plan.model, &measured.stopped) else {
        return;
    };
    let (name, wanted) = (&plan.name, plan.achieved);
    let Some(share) = measured.pace.share() else {
        return judged.open(format!("`{name}`: too few requests were sent for a rate"));
    };
    let (sent, planned) = (measured.pace.achieved(), measured.pace.planned());
    let seen = format!(
        "`{name}`: {sent:.1} of {planned:.1} requests per second were sent ({}, at least {wanted})",
        whole_percent(share)
    );
    if share >= wanted.fraction() {
        return judged.holds(seen);
    }
    let is_full = measured.most_open >= plan.connections as usize;
    if figures.is_held_up(measured, plan) {
        let expected = format!("at least {wanted} of the planned rate");
        let message = format!(
            "{seen}: all {} connections were waiting for answers",
            plan.connections
        );
        judged.wrong(finding(plan, message, format!("{sent:.1}/s"), expected));
    } else if measured.held_back > 0 {
        judged.open(format!(
            "{seen}: {} fell behind and were held back, because the environment allows no more \
             than {} per second",
            measured.held_back, plan.most_per_second
        ));
    } else if is_full {
        judged.open(format!(
            "{seen}: the generator was the bottleneck, all its {} `connections` were in use",
            plan.connections
        ));
    } else {
        judged.open(format!("{seen}: the generator was the bottleneck"));
    }
}

fn finding(plan: &LoadPlan, message: String, observed: String, expected: String) -> Finding {
    Finding::new(message)
        .on(&plan.request().url.shown)
        .compared(observed, expected)
        .reproduce(&plan.reproduce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;
    use crate::sample::{facts, load_fact};

    fn outcome(load: Fact<LoadPlan, Measured>) -> Outcome {
        let mut facts = facts();
        facts.probes.load = vec![load];
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
                    "`status`: 100.0 of 100.0 requests per second were sent (100 %, at least 95%)"
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
        if let Ok(measured) = &mut load.seen {
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

    fn changed(answers: &[(usize, f64, u16)], change: impl FnOnce(&mut Measured)) -> Outcome {
        let mut load = load_fact(answers);
        if let Ok(measured) = &mut load.seen {
            change(measured);
        }
        outcome(load)
    }

    #[track_caller]
    fn unknown(outcome: Outcome, words: &str) {
        match outcome {
            Outcome::Unknown { reason } => assert!(reason.contains(words), "{reason}"),
            other => panic!("should be unknown, not {other:?}"),
        }
    }

    #[test]
    fn a_busy_generator_cannot_say_that_the_service_is_slow_but_that_it_is_fast() {
        let busy = |measured: &mut Measured| measured.instrument.processor = 0.95;
        unknown(
            changed(&[(300, 620.0, 200)], busy),
            "but the generator was the bottleneck: it used 95 % of its core (at most 85 % will do)",
        );
        assert!(matches!(
            changed(&[(300, 12.0, 200)], busy),
            Outcome::Pass { .. }
        ));
    }

    #[test]
    fn a_series_that_was_stopped_is_a_no_when_that_is_decided_and_unknown_otherwise() {
        let stop = |measured: &mut Measured| measured.stopped = Some("stopped after 20".into());
        let Outcome::Fail { findings } = changed(&[(10, 12.0, 200), (10, 1.0, 500)], stop) else {
            panic!("10 of 20 are more than 1 %");
        };
        assert!(
            findings[0].message.contains("10 of 20 requests failed"),
            "{findings:?}"
        );
        unknown(
            changed(&[(20, 12.0, 200)], stop),
            "`status` was stopped after 20",
        );
    }

    #[test]
    fn half_the_planned_rate_is_a_no_only_when_the_service_holds_the_connections() {
        let slow = |most_open| {
            move |measured: &mut Measured| {
                measured.most_open = most_open;
                measured.pace.at = measured.pace.due.map(|(first, last)| (first, last * 2.0));
            }
        };
        let words = "50.0 of 100.0 requests per second were sent (50 %, at least 95%): the \
                     generator was the bottleneck, all its 512 `connections` were in use";
        unknown(changed(&[(300, 12.0, 200)], slow(512)), words);
        unknown(
            changed(&[(300, 12.0, 200)], slow(4)),
            "the generator was the bottleneck",
        );
        let Outcome::Fail { findings } = changed(&[(300, 900.0, 200)], slow(512)) else {
            panic!("900 ms are over the limit");
        };
        let last = findings.last().expect("there are some");
        assert!(
            last.message
                .ends_with("all 512 connections were waiting for answers")
        );
    }

    #[test]
    fn every_limit_is_judged_on_its_own_times() {
        let mut load = load_fact(&[(300, 12.0, 200)]);
        let limit = |of, under| Limit {
            of,
            under: shared::config::Span::milliseconds(under),
        };
        load.plan.limits = vec![
            limit(Of::Response(0.5), 10),
            limit(Of::Service(0.95), 10),
            limit(Of::Slowest, 10),
            limit(Of::Response(0.99), 500),
        ];
        let Outcome::Fail { findings } = outcome(load) else {
            panic!("12 ms are not under 10 ms");
        };
        let starts = [
            "p50 is 12 ms (95 % interval",
            "service p95 is 12 ms",
            "max is 12 ms, limit",
        ];
        assert_eq!(findings.len(), 3, "{findings:?}");
        for (finding, start) in findings.iter().zip(starts) {
            let start = format!("`status`: {start}");
            assert!(finding.message.starts_with(&start), "{}", finding.message);
        }
    }

    #[test]
    fn a_series_that_was_not_sent_is_unknown() {
        let mut load = load_fact(&[]);
        load.seen = Err("not asked, because it rained".into());
        assert_eq!(
            outcome(load),
            Outcome::unknown("not asked, because it rained")
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
