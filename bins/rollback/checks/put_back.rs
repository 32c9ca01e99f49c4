//! put-back: read back, all traffic is on stable and every stable instance runs the target.

use crate::facts::Facts;
use shared::check::Check;
use shared::place;
use shared::verdict::{Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "put-back",
    title: "all traffic is on stable, and every stable instance runs the target",
    why: "a change that was accepted is not a change that applies: it is read back",
    fix: "run `rollback` again: it does what is not done yet",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let (Some(done), Ok(target)) = (&facts.done, &facts.target) else {
        return Outcome::skipped("nothing was touched");
    };
    if let Some(problem) = &done.problem {
        return Outcome::unknown(format!("it could not be finished: {problem}"));
    }
    place::judge(&done.places, &target.entry.release)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::facts;

    #[test]
    fn everything_on_the_target_passes() {
        assert_eq!(check(&facts()).word(), "pass");
    }

    #[test]
    fn a_stranger_among_the_instances_fails() {
        let mut facts = facts();
        if let Some(done) = &mut facts.done {
            done.places[0].stable[0].1 = Ok("1.4.0".into());
        }
        assert_eq!(check(&facts).word(), "fail");
    }

    #[test]
    fn what_could_not_be_finished_or_read_is_unknown() {
        let mut facts = facts();
        if let Some(done) = &mut facts.done {
            done.places[0].weight = Err("connection refused".into());
        }
        assert_eq!(check(&facts).word(), "unknown");
        if let Some(done) = &mut facts.done {
            done.problem = Some("nginx is gone".into());
        }
        assert_eq!(
            check(&facts),
            Outcome::unknown("it could not be finished: nginx is gone")
        );
        facts.done = None;
        assert_eq!(check(&facts).word(), "skipped");
    }
}
