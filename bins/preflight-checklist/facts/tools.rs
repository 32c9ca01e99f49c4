//! Programs of this machine: where they are, and which version they tell.

use crate::version::{Told, told};
use shared::config::ToolRule;
use shared::process::Command;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// How long a program may take to tell its version.
const DEADLINE: Duration = Duration::from_secs(10);
/// What execvp searches without a `PATH`: <https://man7.org/linux/man-pages/man3/exec.3.html>.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// One program.
#[derive(Clone, Debug)]
pub struct Tool {
    /// The rule.
    pub rule: ToolRule,
    /// The command as a person would type it.
    pub line: String,
    /// What was found.
    pub found: Found,
}

/// What was found of a program. Its output is not kept: it may hold anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is not there.
    Absent {
        /// Where it was looked for.
        searched: String,
    },
    /// It is there, and its version could not be found out.
    Silent {
        /// The program.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// It is there, and told its version.
    Version {
        /// The program.
        path: PathBuf,
        /// The version.
        told: Told,
    },
}

/// Finds a program and asks it for its version.
pub(super) async fn look(rule: &ToolRule, root: &Path, end: Instant) -> Tool {
    let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let command = Command::new(rule.command.iter().cloned())
        .directory(root)
        .deadline(DEADLINE);
    let program = rule.command.first().map_or("", String::as_str);
    let found = match find(program, root, &folders) {
        Err(searched) => Found::Absent { searched },
        Ok(path) => match super::until(end, ask(program, &command)).await {
            Ok(told) => Found::Version { path, told },
            Err(reason) => Found::Silent { path, reason },
        },
    };
    Tool {
        rule: rule.clone(),
        line: command.line(),
        found,
    }
}

/// The file that would be started, or where there is none.
fn find(program: &str, root: &Path, folders: &[PathBuf]) -> Result<PathBuf, String> {
    let is_program = |path: &PathBuf| {
        path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
    };
    if program.contains('/') {
        let path = root.join(program);
        return if is_program(&path) {
            Ok(path)
        } else {
            Err("no executable file is there".into())
        };
    }
    let found = folders
        .iter()
        .map(|folder| folder.join(program))
        .find(is_program);
    found.ok_or_else(|| format!("none of the {} folders of `PATH` has it", folders.len()))
}

async fn ask(program: &str, command: &Command) -> Result<Told, String> {
    let output = command.run().await.map_err(|error| error.to_string())?;
    if !output.is_success {
        return Err(format!("`{}` ended with {}", command.line(), output.status));
    }
    let name = Path::new(program)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or(program);
    told(name, &output.stdout, &output.stderr).ok_or_else(|| {
        let count = output.stdout.chars().count() + output.stderr.chars().count();
        format!(
            "`{}` printed {count} characters, and no version is among them",
            command.line()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_searched_in_order_and_only_when_it_may_be_executed() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().expect("a temporary folder can be made");
        let folders: Vec<PathBuf> = ["a", "b"]
            .iter()
            .map(|name| root.path().join(name))
            .collect();
        for (folder, mode) in folders.iter().zip([0o644, 0o755]) {
            std::fs::create_dir(folder).expect("is writable");
            let file = folder.join("tool");
            std::fs::write(&file, "").expect("is writable");
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).expect("is ours");
        }
        assert_eq!(
            find("tool", root.path(), &folders),
            Ok(folders[1].join("tool"))
        );
        assert_eq!(
            find("b/tool", root.path(), &[]),
            Ok(root.path().join("b/tool"))
        );
        assert!(find("a/tool", root.path(), &folders).is_err());
        let searched = find("none", root.path(), &folders).expect_err("is not there");
        assert_eq!(searched, "none of the 2 folders of `PATH` has it");
    }
}
