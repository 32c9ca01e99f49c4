//! What is known about the migrations, the database and the release. Gathering only reads.

mod database;
mod dump_tool;
mod live;
mod release_files;

pub use database::{Seen, read as read_database};
pub use dump_tool::Tool;
pub use live::Live;
pub use release_files::{Comparison, Difference};

/// Pure helpers of shared that the checks may use through here.
pub use shared::schema_history::{compare, newest};

use crate::plan::{Backup, File, Plan};
use crate::sql::{self, RollbackSafe, Schema, Script};
use shared::gate::Context;
use shared::release::Digest;
use shared::schema_history::Row;
use std::path::PathBuf;

/// Everything the checks judge.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The environment's name.
    pub environment: String,
    /// The database, without the password.
    pub address: String,
    /// The release to migrate for.
    pub release: String,
    /// All files, in the order of their numbers.
    pub files: Vec<File>,
    /// The folder of the files.
    pub directory: String,
    /// What the database has; the reason when it could not be read.
    pub database: Result<Seen, String>,
    /// What it does not have yet, in order; the reason when that is not known.
    pub pending: Result<Vec<Pending>, String>,
    /// The files on disk beside those of the release.
    pub release_files: Result<Comparison, String>,
    /// Which release runs now.
    pub live: Live,
    /// The dump.
    pub backup: Dumped,
    /// What `apply` did.
    pub applied: Applied,
    /// What an earlier run left half done, when there is one.
    pub left: Option<String>,
}

/// A file that the database does not have yet.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The file.
    pub file: File,
    /// What it does.
    pub script: Script,
}

/// How far the backup came.
#[derive(Clone, Debug)]
pub enum Dumped {
    /// Nothing is pending, or it is not known what is.
    NotNeeded,
    /// The configuration has no `migrations.backup`.
    Unconfigured,
    /// Not made yet; the program that would make it, or why there is none.
    Ready(Result<Tool, String>),
    /// Made and read back, or why not.
    Made(Result<Dump, String>),
}

/// A dump that was read back whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump {
    /// The file.
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// Of its bytes.
    pub digest: Digest,
    /// What made it.
    pub tool: String,
}

/// What became of `apply`.
#[derive(Clone, Debug)]
pub enum Applied {
    /// Another command was given.
    NotAsked,
    /// Nothing was touched, because these checks did not pass.
    Refused {
        /// Their ids, with `fail` or `unknown`.
        by: Vec<(&'static str, &'static str)>,
    },
    /// It ran to its end, or to where it stopped.
    Ended(Box<Ended>),
}

/// What an apply did, and what was read back after it.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The versions that this run applied, with the seconds each took.
    pub applied: Vec<(String, f64)>,
    /// Why it stopped before the end.
    pub stop: Option<Stop>,
    /// What the database has now; the reason when it could not be read.
    pub after: Result<Seen, String>,
    /// The run that was taken over.
    pub took_over: Option<String>,
}

/// Why an apply stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The file, with line and column, when it was in one.
    pub place: Option<(String, u64, u64)>,
    /// What happened, and what is so now.
    pub sentence: String,
    /// Whether the database said no; else it could not be done.
    pub is_no: bool,
    /// Whether the database is as if the stopped file had never been tried.
    pub is_settled: bool,
    /// What to do.
    pub next: Vec<String>,
}

impl Pending {
    /// Whether the live release works on the schema behind this file.
    pub fn rollback_safe(&self) -> RollbackSafe {
        if !self.script.problems.is_empty() || self.script.statements.is_empty() {
            return RollbackSafe::Unknown;
        }
        RollbackSafe::of(
            self.script
                .statements
                .iter()
                .flat_map(|statement| &statement.changes),
        )
    }
}

impl Facts {
    /// Whether the live release works on the schema behind all pending files.
    pub fn rollback_safe(&self) -> RollbackSafe {
        match &self.pending {
            Ok(pending) => pending
                .iter()
                .map(Pending::rollback_safe)
                .max()
                .unwrap_or(RollbackSafe::Yes),
            Err(_) => RollbackSafe::Unknown,
        }
    }

    /// The rows of the history; none when the table is not there.
    pub fn rows(&self) -> Result<&[Row], &str> {
        match &self.database {
            Ok(seen) => Ok(seen.history.as_deref().unwrap_or_default()),
            Err(reason) => Err(reason),
        }
    }
}

/// Reads the world.
pub async fn gather(context: &Context, plan: &Plan) -> Facts {
    let database = match context.database(&plan.database) {
        Ok(address) => database::read(&address).await,
        Err(error) => Err(error),
    };
    let database = database.map_err(|error| error.to_string());
    let pending = match &database {
        Ok(seen) => Ok(pending(&plan.files, seen)),
        Err(reason) => Err(format!("which files are pending is not known: {reason}")),
    };
    let has_pending = pending.as_ref().is_ok_and(|pending| !pending.is_empty());
    let backup = match (&plan.backup, &database) {
        (Some(Backup { .. }), Ok(seen)) if has_pending => {
            Dumped::Ready(dump_tool::find(seen.major).await)
        }
        (None, _) if has_pending => Dumped::Unconfigured,
        _ => Dumped::NotNeeded,
    };
    let release = context.release_if_any();
    let left = context.left_unsettled().ok().flatten();
    Facts {
        environment: plan.environment.clone(),
        address: plan.address.clone(),
        release: release
            .map(|release| release.version.to_string())
            .unwrap_or_default(),
        files: plan.files.clone(),
        directory: plan.directory.display().to_string(),
        pending,
        database,
        release_files: release_files::compare(context, plan).await,
        live: live::read(context).await,
        backup,
        applied: Applied::NotAsked,
        left: left.map(|left| format!("{} of {} (run {})", left.gate, left.at, left.run)),
    }
}

/// The files that have no row, each read behind the ones before it.
pub fn pending(files: &[File], seen: &Seen) -> Vec<Pending> {
    let rows = seen.history.as_deref().unwrap_or_default();
    let mut schema = Schema::before(&seen.catalogue);
    files
        .iter()
        .filter(|file| !rows.iter().any(|row| row.version == file.version))
        .map(|file| Pending {
            script: sql::read(&file.text, file.is_transactional, &mut schema),
            file: file.clone(),
        })
        .collect()
}

#[cfg(test)]
pub mod example;
