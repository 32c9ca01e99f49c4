//! What a gate found and did: the only input of every report, and what the next gate verifies.

mod envelope;
mod requirement;

pub use envelope::{Envelope, PAYLOAD_TYPE, PREDICATE_TYPE, Statement};
pub use requirement::{Reader, Required, verify};

use crate::config::Gate;
use crate::error::{Error, Result};
use crate::journal::EffectRecord;
use crate::release::{Digest, Release};
use crate::secret::redact;
use crate::verdict::{Exit, Record, Verdict};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Everything about one run of one gate. Saved format: `schema` 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The format of this document: 1.
    pub schema: u32,
    /// Which gate.
    pub gate: Gate,
    /// The gate's command (`check`, `apply`, `run`, …); empty for a gate without commands.
    pub command: String,
    /// The project's name.
    pub project: String,
    /// The environment it was about.
    pub environment: String,
    /// The services it was about.
    pub services: Vec<String>,
    /// The release it was about, when there is one.
    pub release: Option<Release>,
    /// When it started, RFC 3339 in UTC.
    pub started: String,
    /// When it ended, RFC 3339 in UTC.
    pub finished: String,
    /// From start to end, in seconds.
    pub seconds: f64,
    /// From this moment on it no longer counts, RFC 3339 in UTC.
    pub expires: String,
    /// Who ran it, and where.
    pub run: Run,
    /// The configuration that held.
    pub config: ConfigIdentity,
    /// The receipts it relied on.
    pub relied_on: Vec<Relied>,
    /// What the checks said.
    pub records: Vec<Record>,
    /// What the records mean together.
    pub verdict: Verdict,
    /// How the run ended.
    pub exit: Exit,
    /// Whether a no was let through by `--advisory`.
    pub advisory: bool,
    /// Whether checks were left out by `--only` or `--skip`.
    pub partial: bool,
    /// Whether every change was finished or undone.
    pub settled: bool,
    /// What was changed, in order.
    pub effects: Vec<EffectRecord>,
    /// The run in words and tables, for people.
    pub summary: Summary,
    /// What other gates and tools may read, by gate.
    pub detail: serde_json::Value,
}

/// Who ran it, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Unique for each run.
    pub id: String,
    /// The person or account that started it.
    pub actor: String,
    /// The page of the CI run, when there is one.
    pub url: Option<String>,
    /// The version of Sluicegate.
    pub tool: String,
}

/// The configuration that held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigIdentity {
    /// The file.
    pub file: String,
    /// See [`crate::config::Config::digest`].
    pub digest: Digest,
}

/// A receipt that another one relied on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relied {
    /// Whose.
    pub gate: Gate,
    /// Where.
    pub environment: String,
    /// Its file.
    pub path: String,
    /// SHA-256 of its payload.
    pub digest: Digest,
}

/// The run in words and tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The one sentence to read.
    pub headline: String,
    /// What to do next, one sentence each; empty when there is nothing to do.
    pub next: Vec<String>,
    /// Figures.
    pub tables: Vec<Table>,
}

/// Figures with a title; every row has as many cells as there are columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Headings.
    pub columns: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        Self {
            title: title.into(),
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

/// A larger file is no receipt.
const LARGEST_FILE: u64 = 64 << 20;

impl Receipt {
    /// Whether a gate behind this one may rely on it.
    pub fn is_passed(&self) -> bool {
        self.verdict == Verdict::Pass && self.settled && !self.partial
    }

    /// The signed form. Unsigned as long as no key is given.
    pub fn envelope(&self) -> Result<Envelope> {
        Envelope::unsigned(&Statement::of(self)?)
    }

    /// Writes the envelope whole or not at all; returns the digest of its payload.
    pub fn write(&self, path: &Path) -> Result<Digest> {
        let envelope = self.envelope()?;
        let mut text = serde_json::to_string_pretty(&envelope)
            .map_err(|error| Error::unavailable("could not encode the receipt").source(error))?;
        text.push('\n');
        let temporary = temporary_beside(path);
        let written = std::fs::write(&temporary, text)
            .and_then(|()| std::fs::File::open(&temporary)?.sync_all())
            .and_then(|()| std::fs::rename(&temporary, path));
        if let Err(error) = written {
            let _ = std::fs::remove_file(&temporary);
            return Err(Error::unavailable("could not write the receipt")
                .at(path.display().to_string())
                .source(error));
        }
        Ok(envelope.digest())
    }

    /// Reads an envelope back, with the digest of its payload.
    pub fn read(path: &Path) -> Result<(Self, Digest)> {
        let place = path.display().to_string();
        let text = crate::file::read_text(path, LARGEST_FILE).map_err(|error| {
            Error::unavailable("could not read the receipt")
                .at(&place)
                .source(error)
        })?;
        Self::parse(&text).map_err(|error| error.at(place))
    }

    /// Reads the text of an envelope.
    pub fn parse(text: &str) -> Result<(Self, Digest)> {
        let broken = |why: &str| Error::unavailable(format!("this is no receipt: {why}"));
        let envelope: Envelope =
            serde_json::from_str(text).map_err(|error| broken("no DSSE envelope").source(error))?;
        let statement = envelope.statement()?;
        let receipt = statement.receipt()?;
        if receipt.schema != 1 {
            return Err(broken("its `schema` is not 1"));
        }
        Ok((receipt, envelope.digest()))
    }
}

/// Refuses a path that could not be written, before anything is contacted: exit 2.
pub fn assert_writable(path: &Path) -> Result<()> {
    let refuse = |error: std::io::Error| {
        Error::config("the receipt could not be written there")
            .at(path.display().to_string())
            .source(error)
            .hint("name another place with `--receipt`")
    };
    if path.is_dir() {
        return Err(refuse(std::io::Error::from(
            std::io::ErrorKind::IsADirectory,
        )));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(folder).map_err(refuse)?;
    }
    let temporary = temporary_beside(path);
    std::fs::write(&temporary, b"").map_err(refuse)?;
    std::fs::remove_file(&temporary).map_err(refuse)
}

fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

/// Where a gate's receipt is kept unless `--receipt` says otherwise. Only the command that is
/// the gate itself writes under the plain name: a `check` must not stand for an `apply`.
pub fn default_path(root: &Path, environment: &str, gate: Gate, command: &str) -> PathBuf {
    let name = if command == gate.main_command() {
        format!("{gate}.json")
    } else {
        format!("{gate}-{command}.json")
    };
    root.join(".sluicegate/receipts")
        .join(environment)
        .join(name)
}

/// A deep copy of any saved value without secrets.
pub(crate) fn without_secrets<T: Serialize + for<'de> Deserialize<'de>>(value: &T) -> Result<T> {
    let unusable = |error| Error::unavailable("could not encode the receipt").source(error);
    let mut json = serde_json::to_value(value).map_err(unusable)?;
    clean(&mut json);
    serde_json::from_value(json).map_err(unusable)
}

/// Fields whose text is chosen by us or by the configuration, never foreign: a secret that happens
/// to be the word `error` must not make the document unreadable.
const OURS: [&str; 21] = [
    "actor",
    "at",
    "check",
    "command",
    "commit",
    "digest",
    "environment",
    "exit",
    "expires",
    "file",
    "finished",
    "gate",
    "id",
    "project",
    "result",
    "severity",
    "started",
    "state",
    "title",
    "tool",
    "verdict",
];

fn clean(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::String(text) => *text = redact(text),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(map) => {
            for (key, value) in map {
                let is_ours = OURS.contains(&key.as_str()) && value.is_string();
                // The whole release is checked text: versions, commit ids and digests.
                if !is_ours && key != "release" {
                    clean(value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
pub(crate) mod tests;
