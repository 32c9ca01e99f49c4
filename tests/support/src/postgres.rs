//! A throwaway PostgreSQL cluster in the directory of the stand.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

use crate::account::{Account, is_root};
use crate::blocking::block_on;
use crate::ports::{free_ports, random_number};
use crate::process_manager::ProcessManager;
use crate::protocol::{Child, StopSignal};
use crate::{Error, Result, program};

const NAME: &str = "postgres";
const START_DEADLINE: Duration = Duration::from_secs(30);
const QUERY_DEADLINE: Duration = Duration::from_secs(30);

/// A running cluster with the superuser `postgres`.
#[derive(Debug, Clone)]
pub struct Postgres {
    port: u16,
    password: String,
    binary_directory: PathBuf,
    child: Child,
}

impl Postgres {
    /// Makes a cluster and starts it; ready when it answers.
    pub fn start(process_manager: &ProcessManager) -> Result<Self> {
        let binary_directory = binary_directory()?;
        let home = process_manager.directory().join(NAME);
        let password = random_password();
        initialise(&binary_directory, &home, &password)?;
        let port = free_ports(1)?[0];
        let child = server(&binary_directory, &home, port);
        process_manager.start_child(child.clone())?;
        let postgres = Self {
            port,
            password,
            binary_directory,
            child,
        };
        process_manager.wait_for_child(NAME, START_DEADLINE, || {
            postgres
                .execute(NAME, "SELECT 1")
                .map_err(|error| error.to_string())
        })?;
        Ok(postgres)
    }

    /// Makes a role and a database that it owns, and answers the address for it.
    pub fn create_database(&self, name: &str, owner: &str, password: &str) -> Result<String> {
        let (database, role) = (quoted('"', name), quoted('"', owner));
        let secret = quoted('\'', password);
        self.execute(NAME, &format!("CREATE ROLE {role} LOGIN PASSWORD {secret}"))?;
        self.execute(NAME, &format!("CREATE DATABASE {database} OWNER {role}"))?;
        Ok(format!(
            "postgres://{owner}:{password}@127.0.0.1:{}/{name}",
            self.port
        ))
    }

    /// The address of a database for the superuser.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://postgres:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }

    /// The port it listens on, on 127.0.0.1 only.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where `psql`, `pg_dump` and the others of the same version are.
    pub fn binary_directory(&self) -> &Path {
        &self.binary_directory
    }

    /// The server as a child, to start it again after it was stopped.
    pub fn child(&self) -> Child {
        self.child.clone()
    }

    /// Runs statements as superuser.
    pub fn execute(&self, database: &str, sql: &str) -> Result<()> {
        self.query_strings(database, sql).map(drop)
    }

    /// Runs statements as superuser and answers the rows of all, each value as text.
    pub fn query_strings(&self, database: &str, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        let asked = block_on(async {
            tokio::time::timeout(QUERY_DEADLINE, ask(&self.url(database), sql))
                .await
                .map_err(|_| {
                    Error::new(format!("no answer within {} s", QUERY_DEADLINE.as_secs()))
                })?
        });
        asked.map_err(|error| Error::new(format!("database `{database}`: {error}")))
    }
}

async fn ask(url: &str, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
    let failed = |why: tokio_postgres::Error| match why.as_db_error() {
        Some(answer) => Error::new(format!("{}: {}", answer.code().code(), answer.message())),
        None => Error::new(why.to_string()),
    };
    let config: Config = url.parse().map_err(failed)?;
    let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
    tokio::spawn(connection);
    let messages = client.simple_query(sql).await.map_err(failed)?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(
            (0..row.len())
                .map(|place| row.get(place).map(str::to_owned))
                .collect(),
        ),
        _ => None,
    });
    Ok(rows.collect())
}

fn binary_directory() -> Result<PathBuf> {
    // On Debian PATH has only wrappers, so the newest version directory comes first.
    program::postgres_directories()
        .into_iter()
        .find(|directory| directory.join("initdb").is_file())
        .or_else(|| program::find("initdb", &[])?.parent().map(Path::to_owned))
        .ok_or_else(|| Error::new("PostgreSQL is not on this machine: no `initdb` was found"))
}

fn initialise(binaries: &Path, home: &Path, password: &str) -> Result<()> {
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
    if is_root() {
        let account = Account::named(NAME)?;
        for path in [home, &password_file] {
            std::os::unix::fs::chown(path, Some(account.user), Some(account.group))
                .map_err(failed)?;
        }
        command.uid(account.user).gid(account.group);
    }
    let output = command.output().map_err(failed)?;
    fs::remove_file(&password_file).map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::new(format!(
        "initdb failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

fn server(binaries: &Path, home: &Path, port: u16) -> Child {
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

/// A password that nobody guesses between start and end of a stand.
pub(crate) fn random_password() -> String {
    format!("{:016x}{:016x}", random_number(), random_number())
}

fn quoted(quote: char, text: &str) -> String {
    format!(
        "{quote}{}{quote}",
        text.replace(quote, &format!("{quote}{quote}"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_inside_are_doubled() {
        assert_eq!(quoted('"', "a\"b"), "\"a\"\"b\"");
        assert_eq!(quoted('\'', "it's"), "'it''s'");
    }
}
