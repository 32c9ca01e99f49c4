//! Metrics parse, are there, and move.

use crate::answer::{Answer, Asked};
use crate::expectations::metrics::{self, Readings};
use crate::expectations::{Found, excerpt};
use crate::facts::{Facts, MetricsSeen, Traffic};
use crate::judged::{self, Judged, attempts};
use crate::plan::{FORBIDDEN, MetricsPlan, Request};
use crate::reproduce;
use shared::check::Check;
use shared::exposition::Exposition;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "metrics",
    title: "metrics parse, are there, and move",
    why: "a dashboard that shows nothing looks like a quiet day: alerts and the canary judge what \
          these metrics say",
    fix: "look at the line or the metric of the finding with the command, and at what the service \
          registers; keep the path from whoever is outside",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.metrics, "metrics", judge)
}

fn judge(plan: &MetricsPlan, seen: &MetricsSeen, judged: &mut Judged) {
    let is_read = read(plan, seen, judged);
    if let (Some(request), Some(asked)) = (&plan.outside, &seen.outside) {
        outside(plan, request, asked, is_read, judged);
    }
}

/// Whether metrics came at all. What must be there is judged after the traffic, where there is any:
/// many services show a counter only once it has counted.
fn read(plan: &MetricsPlan, seen: &MetricsSeen, judged: &mut Judged) -> bool {
    let Some(answer) = answered(plan, &seen.first, judged) else {
        return false;
    };
    let mut found = Found::default();
    let Some(first) = metrics::exposition(answer, &mut found) else {
        judged.add(&plan.name, &plan.request, &plan.reproduce, found);
        return false;
    };
    match &seen.traffic {
        None => families(plan, &first, answer, &mut found),
        Some(traffic) => {
            let again = answered(plan, &traffic.before, judged);
            let last = answered(plan, &traffic.after, judged);
            let (Some(again), Some(last)) = (again, last) else {
                return true;
            };
            found = Found::default();
            let again = metrics::exposition(again, &mut found);
            found.evidence.clear();
            if let (Some(again), Some(after)) = (again, metrics::exposition(last, &mut found)) {
                families(plan, &after, last, &mut found);
                let readings = Readings {
                    first: &first,
                    before: &again,
                    after: &after,
                    count: traffic.readings,
                    answered: traffic.answered,
                };
                moved(plan, &readings, traffic, &mut found);
            }
        }
    }
    judged.add(&plan.name, &plan.request, &plan.reproduce, found);
    true
}

fn families(plan: &MetricsPlan, exposition: &Exposition, answer: &Answer, found: &mut Found) {
    for family in &plan.families {
        metrics::family(family, exposition, answer, found);
    }
}

fn moved(plan: &MetricsPlan, readings: &Readings<'_>, traffic: &Traffic, found: &mut Found) {
    let (sent, answered) = (traffic.sent, traffic.answered);
    if answered == 0 {
        let reason = format!("had no answer to any of the {sent} requests that move its counters");
        return found.unknown.push(reason);
    }
    for family in &plan.moves {
        metrics::moves(family, readings, found);
    }
}

fn answered<'a>(plan: &MetricsPlan, asked: &'a Asked, judged: &mut Judged) -> Option<&'a Answer> {
    let (name, request) = (&plan.name, &plan.request);
    match &asked.answer {
        Err(no_answer) => {
            judged.late_or_silent(name, request, &plan.reproduce, asked.attempts, no_answer);
            None
        }
        Ok(answer) if answer.status != 200 => {
            let (status, count) = (answer.status, attempts(asked.attempts));
            let message = format!("`{name}` answered {status}, not 200 ({count})");
            let finding = Finding::new(message)
                .on(&request.url.shown)
                .compared(format!("{status} with {}", excerpt(answer)), "200")
                .reproduce(&plan.reproduce);
            judged.wrong(finding);
            None
        }
        Ok(answer) => {
            judged.in_time(name, request, &plan.reproduce, answer);
            Some(answer)
        }
    }
}

/// A refusal counts only when whoever is inside gets the metrics.
fn outside(
    plan: &MetricsPlan,
    request: &Request,
    asked: &Asked,
    is_read: bool,
    judged: &mut Judged,
) {
    let name = &plan.name;
    let answer = match &asked.answer {
        Ok(answer) => answer,
        Err(no_answer) => {
            let reason = &no_answer.reason;
            return judged.open(format!(
                "`{name}` did not answer whoever is outside: {reason}"
            ));
        }
    };
    judged.in_time(name, request, &reproduce::request(request), answer);
    let status = answer.status;
    if !FORBIDDEN.contains(&status) {
        let message =
            format!("`{name}` answered {status} to whoever is outside, not 401, 403 or 404");
        let finding = Finding::new(message)
            .on(&request.url.shown)
            .compared(
                format!("{status} with {}", excerpt(answer)),
                "401, 403 or 404",
            )
            .reproduce(reproduce::request(request));
        return judged.wrong(finding);
    }
    if is_read {
        judged.holds(format!(
            "`{name}`: whoever is outside was answered {status}"
        ));
    } else {
        judged.open(format!(
            "`{name}` answered {status} to whoever is outside, and no metrics to whoever is inside"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::facts::Fact;
    use crate::plan::FamilyPlan;
    use crate::sample;

    fn asked(status: u16, body: &str) -> Asked {
        Asked {
            attempts: 1,
            answer: Ok(sample::answer(status, body)),
        }
    }

    fn silent(at: Break) -> Asked {
        Asked {
            attempts: 3,
            answer: Err(NoAnswer::new(at, "nothing came")),
        }
    }

    fn plan() -> MetricsPlan {
        MetricsPlan {
            name: "counters".into(),
            request: sample::request("/metrics"),
            families: Vec::new(),
            moves: Vec::new(),
            traffic: None,
            outside: None,
            reproduce: "curl -sS -i --max-time 5 http://h/metrics".into(),
        }
    }

    fn seen(first: Asked) -> MetricsSeen {
        MetricsSeen {
            first,
            traffic: None,
            outside: None,
        }
    }

    fn outcome(plan: MetricsPlan, seen: MetricsSeen) -> Outcome {
        let mut facts = sample::facts();
        let seen = Ok(seen);
        facts.probes.metrics.push(Fact { plan, seen });
        check(&facts)
    }

    #[track_caller]
    fn fails(plan: MetricsPlan, seen: MetricsSeen, message: &str) {
        let Outcome::Fail { findings } = outcome(plan, seen) else {
            panic!("should fail: {message}");
        };
        assert_eq!(findings[0].message, message);
        assert!(
            findings[0]
                .reproduce
                .as_ref()
                .is_some_and(|command| command.starts_with("curl"))
        );
    }

    fn counter() -> FamilyPlan {
        FamilyPlan {
            name: "a_total".into(),
            ..FamilyPlan::default()
        }
    }

    fn with_traffic(answered: u32, second: Asked) -> (MetricsPlan, MetricsSeen) {
        let mut plan = plan();
        plan.moves = vec![counter()];
        let mut seen = seen(asked(200, "a_total 3\n"));
        seen.traffic = Some(Traffic {
            sent: 5,
            answered,
            before: asked(200, "a_total 3\n"),
            after: second,
            readings: 1,
        });
        (plan, seen)
    }

    #[test]
    fn metrics_that_are_there_and_move_pass() {
        let (mut plan, mut seen) = with_traffic(5, asked(200, "a_total 8\n"));
        plan.families = vec![counter()];
        plan.outside = Some(sample::request("/metrics"));
        seen.outside = Some(asked(403, "no"));
        let Outcome::Pass { evidence } = outcome(plan, seen) else {
            panic!("all is there");
        };
        assert_eq!(
            evidence,
            [
                "`counters`: 1 samples of 1 metrics",
                "`counters`: `a_total` has 1 sample",
                "`counters`: `a_total` went from 3 to 8 with 5 requests",
                "`counters`: whoever is outside was answered 403",
            ]
        );
    }

    #[test]
    fn a_wrong_status_and_json_fail() {
        fails(
            plan(),
            seen(asked(503, "down")),
            "`counters` answered 503, not 200 (1 attempt)",
        );
        let message = "`counters` has JSON where metrics are expected, so a scrape of it fails at \
                       line 1";
        fails(plan(), seen(asked(200, "{\"pool\":1}")), message);
        let message = "`counters` had no whole answer in time, and 5s are allowed (3 attempts)";
        fails(plan(), seen(silent(Break::Timeout)), message);
    }

    #[test]
    fn a_missing_metric_and_one_that_stands_still_fail() {
        let mut missing = plan();
        missing.families = vec![counter()];
        let message = "`counters` has no metric `a_total`";
        fails(missing, seen(asked(200, "b 1\n")), message);
        let (plan, seen) = with_traffic(5, asked(200, "a_total 3\n"));
        let message = "`counters` has `a_total` at 3 before and after 5 requests";
        fails(plan, seen, message);
    }

    #[test]
    fn metrics_for_whoever_is_outside_fail() {
        let mut open = plan();
        open.outside = Some(sample::request("/metrics"));
        let mut seen = seen(asked(200, "a_total 3\n"));
        seen.outside = Some(asked(200, "a_total 3\n"));
        let message = "`counters` answered 200 to whoever is outside, not 401, 403 or 404";
        fails(open, seen, message);
    }

    #[test]
    fn no_answer_and_a_refusal_without_its_control_are_unknown() {
        assert_eq!(
            outcome(plan(), seen(silent(Break::Refused))),
            Outcome::unknown("`counters` had no answer (3 attempts): nothing came")
        );
        let mut closed = plan();
        closed.outside = Some(sample::request("/metrics"));
        let mut unread = seen(silent(Break::Refused));
        unread.outside = Some(asked(403, ""));
        let Outcome::Unknown { reason } = outcome(closed, unread) else {
            panic!("nothing was read inside");
        };
        assert!(
            reason.contains("no metrics to whoever is inside"),
            "{reason}"
        );
        let (plan, seen) = with_traffic(0, asked(200, "a_total 3\n"));
        assert_eq!(
            outcome(plan, seen),
            Outcome::unknown(
                "`counters` had no answer to any of the 5 requests that move its counters"
            )
        );
    }

    #[test]
    fn no_probe_is_skipped() {
        let skipped = Outcome::skipped("no probe of the kind `metrics` is configured");
        assert_eq!(check(&sample::facts()), skipped);
    }
}
