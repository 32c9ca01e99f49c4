//! Cookies are set as the probes expect.

use crate::expectations::cookies;
use crate::facts::Facts;
use crate::judged;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "cookies",
    title: "cookies are set with the attributes that protect them",
    why: "a session cookie without `Secure`, `HttpOnly` and `SameSite` can be read on the way, \
          stolen by a script, and used from other sites",
    fix: "set the attributes of the finding where the service makes the cookie",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::part(
        &facts.probes.http,
        "cookies",
        |expectations| !expectations.cookies.is_empty(),
        cookies::judge,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{facts, http_fact};
    use shared::verdict::Finding;

    fn outcome(status: u16, cookie: Option<&str>) -> Outcome {
        let mut fact = http_fact(status, "");
        let rule = serde_saphyr::from_str("{same_site: lax}").expect("is a rule");
        fact.plan
            .expectations
            .cookies
            .push(("session".into(), rule));
        if let Ok(seen) = &mut fact.seen
            && let Ok(answer) = &mut seen.asked.answer
        {
            let line = cookie.map(|line| ("set-cookie".to_owned(), line.to_owned()));
            answer.headers.extend(line);
        }
        let mut facts = facts();
        facts.probes.http.push(fact);
        check(&facts)
    }

    #[test]
    fn what_is_expected_passes() {
        assert_eq!(
            outcome(200, Some("session=geheim; Secure; HttpOnly; SameSite=Lax")),
            Outcome::pass(
                "`health`: sets `session` with Secure; HttpOnly; SameSite=Lax; until the browser \
                 ends"
            )
        );
    }

    #[test]
    fn a_cookie_that_is_not_set_fails_and_says_how_to_see_it() {
        assert_eq!(
            outcome(200, Some("other=geheim")),
            Outcome::fail(
                Finding::new("`health` sets no cookie `session`")
                    .on("http://h/api/health")
                    .compared("`other`", "`session`")
                    .reproduce("curl -sS -i --max-time 5 http://h/api/health")
            )
        );
    }

    #[test]
    fn an_error_page_is_not_judged() {
        assert_eq!(
            outcome(500, None),
            Outcome::unknown("`health` answered 500, not 200")
        );
    }

    #[test]
    fn a_probe_that_expects_none_is_skipped() {
        let mut facts = facts();
        facts.probes.http.push(http_fact(200, ""));
        assert_eq!(check(&facts), Outcome::skipped("no probe expects cookies"));
    }
}
