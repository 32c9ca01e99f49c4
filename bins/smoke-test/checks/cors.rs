//! Pages of other origins may use what they should, and nobody else may.

use crate::answer::{Answer, Asked};
use crate::cross_origin::{Allowed, Wish, access, allowed, has_credentials, readable, sendable};
use crate::expectations::Found;
use crate::facts::{CorsSeen, Exchange, Facts};
use crate::judged::{self, Judged};
use crate::plan::{CorsPlan, Party, Request, Standing};
use crate::reproduce;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "cors",
    title: "pages of other origins may use what they should, and nobody else may",
    why: "an origin that is echoed without being known lets every page on the internet read what \
          a signed-in user sees; one that is missing breaks the application at once",
    fix: "list the allowed origins by their whole names where the service sets \
          `Access-Control-Allow-Origin`, never `null`, a pattern or the origin as it came",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.cors, "cors", one)
}

fn one(plan: &CorsPlan, seen: &CorsSeen, judged: &mut Judged) {
    let is_same_for_all = !seen.denied.is_empty()
        && seen.denied.iter().all(|exchange| {
            let answer = exchange.preflight.answer.as_ref();
            answer.is_ok_and(|answer| allowed(&plan.allowed.origin, answer) == Allowed::This)
        });
    let wish = Wish {
        origin: &plan.allowed.origin,
        method: &plan.method,
        headers: &plan.headers,
        credentials: plan.credentials,
        is_same_for_all,
    };
    let is_readable = control(plan, &wish, &seen.allowed, judged);
    for (party, exchange) in plan.denied.iter().zip(&seen.denied) {
        denied(plan, party, exchange, is_readable, judged);
    }
}

/// The origin that must be allowed: without it, a silence for the others means nothing. Tells
/// whether it may read the answer to the request itself.
fn control(plan: &CorsPlan, wish: &Wish<'_>, seen: &Exchange, judged: &mut Judged) -> bool {
    let party = &plan.allowed;
    if let Some(answer) = telling(plan, &party.preflight, &seen.preflight, judged) {
        let mut found = Found::default();
        sendable(wish, answer, &mut found);
        if found.wrong.is_empty() {
            let (status, access) = (answer.status, access(answer));
            let method = wish.method;
            found.evidence.push(format!(
                "`{}` may send `{method}`: preflight {status}, {access}",
                party.origin
            ));
        }
        add(plan, &party.preflight, found, judged);
    }
    let (Some(request), Some(asked)) = (&party.actual, &seen.actual) else {
        return false;
    };
    let Some(answer) = telling(plan, request, asked, judged) else {
        return false;
    };
    // Many services answer errors without these headers. Without a sign-in it may be one; any
    // other means that nobody has seen the answer which pages are to read.
    if answer.status >= 400 && allowed(&party.origin, answer) == Allowed::Nobody {
        if !matches!(answer.status, 401 | 403) {
            let (method, url, status) = (&request.method, &request.url.shown, answer.status);
            judged.open(format!(
                "`{}`: {method} {url} answered {status}, which says nothing of who may read it",
                plan.name
            ));
        }
        return false;
    }
    let mut found = Found::default();
    readable(wish, answer, &mut found);
    let is_readable = found.wrong.is_empty();
    add(plan, request, found, judged);
    is_readable
}

/// An answer that says something of origins: not that of a proxy or a rate limit.
fn telling<'a>(
    plan: &CorsPlan,
    request: &Request,
    asked: &'a Asked,
    judged: &mut Judged,
) -> Option<&'a Answer> {
    match &asked.answer {
        Err(no_answer) => {
            let command = reproduce::head(request);
            judged.late_or_silent(&plan.name, request, &command, asked.attempts, no_answer);
            None
        }
        Ok(answer) if answer.status == 429 || answer.status >= 500 => {
            let (method, url, status) = (&request.method, &request.url.shown, answer.status);
            judged.open(format!(
                "`{}`: {method} {url} answered {status}, which says nothing of origins",
                plan.name
            ));
            None
        }
        Ok(answer) => {
            let command = reproduce::head(request);
            judged.in_time(&plan.name, request, &command, answer);
            Some(answer)
        }
    }
}

fn denied(plan: &CorsPlan, party: &Party, seen: &Exchange, is_readable: bool, judged: &mut Judged) {
    let mut statuses = Vec::new();
    let mut is_denied = true;
    let actual = party.actual.as_ref().zip(seen.actual.as_ref());
    let exchanges = std::iter::once((&party.preflight, &seen.preflight)).chain(actual);
    for (request, asked) in exchanges {
        let Some(answer) = telling(plan, request, asked, judged) else {
            is_denied = false;
            continue;
        };
        if let Some(message) = leak(party, answer) {
            is_denied = false;
            let finding = Finding::new(format!("`{}` {message}", plan.name))
                .on(&request.url.shown)
                .compared(
                    access(answer),
                    format!("nothing that allows `{}`", party.origin),
                )
                .reproduce(reproduce::head(request));
            judged.wrong(finding);
        } else if request.method == "OPTIONS" || is_readable {
            let open = match allowed(&party.origin, answer) {
                Allowed::Everybody => " with `*`, without credentials",
                Allowed::This => " by name, without credentials",
                Allowed::Nobody | Allowed::Other(_) => "",
            };
            statuses.push(format!("{} {}{open}", request.method, answer.status));
        }
    }
    if is_denied {
        let (origin, statuses) = (&party.origin, statuses.join(", "));
        judged.holds(format!(
            "`{}`: `{origin}` gets nothing of its own ({statuses})",
            plan.name
        ));
    }
}

/// What an answer gives to somebody who must have nothing.
fn leak(party: &Party, answer: &Answer) -> Option<String> {
    let origin = &party.origin;
    let credentials = if has_credentials(answer) {
        ", with credentials"
    } else {
        ""
    };
    match allowed(origin, answer) {
        Allowed::This if party.standing == Standing::Neighbour && !has_credentials(answer) => None,
        Allowed::This => Some(format!("allows the origin `{origin}`{credentials}")),
        Allowed::Everybody if has_credentials(answer) => Some(format!(
            "allows every origin (`*`) together with credentials, `{origin}` as well"
        )),
        // A public address gives everybody the same; who is named must not even have that.
        Allowed::Everybody if party.standing == Standing::Named => {
            Some(format!("allows every origin (`*`), `{origin}` as well"))
        }
        Allowed::Other(others) if others.split(", ").any(|other| other == origin) => Some(format!(
            "allows the origin `{origin}` beside others{credentials}"
        )),
        Allowed::Everybody | Allowed::Nobody | Allowed::Other(_) => None,
    }
}

fn add(plan: &CorsPlan, request: &Request, found: Found, judged: &mut Judged) {
    judged.add(&plan.name, request, &reproduce::head(request), found);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::facts::Fact;
    use crate::sample::{self, facts, request};

    const ORIGIN: &str = "https://console.example";
    const EVIL: &str = "https://evil.example";

    fn party(origin: &str, standing: Standing) -> Party {
        let mut preflight = request("/api").with("origin", origin);
        preflight.method = "OPTIONS".into();
        Party {
            origin: origin.into(),
            standing,
            preflight,
            actual: Some(request("/api").with("origin", origin)),
        }
    }

    fn asked(status: u16, origin: Option<&str>, credentials: bool) -> Asked {
        let mut answer = sample::answer(status, "");
        let mut add = |name: &str, value: &str| answer.headers.push((name.into(), value.into()));
        add("vary", "Origin");
        if let Some(origin) = origin {
            add("access-control-allow-origin", origin);
        }
        if credentials {
            add("access-control-allow-credentials", "true");
        }
        Asked {
            attempts: 1,
            answer: Ok(answer),
        }
    }

    fn both(origin: Option<&str>, credentials: bool) -> Exchange {
        Exchange {
            preflight: asked(204, origin, credentials),
            actual: Some(asked(200, origin, credentials)),
        }
    }

    fn outcome(allowed: Exchange, denied: Vec<(Party, Exchange)>) -> Outcome {
        let (parties, exchanges) = denied.into_iter().unzip();
        let plan = CorsPlan {
            name: "api".into(),
            method: "GET".into(),
            headers: Vec::new(),
            credentials: false,
            allowed: party(ORIGIN, Standing::Named),
            denied: parties,
        };
        let seen = Ok(CorsSeen {
            allowed,
            denied: exchanges,
        });
        let mut facts = facts();
        facts.probes.cors.push(Fact { plan, seen });
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
    fn one_that_is_allowed_and_one_that_is_not_pass_with_both_exchanges() {
        assert_eq!(
            outcome(
                both(Some(ORIGIN), false),
                vec![(party(EVIL, Standing::Named), both(None, false))]
            ),
            Outcome::Pass {
                evidence: vec![
                    "`api`: `https://console.example` may send `GET`: preflight 204, \
                     `access-control-allow-origin: https://console.example`, no \
                     `access-control-allow-credentials`, `vary: Origin`"
                        .into(),
                    "`api`: `https://evil.example` gets nothing of its own (OPTIONS 204, GET 200)"
                        .into(),
                ]
            }
        );
    }

    #[test]
    fn an_origin_that_is_echoed_fails_and_says_how_to_see_it() {
        let echoed = Exchange {
            preflight: asked(204, Some(EVIL), true),
            actual: None,
        };
        assert_eq!(
            outcome(
                both(Some(ORIGIN), false),
                vec![(party(EVIL, Standing::Stranger), echoed)]
            ),
            Outcome::fail(
                Finding::new("`api` allows the origin `https://evil.example`, with credentials")
                    .on("http://h/api")
                    .compared(
                        "`access-control-allow-origin: https://evil.example`, \
                         `access-control-allow-credentials: true`, `vary: Origin`",
                        "nothing that allows `https://evil.example`"
                    )
                    .reproduce(
                        "curl -sS -D - -o /dev/null -X OPTIONS --max-time 5 -H 'origin: \
                         https://evil.example' http://h/api"
                    )
            )
        );
    }

    #[test]
    fn a_public_address_is_fine_until_somebody_is_named() {
        let open = || both(Some("*"), false);
        let stranger = outcome(open(), vec![(party("null", Standing::Stranger), open())]);
        assert_eq!(stranger.word(), "pass");
        let named = messages(outcome(
            open(),
            vec![(party(EVIL, Standing::Named), open())],
        ));
        assert_eq!(
            named[0],
            "`api` allows every origin (`*`), `https://evil.example` as well"
        );
        let unsafe_one = both(Some("*"), true);
        let told = messages(outcome(
            open(),
            vec![(party("null", Standing::Stranger), unsafe_one)],
        ));
        assert!(
            told[0].contains("(`*`) together with credentials, `null` as well"),
            "{told:?}"
        );
    }

    #[test]
    fn a_fixed_origin_for_everybody_need_not_vary() {
        let fixed = || {
            let mut fixed = both(Some(ORIGIN), false);
            for asked in [Some(&mut fixed.preflight), fixed.actual.as_mut()] {
                if let Some(Ok(answer)) = asked.map(|asked| &mut asked.answer) {
                    answer.headers.retain(|(name, _)| name != "vary");
                }
            }
            fixed
        };
        let one = outcome(fixed(), vec![(party(EVIL, Standing::Named), fixed())]);
        assert_eq!(one.word(), "pass");
        let told = messages(outcome(
            fixed(),
            vec![(party(EVIL, Standing::Named), both(None, false))],
        ));
        assert!(told[0].contains("without `Vary: Origin`"), "{told:?}");
    }

    #[test]
    fn one_that_must_be_allowed_and_is_not_fails() {
        let none = || both(None, false);
        let told = messages(outcome(
            none(),
            vec![(party(EVIL, Standing::Named), none())],
        ));
        assert_eq!(told[0], "`api` does not allow `https://console.example`");
        let two = both(Some("https://a.example, https://evil.example"), false);
        let told = messages(outcome(
            both(Some(ORIGIN), false),
            vec![(party(EVIL, Standing::Named), two)],
        ));
        assert!(told[0].contains("beside others"), "{told:?}");
    }

    #[test]
    fn what_says_nothing_of_origins_is_unknown() {
        let silent = Asked {
            attempts: 3,
            answer: Err(NoAnswer::new(Break::Closed, "reset")),
        };
        for (preflight, reason) in [
            (silent, "`api` had no answer (3 attempts): reset"),
            (
                asked(429, None, false),
                "`api`: OPTIONS http://h/api answered 429, which says nothing of origins",
            ),
        ] {
            let exchange = Exchange {
                preflight,
                actual: None,
            };
            assert_eq!(
                outcome(
                    both(Some(ORIGIN), false),
                    vec![(party(EVIL, Standing::Named), exchange)]
                ),
                Outcome::unknown(reason)
            );
        }
    }

    #[test]
    fn an_error_without_a_sign_in_does_not_judge_the_request_itself() {
        let guarded = |origin| Exchange {
            preflight: asked(204, origin, false),
            actual: Some(asked(401, None, false)),
        };
        let outcome = outcome(
            guarded(Some(ORIGIN)),
            vec![(party(EVIL, Standing::Named), guarded(None))],
        );
        let Outcome::Pass { evidence } = outcome else {
            panic!("should pass: {outcome:?}");
        };
        assert!(
            evidence[1].ends_with("gets nothing of its own (OPTIONS 204)"),
            "{evidence:?}"
        );
    }

    #[test]
    fn any_other_error_says_nothing_of_who_may_read() {
        let mut missing = both(Some(ORIGIN), false);
        missing.actual = Some(asked(404, None, false));
        assert_eq!(
            outcome(
                missing,
                vec![(party(EVIL, Standing::Named), both(None, false))]
            ),
            Outcome::unknown(
                "`api`: GET http://h/api answered 404, which says nothing of who may read it"
            )
        );
    }

    #[test]
    fn the_same_host_by_another_scheme_must_not_have_credentials() {
        let near = "http://console.example";
        let told = |credentials| {
            let of_near = (
                party(near, Standing::Neighbour),
                both(Some(near), credentials),
            );
            outcome(both(Some(ORIGIN), false), vec![of_near])
        };
        assert_eq!(told(false).word(), "pass");
        assert_eq!(
            messages(told(true))[0],
            "`api` allows the origin `http://console.example`, with credentials"
        );
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `cors` is configured")
        );
    }
}
