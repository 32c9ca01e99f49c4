//! Logins do not know the credentials which everybody knows.

use crate::answer::Asked;
use crate::facts::{Facts, Tried};
use crate::judged::{self, Judged, attempts};
use crate::plan::{Arm, DefaultCredentialsPlan};
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "default-credentials",
    title: "logins refuse the credentials that everybody knows",
    why: "the password that an image begins with is in its documentation, and the first thing that \
          is tried by whoever finds the login",
    fix: "change the password of that user now, and set it from a secret where the service is \
          deployed, so that the next instance does not begin with it",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(
        &facts.probes.default_credentials,
        "default-credentials",
        judge,
    )
}

fn judge(plan: &DefaultCredentialsPlan, seen: &Tried, judged: &mut Judged) {
    let name = &plan.name;
    let mut refused = 0;
    for ((user, arm), asked) in plan.pairs.iter().zip(&seen.pairs) {
        let answer = match &asked.answer {
            Ok(answer) => answer,
            Err(no_answer) => {
                judged.open(format!(
                    "`{name}` had no answer {}: {}",
                    arm.who, no_answer.reason
                ));
                continue;
            }
        };
        let status = answer.status;
        if arm.status.contains(&status) {
            refused += 1;
        } else if plan.accepted.status.contains(&status) {
            judged.wrong(let_in(plan, user, arm, asked));
        } else if status == 429 {
            judged.open(format!(
                "`{name}` was turned away by a rate limit (429) {}, and no more pairs were tried",
                arm.who
            ));
        } else {
            judged.open(format!(
                "`{name}` answered {status} {}, which neither lets in nor refuses",
                arm.who
            ));
        }
    }
    let before = control(plan, &seen.before, "before the others", judged);
    // Whoever was shut out by the tries themselves would refuse the right password as well.
    let after = seen.after.as_ref();
    let after = after.map(|asked| control(plan, asked, "after the others", judged));
    if before && after != Some(false) && refused == plan.pairs.len() {
        let url = &plan.accepted.request.url.shown;
        let status = status(&seen.before);
        judged.holds(format!(
            "`{name}`: {url} refused all {refused} pairs, and answered {status} to the real \
             credentials before and after them"
        ));
    } else if refused > 0 && refused < plan.pairs.len() {
        judged.open(format!(
            "`{name}` refused {refused} of {} pairs",
            plan.pairs.len()
        ));
    }
}

/// Whether the real credentials were let in.
fn control(plan: &DefaultCredentialsPlan, asked: &Asked, when: &str, judged: &mut Judged) -> bool {
    let name = &plan.name;
    match &asked.answer {
        Ok(answer) if plan.accepted.status.contains(&answer.status) => return true,
        Ok(answer) => judged.open(format!(
            "`{name}` answered {} with the real credentials {when}, not {}: that it refuses \
             others says nothing",
            answer.status,
            plan.accepted.wanted()
        )),
        Err(no_answer) => judged.open(format!(
            "`{name}` had no answer with the real credentials {when}: {}",
            no_answer.reason
        )),
    }
    false
}

fn let_in(plan: &DefaultCredentialsPlan, user: &str, arm: &Arm, asked: &Asked) -> Finding {
    // The password stays out of it: a report is read by more people than a login page.
    let user = crate::answer::shown(user, 60);
    let number = arm.who.rsplit(", ").next().unwrap_or_default();
    let message = format!(
        "`{}` lets `{user}` in with a password that everybody knows ({number}, {})",
        plan.name,
        attempts(asked.attempts)
    );
    Finding::new(message)
        .on(&arm.request.url.shown)
        .compared(status(asked).to_string(), arm.wanted())
        .reproduce(&arm.reproduce)
}

fn status(asked: &Asked) -> u16 {
    asked.answer.as_ref().map_or(0, |answer| answer.status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::facts::Fact;
    use crate::sample::{self, answered, facts};

    fn outcome(before: u16, pairs: &[u16], after: Option<u16>) -> Outcome {
        let pairs = pairs.iter().map(|status| answered(*status, &[])).collect();
        outcome_of(Tried {
            before: answered(before, &[]),
            pairs,
            after: after.map(|status| answered(status, &[])),
        })
    }

    fn outcome_of(tried: Tried) -> Outcome {
        let mut facts = facts();
        facts.probes.default_credentials.push(Fact {
            plan: sample::default_credentials_plan(),
            seen: Ok(tried),
        });
        check(&facts)
    }

    fn reason(outcome: Outcome) -> String {
        match outcome {
            Outcome::Unknown { reason } => reason,
            other => panic!("should be unknown, not {other:?}"),
        }
    }

    #[test]
    fn pairs_that_are_refused_where_the_real_ones_are_let_in_pass() {
        assert_eq!(
            outcome(200, &[401, 403], Some(200)),
            Outcome::pass(
                "`grafana`: http://h/login refused all 2 pairs, and answered 200 to the real \
                 credentials before and after them"
            )
        );
    }

    #[test]
    fn a_pair_that_is_let_in_fails_without_its_password() {
        let Outcome::Fail { findings } = outcome(200, &[200, 401], Some(200)) else {
            panic!("it is let in");
        };
        assert_eq!(
            findings,
            [Finding::new(
                "`grafana` lets `admin` in with a password that everybody knows (pair 1 of 2, \
                 1 attempt)"
            )
            .on("http://h/login")
            .compared("200", "401 or 403")
            .reproduce("curl -sS as `admin`, pair 1 of 2")]
        );
    }

    #[test]
    fn a_login_that_refuses_everybody_is_unknown() {
        let reason = reason(outcome(401, &[401, 401], Some(401)));
        assert!(
            reason.contains("answered 401 with the real credentials before the others"),
            "{reason}"
        );
    }

    #[test]
    fn a_lockout_by_the_tries_themselves_is_unknown() {
        let reason = reason(outcome(200, &[401, 403], Some(403)));
        assert!(
            reason.contains("answered 403 with the real credentials after the others"),
            "{reason}"
        );
    }

    #[test]
    fn a_rate_limit_a_strange_status_and_silence_are_unknown() {
        let limited = reason(outcome(200, &[401, 429], None));
        assert!(limited.contains("no more pairs were tried"), "{limited}");
        let strange = reason(outcome(200, &[404, 401], Some(200)));
        assert!(
            strange.contains("answered 404 as `admin`, pair 1 of 2, which neither"),
            "{strange}"
        );
        let silent = reason(outcome_of(Tried {
            before: answered(200, &[]),
            pairs: vec![Asked {
                attempts: 1,
                answer: Err(NoAnswer::new(Break::Closed, "reset by peer")),
            }],
            after: None,
        }));
        assert!(silent.contains("had no answer as `admin`"), "{silent}");
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `default-credentials` is configured")
        );
    }
}
