//! What to do, from the configuration and the files. Pure.

use crate::command::Command;
use shared::config::{Config, Migrations, Name};
use shared::error::{Error, Result};
use shared::gate::Step;
use shared::release::Digest;
use std::path::PathBuf;
use std::time::Duration;

/// How often a file that waited too long for a lock is tried again.
pub const RETRIES: u32 = 5;

/// The advisory lock that one apply at a time holds on a database: the first eight bytes of the
/// SHA-256 of `sluicegate migrate-gate`, so that no other program is likely to use it.
pub const LOCK: i64 = 4_308_150_965_656_028_560;

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which command was given.
    pub command: Command,
    /// The environment's name.
    pub environment: String,
    /// The database's name in the configuration.
    pub database: Name,
    /// `user@host:port/name`.
    pub address: String,
    /// The folder of the files as the configuration names it.
    pub directory: PathBuf,
    /// All files, in the order of their numbers.
    pub files: Vec<File>,
    /// How long and how.
    pub limits: Limits,
    /// Where the dump goes.
    pub backup: Option<Backup>,
    /// The file to run again from its start.
    pub restart: Option<String>,
}

/// One migration on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its number, as the name has it.
    pub version: String,
    /// What stands behind the number, without `.sql`.
    pub name: String,
    /// Relative to the repository's root.
    pub path: String,
    /// Of its bytes.
    pub digest: Digest,
    /// Its content.
    pub text: String,
    /// Whether it runs in one transaction with its row of the history.
    pub is_transactional: bool,
}

/// How long a statement may wait and run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For a lock.
    pub lock: Duration,
    /// In all.
    pub statement: Duration,
}

/// Where the dump goes, and how long it may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The folder as the configuration names it.
    pub directory: PathBuf,
    /// For the dump and for reading it back.
    pub deadline: Duration,
}

/// The part of the configuration that migrate-gate works on.
pub fn migrations(config: &Config) -> Result<&Migrations> {
    config.document.migrations.as_ref().ok_or_else(|| {
        Error::config("there is no `migrations`")
            .at(&config.file)
            .hint("say which `tool` changes which `database`")
    })
}

/// Decides what to do; refuses what could not work.
pub fn plan(
    config: &Config,
    environment: &str,
    address: String,
    command: &Command,
    files: Vec<File>,
) -> Result<Plan> {
    let migrations = migrations(config)?;
    let shared::config::Tool::Sql { directory } = &migrations.tool;
    let restart = match command {
        Command::Apply { restart } => restart.clone(),
        Command::Check | Command::Status => None,
    };
    if let Some(version) = &restart {
        let is_known = |file: &&File| file.version == *version && !file.is_transactional;
        if !files.iter().any(|file| is_known(&file)) {
            return Err(Error::config(format!(
                "there is no no-transaction file with the number `{version}`"
            ))
            .hint("`--restart` names the number of a file that broke off"));
        }
    }
    Ok(Plan {
        command: command.clone(),
        environment: environment.to_owned(),
        database: migrations.database.value.clone(),
        address,
        directory: directory.clone(),
        files,
        limits: limits(migrations, &config.file)?,
        backup: migrations.backup.as_ref().map(|backup| Backup {
            directory: backup.directory.clone(),
            deadline: backup.deadline.duration(),
        }),
        restart,
    })
}

fn limits(migrations: &Migrations, file: &str) -> Result<Limits> {
    let (lock, statement) = (migrations.lock_timeout, migrations.statement_timeout);
    for (key, span) in [("lock_timeout", lock), ("statement_timeout", statement)] {
        // PostgreSQL takes 0 as no limit, and holds milliseconds in 31 bits.
        let milliseconds = span.duration().as_millis();
        if milliseconds == 0 || milliseconds > 0x7fff_ffff {
            return Err(
                Error::config(format!("`migrations.{key}` must be from 1ms to 24 days")).at(file),
            );
        }
    }
    if lock >= statement {
        return Err(Error::config(format!(
            "`migrations.lock_timeout` ({lock}) must be shorter than `statement_timeout` ({statement})"
        ))
        .at(file));
    }
    Ok(Limits {
        lock: lock.duration(),
        statement: statement.duration(),
    })
}

impl Plan {
    /// The calls, in order.
    pub fn steps(&self) -> Vec<Step> {
        let folder = self.directory.display();
        let mut steps = vec![Step::reads(
            "which migrations the database has, and its tables, columns and indexes",
            format!(
                "psql {}: select … from sluicegate_migrations, pg_class, pg_attribute, pg_constraint, pg_index (read only)",
                self.address
            ),
        )];
        if self.command == Command::Status {
            return steps;
        }
        steps.push(Step::reads(
            "whether the files on disk are those of the release",
            format!("git ls-tree <release>:./{folder}; git hash-object {folder}/*"),
        ));
        steps.push(Step::reads(
            "which release is live",
            format!("the ledger of {}", self.environment),
        ));
        if self.backup.is_some() {
            steps.push(Step::reads(
                "whether a fitting pg_dump is there",
                "pg_dump --version",
            ));
        }
        if let Command::Apply { .. } = self.command {
            steps.extend(self.changing_steps());
        }
        steps
    }

    fn changing_steps(&self) -> Vec<Step> {
        let milliseconds = |span: Duration| span.as_millis();
        let mut steps = vec![Step::changes(
            "keep a second apply out, and others from waiting",
            format!(
                "psql {}: select pg_try_advisory_lock({}); set lock_timeout = '{}ms'; set statement_timeout = '{}ms'",
                self.address,
                LOCK,
                milliseconds(self.limits.lock),
                milliseconds(self.limits.statement)
            ),
        )];
        if let Some(backup) = &self.backup {
            steps.push(Step::changes(
                "back up before the first pending file, and read the dump back",
                format!(
                    "pg_dump -Fc --file {0}/{1}-….dump; pg_restore -f /dev/null {0}/{1}-….dump",
                    backup.directory.display(),
                    self.environment
                ),
            ));
        }
        steps.push(Step::changes(
            "make the history, when it is not there",
            "create table sluicegate_migrations (version, name, digest, applied_at, applied_by, release, rollback_safe)",
        ));
        for file in &self.files {
            let how = if file.is_transactional {
                format!(
                    "begin; insert into sluicegate_migrations; the statements of {}; commit",
                    file.path
                )
            } else {
                format!(
                    "the statements of {} one by one; insert into sluicegate_migrations",
                    file.path
                )
            };
            steps.push(Step::changes(
                format!("apply {}, when it is pending", file.version),
                how,
            ));
        }
        steps.push(Step::reads(
            "whether all of it is there now",
            "select … from sluicegate_migrations, pg_index",
        ));
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    pub(crate) fn file(version: &str, text: &str) -> File {
        File {
            version: version.into(),
            name: "a".into(),
            path: format!("db/{version}_a.sql"),
            digest: Digest::of(text.as_bytes()),
            text: text.into(),
            is_transactional: !text.starts_with("-- sluicegate"),
        }
    }

    fn config(migrations: &str) -> Config {
        let text = format!(
            "version: 1\nproject: cal\nenvironments:\n  staging:\n    databases:\n      main: {{url: 'postgres://a@b/c'}}\n{migrations}"
        );
        Config::parse(&text, "sluicegate.yml", Path::new(".")).expect("is well formed")
    }

    fn planned(migrations: &str, command: &Command) -> Result<Plan> {
        let files = vec![file("0001", "select 1")];
        plan(
            &config(migrations),
            "staging",
            "a@b:5432/c".into(),
            command,
            files,
        )
    }

    const MIGRATIONS: &str = "migrations:\n  tool: {sql: {directory: db}}\n  database: main\n";

    #[test]
    fn a_configuration_without_migrations_is_refused() {
        let said = planned("", &Command::Check)
            .expect_err("has none")
            .to_string();
        assert!(
            said.starts_with("sluicegate.yml: there is no `migrations`"),
            "{said}"
        );
    }

    #[test]
    fn a_limit_that_is_none_is_refused() {
        for (key, value) in [
            ("lock_timeout", "0s"),
            ("lock_timeout", "800h"),
            ("statement_timeout", "0.1ms"),
        ] {
            let said = planned(&format!("{MIGRATIONS}  {key}: {value}\n"), &Command::Check)
                .expect_err("is none")
                .to_string();
            assert!(
                said.contains(&format!("`migrations.{key}` must be from 1ms")),
                "{said}"
            );
        }
        let said = planned(
            &format!("{MIGRATIONS}  statement_timeout: 2s\n"),
            &Command::Check,
        )
        .expect_err("is too short")
        .to_string();
        assert!(
            said.contains("`migrations.lock_timeout` (3s) must be shorter"),
            "{said}"
        );
    }

    #[test]
    fn only_a_file_without_a_transaction_can_be_restarted() {
        let restart = |version: &str| Command::Apply {
            restart: Some(version.into()),
        };
        assert!(planned(MIGRATIONS, &restart("0001")).is_err());
        assert!(planned(MIGRATIONS, &restart("0009")).is_err());
    }

    #[test]
    fn only_apply_has_steps_that_change_something() {
        let changing = |command: &Command| {
            let plan = planned(MIGRATIONS, command).expect("is well formed");
            plan.steps().iter().filter(|step| step.changes).count()
        };
        assert_eq!(changing(&Command::Check), 0);
        assert_eq!(changing(&Command::Status), 0);
        assert_eq!(changing(&Command::Apply { restart: None }), 3);
    }
}
