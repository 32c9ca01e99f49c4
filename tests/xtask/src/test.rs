//! Every test, after installing what the machine lacks.

use crate::{Result, build};
use support::{installation, prerequisites};

/// Installs what is missing, then runs `cargo test` on the whole workspace.
pub fn run(arguments: &[String]) -> Result {
    installation::install(&prerequisites::missing(&prerequisites::PREREQUISITES))?;
    let binaries = build::binaries()?;
    // The stand looks here, so that no test waits for a build.
    build::succeed(
        build::cargo()
            .args(["test", "--workspace", "--no-fail-fast"])
            .args(arguments)
            .env("SLUICEGATE_BINARIES", binaries),
    )
}
