//! Response headers are as the probes expect.

use crate::expectations::headers;
use crate::facts::Facts;
use crate::judged;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "header",
    title: "response headers are as expected",
    why: "a proxy that drops or rewrites a header breaks clients while every status stays green",
    fix: "compare the header of the finding with the service's and the proxy's configuration",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::part(
        &facts.probes.http,
        "response headers",
        |expectations| !expectations.headers.is_empty(),
        headers::judge,
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
            outcome(200, "{}", |e| e
                .headers
                .push(("x-a".into(), sample::predicate("{exists: false}")))),
            Outcome::pass("`health`: has no `x-a`")
        );
    }

    #[test]
    fn a_missing_header_fails_and_says_how_to_see_it() {
        let expects = |e: &mut Expectations| {
            e.headers.push(("x-a".into(), sample::predicate("DENY")));
        };
        assert_eq!(
            outcome(200, "{}", expects),
            Outcome::fail(
                Finding::new("`health` has no header `x-a`, which must be \"DENY\"")
                    .on("http://h/api/health")
                    .compared("no such header", "be \"DENY\"")
                    .reproduce("curl -sS -i --max-time 5 http://h/api/health")
            )
        );
    }

    #[test]
    fn an_error_page_is_not_judged() {
        assert_eq!(
            outcome(500, "boom", |e| e
                .headers
                .push(("x-a".into(), sample::predicate("{exists: false}")))),
            Outcome::unknown("`health` answered 500, not 200")
        );
    }

    #[test]
    fn a_probe_that_expects_none_is_skipped() {
        assert_eq!(
            outcome(200, "{}", |_| {}),
            Outcome::skipped("no probe expects response headers")
        );
    }
}
