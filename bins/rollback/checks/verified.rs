//! verified: through the front, the environment answers well and as the target.

use crate::facts::Facts;
use shared::check::Check;
use shared::shell::quoted;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "verified",
    title: "through the front, the environment answers well and as the target",
    why: "rolled back and healthy is not the same as rolled back and still sick",
    fix: "the release was not the cause, or not the only one: look at the database and what is around it",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let Some(done) = &facts.done else {
        return Outcome::unknown("nothing was touched, so nothing was proven");
    };
    let answers = &done.answers;
    if answers.asked == 0 {
        return Outcome::unknown("nothing was asked");
    }
    let text = format!(
        "{} of {} fresh connections were answered well",
        answers.good, answers.asked
    );
    if answers.good == answers.asked {
        return Outcome::pass(format!("{text} and as the target ({})", answers.url));
    }
    let first = answers.first_bad.clone().unwrap_or_default();
    Outcome::fail(
        Finding::new(format!("{text}; the first that was not: {first}"))
            .on(answers.url.clone())
            .compared(first, "below 500, from the target")
            .reproduce(format!("curl -sSi {}", quoted(&answers.url))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::facts;

    #[test]
    fn all_good_answers_pass() {
        let expected = "20 of 20 fresh connections were answered well and as the target (http://127.0.0.1:8080/)";
        assert_eq!(check(&facts()), Outcome::pass(expected));
    }

    #[test]
    fn one_bad_answer_fails() {
        let mut facts = facts();
        if let Some(done) = &mut facts.done {
            (done.answers.good, done.answers.first_bad) = (19, Some("503 from 1.1.0".into()));
        }
        assert_eq!(check(&facts).word(), "fail");
    }

    #[test]
    fn nothing_asked_is_unknown() {
        let mut facts = facts();
        if let Some(done) = &mut facts.done {
            done.answers.asked = 0;
        }
        assert_eq!(check(&facts).word(), "unknown");
        facts.done = None;
        assert_eq!(check(&facts).word(), "unknown");
    }
}
