//! Values in JSON bodies are as the probes expect.

use crate::expectations::json;
use crate::facts::Facts;
use crate::judged;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "json",
    title: "values in JSON bodies are as expected",
    why: "a health document can say `degraded` under a status of 200",
    fix: "look at the value of the finding in the answer, and at the part of the service that it is about",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::part(
        &facts.probes.http,
        "JSON",
        |expectations| !expectations.json.is_empty(),
        json::judge,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Expectations;
    use crate::sample::{self, facts, http_fact};
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
            outcome(200, r#"{"status":"ok"}"#, |e| e
                .json
                .push(sample::selected("$.status", "ok"))),
            Outcome::pass("`health`: `$['status']` is \"ok\"")
        );
    }

    #[test]
    fn what_is_not_expected_fails_and_says_how_to_see_it() {
        assert_eq!(
            outcome(200, r#"{"status":"down"}"#, |e| e
                .json
                .push(sample::selected("$.status", "ok"))),
            Outcome::fail(
                Finding::new("`health` has \"down\" at `$['status']`, which must be \"ok\"")
                    .on("http://h/api/health")
                    .compared("\"down\"", "be \"ok\"")
                    .reproduce("curl -sS -i --max-time 5 http://h/api/health")
            )
        );
    }

    #[test]
    fn an_error_page_is_not_judged() {
        assert_eq!(
            outcome(500, "boom", |e| e
                .json
                .push(sample::selected("$.status", "ok"))),
            Outcome::unknown("`health` answered 500, not 200")
        );
    }

    #[test]
    fn a_probe_that_expects_none_is_skipped() {
        assert_eq!(
            outcome(200, "{}", |_| {}),
            Outcome::skipped("no probe expects JSON")
        );
    }
}
