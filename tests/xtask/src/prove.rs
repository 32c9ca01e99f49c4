//! `prove-smoke`: every check of smoke-test is green against servers that keep it and red against
//! servers that break it.

use crate::{Result, build};
use support::{installation, prerequisites, prove};

/// Installs what is missing, builds the binary and proves each of its checks.
pub fn run() -> Result {
    for needed in [
        &prerequisites::PREREQUISITES[..],
        &prerequisites::TEST_PREREQUISITES,
    ] {
        installation::install(&prerequisites::missing(needed))?;
    }
    let binaries = build::binaries()?;
    support::binaries::use_directory(binaries.clone());
    println!("{}", prove::proven(&binaries.join("smoke-test"))?);
    Ok(())
}
