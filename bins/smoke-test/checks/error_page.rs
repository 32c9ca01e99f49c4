//! What does not exist is answered as such, and tells nothing of the inside.

use crate::answer::{Answer, Asked, shown};
use crate::expectations::{Found, body, excerpt, headers};
use crate::facts::Facts;
use crate::fields::product;
use crate::judged::{self, Judged};
use crate::plan::ErrorPagePlan;
use crate::{profile, reproduce};
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "error-page",
    title: "what does not exist is answered as such, and tells nothing of the inside",
    why: "an error page with a stack trace or a version tells strangers where to begin, and a 200 \
          for everything hides that a page is gone",
    fix: "switch off the debug mode of the environment, hide versions (`server_tokens off` in \
          nginx), and answer unknown paths with 404",
    severity: Severity::Error,
    run: check,
};

/// Those that tell what a service is built with, whether or not a profile is given.
const TELLING: [&str; 2] = ["server", "x-powered-by"];

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.error_page, "error-page", one)
}

fn one(plan: &ErrorPagePlan, asked: &Asked, judged: &mut Judged) {
    let reproduce = reproduce::request(&plan.page);
    let answer = match &asked.answer {
        Ok(answer) => answer,
        Err(no_answer) => {
            let count = asked.attempts;
            return judged.late_or_silent(&plan.name, &plan.page, &reproduce, count, no_answer);
        }
    };
    judged.in_time(&plan.name, &plan.page, &reproduce, answer);
    let mut found = Found::default();
    status(plan, answer, &mut found);
    texts(plan, answer, &mut found);
    versions(answer, &mut found);
    judged.add(&plan.name, &plan.page, &reproduce, found);
    if let Some(asked) = &plan.profile {
        let found = profile::judge(asked, answer);
        judged.add(&plan.name, &plan.page, &reproduce, found);
    }
}

fn status(plan: &ErrorPagePlan, answer: &Answer, found: &mut Found) {
    let status = answer.status;
    if plan.status.contains(&status) {
        let bytes = answer.body.len();
        found
            .evidence
            .push(format!("answered {status} with {bytes} bytes"));
        return;
    }
    let wanted: Vec<String> = plan.status.iter().map(u16::to_string).collect();
    let wanted = wanted.join(" or ");
    let message = format!("answered {status}, not {wanted}, for a page that is not there");
    found.wrong(
        message,
        format!("{status} with {}", excerpt(answer)),
        wanted,
    );
}

fn texts(plan: &ErrorPagePlan, answer: &Answer, found: &mut Found) {
    let mut is_clean = true;
    for text in &plan.not_contains {
        if let Some(at) = body::position(&answer.body, text) {
            is_clean = false;
            let text = shown(text, 60);
            let message = format!("has a page with `{text}` at byte {at}");
            found.wrong(
                message,
                body::around(&answer.body, at),
                format!("no `{text}`"),
            );
        }
    }
    let (bytes, count) = (answer.body.len(), plan.not_contains.len());
    if answer.is_cut {
        let too_long =
            || format!("has a page of more than {bytes} bytes, and the rest was not read");
        found.unknown.push(answer.sealed().unwrap_or_else(too_long));
    } else if is_clean {
        found.evidence.push(format!(
            "none of {count} marks of an inner error in {bytes} bytes"
        ));
    }
}

fn versions(answer: &Answer, found: &mut Found) {
    for name in TELLING {
        let Some(value) = answer.header(name) else {
            continue;
        };
        if let Some(version) = product::version(&value) {
            let version = shown(version, 60);
            let message = format!("tells the version {version} in `{name}`");
            found.wrong(message, headers::shown_value(name, &value), "no version");
        }
    }
    let text = String::from_utf8_lossy(&answer.body);
    match product::in_page(&text) {
        Some(product) => {
            let product = format!("`{}`", shown(product, 60));
            found.wrong(format!("has a page with {product}"), &product, "no version");
        }
        None => found.evidence.push("tells no version of a server".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::facts::Fact;
    use crate::plan::Profile;
    use crate::sample::{self, facts, request};
    use shared::verdict::Finding;

    fn outcome(profile: Option<Profile>, answer: Result<Answer, NoAnswer>) -> Outcome {
        let plan = ErrorPagePlan {
            name: "nowhere".into(),
            page: request("/nothing"),
            status: vec![404],
            not_contains: vec!["Traceback".into(), "SQLSTATE".into()],
            profile,
        };
        let seen = Ok(Asked {
            attempts: 1,
            answer,
        });
        let mut facts = facts();
        facts.probes.error_page.push(Fact { plan, seen });
        check(&facts)
    }

    fn messages(outcome: Outcome) -> Vec<String> {
        match outcome {
            Outcome::Fail { findings } => findings
                .into_iter()
                .map(|finding| finding.message)
                .collect(),
            other => panic!("should fail: {other:?}"),
        }
    }

    #[test]
    fn a_plain_404_passes() {
        let mut answer = sample::answer(404, "not found");
        answer.headers.push(("server".into(), "nginx".into()));
        assert_eq!(
            outcome(None, Ok(answer)),
            Outcome::Pass {
                evidence: vec![
                    "`nowhere`: answered 404 with 9 bytes".into(),
                    "`nowhere`: none of 2 marks of an inner error in 9 bytes".into(),
                    "`nowhere`: tells no version of a server".into(),
                ]
            }
        );
    }

    #[test]
    fn a_page_for_everything_fails_and_says_how_to_see_it() {
        assert_eq!(
            outcome(None, Ok(sample::answer(200, "Welcome"))),
            Outcome::fail(
                Finding::new("`nowhere` answered 200, not 404, for a page that is not there")
                    .on("http://h/nothing")
                    .compared("200 with a body of 7 bytes: `Welcome`", "404")
                    .reproduce("curl -sS -i --max-time 5 http://h/nothing")
            )
        );
    }

    #[test]
    fn everything_that_a_page_tells_is_found() {
        let body = "Traceback (most recent call last): SQLSTATE 42P01 <hr>nginx/1.22.1";
        let mut answer = sample::answer(500, body);
        answer
            .headers
            .push(("server".into(), "nginx/1.22.1".into()));
        let profile = Profile {
            nosniff: true,
            ..Profile::default()
        };
        assert_eq!(
            messages(outcome(Some(profile), Ok(answer))),
            [
                "`nowhere` answered 500, not 404, for a page that is not there",
                "`nowhere` has a page with `Traceback` at byte 0",
                "`nowhere` has a page with `SQLSTATE` at byte 35",
                "`nowhere` tells the version 1.22.1 in `server`",
                "`nowhere` has a page with `nginx/1.22.1`",
                "`nowhere` has no `X-Content-Type-Options`",
            ]
        );
    }

    #[test]
    fn what_was_not_read_or_not_answered_is_unknown() {
        let mut cut = sample::answer(404, "not found");
        cut.is_cut = true;
        assert_eq!(
            outcome(None, Ok(cut)),
            Outcome::unknown(
                "`nowhere` has a page of more than 9 bytes, and the rest was not read"
            )
        );
        assert_eq!(
            outcome(None, Err(NoAnswer::new(Break::Closed, "reset"))),
            Outcome::unknown("`nowhere` had no answer (1 attempt): reset")
        );
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `error-page` is configured")
        );
    }
}
