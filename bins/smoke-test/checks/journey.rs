//! Every journey comes to its end, and leaves nothing behind.

use crate::answer::Answer;
use crate::expectations;
use crate::facts::{Facts, JourneySeen, StepSeen};
use crate::judged::{self, Judged};
use crate::plan::{JourneyPlan, StepPlan};
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "journey",
    title: "every journey comes to its end, and leaves nothing behind",
    why: "signing in, making and removing something crosses every part of a system: pages that \
          answer one by one do not show that they work together",
    fix: "repeat the step of the finding by hand with the values that the steps before it give",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.journey, "journey", judge)
}

fn judge(plan: &JourneyPlan, seen: &JourneySeen, judged: &mut Judged) {
    let journey = &plan.name;
    let mut reached = 0;
    for (step, came) in plan.steps.iter().zip(&seen.steps) {
        match came {
            StepSeen::NotReached(why) => {
                let name = &step.http.name;
                judged.open(format!("`{journey}`, step `{name}` was not asked: {why}"));
            }
            StepSeen::Asked { .. } => reached += 1,
        }
        came_of(journey, "step", step, came, judged);
    }
    for (step, came) in plan.cleanup.iter().zip(&seen.cleanup) {
        if let StepSeen::NotReached(why) = came {
            let doubtful = doubtful(plan, seen);
            not_cleaned(journey, step, why, doubtful, judged);
        }
        came_of(journey, "clean-up", step, came, judged);
    }
    let cleaned = seen.cleanup.iter();
    let cleaned = cleaned
        .filter(|came| matches!(came, StepSeen::Asked { .. }))
        .count();
    judged.holds(format!(
        "`{journey}`: {reached} of {} steps and {cleaned} of {} of the clean-up were asked",
        plan.steps.len(),
        plan.cleanup.len()
    ));
}

/// The step that may have made something which nothing after it could remove: it changes something,
/// and had no answer, that of a server which broke on it, or one without what the clean-up needs.
fn doubtful<'a>(plan: &'a JourneyPlan, seen: &JourneySeen) -> Option<&'a StepPlan> {
    let steps = plan.steps.iter().zip(&seen.steps);
    let mut doubtful = steps.filter(|(step, came)| match came {
        StepSeen::Asked { asked, missing } if !step.http.request.is_safe() => match &asked.answer {
            Ok(answer) => answer.status >= 500 || !missing.is_empty(),
            Err(no_answer) => no_answer.at.may_have_arrived(),
        },
        StepSeen::Asked { .. } | StepSeen::NotReached(_) => false,
    });
    doubtful.next().map(|(step, _)| step)
}

/// A clean-up that was not asked. Where the journey went wrong before anything was made, there is
/// nothing to remove, and what went wrong is said already.
fn not_cleaned(
    journey: &str,
    step: &StepPlan,
    why: &str,
    doubtful: Option<&StepPlan>,
    judged: &mut Judged,
) {
    let mut message = format!(
        "`{journey}`, clean-up `{}` was not asked: {why}",
        step.http.name
    );
    if let Some(maker) = doubtful {
        let name = &maker.http.name;
        message.push_str(&format!(", and `{name}` may have left something behind"));
    }
    if judged.has_findings() && doubtful.is_some() {
        judged.wrong(Finding::new(message).on(&step.http.request.url.shown));
    } else {
        judged.open(message);
    }
}

fn came_of(journey: &str, word: &str, step: &StepPlan, came: &StepSeen, judged: &mut Judged) {
    let StepSeen::Asked { asked, missing } = came else {
        return;
    };
    let (http, name) = (
        &step.http,
        format!("{journey}`, {word} `{}", step.http.name),
    );
    match &asked.answer {
        Err(no_answer) => {
            let (request, reproduce) = (&http.request, &http.reproduce);
            judged.late_or_silent(&name, request, reproduce, asked.attempts, no_answer);
        }
        Ok(answer) => {
            let found = expectations::all(&http.expectations, answer);
            judged.add(&name, &http.request, &http.reproduce, found);
            let is_right = http.expectations.status.contains(&answer.status);
            for missing in missing.iter().filter(|_| is_right) {
                let finding = Finding::new(format!("`{name}`: {missing}"))
                    .on(&http.request.url.shown)
                    .compared(size(answer), "a value to capture")
                    .reproduce(&http.reproduce);
                judged.wrong(finding);
            }
        }
    }
}

/// What has a token under an unexpected name is not shown at all.
fn size(answer: &Answer) -> String {
    format!("{} with {} bytes", answer.status, answer.body.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Asked, Break, NoAnswer};
    use crate::facts::Fact;
    use crate::sample::{answer, facts, step};
    use shared::config::CookieRule;

    fn came(status: u16) -> StepSeen {
        StepSeen::Asked {
            asked: Box::new(Asked {
                attempts: 1,
                answer: Ok(answer(status, "")),
            }),
            missing: Vec::new(),
        }
    }

    fn outcome(steps: Vec<StepSeen>, cleanup: Vec<StepSeen>) -> Outcome {
        outcome_of(|_| {}, steps, cleanup)
    }

    fn outcome_of(
        adjust: impl Fn(&mut JourneyPlan),
        steps: Vec<StepSeen>,
        cleanup: Vec<StepSeen>,
    ) -> Outcome {
        let mut plan = JourneyPlan {
            name: "sign-in".into(),
            steps: vec![step("login", &[200]), step("entries", &[201])],
            cleanup: vec![step("remove", &[204])],
        };
        adjust(&mut plan);
        let mut facts = facts();
        facts.probes.journey.push(Fact {
            plan,
            seen: Ok(JourneySeen { steps, cleanup }),
        });
        check(&facts)
    }

    #[test]
    fn a_journey_to_its_end_passes_with_every_step() {
        let Outcome::Pass { evidence } = outcome(vec![came(200), came(201)], vec![came(204)])
        else {
            panic!("every step was answered rightly");
        };
        assert_eq!(
            evidence[0],
            "`sign-in`, step `login`: answered 200 in 3.0 ms"
        );
        assert_eq!(
            evidence[3],
            "`sign-in`: 2 of 2 steps and 1 of 1 of the clean-up were asked"
        );
    }

    #[test]
    fn a_cookie_that_a_step_must_set_is_judged_with_it() {
        let mut login = step("login", &[200]);
        let rule: CookieRule = serde_saphyr::from_str("{same_site: lax}").expect("is a rule");
        login.http.expectations.cookies = vec![("session".into(), rule)];
        let set = |line: &str| {
            let mut answer = answer(200, "");
            answer.headers = vec![("set-cookie".into(), line.into())];
            let plan = JourneyPlan {
                name: "sign-in".into(),
                steps: vec![login.clone()],
                cleanup: Vec::new(),
            };
            let steps = vec![StepSeen::Asked {
                asked: Box::new(Asked {
                    attempts: 1,
                    answer: Ok(answer),
                }),
                missing: Vec::new(),
            }];
            let seen = Ok(JourneySeen {
                steps,
                cleanup: Vec::new(),
            });
            let mut facts = facts();
            facts.probes.journey.push(Fact { plan, seen });
            check(&facts)
        };
        let good = set("session=a; Secure; HttpOnly; SameSite=Lax");
        assert!(matches!(good, Outcome::Pass { .. }), "{good:?}");
        let Outcome::Fail { findings } = set("session=a; Secure; SameSite=Lax") else {
            panic!("a script can read it");
        };
        assert!(findings[0].message.contains("step `login`"));
    }

    #[test]
    fn a_step_that_goes_wrong_fails_and_says_which() {
        let later = StepSeen::NotReached("`login` did not succeed".into());
        let Outcome::Fail { findings } = outcome(vec![came(401), later], vec![came(204)]) else {
            panic!("the login was refused");
        };
        assert_eq!(findings.len(), 1);
        assert_eq!(
            findings[0].message,
            "`sign-in`, step `login` answered 401, not 200"
        );
    }

    #[test]
    fn a_cookie_that_a_step_must_set_is_judged_as_that_of_a_single_request() {
        let with_cookie = |plan: &mut JourneyPlan| {
            let rule = serde_saphyr::from_str("{same_site: lax}").expect("is a rule");
            let expectations = &mut plan.steps[0].http.expectations;
            expectations.cookies.push(("session".into(), rule));
        };
        let sets = |line: &str| {
            let mut came = came(200);
            if let StepSeen::Asked { asked, .. } = &mut came
                && let Ok(answer) = &mut asked.answer
            {
                let line = ("set-cookie".to_owned(), line.to_owned());
                answer.headers.push(line);
            }
            outcome_of(
                with_cookie,
                vec![came, self::came(201)],
                vec![self::came(204)],
            )
        };
        let Outcome::Fail { findings } = sets("session=x; HttpOnly; SameSite=Lax") else {
            panic!("the cookie is not `Secure`");
        };
        assert_eq!(
            findings[0].message,
            "`sign-in`, step `login` sets the cookie `session` without `Secure`"
        );
        let Outcome::Pass { evidence } = sets("session=x; Secure; HttpOnly; SameSite=Lax") else {
            panic!("the cookie is as it must be");
        };
        assert_eq!(
            evidence[1],
            "`sign-in`, step `login`: sets `session` with Secure; HttpOnly; SameSite=Lax; until the \
             browser ends"
        );
    }

    #[test]
    fn a_clean_up_that_goes_wrong_and_a_value_that_is_missing_fail() {
        let Outcome::Fail { findings } = outcome(vec![came(200), came(201)], vec![came(500)])
        else {
            panic!("something was left behind");
        };
        assert_eq!(
            findings[0].message,
            "`sign-in`, clean-up `remove` answered 500, not 204"
        );
        let mut first = came(200);
        if let StepSeen::Asked { missing, .. } = &mut first {
            missing.push("`token` could not be captured: `$.token` selects nothing".into());
        }
        let later = StepSeen::NotReached("`login` did not succeed".into());
        let Outcome::Fail { findings } = outcome(vec![first, later], vec![]) else {
            panic!("the token is missing");
        };
        assert!(findings[0].message.ends_with("`$.token` selects nothing"));
    }

    #[test]
    fn a_clean_up_that_was_not_asked_is_unknown() {
        let skipped = StepSeen::NotReached("its path would have a mistake".into());
        assert_eq!(
            outcome(vec![came(200), came(201)], vec![skipped]),
            Outcome::unknown(
                "`sign-in`, clean-up `remove` was not asked: its path would have a mistake"
            )
        );
    }

    #[test]
    fn a_step_that_may_have_made_something_is_named_when_nothing_could_remove_it() {
        let posts = |plan: &mut JourneyPlan| plan.steps[1].http.request.method = "POST".into();
        let late = StepSeen::Asked {
            asked: Box::new(Asked {
                attempts: 1,
                answer: Err(NoAnswer::new(Break::Timeout, "no answer within 2 s")),
            }),
            missing: Vec::new(),
        };
        let unasked = || vec![StepSeen::NotReached("`id` was never captured".into())];
        let Outcome::Fail { findings } = outcome_of(posts, vec![came(200), late], unasked()) else {
            panic!("the answer came too late");
        };
        assert_eq!(
            findings[1].message,
            "`sign-in`, clean-up `remove` was not asked: `id` was never captured, and `entries` may \
             have left something behind"
        );
        let refused = outcome_of(posts, vec![came(200), came(403)], unasked());
        let Outcome::Fail { findings } = refused else {
            panic!("the entry was refused");
        };
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn a_step_without_an_answer_is_unknown() {
        let silent = StepSeen::Asked {
            asked: Box::new(Asked {
                attempts: 3,
                answer: Err(NoAnswer::new(Break::Refused, "connection refused")),
            }),
            missing: Vec::new(),
        };
        let later = StepSeen::NotReached("`login` did not succeed".into());
        assert_eq!(
            outcome(vec![silent, later], vec![came(204)]),
            Outcome::unknown(
                "`sign-in`, step `login` had no answer (3 attempts): connection refused; \
                 `sign-in`, step `entries` was not asked: `login` did not succeed"
            )
        );
    }

    #[test]
    fn no_journey_is_skipped() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `journey` is configured")
        );
    }
}
