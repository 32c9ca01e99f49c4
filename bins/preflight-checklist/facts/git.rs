//! The repository: what is checked out, what differs from it, and which branch has the release.

use shared::config::GitRule;
use shared::gate::Context;
use shared::git::Repository;
use shared::process::Command;
use shared::release::Sha;
use std::path::Path;
use tokio::time::Instant;

/// The repository.
#[derive(Clone, Debug)]
pub struct Git {
    /// The commit of the release.
    pub release: Sha,
    /// What is checked out; absent when nobody asks for it.
    pub tree: Option<Result<Tree, String>>,
    /// The branch; absent when nobody asks for it.
    pub branch: Option<Result<Branch, String>>,
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The commit.
    pub head: Sha,
    /// Files that differ from it or are not known to git, as `git status` prints them; without
    /// those that Sluicegate itself writes.
    pub changed: Vec<String>,
}

/// A branch, here and at `origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The references of that name.
    pub references: Vec<String>,
    /// The one that has the release.
    pub holding: Option<String>,
    /// Whether history is cut off, so that a no may be wrong.
    pub is_shallow: bool,
}

/// Looks at what the rule asks for.
pub(super) async fn look(rule: Option<&GitRule>, context: &Context, end: Instant) -> Option<Git> {
    let rule = rule?;
    // Without a release the run ends before it comes here.
    let release = context.release().ok()?.commit.clone();
    let repository = context.repository();
    let root = &context.config.root;
    let tree = async {
        if rule.clean {
            Some(super::until(end, tree(&repository)).await)
        } else {
            None
        }
    };
    let branch = async {
        let branch = rule.on_branch.as_deref()?;
        Some(super::until(end, self::branch(branch, &release, &repository, root)).await)
    };
    let (tree, branch) = tokio::join!(tree, branch);
    Some(Git {
        release,
        tree,
        branch,
    })
}

async fn tree(repository: &Repository) -> Result<Tree, String> {
    let head = repository.head().await.map_err(|error| error.to_string())?;
    let mut changed = repository
        .changed_files()
        .await
        .map_err(|error| error.to_string())?;
    changed.retain(|line| !is_own(line));
    Ok(Tree { head, changed })
}

/// Whether a line of `git status` is about an untracked file of `.sluicegate/`, where receipts go.
fn is_own(line: &str) -> bool {
    let path = line.strip_prefix("?? ").map(|path| path.trim_matches('"'));
    path.is_some_and(|path| path.split('/').any(|part| part == ".sluicegate"))
}

async fn branch(
    name: &str,
    release: &Sha,
    repository: &Repository,
    root: &Path,
) -> Result<Branch, String> {
    let references = references(name, root).await?;
    let mut holding = None;
    for reference in &references {
        let answer = repository.is_ancestor(release, reference).await;
        if answer.map_err(|error| error.to_string())? {
            holding = Some(reference.clone());
            break;
        }
    }
    let shallow = git(root, &["rev-parse", "--is-shallow-repository"])
        .succeed()
        .await;
    let is_shallow = shallow.map_err(|error| error.to_string())?.stdout.trim() != "false";
    Ok(Branch {
        references,
        holding,
        is_shallow,
    })
}

/// Where a branch is known. A clone for CI often has it at `origin` only. Tags are left out:
/// they can be moved.
async fn references(name: &str, root: &Path) -> Result<Vec<String>, String> {
    let mut references = Vec::new();
    for folder in ["refs/heads/", "refs/remotes/origin/", "refs/remotes/"] {
        let reference = format!("{folder}{name}");
        let words = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
        let known = git(root, &[&words[..], &[reference.as_str()]].concat())
            .run()
            .await;
        if known.map_err(|error| error.to_string())?.is_success {
            references.push(reference);
        }
    }
    if references.is_empty() {
        return Err(format!(
            "git knows no branch `{name}`, neither here nor at `origin`; fetch it with its history"
        ));
    }
    Ok(references)
}

fn git(root: &Path, words: &[&str]) -> Command {
    // As in `shared::git`: a hostile repository must not start programs of its own choice.
    let safe = [
        "git",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.hooksPath=/dev/null",
    ];
    Command::new(safe.iter().chain(words).copied()).directory(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sluicegate_writes_itself_is_no_change() {
        assert!(is_own("?? .sluicegate/"));
        assert!(is_own("?? \"sub folder/.sluicegate/receipts/\""));
        assert!(!is_own(" M .sluicegate/journal"));
        assert!(!is_own("?? sluicegate.yml"));
        assert!(!is_own("?? src/.sluicegate.rs"));
    }
}
