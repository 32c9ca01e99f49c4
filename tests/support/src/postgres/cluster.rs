//! The files of a cluster, and the programs that make and serve them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::NAME;
use crate::account::{Account, is_root};
use crate::protocol::{Child, StopSignal};
use crate::servers::Served;
use crate::{Error, Result, program};

/// Where the newest version of PostgreSQL is.
pub(super) fn binary_directory() -> Result<PathBuf> {
    // On Debian PATH has only wrappers, so the newest version directory comes first.
    program::postgres_directories()
        .into_iter()
        .find(|directory| directory.join("initdb").is_file())
        .or_else(|| program::find("initdb", &[])?.parent().map(Path::to_owned))
        .ok_or_else(|| Error::new("PostgreSQL is not on this machine: no `initdb` was found"))
}

/// Makes an empty cluster.
pub(super) fn initialise(binaries: &Path, home: &Path, password: &str) -> Result<()> {
    let failed =
        |why: std::io::Error| Error::new(format!("cannot prepare `{}`: {why}", home.display()));
    let password_file = home.join("password");
    fs::create_dir_all(home).map_err(failed)?;
    fs::write(&password_file, password).map_err(failed)?;
    let mut command = Command::new(binaries.join("initdb"));
    command
        .args([
            "--username",
            NAME,
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
        ])
        .args(["--locale", "C", "--no-sync", "--no-instructions"])
        .arg(format!("--pwfile={}", password_file.display()))
        .arg(format!("--pgdata={}", home.join("data").display()))
        .env("LC_ALL", "C")
        .current_dir(home)
        .stdin(Stdio::null());
    as_owner(&mut command, &[home, &password_file])?;
    run(command, "initdb")?;
    fs::remove_file(&password_file).map_err(failed)
}

/// PostgreSQL refuses to run as root: it runs as its own account, which must own these.
pub(super) fn as_owner(command: &mut Command, paths: &[&Path]) -> Result<()> {
    if is_root() {
        let account = Account::named(NAME)?;
        for path in paths {
            std::os::unix::fs::chown(path, Some(account.user), Some(account.group))
                .map_err(|why| Error::new(format!("cannot own `{}`: {why}", path.display())))?;
        }
        command.uid(account.user).gid(account.group);
    }
    Ok(())
}

/// Runs a command to its end.
pub(super) fn run(mut command: Command, name: &str) -> Result<()> {
    let output = command
        .output()
        .map_err(|why| Error::new(format!("cannot run {name}: {why}")))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!("{name} failed: {}", errors.trim())))
}

/// The arguments for TLS; the key may be read by the server alone.
pub(super) fn secured(home: &Path, served: &Served) -> Result<Vec<String>> {
    use std::os::unix::fs::PermissionsExt as _;
    let (certificate, key) = served.write(home, NAME)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))
        .map_err(|why| Error::new(format!("cannot protect `{}`: {why}", key.display())))?;
    as_owner(&mut Command::new(NAME), &[&key])?;
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", certificate.display()),
        format!("ssl_key_file={}", key.display()),
    ];
    Ok(settings
        .into_iter()
        .flat_map(|setting| ["-c".into(), setting])
        .collect())
}

/// The server of a cluster.
pub(super) fn server(binaries: &Path, home: &Path, port: u16) -> Child {
    let mut argv = vec![binaries.join(NAME).display().to_string()];
    argv.extend(["-D".into(), home.join("data").display().to_string()]);
    let port = format!("port={port}");
    // No unix socket: everything goes through the port, and a long temporary path cannot break it.
    let settings = [
        "listen_addresses=127.0.0.1",
        &port,
        "unix_socket_directories=",
    ];
    let speed = [
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "shared_buffers=32MB",
    ];
    for setting in settings.into_iter().chain(speed) {
        argv.extend(["-c".into(), setting.into()]);
    }
    Child {
        name: NAME.into(),
        argv,
        // Without it PostgreSQL on macOS becomes multithreaded during startup, which it refuses.
        environment: BTreeMap::from([("LC_ALL".into(), "C".into())]),
        user: is_root().then(|| NAME.into()),
        // Immediate shutdown: with `fsync=off` a checkpoint at the end would protect nothing.
        stop_signal: StopSignal::Quit,
        ..Child::default()
    }
}
