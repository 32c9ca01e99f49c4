//! Pages and error pages have the security headers of their profile.

use crate::answer::Answer;
use crate::facts::{Facts, SecurityHeadersSeen};
use crate::judged::{self, Judged};
use crate::plan::{Request, SecurityHeadersPlan};
use crate::{profile, reproduce};
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "security-headers",
    title: "pages and error pages have the security headers of their profile",
    why: "browsers protect users only as far as these headers ask them to, and a proxy that sets \
          them on good answers alone leaves every error page open",
    fix: "set the header of the finding where all answers pass: with `always` in nginx, and in \
          each `location` that has an `add_header` of its own",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let facts = &facts.probes.security_headers;
    judged::each(facts, "security-headers", |plan, seen, judged| {
        let SecurityHeadersSeen { page, error_page } = seen;
        if let Some(answer) = judged.answered(&plan.name, &plan.page, page, &plan.status) {
            page_of(plan, &plan.page, answer, judged);
        }
        if let (Some(request), Some(asked)) = (&plan.error_page, error_page) {
            let errors: Vec<u16> = (400..600).collect();
            match &asked.answer {
                Ok(answer) if answer.status < 400 => {
                    let (name, status, url) = (&plan.name, answer.status, &request.url.shown);
                    judged.open(format!(
                        "`{name}`: GET {url} answered {status}, so it is no error page"
                    ));
                }
                Ok(_) | Err(_) => {
                    if let Some(answer) = judged.answered(&plan.name, request, asked, &errors) {
                        page_of(plan, request, answer, judged);
                    }
                }
            }
        }
    })
}

fn page_of(plan: &SecurityHeadersPlan, request: &Request, answer: &Answer, judged: &mut Judged) {
    let mut found = profile::judge(&plan.profile, answer);
    let place = format!("{} ({})", request.url.shown, answer.status);
    for evidence in &mut found.evidence {
        *evidence = format!("{place}: {evidence}");
    }
    for wrong in &mut found.wrong {
        wrong
            .message
            .push_str(&format!(" (status {})", answer.status));
    }
    judged.add(&plan.name, request, &reproduce::head(request), found);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Asked, Break, NoAnswer};
    use crate::facts::Fact;
    use crate::plan::Profile;
    use crate::sample::{self, facts, request};
    use shared::verdict::Finding;

    fn asked(status: u16, header: Option<&str>) -> Asked {
        let mut answer = sample::answer(status, "");
        let header = header.map(|value| ("x-content-type-options".to_owned(), value.to_owned()));
        answer.headers.extend(header);
        Asked {
            attempts: 1,
            answer: Ok(answer),
        }
    }

    fn outcome(page: Asked, error_page: Option<Asked>) -> Outcome {
        let plan = SecurityHeadersPlan {
            name: "web".into(),
            page: request("/"),
            status: vec![200],
            error_page: error_page.as_ref().map(|_| request("/nothing")),
            profile: Profile {
                nosniff: true,
                ..Profile::default()
            },
        };
        let seen = Ok(SecurityHeadersSeen { page, error_page });
        let mut facts = facts();
        facts.probes.security_headers.push(Fact { plan, seen });
        check(&facts)
    }

    #[test]
    fn an_answer_later_than_allowed_fails_whatever_its_headers_are() {
        let mut late = asked(200, Some("nosniff"));
        if let Ok(answer) = &mut late.answer {
            answer.phases.total = 5001.0;
        }
        let Outcome::Fail { findings } = outcome(late, None) else {
            panic!("it is late");
        };
        let message = "`web`: GET http://h/ took 5001 ms, and 5000 ms are allowed";
        assert_eq!(findings[0].message, message);
    }

    #[test]
    fn headers_on_both_pages_pass_with_each_header() {
        let good = |status| asked(status, Some("nosniff"));
        assert_eq!(
            outcome(good(200), Some(good(404))),
            Outcome::Pass {
                evidence: vec![
                    "`web`: http://h/ (200): `X-Content-Type-Options` holds: `nosniff`".into(),
                    "`web`: http://h/nothing (404): `X-Content-Type-Options` holds: `nosniff`"
                        .into(),
                ]
            }
        );
    }

    #[test]
    fn an_error_page_without_them_fails_and_says_how_to_see_it() {
        assert_eq!(
            outcome(asked(200, Some("nosniff")), Some(asked(404, None))),
            Outcome::fail(
                Finding::new("`web` has no `X-Content-Type-Options` (status 404)")
                    .on("http://h/nothing")
                    .compared("no such header", "nosniff")
                    .reproduce("curl -sS -D - -o /dev/null --max-time 5 http://h/nothing")
            )
        );
    }

    #[test]
    fn another_page_than_the_one_meant_is_unknown() {
        let good = |status| asked(status, Some("nosniff"));
        assert_eq!(
            outcome(good(500), None),
            Outcome::unknown("`web`: GET http://h/ answered 500, not 200")
        );
        assert_eq!(
            outcome(good(200), Some(good(200))),
            Outcome::unknown("`web`: GET http://h/nothing answered 200, so it is no error page")
        );
        let silent = Asked {
            attempts: 2,
            answer: Err(NoAnswer::new(Break::Refused, "refused")),
        };
        assert_eq!(
            outcome(silent, None),
            Outcome::unknown("`web` had no answer (2 attempts): refused")
        );
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `security-headers` is configured")
        );
    }
}
