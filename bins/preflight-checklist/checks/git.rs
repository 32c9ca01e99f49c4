//! `git`: what is checked out is the release and nothing else, and the release is on its branch.

use crate::facts::{Branch, Facts, Git, Tree};
use shared::check::Check;
use shared::shell::quoted;
use shared::verdict::{Finding, Outcome, Severity};

/// See the module.
pub const CHECK: Check<Facts> = Check {
    id: "git",
    title: "what is checked out is the release alone, and the release is on its branch",
    why: "a build out of changed files is a build that nobody can repeat, and a release from \
          another branch has passed by that branch's reviews. What Sluicegate writes itself \
          (`.sluicegate/`) is left out",
    fix: "commit, remove or ignore the files named above; check out the release; merge it first",
    severity: Severity::Error,
    run: check,
};

/// As many file names are read; more would only hide the rest of the report.
const MOST_NAMES: usize = 10;

fn check(facts: &Facts) -> Outcome {
    let Some(git) = &facts.git else {
        return Outcome::skipped("`preflight.git` asks for nothing");
    };
    let (mut evidence, mut findings, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    match &git.tree {
        None => {}
        Some(Err(reason)) => unknown.push(reason.clone()),
        Some(Ok(tree)) => {
            let problems = tree_problems(git, tree);
            if problems.is_empty() {
                let release = git.release.short();
                evidence.push(format!(
                    "the release {release} is checked out, and 0 files differ"
                ));
            }
            findings.extend(problems);
        }
    }
    match &git.branch {
        None => {}
        Some(Err(reason)) => unknown.push(reason.clone()),
        Some(Ok(branch)) => match &branch.holding {
            Some(reference) => {
                evidence.push(format!(
                    "`{reference}` has the release {}",
                    git.release.short()
                ));
            }
            None if branch.is_shallow => unknown.push(format!(
                "the history that was fetched is cut off, and what is left of `{}` does not have \
                 the release {}: fetch all of it (`fetch-depth: 0`)",
                branch.references.join("`, `"),
                git.release.short()
            )),
            None => findings.push(elsewhere(git, branch)),
        },
    }
    Outcome::judge(evidence, findings, unknown)
}

fn tree_problems(git: &Git, tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    if tree.head != git.release {
        let (head, release) = (tree.head.short(), git.release.short());
        findings.push(
            Finding::new(format!(
                "{head} is checked out, and the release is {release}"
            ))
            .compared(tree.head.as_str(), git.release.as_str())
            .reproduce("git rev-parse HEAD"),
        );
    }
    let count = tree.changed.len();
    if count > 0 {
        let names: Vec<&str> = tree
            .changed
            .iter()
            .take(MOST_NAMES)
            .map(|line| line.trim())
            .collect();
        let more = match count.saturating_sub(MOST_NAMES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let files = if count == 1 {
            "1 file differs"
        } else {
            &format!("{count} files differ")
        };
        let names = names.join(", ");
        findings.push(
            Finding::new(format!("{files} from what is checked out: {names}{more}"))
                .compared(files, "0 files differ")
                .reproduce("git status --porcelain"),
        );
    }
    findings
}

fn elsewhere(git: &Git, branch: &Branch) -> Finding {
    let commit = git.release.as_str();
    let commands = branch.references.iter().map(|reference| {
        format!(
            "git merge-base --is-ancestor {commit} {}; echo $?",
            quoted(reference)
        )
    });
    let references = branch.references.join("`, `");
    Finding::new(format!(
        "the release {} is not on `{references}`",
        git.release.short()
    ))
    .compared(
        "exit 1",
        "exit 0: the release's commit is an ancestor of the branch",
    )
    .reproduce(commands.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::release::Sha;

    fn sha(digit: &str) -> Sha {
        Sha::try_from(digit.repeat(40)).expect("is 40 hexadecimal digits")
    }

    fn git() -> Git {
        Git {
            release: sha("a"),
            tree: None,
            branch: None,
        }
    }

    fn outcome(git: Git) -> Outcome {
        check(&Facts {
            git: Some(git),
            ..Facts::default()
        })
    }

    fn tree(head: &str, changed: &[&str]) -> Git {
        let changed = changed.iter().map(|line| (*line).to_owned()).collect();
        Git {
            tree: Some(Ok(Tree {
                head: sha(head),
                changed,
            })),
            ..git()
        }
    }

    fn branch(holding: Option<&str>, is_shallow: bool) -> Git {
        let holding = holding.map(str::to_owned);
        let references = vec!["refs/heads/main".into()];
        Git {
            branch: Some(Ok(Branch {
                references,
                holding,
                is_shallow,
            })),
            ..git()
        }
    }

    #[test]
    fn the_release_alone_passes() {
        assert_eq!(
            outcome(tree("a", &[])),
            Outcome::pass("the release aaaaaaaa is checked out, and 0 files differ")
        );
    }

    #[test]
    fn a_release_on_its_branch_passes_even_in_a_shallow_clone() {
        let expected = Outcome::pass("`refs/heads/main` has the release aaaaaaaa");
        assert_eq!(outcome(branch(Some("refs/heads/main"), true)), expected);
    }

    #[test]
    fn changed_files_fail_and_ten_of_them_are_named() {
        let lines: Vec<String> = (0..12).map(|number| format!("?? file{number}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let Outcome::Fail { findings } = outcome(tree("a", &lines)) else {
            panic!("changed files must fail");
        };
        assert!(
            findings[0]
                .message
                .starts_with("12 files differ from what is checked out: ?? file0")
        );
        assert!(
            findings[0].message.ends_with("?? file9 and 2 more"),
            "{}",
            findings[0].message
        );
        assert_eq!(
            outcome(tree("a", &[" M one"])),
            Outcome::fail(
                Finding::new("1 file differs from what is checked out: M one")
                    .compared("1 file differs", "0 files differ")
                    .reproduce("git status --porcelain")
            )
        );
    }

    #[test]
    fn another_commit_than_the_release_fails() {
        assert_eq!(
            outcome(tree("b", &[])),
            Outcome::fail(
                Finding::new("bbbbbbbb is checked out, and the release is aaaaaaaa")
                    .compared("b".repeat(40), "a".repeat(40))
                    .reproduce("git rev-parse HEAD")
            )
        );
    }

    #[test]
    fn a_release_that_is_not_on_the_branch_fails_and_a_cut_off_history_is_unknown() {
        let commit = "a".repeat(40);
        assert_eq!(
            outcome(branch(None, false)),
            Outcome::fail(
                Finding::new("the release aaaaaaaa is not on `refs/heads/main`")
                    .compared(
                        "exit 1",
                        "exit 0: the release's commit is an ancestor of the branch"
                    )
                    .reproduce(format!(
                        "git merge-base --is-ancestor {commit} refs/heads/main; echo $?"
                    ))
            )
        );
        assert_eq!(
            outcome(branch(None, true)),
            Outcome::unknown(
                "the history that was fetched is cut off, and what is left of `refs/heads/main` \
                 does not have the release aaaaaaaa: fetch all of it (`fetch-depth: 0`)"
            )
        );
    }

    #[test]
    fn what_git_does_not_answer_is_unknown() {
        let silent = Git {
            tree: Some(Err("no repository".into())),
            ..git()
        };
        assert_eq!(outcome(silent), Outcome::unknown("no repository"));
        assert_eq!(outcome(git()), Outcome::unknown("nothing was examined"));
    }

    #[test]
    fn without_a_rule_it_is_skipped() {
        assert_eq!(
            check(&Facts::default()),
            Outcome::skipped("`preflight.git` asks for nothing")
        );
    }
}
