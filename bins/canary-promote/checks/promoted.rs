//! promoted: the task came to the end that was asked for.

use crate::facts::{Cause, End, Facts, Task};
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "promoted",
    title: "the rollout came to the end that was asked for",
    why: "a release that was taken back, or waits half way, is not promoted",
    fix: "read why it ended, then promote a better release, or the same one when the cause is gone",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    match (&facts.end, facts.task) {
        (End::Promoted, _) => {
            Outcome::pass(format!("stable runs {} with all traffic", facts.release))
        }
        (End::Nothing, _) => Outcome::pass("nothing was left to finish or undo"),
        (End::PutBack { cause }, Task::Abort | Task::Reconcile) => {
            Outcome::pass(format!("stable has all traffic back: {}", cause.text()))
        }
        (End::PutBack { cause }, Task::Run) => match cause {
            Cause::Worse { .. } => Outcome::fail(Finding::new(format!(
                "{} was taken back: {}",
                facts.release,
                cause.text()
            ))),
            Cause::Inconclusive(why) | Cause::Asked(why) | Cause::Problem(why) => {
                Outcome::unknown(format!("{} was taken back: {why}", facts.release))
            }
        },
        (End::Held, _) => {
            Outcome::unknown("the evidence was not enough in time, and the weight is held")
        }
        (End::Stuck { cause, problem }, _) => Outcome::unknown(format!(
            "{}; that could not be finished: {problem}",
            cause.text()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::promoted;

    fn word(end: End, task: Task) -> &'static str {
        let mut facts = promoted();
        (facts.end, facts.task) = (end, task);
        check(&facts).word()
    }

    #[test]
    fn every_end_has_its_answer() {
        let worse = || Cause::Worse { log_evidence: 5.0 };
        let stuck = End::Stuck {
            cause: worse(),
            problem: "nginx is gone".into(),
        };
        assert_eq!(word(End::Promoted, Task::Run), "pass");
        assert_eq!(word(End::PutBack { cause: worse() }, Task::Run), "fail");
        assert_eq!(
            word(
                End::PutBack {
                    cause: Cause::Inconclusive("x".into())
                },
                Task::Run
            ),
            "unknown"
        );
        assert_eq!(
            word(
                End::PutBack {
                    cause: Cause::Asked("x".into())
                },
                Task::Abort
            ),
            "pass"
        );
        assert_eq!(word(End::Held, Task::Run), "unknown");
        assert_eq!(word(stuck, Task::Run), "unknown");
        assert_eq!(word(End::Nothing, Task::Reconcile), "pass");
    }
}
