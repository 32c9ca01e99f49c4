//! Every test, after installing what the machine lacks.

use crate::{Result, build};
use std::process::Command;
use support::installation;
use support::prerequisites::{PREREQUISITES, Prerequisite, TEST_PREREQUISITES, missing};

/// Installs what is missing, then runs `cargo test` on the whole workspace; what could not run is
/// named last.
pub fn run(arguments: &[String]) -> Result {
    installation::install(&wanted())?;
    let binaries = build::binaries()?;
    let not_run = build::target().join("tmp/not-run");
    if not_run.exists() {
        std::fs::remove_file(&not_run)?;
    }
    // The stand looks there for its programs, so that no test waits for a build.
    let result = build::succeed(
        build::cargo()
            .args(["test", "--workspace", "--no-fail-fast"])
            .args(arguments)
            .env("SLUICEGATE_BINARIES", binaries)
            .env("RUST_TEST_THREADS", threads()),
    );
    if let Ok(lines) = std::fs::read_to_string(&not_run) {
        eprint!("\n{lines}");
    }
    result
}

/// Most tests wait for servers and deadlines, so more of them than there are cores run at once.
fn threads() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::env::var("RUST_TEST_THREADS").unwrap_or_else(|_| (2 * cores).to_string())
}

fn wanted() -> Vec<Prerequisite> {
    let mut wanted = missing(&PREREQUISITES);
    wanted.extend(missing(&TEST_PREREQUISITES));
    // Debian has Python without what makes virtual environments.
    let mut python = Command::new("python3");
    let has_venv = python.args(["-c", "import venv, ensurepip"]).status();
    let is_named = wanted.iter().any(|one| one.program == "python3");
    if !is_named && !has_venv.is_ok_and(|status| status.success()) {
        wanted.extend(
            TEST_PREREQUISITES
                .iter()
                .filter(|one| one.program == "python3"),
        );
    }
    wanted
}
