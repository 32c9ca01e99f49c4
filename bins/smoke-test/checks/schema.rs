//! JSON bodies satisfy their schemas.

use crate::expectations::schema;
use crate::facts::Facts;
use crate::judged;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "schema",
    title: "JSON bodies satisfy their schemas",
    why: "a client breaks on a field that is missing or of another type, not on a status",
    fix: "look at the place of the finding; either the service or the schema is of another release",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::part(
        &facts.probes.http,
        "a schema",
        |expectations| expectations.schema.is_some(),
        schema::judge,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Expectations;
    use crate::sample::{self, facts, http_fact};
    use serde_json::json;
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
            outcome(200, r#"{"status":"ok"}"#, |e| e.schema =
                Some(sample::schema(&json!({"required": ["status"]})))),
            Outcome::pass("`health`: 15 bytes of JSON satisfy `health.json`")
        );
    }

    #[test]
    fn what_is_not_expected_fails_and_says_how_to_see_it() {
        assert_eq!(
            outcome(200, r#"{"state":"up"}"#, |e| e.schema =
                Some(sample::schema(&json!({"required": ["status"]})))),
            Outcome::fail(
                Finding::new(
                    "`health` breaks `health.json` at `/`: \"status\" is a required property"
                )
                .on("http://h/api/health")
                .compared("\"status\" is a required property", "/required")
                .reproduce("curl -sS -i --max-time 5 http://h/api/health")
            )
        );
    }

    #[test]
    fn an_error_page_is_not_judged() {
        assert_eq!(
            outcome(500, "boom", |e| e.schema =
                Some(sample::schema(&json!({"required": ["status"]})))),
            Outcome::unknown("`health` answered 500, not 200")
        );
    }

    #[test]
    fn a_probe_that_expects_none_is_skipped() {
        assert_eq!(
            outcome(200, "{}", |_| {}),
            Outcome::skipped("no probe expects a schema")
        );
    }
}
