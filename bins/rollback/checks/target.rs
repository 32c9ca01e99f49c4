//! target: the ledger knows a release that was good, and it is not the one that is taken away.

use crate::facts::Facts;
use shared::check::Check;
use shared::ledger::State;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "target",
    title: "the ledger knows a release that was good, and it is not the bad one",
    why: "a rollback goes to the last release known to be good, never merely to the previous one",
    fix: "see `rollback list`; name a release that was good with `--release`",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let target = match &facts.target {
        Ok(target) => target,
        Err(why) => return Outcome::unknown(why.clone()),
    };
    let entry = &target.entry;
    let release = &entry.release;
    if facts
        .bad
        .as_ref()
        .is_some_and(|bad| bad.commit == release.commit)
    {
        return Outcome::fail(Finding::new(format!(
            "{release} is the release that is to be taken away"
        )));
    }
    if entry.state != State::Good || target.is_condemned {
        let state = if target.is_condemned {
            "bad"
        } else {
            entry.state.word()
        };
        return Outcome::fail(
            Finding::new(format!(
                "{release} is not known to be good: the ledger says {state} ({})",
                entry.note
            ))
            .compared(state, State::Good.word()),
        );
    }
    Outcome::pass(format!(
        "{release}, released {} by {}, was good",
        entry.at, entry.actor
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::facts;

    #[test]
    fn a_release_that_was_good_passes() {
        let outcome = check(&facts());
        let expected = "1.1.0 (11011011), released 2026-11-21T10:00:00Z by ada, was good";
        assert_eq!(outcome, Outcome::pass(expected));
    }

    #[test]
    fn a_release_that_was_never_good_or_is_condemned_fails() {
        let mut facts = facts();
        if let Ok(target) = &mut facts.target {
            target.is_condemned = true;
        }
        assert_eq!(check(&facts).word(), "fail");
        if let Ok(target) = &mut facts.target {
            (target.is_condemned, target.entry.state) = (false, State::Abandoned);
        }
        assert_eq!(check(&facts).word(), "fail");
    }

    #[test]
    fn the_bad_release_itself_is_no_target() {
        let mut facts = facts();
        facts.bad = facts
            .target
            .as_ref()
            .ok()
            .map(|target| target.entry.release.clone());
        assert_eq!(check(&facts).word(), "fail");
    }

    #[test]
    fn no_known_release_is_unknown() {
        let mut facts = facts();
        facts.target = Err("the ledger is empty".into());
        assert_eq!(check(&facts), Outcome::unknown("the ledger is empty"));
    }
}
