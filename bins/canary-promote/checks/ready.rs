//! ready: every canary instance answers as the release and is healthy.

use crate::facts::{Facts, Task};
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "ready",
    title: "every canary instance answers as the release and is healthy",
    why: "traffic may only go to instances that run what is meant; a 200 from the old build is no \
          evidence about the new one",
    fix: "look at the log of the instance that is named",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    match (&facts.ready, facts.task) {
        (Some(Ok(evidence)), _) => Outcome::judge(evidence.clone(), vec![], vec![]),
        (Some(Err(why)), _) => Outcome::fail(Finding::new(why.clone())),
        (None, Task::Run) if facts.previous.is_none() => {
            Outcome::skipped("the first release goes to stable at once")
        }
        (None, Task::Run) => Outcome::unknown("the canary was not started"),
        (None, Task::Abort | Task::Reconcile) => Outcome::skipped("nothing is promoted here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::promoted;

    #[test]
    fn instances_that_answer_as_the_release_pass() {
        let facts = promoted();
        assert_eq!(
            check(&facts),
            Outcome::pass("3 canary instances answer as 1.1.0")
        );
    }

    #[test]
    fn an_instance_that_is_not_ready_fails_with_its_reason() {
        let mut facts = promoted();
        facts.ready = Some(Err("127.0.0.1:7893 runs 1.0.0".into()));
        assert_eq!(
            check(&facts),
            Outcome::fail(Finding::new("127.0.0.1:7893 runs 1.0.0"))
        );
    }

    #[test]
    fn a_canary_that_was_never_started_is_unknown() {
        let mut facts = promoted();
        facts.ready = None;
        assert_eq!(
            check(&facts),
            Outcome::unknown("the canary was not started")
        );
        facts.previous = None;
        assert_eq!(check(&facts).word(), "skipped");
    }
}
