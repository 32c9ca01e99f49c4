//! Every single request is answered as its probe expects.

use crate::answer::Break;
use crate::expectations;
use crate::facts::{Facts, HttpFact, HttpOutcome};
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "http",
    title: "every HTTP probe is answered as expected",
    why: "a process that runs is not a service that works: only an answer with the right content \
          is evidence",
    fix: "run the command of the finding, and compare the answer with the probe in sluicegate.yml",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    if facts.http.is_empty() {
        return Outcome::skipped("no probe of the kind `http` is configured");
    }
    let (mut evidence, mut findings, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for fact in &facts.http {
        let name = &fact.plan.name;
        match &fact.outcome {
            HttpOutcome::NotAsked(why) => unknown.push(format!("`{name}` was {why}")),
            HttpOutcome::Silent(no_answer) if no_answer.at == Break::Timeout => {
                findings.push(too_late(fact));
            }
            HttpOutcome::Silent(no_answer) => unknown.push(format!(
                "`{name}` had no answer ({}): {}",
                attempts(fact.attempts),
                no_answer.reason
            )),
            HttpOutcome::Answered(answer) => {
                let judged = expectations::judge(&fact.plan.expectations, answer);
                let (method, path) = (&fact.plan.method, &fact.plan.path);
                evidence.push(format!(
                    "`{name}`: {method} {path} {} ({})",
                    judged.evidence.join(", "),
                    attempts(fact.attempts)
                ));
                unknown.extend(judged.unknown.iter().map(|why| format!("`{name}` {why}")));
                findings.extend(judged.wrong.into_iter().map(|wrong| {
                    let message =
                        format!("`{name}` {} ({})", wrong.message, attempts(fact.attempts));
                    finding(fact, message, &wrong.observed, &wrong.expected)
                }));
            }
        }
    }
    Outcome::judge(evidence, findings, unknown)
}

fn too_late(fact: &HttpFact) -> Finding {
    let (name, within) = (&fact.plan.name, fact.plan.expectations.within);
    let message = format!(
        "`{name}` had no whole answer in time, and {within} are allowed ({})",
        attempts(fact.attempts)
    );
    let observed = match &fact.outcome {
        HttpOutcome::Silent(no_answer) => no_answer.reason.clone(),
        HttpOutcome::Answered(_) | HttpOutcome::NotAsked(_) => String::new(),
    };
    finding(
        fact,
        message,
        &observed,
        &format!("an answer within {within}"),
    )
}

fn finding(fact: &HttpFact, message: String, observed: &str, expected: &str) -> Finding {
    Finding::new(message)
        .on(&fact.plan.url.shown)
        .compared(observed, expected)
        .reproduce(&fact.plan.reproduce)
}

fn attempts(count: u32) -> String {
    match count {
        1 => "1 attempt".into(),
        count => format!("{count} attempts"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::NoAnswer;
    use crate::sample::{facts, http_fact};

    fn outcome(facts_of_http: Vec<HttpFact>) -> Outcome {
        let mut facts = facts();
        facts.http = facts_of_http;
        check(&facts)
    }

    fn silent(at: Break, reason: &str) -> HttpFact {
        let reason = reason.to_owned();
        HttpFact {
            attempts: 3,
            outcome: HttpOutcome::Silent(NoAnswer { at, reason }),
            ..http_fact(200, "")
        }
    }

    #[test]
    fn an_answer_as_expected_passes_with_its_attempts() {
        let mut fact = http_fact(200, "{}");
        fact.attempts = 2;
        assert_eq!(
            outcome(vec![fact]),
            Outcome::pass("`health`: GET /api/health answered 200 in 3.0 ms (2 attempts)")
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
            outcome(vec![silent(
                Break::Closed,
                "Connection reset by peer (os error 104)"
            )]),
            Outcome::unknown(
                "`health` had no answer (3 attempts): Connection reset by peer (os error 104)"
            )
        );
    }

    #[test]
    fn a_probe_that_was_not_sent_is_unknown() {
        let fact = HttpFact {
            outcome: HttpOutcome::NotAsked("not asked, because it rained".into()),
            ..http_fact(200, "")
        };
        assert_eq!(
            outcome(vec![fact]),
            Outcome::unknown("`health` was not asked, because it rained")
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
