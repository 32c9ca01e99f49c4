//! Bodies contain what they must, and nothing of what they must not.

use crate::expectations::body;
use crate::facts::Facts;
use crate::judged;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "body",
    title: "bodies contain what they must, and nothing that they must not",
    why: "a stack trace or a database error in a page is an answer with status 200, too",
    fix: "search the answer for the text of the finding",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::part(
        &facts.probes.http,
        "anything of the body",
        |expectations| !expectations.body.is_empty(),
        body::judge,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Expectations;
    use crate::sample::{facts, http_fact};
    use shared::verdict::Finding;

    fn outcome(status: u16, body: &str, expects: impl Fn(&mut Expectations)) -> Outcome {
        let mut fact = http_fact(status, body);
        expects(&mut fact.plan.expectations);
        let mut facts = facts();
        facts.probes.http.push(fact);
        check(&facts)
    }

    #[test]
    fn what_is_expected_passes() {
        assert_eq!(
            outcome(200, "fine", |e| e.body.not_contains.push("SQLSTATE".into())),
            Outcome::pass("`health`: no `SQLSTATE` in 4 bytes")
        );
    }

    #[test]
    fn what_is_not_expected_fails_and_says_how_to_see_it() {
        assert_eq!(
            outcome(200, "SQLSTATE 42P01", |e| e
                .body
                .not_contains
                .push("SQLSTATE".into())),
            Outcome::fail(
                Finding::new("`health` has a body with `SQLSTATE` at byte 0")
                    .on("http://h/api/health")
                    .compared("`SQLSTATE 42P01`", "no `SQLSTATE`")
                    .reproduce("curl -sS -i --max-time 5 http://h/api/health")
            )
        );
    }

    #[test]
    fn an_error_page_is_not_judged() {
        assert_eq!(
            outcome(500, "boom", |e| e.body.not_contains.push("SQLSTATE".into())),
            Outcome::unknown("`health` answered 500, not 200")
        );
    }

    #[test]
    fn a_probe_that_expects_none_is_skipped() {
        assert_eq!(
            outcome(200, "{}", |_| {}),
            Outcome::skipped("no probe expects anything of the body")
        );
    }
}
