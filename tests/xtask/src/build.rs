//! Builds the binaries of the workspace and says where they are.

use crate::Result;
use std::path::PathBuf;
use std::process::Command;

/// The root of the repository.
pub fn root() -> PathBuf {
    // The crate lies in `tests/xtask`.
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.pop();
    root
}

/// The folder that cargo builds into.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// `cargo` as this program was started by it, in the root.
pub fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Runs a command to its end; anything but exit 0 is an error.
pub fn succeed(command: &mut Command) -> Result {
    let line = format!("{command:?}");
    let status = command
        .status()
        .map_err(|error| format!("could not start {line}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{line} ended with {status}").into())
}

/// Builds every binary in the development profile; the folder that has them.
pub fn binaries() -> Result<PathBuf> {
    succeed(cargo().args(["build", "--quiet", "--workspace", "--bins"]))?;
    Ok(target().join("debug"))
}
