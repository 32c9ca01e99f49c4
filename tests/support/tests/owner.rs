//! What happens to a stand when its owner dies without a word.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::deadline::wait_until;
use support::processes::{is_alive, kill, working_in};
use support::protocol::{self, Order, Reply};
use support::{Error, Result};

fn owner(temporary: &Path) -> Result<Child> {
    Command::new(env!("CARGO_BIN_EXE_stand"))
        .env("TMPDIR", temporary)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|why| Error::new(why.to_string()))
}

/// A temporary directory of its own, through which the server of PostgreSQL can pass.
fn temporary_directory() -> std::io::Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir()?;
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o711))?;
    Ok(directory)
}

fn stands(temporary: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(temporary).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn kill_and_wait(mut owner: Child) -> Result<()> {
    kill(owner.id())?;
    owner
        .wait()
        .map(drop)
        .map_err(|why| Error::new(why.to_string()))
}

fn nothing_is_left(temporary: &Path, processes: &[u32]) -> Result<()> {
    let began = Instant::now();
    wait_until("the end of everything", Duration::from_secs(15), || {
        let mut left: Vec<u32> = processes
            .iter()
            .copied()
            .filter(|pid| is_alive(*pid))
            .collect();
        left.extend(working_in(temporary));
        match (left.as_slice(), stands(temporary).as_slice()) {
            ([], []) => Ok(()),
            (left, stands) => Err(format!("processes {left:?}, directories {stands:?}")),
        }
    })?;
    eprintln!(
        "{} processes gone after {} ms",
        processes.len(),
        began.elapsed().as_millis()
    );
    Ok(())
}

#[test]
fn nothing_is_left_of_a_whole_stand() -> Result<()> {
    let temporary = temporary_directory().map_err(|why| Error::new(why.to_string()))?;
    let mut owner = owner(temporary.path())?;
    let mut line = String::new();
    let stdout = owner
        .stdout
        .take()
        .ok_or_else(|| Error::new("stdout is not piped"))?;
    BufReader::new(stdout)
        .read_line(&mut line)
        .map_err(|why| Error::new(why.to_string()))?;
    let stand: Value =
        serde_json::from_str(&line).map_err(|why| Error::new(format!("`{line}`: {why}")))?;
    let directory = Path::new(stand["directory"].as_str().unwrap_or_default());
    let Reply::Children(children) = protocol::send(directory, &Order::List)? else {
        return Err(Error::new("pm did not list its children"));
    };
    assert_eq!(children.len(), 3, "{children:?}");
    let mut processes: Vec<u32> = children.iter().map(|child| child.pid).collect();
    processes.extend(stand["pm"].as_u64().and_then(|pid| u32::try_from(pid).ok()));
    processes.extend(working_in(directory));
    assert!(processes.iter().all(|pid| is_alive(*pid)));
    kill_and_wait(owner)?;
    nothing_is_left(temporary.path(), &processes)
}

#[test]
fn nothing_is_left_of_a_stand_that_was_about_to_come_up() -> Result<()> {
    let temporary = temporary_directory().map_err(|why| Error::new(why.to_string()))?;
    for progress in [
        "",
        "log",
        "postgres",
        "postgres/data/base",
        "nginx-production",
    ] {
        let owner = owner(temporary.path())?;
        wait_until("progress", Duration::from_secs(30), || {
            let has_come = |stand: &PathBuf| stand.join(progress).exists();
            if stands(temporary.path()).iter().any(has_come) {
                Ok(())
            } else {
                Err("none".into())
            }
        })?;
        kill_and_wait(owner)?;
        nothing_is_left(temporary.path(), &[])?;
    }
    Ok(())
}
