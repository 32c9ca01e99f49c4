//! artifact: what would be deployed is what was good.

use crate::facts::Facts;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "artifact",
    title: "the artifact of the target is there, and is the one that was good",
    why: "a rollback that finds out half way that the old build is gone leaves things worse",
    fix: "fetch the artifact of that release, or name another release with `--release`",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    match &facts.artifact {
        Ok(evidence) => Outcome::pass(evidence.clone()),
        Err(why) => Outcome::unknown(why.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::facts;

    #[test]
    fn an_artifact_that_is_there_passes_and_one_that_is_not_is_unknown() {
        let mut facts = facts();
        assert_eq!(
            check(&facts),
            Outcome::pass("web is sha256:abc as in the ledger")
        );
        facts.artifact = Err("it is gone".into());
        assert_eq!(check(&facts), Outcome::unknown("it is gone"));
    }
}
