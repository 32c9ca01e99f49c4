//! Every change is made durable here before it is made, and its result after.

mod kill_point;
mod line;

pub use line::Unsettled;

use line::{Event, Line, last_unsettled};

use crate::clock::now;
use crate::error::{Error, Result};
use crate::secret::redact;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// One change to the outside world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The kind of change, in words joined by `-`: `set-weight`, `deploy`.
    pub name: String,
    /// What it changes, for people: `production/web`.
    pub subject: String,
    /// What the next run needs to finish or undo it.
    pub detail: serde_json::Value,
}

impl Effect {
    /// A change of that kind on that subject.
    pub fn new(name: &str, subject: impl Into<String>, detail: serde_json::Value) -> Self {
        Self {
            name: name.into(),
            subject: subject.into(),
            detail,
        }
    }
}

/// How far an effect came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Written down; whether it happened is not known.
    Started,
    /// Done.
    Finished,
    /// Refused or broken off; whether it happened is not known.
    Failed {
        /// Why.
        reason: String,
    },
}

/// An effect with how far it came, as receipts keep it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectRecord {
    /// The change.
    pub effect: Effect,
    /// How far it came.
    pub state: State,
    /// When it was started, RFC 3339 in UTC.
    pub at: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// The journal of one environment: JSON lines, synchronized to disk one by one, locked against a
/// second run on the same machine.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    run: String,
    gate: String,
    is_open: bool,
    effects: Vec<EffectRecord>,
}

impl Journal {
    /// Where the journal of an environment is kept.
    pub fn path(root: &Path, environment: &str) -> PathBuf {
        root.join(".sluicegate/journal")
            .join(format!("{environment}.jsonl"))
    }

    /// Opens the file, locks it, and returns what an earlier run left unsettled.
    pub fn open(path: &Path, run: &str, gate: &str) -> Result<(Self, Option<Unsettled>)> {
        let place = path.display().to_string();
        let fail = |error: std::io::Error| {
            Error::config("the journal cannot be written")
                .at(place.clone())
                .source(error)
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(fail)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .map_err(fail)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                Error::unavailable("another run is changing this environment")
                    .at(place.clone())
                    .hint("wait until it has ended")
            }
            TryLockError::Error(error) => fail(error),
        })?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(fail)?;
        if !text.is_empty() && !text.ends_with('\n') {
            // A process killed while it wrote left half a line: the change behind it was never made.
            let whole = text.rfind('\n').map_or(0, |end| end + 1);
            file.set_len(whole as u64).map_err(fail)?;
            file.seek(std::io::SeekFrom::End(0)).map_err(fail)?;
            text.truncate(whole);
        }
        let unsettled = last_unsettled(&text).map_err(|error| error.at(place.clone()))?;
        let journal = Self {
            path: path.to_owned(),
            file,
            run: run.to_owned(),
            gate: gate.to_owned(),
            is_open: false,
            effects: Vec::new(),
        };
        Ok((journal, unsettled))
    }

    /// What an earlier run left unsettled, without locking the file: a run may be at work.
    pub fn left_unsettled(path: &Path) -> Result<Option<Unsettled>> {
        let place = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let whole = text.rfind('\n').map_or(0, |end| end + 1);
                last_unsettled(&text[..whole]).map_err(|error| error.at(place))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::unavailable("the journal cannot be read")
                .at(place)
                .source(error)),
        }
    }

    /// Says what the run is about to do; before its first effect.
    pub fn begin(&mut self, purpose: serde_json::Value) -> Result<()> {
        self.is_open = true;
        let gate = self.gate.clone();
        self.append(Event::Opened { gate, purpose })
    }

    /// The only way to change the outside world: makes the intent durable, acts, records the
    /// result.
    pub async fn effect<T>(
        &mut self,
        effect: Effect,
        action: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        if !self.is_open {
            self.begin(serde_json::Value::Null)?;
        }
        let number = self.effects.len() as u64;
        self.append(Event::Started {
            number,
            effect: effect.clone(),
        })?;
        self.effects.push(EffectRecord {
            effect,
            state: State::Started,
            at: now(),
            seconds: 0.0,
        });
        let start = std::time::Instant::now();
        let result = action.await;
        let state = match &result {
            Ok(_) => State::Finished,
            Err(error) => State::Failed {
                reason: redact(&error.to_string()),
            },
        };
        let event = match &state {
            State::Failed { reason } => Event::Failed {
                number,
                reason: reason.clone(),
            },
            State::Started | State::Finished => Event::Finished { number },
        };
        if let Some(record) = self.effects.last_mut() {
            record.state = state;
            record.seconds = start.elapsed().as_secs_f64();
        }
        self.append(event)?;
        result
    }

    /// Says that every change so far is finished or undone, and was read back.
    pub fn settle(&mut self, how: &str) -> Result<()> {
        self.append(Event::Settled { how: how.into() })?;
        self.is_open = false;
        Ok(())
    }

    /// Whether nothing is left half changed by this run.
    pub fn is_settled(&self) -> bool {
        !self.is_open
    }

    /// What this run changed, in order.
    pub fn effects(&self) -> &[EffectRecord] {
        &self.effects
    }

    fn append(&mut self, event: Event) -> Result<()> {
        kill_point::pass();
        let line = Line {
            schema: 1,
            run: self.run.clone(),
            at: now(),
            event,
        };
        let fail = |why: &str| {
            Error::unavailable(format!("could not write the journal: {why}"))
                .at(self.path.display().to_string())
        };
        let mut text = serde_json::to_string(&line).map_err(|error| fail(&error.to_string()))?;
        text = redact(&text);
        text.push('\n');
        (self.file.write_all(text.as_bytes()))
            .and_then(|()| self.file.sync_data())
            .map_err(|error| fail(&error.to_string()))?;
        kill_point::pass();
        Ok(())
    }
}

impl Drop for Journal {
    /// Lets the next run in. Closing the file is not enough: a process that is being started at
    /// this moment has a copy of it until it executes its program, and the lock belongs to all
    /// copies (flock(2)).
    fn drop(&mut self) {
        // A lock that cannot be given back ends with the process.
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(name: &str) -> Effect {
        Effect::new(name, "production/web", serde_json::json!({"weight": 10}))
    }

    fn open(path: &Path) -> (Journal, Option<Unsettled>) {
        Journal::open(path, "run", "canary-promote").expect("the folder is writable")
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime can be made")
            .block_on(future)
    }

    #[test]
    fn a_run_that_settled_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("production.jsonl");
        let (mut journal, earlier) = open(&path);
        assert_eq!(earlier, None);
        assert!(journal.is_settled());
        block_on(journal.effect(effect("set-weight"), async { Ok(()) })).expect("succeeds");
        assert!(!journal.is_settled());
        journal.settle("read back").expect("the folder is writable");
        assert!(journal.is_settled());
        drop(journal);
        assert_eq!(open(&path).1, None);
    }

    #[test]
    fn an_effect_is_on_disk_before_it_acts_and_its_failure_after() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("production.jsonl");
        let (mut journal, _) = open(&path);
        let seen = path.clone();
        let result = block_on(journal.effect(effect("set-weight"), async move {
            let text = std::fs::read_to_string(seen).expect("is there");
            assert!(text.contains("set-weight"));
            Err::<(), _>(Error::unavailable("nginx said no"))
        }));
        assert!(result.is_err());
        drop(journal);
        let left = open(&path).1.expect("it was not settled");
        let reason = "nginx said no".to_owned();
        assert_eq!(
            left.effects,
            [(effect("set-weight"), State::Failed { reason })]
        );
    }

    #[test]
    fn half_a_line_is_cut_off_and_the_rest_still_counts() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("production.jsonl");
        let (mut journal, _) = open(&path);
        journal
            .begin(serde_json::json!({"previous": "1.0.0"}))
            .expect("the folder is writable");
        drop(journal);
        let mut file = OpenOptions::new()
            .append(true)
            .open(&path)
            .expect("is there");
        file.write_all(b"{\"schema\":1,\"run\"")
            .expect("is writable");
        let left = open(&path).1.expect("it was not settled");
        assert_eq!(left.purpose["previous"], "1.0.0");
        assert!(
            std::fs::read_to_string(&path)
                .expect("is there")
                .ends_with('\n')
        );
    }

    #[test]
    fn a_copy_of_the_file_in_a_starting_process_keeps_nobody_out() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("production.jsonl");
        let (journal, _) = open(&path);
        let copy = journal.file.try_clone().expect("can be copied");
        drop(journal);
        assert_eq!(open(&path).1, None);
        drop(copy);
    }

    #[test]
    fn a_second_run_is_refused_while_the_first_holds_the_file() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("production.jsonl");
        let (_first, _) = open(&path);
        let error = Journal::open(&path, "second", "rollback").expect_err("is locked");
        assert!(error.to_string().contains("another run"), "{error}");
    }
}
