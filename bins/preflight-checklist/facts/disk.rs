//! Filesystems of this machine: what an unprivileged user may still write.

use shared::config::{Config, DiskRule};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// How long a filesystem may take to answer; one behind a dead network never does.
const DEADLINE: Duration = Duration::from_secs(5);

/// One filesystem.
#[derive(Clone, Debug)]
pub struct Disk {
    /// The rule.
    pub rule: DiskRule,
    /// The path as it was asked for.
    pub path: PathBuf,
    /// What it answered.
    pub looked: Result<Space, String>,
}

/// What there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes free for unprivileged users.
    pub free: u64,
    /// Bytes altogether.
    pub size: u64,
    /// Files that unprivileged users may still make; nothing where the filesystem sets no limit.
    pub files: Option<u64>,
}

/// Asks the filesystem that holds the path.
pub(super) async fn look(rule: &DiskRule, config: &Config, end: Instant) -> Disk {
    let path = config.path(&rule.path);
    let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
    let path = if path.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        path
    };
    let end = end.min(Instant::now() + DEADLINE);
    let looked = super::until(end, ask(path.clone())).await;
    let looked = looked.map_err(|why| format!("`{}` cannot be looked at: {why}", path.display()));
    Disk {
        rule: rule.clone(),
        path,
        looked,
    }
}

async fn ask(path: PathBuf) -> Result<Space, String> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    // A thread of its own: one of the runtime's would be waited for at the end of the process.
    std::thread::spawn(move || drop(sender.send(space(&path))));
    receiver
        .await
        .map_err(|_| "the thread that asked has ended".to_owned())?
}

fn space(path: &Path) -> Result<Space, String> {
    let answer =
        rustix::fs::statvfs(path).map_err(|error| std::io::Error::from(error).to_string())?;
    Ok(Space {
        free: answer.f_bavail.saturating_mul(answer.f_frsize),
        size: answer.f_blocks.saturating_mul(answer.f_frsize),
        files: (answer.f_files > 0).then_some(answer.f_favail),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filesystem_answers_and_a_path_that_is_not_there_does_not() {
        let space = space(Path::new("/")).expect("the root is there");
        assert!(space.size > 0 && space.free <= space.size, "{space:?}");
        let why = super::space(Path::new("/no/such/path")).expect_err("is not there");
        assert!(why.contains("No such file"), "{why}");
    }
}
