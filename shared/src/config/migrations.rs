//! How the database schema changes.

use super::{Located, Name, Span};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// What migrate-gate works on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migrations {
    /// What applies the migrations.
    pub tool: Tool,
    /// The environment's database by its name.
    pub database: Located<Name>,
    /// Where a dump is put before anything is applied.
    pub backup: Option<Backup>,
    /// How long a statement may wait for a lock before it gives up.
    #[serde(default = "default_lock_timeout")]
    pub lock_timeout: Span,
    /// How long one statement may run.
    #[serde(default = "default_statement_timeout")]
    pub statement_timeout: Span,
}

/// What applies the migrations.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Tool {
    /// Numbered files `0001_name.sql` of one folder, applied by migrate-gate itself and written
    /// down in the table `sluicegate_migrations`.
    Sql {
        /// The folder.
        directory: PathBuf,
    },
}

/// Where a dump is put, and how long it may take.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// The folder; it is made when it is not there.
    pub directory: PathBuf,
    /// How long the dump, and reading it back, may take.
    #[serde(default = "default_backup_deadline")]
    pub deadline: Span,
}

fn default_lock_timeout() -> Span {
    Span::seconds(3)
}

fn default_statement_timeout() -> Span {
    Span::seconds(300)
}

fn default_backup_deadline() -> Span {
    Span::seconds(3600)
}
