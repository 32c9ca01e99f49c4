//! The dump: made before the first file, read back whole, and kept with its digest.

use crate::facts::{Dump, Tool};
use shared::error::{Error, Result};
use shared::gate::Interrupt;
use shared::postgres::Address;
use shared::process::Command;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a dump needs.
pub(super) struct Order {
    /// The programs.
    pub(super) tool: Tool,
    /// The database.
    pub(super) address: Address,
    /// Where it goes.
    pub(super) path: PathBuf,
    /// What an earlier run left of one.
    pub(super) leftovers: Vec<PathBuf>,
    /// How long each of the two programs may take.
    pub(super) deadline: Duration,
    /// How long the dump may wait for a lock.
    pub(super) lock_timeout: Duration,
}

/// The name while it is not read back yet.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    path.with_file_name(name)
}

/// Makes the dump, reads it back, and gives it its name.
pub(super) async fn make(order: &Order, interrupt: &mut Interrupt) -> Result<Dump> {
    let part = unfinished(&order.path);
    let made = tokio::select! {
        made = dump(order, &part) => made,
        () = interrupt.wait() => Err(Error::unavailable("the run was asked to stop")),
    };
    if made.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    made
}

async fn dump(order: &Order, part: &Path) -> Result<Dump> {
    let fail = |error: std::io::Error| {
        Error::unavailable("the backup cannot be written")
            .at(part.display().to_string())
            .source(error)
    };
    let folder = part.parent().unwrap_or(Path::new("."));
    // A dump holds everything: nobody else may read it.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(fail)?;
    for leftover in &order.leftovers {
        match std::fs::remove_file(leftover) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fail(error)),
            _ => {}
        }
    }
    let mut options = std::fs::OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(part)
        .map_err(fail)?;

    dump_command(order, part).succeed().await?;
    // Only reading all of it finds a dump that was cut off or changed: `--list` does not.
    let words = [
        order.tool.restore.display().to_string(),
        "-f".into(),
        "/dev/null".into(),
        part.display().to_string(),
    ];
    Command::new(words)
        .deadline(order.deadline)
        .succeed()
        .await?;

    let file = std::fs::File::open(part).map_err(fail)?;
    file.sync_all().map_err(fail)?;
    let size = file.metadata().map_err(fail)?.len();
    let digest = shared::file::digest(part).map_err(|error| {
        Error::unavailable("the dump could not be read back")
            .at(part.display().to_string())
            .source(error)
    })?;
    std::fs::rename(part, &order.path).map_err(fail)?;
    Ok(Dump {
        path: order.path.clone(),
        size,
        digest,
        tool: order.tool.version.clone(),
    })
}

fn dump_command(order: &Order, part: &Path) -> Command {
    let words = [
        order.tool.dump.display().to_string(),
        "--format=custom".into(),
        "--no-password".into(),
        format!("--lock-wait-timeout={}", order.lock_timeout.as_millis()),
        format!("--file={}", part.display()),
    ];
    let command = Command::new(words).deadline(order.deadline);
    // The password goes by the environment, never by an argument.
    order
        .address
        .variables()
        .into_iter()
        .fold(command, |command, (name, value)| {
            command.variable(name, value)
        })
}
