//! Looking at processes of the machine, to prove that none is left behind.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::{Error, Result};

/// Whether the process has not ended; one that only waits to be noticed by its parent has.
pub fn is_alive(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    identified(pid).is_some_and(|pid| test_kill_process(pid).is_ok()) && !state.contains(") Z ")
}

/// Ends a process in the way it cannot prevent.
pub fn kill(pid: u32) -> Result<()> {
    signal(pid, Signal::KILL)
}

/// Asks a process to stop, as Ctrl-C and a cancelled CI job do.
pub fn interrupt(pid: u32) -> Result<()> {
    signal(pid, Signal::INT)
}

fn signal(pid: u32, signal: Signal) -> Result<()> {
    let failed =
        |why: &dyn std::fmt::Display| Error::new(format!("cannot signal process {pid}: {why}"));
    let identified = identified(pid).ok_or_else(|| failed(&"no such process id"))?;
    kill_process(identified, signal).map_err(|why| failed(&why))
}

/// Every process whose working directory is below this one, even if it is removed; on Linux only.
pub fn working_in(directory: &Path) -> Vec<u32> {
    let directory = directory.display().to_string();
    let works_there = |pid: &u32| {
        let link = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        link.display().to_string().starts_with(&directory)
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(works_there).collect()
}

fn identified(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_killed_process_is_not_alive() -> std::io::Result<()> {
        let mut process = Command::new("sleep").arg("60").spawn()?;
        assert!(is_alive(process.id()));
        assert_eq!(kill(process.id()), Ok(()));
        process.wait()?;
        assert!(!is_alive(process.id()));
        Ok(())
    }
}
