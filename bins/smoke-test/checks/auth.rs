//! Doors open with the right token, and only with it.

use crate::answer::{Answer, Asked, shown};
use crate::facts::Facts;
use crate::judged::{self, Judged, attempts};
use crate::plan::{Arm, AuthPlan, Holder};
use crate::sensitive::discreet_url;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "auth",
    title: "what needs a token opens with the right one, and only with it",
    why: "an endpoint that lost its guard answers everybody as it should answer one, and a guard \
          that refuses everybody looks just as safe: only both together show that it works",
    fix: "run the command of the finding; when it answers without a token, look at the order of \
          routes and middleware, and when the right token is refused, at its expiry and its keys",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.auth, "auth", judge)
}

fn judge(plan: &AuthPlan, seen: &Vec<Asked>, judged: &mut Judged) {
    let name = &plan.name;
    let is_open = is_open(plan, seen);
    let (mut held, mut bare) = (Vec::new(), Vec::new());
    for ((holder, arm), asked) in plan.arms.iter().zip(seen) {
        let answer = match &asked.answer {
            Ok(answer) => answer,
            Err(no_answer) => {
                judged.open(format!(
                    "`{name}` had no answer {} ({}): {}",
                    arm.who,
                    attempts(asked.attempts),
                    no_answer.reason
                ));
                continue;
            }
        };
        judged.in_time(name, &arm.request, &arm.reproduce, answer);
        let status = answer.status;
        if !arm.status.contains(&status) {
            match wrong(*holder, arm, answer) {
                Some(message) => judged.wrong(finding(plan, arm, asked, &message)),
                None => judged.open(format!(
                    "`{name}` was turned away by a rate limit (429) {}",
                    arm.who
                )),
            }
            continue;
        }
        held.push(format!("{status} {}", arm.who));
        if status == 401 && *holder != Holder::Role && answer.header("www-authenticate").is_none() {
            bare.push(arm);
        }
    }
    if plan.challenge
        && let Some(first) = bare.first()
    {
        judged.wrong(unchallenged(plan, first, &bare));
    }
    let listed = held.join(", ");
    if is_open {
        let request = &plan.arms[0].1.request;
        let (method, url) = (&request.method, &request.url.shown);
        judged.holds(format!("`{name}`: {method} {url} answered {listed}"));
    } else if !held.is_empty() {
        judged.open(format!(
            "`{name}` answered {listed}, which says nothing as long as the right token is not \
             answered as it should be"
        ));
    }
}

/// Whether the right token was answered as it should be, which is what refusals are compared with.
fn is_open(plan: &AuthPlan, seen: &[Asked]) -> bool {
    let first = plan.arms.iter().zip(seen).next();
    first.is_some_and(|((_, arm), asked)| {
        let answer = asked.answer.as_ref();
        answer.is_ok_and(|answer| arm.status.contains(&answer.status))
    })
}

/// What a wrong status means; none when it means nothing about the door.
fn wrong(holder: Holder, arm: &Arm, answer: &Answer) -> Option<String> {
    let (status, who, wanted) = (answer.status, &arm.who, arm.wanted());
    let meaning = match (holder, status) {
        (_, 429) => return None,
        (Holder::Token, 401 | 403) => "the right token is refused".to_owned(),
        (Holder::Token, 200..=299) => "the right token is answered, but not so".to_owned(),
        (Holder::Role, 401) => "the token itself is not known".to_owned(),
        (_, 500..=599) => "it breaks in place of an answer".to_owned(),
        (Holder::Token, _) => "the right token does not open it".to_owned(),
        (_, 200..=299) => "it is open".to_owned(),
        (_, 300..=399) => {
            let to = answer.header("location").unwrap_or_default();
            format!("it redirects to `{}`", shown(&discreet_url(&to), 100))
        }
        (_, 404) => "that cannot be told from a path that does not exist".to_owned(),
        (Holder::Nobody | Holder::Forged | Holder::Expired, 403) => {
            "that is for somebody who is known and may not".to_owned()
        }
        (_, _) => "that is no refusal of a token".to_owned(),
    };
    Some(format!("answered {status} {who}, not {wanted}: {meaning}"))
}

fn finding(plan: &AuthPlan, arm: &Arm, asked: &Asked, message: &str) -> Finding {
    let status = asked.answer.as_ref().map_or(0, |answer| answer.status);
    let attempts = attempts(asked.attempts);
    Finding::new(format!("`{}` {message} ({attempts})", plan.name))
        .on(&arm.request.url.shown)
        .compared(status.to_string(), arm.wanted())
        .reproduce(&arm.reproduce)
}

fn unchallenged(plan: &AuthPlan, first: &Arm, bare: &[&Arm]) -> Finding {
    let who: Vec<&str> = bare.iter().map(|arm| arm.who.as_str()).collect();
    let message = format!(
        "`{}` answered 401 {} without `WWW-Authenticate`, which must say how to get in (or set \
         `challenge: false`)",
        plan.name,
        who.join(", ")
    );
    Finding::new(message)
        .on(&first.request.url.shown)
        .compared(
            "401 without `WWW-Authenticate`",
            "401 with `WWW-Authenticate`",
        )
        .reproduce(&first.reproduce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::facts::Fact;
    use crate::sample::{self, answered, facts};

    /// What the arms answer: with the token, without, garbage, altered, as `user`.
    fn outcome(statuses: [u16; 5]) -> Outcome {
        outcome_of(statuses.map(|status| answered(status, &[("www-authenticate", "Bearer")])))
    }

    fn outcome_of(seen: [Asked; 5]) -> Outcome {
        let mut facts = facts();
        facts.probes.auth.push(Fact {
            plan: sample::auth_plan(),
            seen: Ok(seen.to_vec()),
        });
        check(&facts)
    }

    fn message(outcome: Outcome) -> String {
        match outcome {
            Outcome::Fail { findings } => findings[0].message.clone(),
            other => panic!("should fail, not {other:?}"),
        }
    }

    #[test]
    fn open_with_the_token_and_closed_without_it_passes() {
        assert_eq!(
            outcome([200, 401, 401, 401, 403]),
            Outcome::pass(
                "`users`: GET http://h/api/users answered 200 with the token, 401 without a \
                 token, 401 with garbage, 401 with one character of the token changed, 403 as \
                 `user`"
            )
        );
    }

    #[test]
    fn open_without_a_token_fails_even_when_the_token_is_refused() {
        for with in [200, 401] {
            let Outcome::Fail { findings } = outcome([with, 200, 401, 401, 403]) else {
                panic!("it is open");
            };
            let last = findings.last().expect("is one");
            assert_eq!(
                *last,
                Finding::new(
                    "`users` answered 200 without a token, not 401: it is open (1 attempt)"
                )
                .on("http://h/api/users")
                .compared("200", "401")
                .reproduce("curl -sS without a token")
            );
        }
    }

    #[test]
    fn whatever_comes_instead_of_401_is_named() {
        for (status, words) in [
            (302, "it redirects to ``"),
            (403, "somebody who is known"),
            (404, "does not exist"),
            (500, "it breaks"),
            (418, "no refusal of a token"),
        ] {
            let message = message(outcome([200, status, 401, 401, 403]));
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn a_signature_that_is_not_looked_at_fails() {
        let message = message(outcome([200, 401, 401, 200, 403]));
        assert!(message.contains("with one character of the token changed, not 401: it is open"));
    }

    #[test]
    fn the_wrong_role_must_be_known_and_refused() {
        assert!(
            message(outcome([200, 401, 401, 401, 200]))
                .contains("200 as `user`, not 403: it is open")
        );
        assert!(
            message(outcome([200, 401, 401, 401, 401])).contains("the token itself is not known")
        );
    }

    #[test]
    fn a_401_without_a_challenge_fails_once() {
        let bare = |status| answered(status, &[]);
        let seen = [200, 401, 401, 401, 403].map(bare);
        let Outcome::Fail { findings } = outcome_of(seen) else {
            panic!("there is no challenge");
        };
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0]
                .message
                .contains("without a token, with garbage, with one")
        );
    }

    #[test]
    fn the_right_token_refused_is_the_finding_and_the_rest_says_nothing() {
        assert_eq!(
            message(outcome([401, 401, 401, 401, 403])),
            "`users` answered 401 with the token, not 200: the right token is refused (1 attempt)"
        );
    }

    #[test]
    fn without_an_answer_to_the_token_refusals_are_unknown() {
        let mut seen = [200, 401, 401, 401, 403].map(|s| answered(s, &[("www-authenticate", "x")]));
        seen[0].answer = Err(NoAnswer::new(Break::Closed, "reset by peer"));
        let Outcome::Unknown { reason } = outcome_of(seen) else {
            panic!("both halves are needed");
        };
        assert!(
            reason.contains("`users` had no answer with the token (1 attempt): reset by peer"),
            "{reason}"
        );
        assert!(reason.contains("says nothing as long as"), "{reason}");
    }

    #[test]
    fn an_answer_later_than_allowed_fails() {
        let mut seen = [200, 401, 401, 401, 403].map(|s| answered(s, &[("www-authenticate", "x")]));
        for asked in &mut seen[..2] {
            if let Ok(answer) = &mut asked.answer {
                answer.phases.total = 5001.0;
            }
        }
        let Outcome::Fail { findings } = outcome_of(seen) else {
            panic!("it is late");
        };
        assert_eq!(findings.len(), 2);
        assert_eq!(
            findings[0].message,
            "`users`: GET http://h/api/users took 5001 ms, and 5000 ms are allowed"
        );
    }

    #[test]
    fn a_rate_limit_is_no_refusal() {
        let Outcome::Unknown { reason } = outcome([200, 429, 401, 401, 403]) else {
            panic!("429 says nothing");
        };
        assert!(
            reason.contains("turned away by a rate limit (429) without a token"),
            "{reason}"
        );
    }

    #[test]
    fn no_probe_is_skipped_and_one_not_asked_is_unknown() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `auth` is configured")
        );
        let mut facts = facts();
        facts.probes.auth.push(Fact {
            plan: sample::auth_plan(),
            seen: Err("not asked, because it rained".into()),
        });
        assert_eq!(
            check(&facts),
            Outcome::unknown("not asked, because it rained")
        );
    }
}
