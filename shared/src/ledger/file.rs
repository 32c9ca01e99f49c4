//! The ledger as a file of JSON lines, on a machine that stays. Lines are only ever added.

use super::{Entry, State};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::PathBuf;

/// The lines of one environment in a file that several may share.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    environment: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    environment: String,
    event: Event,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Event {
    Began(Entry),
    Concluded {
        id: String,
        state: State,
        note: String,
    },
}

impl File {
    pub(super) fn new(path: PathBuf, environment: &str) -> Self {
        Self {
            path,
            environment: environment.to_owned(),
        }
    }

    pub(super) fn place(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn entries(&self) -> Result<Vec<Entry>> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed("read", error)),
        };
        let mut entries: Vec<Entry> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line: Line = serde_json::from_str(line).map_err(|error| {
                Error::unavailable("this line of the ledger does not parse")
                    .at(format!("{}:{}", self.path.display(), index + 1))
                    .source(error)
            })?;
            if line.environment != self.environment {
                continue;
            }
            match line.event {
                Event::Began(entry) => entries.push(entry),
                Event::Concluded { id, state, note } => {
                    if let Some(entry) = entries.iter_mut().rev().find(|entry| entry.id == id) {
                        (entry.state, entry.note) = (state, note);
                    }
                }
            }
        }
        Ok(entries)
    }

    pub(super) fn begin(&self, entry: &Entry) -> Result<()> {
        self.append(Event::Began(entry.clone()))
    }

    pub(super) fn conclude(&self, id: &str, state: State, note: &str) -> Result<()> {
        self.append(Event::Concluded {
            id: id.to_owned(),
            state,
            note: note.to_owned(),
        })
    }

    fn append(&self, event: Event) -> Result<()> {
        let line = Line {
            environment: self.environment.clone(),
            event,
        };
        let mut text = serde_json::to_string(&line).map_err(|error| self.failed("write", error))?;
        text.push('\n');
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| self.failed("write", error))?;
        }
        let mut options = std::fs::OpenOptions::new();
        let file = options
            .create(true)
            .append(true)
            .read(true)
            .open(&self.path);
        let mut file = file.map_err(|error| self.failed("write", error))?;
        self.mend(&mut file)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(|error| self.failed("write", error))
    }

    /// A process killed while it wrote left half a line; it is cut off before the next is added.
    fn mend(&self, file: &mut std::fs::File) -> Result<()> {
        let text = std::fs::read(&self.path).map_err(|error| self.failed("read", error))?;
        if text.is_empty() || text.ends_with(b"\n") {
            return Ok(());
        }
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        file.set_len(whole as u64)
            .map_err(|error| self.failed("write", error))
    }

    fn failed(
        &self,
        what: &str,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        Error::unavailable(format!("could not {what} the ledger"))
            .at(self.path.display().to_string())
            .source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::entry;

    #[test]
    fn entries_of_one_environment_come_back_with_their_last_state() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("ledger.jsonl");
        let production = File::new(path.clone(), "production");
        let staging = File::new(path.clone(), "staging");
        assert_eq!(production.entries().expect("none yet"), []);
        production
            .begin(&entry("1.0.0", State::InProgress))
            .expect("is writable");
        staging
            .begin(&entry("1.1.0", State::InProgress))
            .expect("is writable");
        production
            .conclude("run-1.0.0", State::Good, "promoted")
            .expect("is writable");
        let entries = production.entries().expect("is readable");
        assert_eq!(entries.len(), 1);
        assert_eq!(
            (entries[0].state, entries[0].note.as_str()),
            (State::Good, "promoted")
        );
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(b"{\"half"))
            .expect("is writable");
        production
            .begin(&entry("1.2.0", State::InProgress))
            .expect("is writable");
        assert_eq!(production.entries().expect("is readable").len(), 2);
    }
}
