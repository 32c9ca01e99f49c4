//! The project's own suites pass.

use crate::answer::shown;
use crate::facts::{CommandSeen, Ended, Facts};
use crate::figures::ms;
use crate::judged::{self, Judged};
use crate::plan::CommandPlan;
use serde_json::Value;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

/// So much of what a suite says goes into a finding.
const LONGEST_WORDS: usize = 400;

pub(crate) const CHECK: Check<Facts> = Check {
    id: "command",
    title: "the project's own suites pass",
    why: "what only this project can know, its own end-to-end tests know; their answer belongs \
          into the same verdict and the same receipt",
    fix: "run the command of the finding; `SLUICEGATE_URL` is the address under test",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.command, "command", judge)
}

fn judge(plan: &CommandPlan, seen: &CommandSeen, judged: &mut Judged) {
    let (name, time) = (&plan.name, ms(seen.milliseconds));
    let ended = match &seen.ended {
        Ok(ended) => ended,
        Err(why) => return judged.open(format!("`{name}` has no answer after {time}: {why}")),
    };
    let broken = match (&plan.output, ended.is_success) {
        (_, false) => {
            let finding = finding(
                plan,
                &format!("ended with {}", ended.status),
                ended,
                "exit 0",
            );
            return judged.wrong(finding);
        }
        (Some(predicate), true) => {
            if let Some(why) = &ended.cut {
                return judged.open(format!(
                    "`{name}`: exit 0 after {time}, but {why}: whether that is as `output` says is \
                     not known"
                ));
            }
            // A program has no clock of ours in its output.
            let now = jiff::Timestamp::UNIX_EPOCH;
            predicate.refuses(&Value::String(ended.stdout.clone()), now)
        }
        (None, true) => None,
    };
    match broken {
        None => judged.holds(format!(
            "`{name}`: exit 0 after {time}: `{}`",
            shown(last_line(&ended.stdout), 120)
        )),
        Some(broken) => {
            let message = format!("ended with exit 0 and an output that must {broken}");
            judged.wrong(finding(plan, &message, ended, &broken));
        }
    }
}

fn finding(plan: &CommandPlan, message: &str, ended: &Ended, expected: &str) -> Finding {
    // The end of what it says is where runners sum up.
    let words = if ended.stderr.trim().is_empty() {
        &ended.stdout
    } else {
        &ended.stderr
    };
    let start = words.len().saturating_sub(LONGEST_WORDS);
    let start = (start..words.len()).find(|start| words.is_char_boundary(*start));
    let words = shown(&words[start.unwrap_or(0)..], LONGEST_WORDS);
    Finding::new(format!("`{}` {message}", plan.name))
        .compared(format!("{}: `{words}`", ended.status), expected)
        .reproduce(plan.line())
}

fn last_line(text: &str) -> &str {
    let mut lines = text.lines().rev().map(str::trim);
    lines.find(|line| !line.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;
    use crate::predicate::Predicate;
    use crate::sample::{facts, predicate};
    use shared::config::Span;

    fn outcome(ended: Result<(bool, &str), &str>, output: Option<&str>) -> Outcome {
        let plan = CommandPlan {
            name: "suite".into(),
            run: vec!["npm".into(), "run".into(), "test:smoke".into()],
            directory: ".".into(),
            variables: Vec::new(),
            output: output.map(predicate),
            within: Span::seconds(5),
        };
        let ended = ended.map(|(is_success, stdout)| Ended {
            is_success,
            status: if is_success { "exit 0" } else { "exit 1" }.into(),
            stdout: stdout.into(),
            stderr: String::new(),
            cut: None,
        });
        let seen = CommandSeen {
            ended: ended.map_err(str::to_owned),
            milliseconds: 12.0,
        };
        let mut facts = facts();
        facts.probes.command.push(Fact {
            plan,
            seen: Ok(seen),
        });
        check(&facts)
    }

    #[test]
    fn a_suite_that_passes_is_evidence_with_its_last_line() {
        assert_eq!(
            outcome(
                Ok((true, "ok 1\n12 passed\n\n")),
                Some("{matches: '[1-9][0-9]* passed'}")
            ),
            Outcome::pass("`suite`: exit 0 after 12 ms: `12 passed`")
        );
    }

    #[test]
    fn a_suite_that_fails_or_ran_nothing_fails() {
        let Outcome::Fail { findings } = outcome(Ok((false, "1 failed")), None) else {
            panic!("it ended with 1");
        };
        assert_eq!(
            findings[0],
            Finding::new("`suite` ended with exit 1")
                .compared("exit 1: `1 failed`", "exit 0")
                .reproduce("npm run test:smoke")
        );
        let Outcome::Fail { findings } =
            outcome(Ok((true, "0 passed")), Some("{contains: 1 passed}"))
        else {
            panic!("nothing ran");
        };
        assert!(findings[0].message.contains("must contain \"1 passed\""));
    }

    #[test]
    fn what_is_not_whole_is_not_judged() {
        let plan = CommandPlan {
            name: "suite".into(),
            run: vec!["suite".into()],
            directory: ".".into(),
            variables: Vec::new(),
            output: Some(predicate("{not_contains: FAILED}")),
            within: Span::seconds(5),
        };
        let ended = Ended {
            is_success: true,
            status: "exit 0".into(),
            stdout: "started".into(),
            stderr: String::new(),
            cut: Some("what it left running still has its output open".into()),
        };
        let outcome = |output: Option<Predicate>| {
            let mut judged = Judged::default();
            let seen = CommandSeen {
                ended: Ok(ended.clone()),
                milliseconds: 12.0,
            };
            let plan = CommandPlan {
                output,
                ..plan.clone()
            };
            judge(&plan, &seen, &mut judged);
            judged.outcome()
        };
        assert_eq!(
            outcome(plan.output.clone()),
            Outcome::unknown(
                "`suite`: exit 0 after 12 ms, but what it left running still has its output open: \
                 whether that is as `output` says is not known"
            )
        );
        assert_eq!(
            outcome(None),
            Outcome::pass("`suite`: exit 0 after 12 ms: `started`"),
            "nobody asked"
        );
    }

    #[test]
    fn one_that_did_not_end_is_unknown_and_none_is_skipped() {
        assert_eq!(
            outcome(Err("not within 5 s"), None),
            Outcome::unknown("`suite` has no answer after 12 ms: not within 5 s")
        );
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `command` is configured")
        );
    }
}
