//! A throwaway PostgreSQL cluster in the directory of the stand.

mod cluster;
mod session;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

pub use session::Session;

use cluster::{as_owner, binary_directory, initialise, run, secured, server};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::blocking::block_on;
use crate::ports::{free_ports, random_number};
use crate::process_manager::ProcessManager;
use crate::protocol::Child;
use crate::servers::Served;
use crate::{Error, Result};

const NAME: &str = "postgres";
const START_DEADLINE: Duration = Duration::from_secs(30);
const QUERY_DEADLINE: Duration = Duration::from_secs(30);

/// What a cluster is started with besides.
#[derive(Debug, Clone, Default)]
pub struct PostgresOptions {
    /// What it shows where it speaks TLS; none for plain connections only.
    pub certificate: Option<Served>,
}

/// A running cluster with the superuser `postgres`.
#[derive(Debug, Clone)]
pub struct Postgres {
    port: u16,
    password: String,
    binary_directory: PathBuf,
    /// Its settings for TLS.
    secured: Vec<String>,
    child: Child,
}

impl Postgres {
    /// Makes a cluster and starts it; ready when it answers.
    pub fn start(process_manager: &ProcessManager) -> Result<Self> {
        Self::start_with(process_manager, &PostgresOptions::default())
    }

    /// The same with options.
    pub fn start_with(process_manager: &ProcessManager, options: &PostgresOptions) -> Result<Self> {
        let binary_directory = binary_directory()?;
        let home = process_manager.directory().join(NAME);
        let password = random_password();
        initialise(&binary_directory, &home, &password)?;
        let port = free_ports(1)?[0];
        let mut child = server(&binary_directory, &home, port);
        let secured = match &options.certificate {
            Some(served) => secured(&home, served)?,
            None => Vec::new(),
        };
        child.argv.extend(secured.clone());
        let postgres = Self {
            port,
            password,
            binary_directory,
            secured,
            child,
        };
        postgres.begin(process_manager)?;
        Ok(postgres)
    }

    /// A replica of it that shows the same certificate, started under a name of its own; ready when it answers.
    pub fn replica(&self, process_manager: &ProcessManager, name: &str) -> Result<Self> {
        let home = process_manager.directory().join(name);
        self.copy(&home)?;
        let port = free_ports(1)?[0];
        let mut child = server(&self.binary_directory, &home, port);
        child.name = name.into();
        child.argv.extend(self.secured.clone());
        let replica = Self {
            port,
            child,
            ..self.clone()
        };
        replica.begin(process_manager)?;
        Ok(replica)
    }

    fn begin(&self, process_manager: &ProcessManager) -> Result<()> {
        process_manager.start_child(self.child.clone())?;
        process_manager.wait_for_child(&self.child.name, START_DEADLINE, || {
            self.execute(NAME, "SELECT 1")
                .map_err(|error| error.to_string())
        })
    }

    /// A copy of its files that follows it when it is started.
    fn copy(&self, home: &Path) -> Result<()> {
        let failed =
            |why: std::io::Error| Error::new(format!("cannot prepare `{}`: {why}", home.display()));
        fs::create_dir_all(home).map_err(failed)?;
        let mut command = Command::new(self.binary_directory.join("pg_basebackup"));
        command
            .args([
                "--host",
                "127.0.0.1",
                "--username",
                NAME,
                "--write-recovery-conf",
            ])
            .args(["--checkpoint", "fast", "--no-sync"])
            .arg(format!("--port={}", self.port))
            .arg(format!("--pgdata={}", home.join("data").display()))
            .env("PGPASSWORD", &self.password)
            .current_dir(home)
            .stdin(Stdio::null());
        as_owner(&mut command, &[home])?;
        run(command, "pg_basebackup")
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

    /// A connection as superuser that stays open.
    pub fn session(&self, database: &str) -> Result<Session> {
        Session::open(self.url(database))
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
    rows(&connected(url).await?, sql).await
}

async fn connected(url: &str) -> Result<Client> {
    let config: Config = url.parse().map_err(failed)?;
    let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
    tokio::spawn(connection);
    Ok(client)
}

async fn rows(client: &Client, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
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

fn failed(why: tokio_postgres::Error) -> Error {
    match why.as_db_error() {
        Some(answer) => Error::new(format!("{}: {}", answer.code().code(), answer.message())),
        None => Error::new(why.to_string()),
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
