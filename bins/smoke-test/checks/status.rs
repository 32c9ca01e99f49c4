//! Every single request is answered with the right status, in time.

use crate::expectations::status;
use crate::facts::Facts;
use crate::judged::{self, Judged, attempts};
use crate::plan::HttpPlan;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "status",
    title: "every HTTP probe is answered with the right status, in time",
    why: "a process that runs is not a service that works: only an answer is evidence",
    fix: "run the command of the finding, and compare the answer with the probe in sluicegate.yml",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.http, "http", |plan, seen, judged| {
        let asked = &seen.asked;
        let count = asked.attempts;
        match &asked.answer {
            Err(no_answer) => {
                let HttpPlan {
                    name,
                    request,
                    reproduce,
                    ..
                } = plan;
                judged.late_or_silent(name, request, reproduce, count, no_answer);
            }
            Ok(answer) => {
                let found = status::judge(&plan.expectations, answer);
                for evidence in found.evidence {
                    let (name, method) = (&plan.name, &plan.request.method);
                    let target = &plan.request.url.shown;
                    judged.holds(format!(
                        "`{name}`: {method} {target} {evidence} ({})",
                        attempts(count)
                    ));
                }
                for wrong in found.wrong {
                    wrongly(
                        plan,
                        &wrong.message,
                        (wrong.observed, wrong.expected),
                        count,
                        judged,
                    );
                }
            }
        }
    })
}

fn wrongly(
    plan: &HttpPlan,
    message: &str,
    (observed, expected): (String, String),
    count: u32,
    judged: &mut Judged,
) {
    let message = format!("`{}` {message} ({})", plan.name, attempts(count));
    let finding = Finding::new(message)
        .on(&plan.request.url.shown)
        .compared(observed, expected)
        .reproduce(&plan.reproduce);
    judged.wrong(finding);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Asked, Break, NoAnswer};
    use crate::facts::{Fact, HttpSeen};
    use crate::sample::{facts, http_fact};

    fn outcome(facts_of_http: Vec<Fact<HttpPlan, HttpSeen>>) -> Outcome {
        let mut facts = facts();
        facts.probes.http = facts_of_http;
        check(&facts)
    }

    fn silent(at: Break, reason: &str) -> Fact<HttpPlan, HttpSeen> {
        Fact {
            seen: Ok(HttpSeen {
                asked: Asked {
                    attempts: 3,
                    answer: Err(NoAnswer::new(at, reason)),
                },
                hops: Vec::new(),
                samples: Vec::new(),
                spoilt: None,
            }),
            ..http_fact(200, "")
        }
    }

    #[test]
    fn an_answer_as_expected_passes_with_its_attempts() {
        let mut fact = http_fact(200, "{}");
        if let Ok(seen) = &mut fact.seen {
            seen.asked.attempts = 2;
        }
        assert_eq!(
            outcome(vec![fact]),
            Outcome::pass("`health`: GET http://h/api/health answered 200 in 3.0 ms (2 attempts)")
        );
    }

    #[test]
    fn a_wrong_answer_fails_and_says_how_to_see_it() {
        assert_eq!(
            outcome(vec![http_fact(200, "{}"), http_fact(500, "boom")]),
            Outcome::fail(
                Finding::new("`health` answered 500, not 200 (1 attempt)")
                    .on("http://h/api/health")
                    .compared("500 with a body of 4 bytes: `boom`", "200")
                    .reproduce("curl -sS -i --max-time 5 http://h/api/health")
            )
        );
    }

    #[test]
    fn an_answer_that_never_ends_fails() {
        assert_eq!(
            outcome(vec![silent(Break::Timeout, "no answer within 7 s")]),
            Outcome::fail(
                Finding::new(
                    "`health` had no whole answer in time, and 5s are allowed (3 attempts)"
                )
                .on("http://h/api/health")
                .compared("no answer within 7 s", "an answer within 5s")
                .reproduce("curl -sS -i --max-time 5 http://h/api/health")
            )
        );
    }

    #[test]
    fn a_broken_connection_is_unknown() {
        assert_eq!(
            outcome(vec![silent(Break::Closed, "reset by peer")]),
            Outcome::unknown("`health` had no answer (3 attempts): reset by peer")
        );
    }

    #[test]
    fn a_probe_that_was_not_sent_is_unknown() {
        let fact = Fact {
            seen: Err("not asked, because it rained".into()),
            ..http_fact(200, "")
        };
        assert_eq!(
            outcome(vec![fact]),
            Outcome::unknown("not asked, because it rained")
        );
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            outcome(vec![]),
            Outcome::skipped("no probe of the kind `http` is configured")
        );
    }
}
