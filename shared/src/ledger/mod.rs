//! Which release was put on an environment when, by whom, and whether it was good: one file per
//! place where that is kept.

mod database;
mod file;
mod github;

use crate::config;
use crate::error::{Error, Result};
use crate::gate::Context;
use crate::release::Release;
use serde::{Deserialize, Serialize};

/// What became of a release on an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was begun; nothing is known of its end.
    InProgress,
    /// It carries, or carried, all traffic and was judged good.
    Good,
    /// It was judged bad, by a canary or afterwards; it is never a target of a rollback.
    Bad,
    /// It was begun and given up without a judgement.
    Abandoned,
}

impl State {
    /// `in-progress`, `good`, `bad` or `abandoned`.
    pub fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in-progress",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Abandoned => "abandoned",
        }
    }
}

/// One release that was put on the environment. Saved format: `schema` 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The format of this document: 1.
    pub schema: u32,
    /// The id of the run that began it.
    pub id: String,
    /// Which release.
    pub release: Release,
    /// When it was begun, RFC 3339 in UTC.
    pub at: String,
    /// Who began it.
    pub actor: String,
    /// The newest migration that was applied when it was begun; empty without migrations.
    pub schema_version: String,
    /// What became of it.
    pub state: State,
    /// Why, in a few words.
    pub note: String,
}

/// The history of one environment.
#[derive(Debug)]
pub enum Ledger {
    /// A file of JSON lines.
    File(file::File),
    /// A table in the environment's own database.
    Database(database::Table),
    /// Deployments of a GitHub repository.
    Github(github::Deployments),
}

impl Ledger {
    /// The ledger that the environment names.
    pub fn of(context: &Context) -> Result<Self> {
        let environment = &context.environment;
        match &context.place().ledger {
            Some(config::Ledger::File(path)) => Ok(Self::File(file::File::new(
                context.config.path(path),
                environment.as_str(),
            ))),
            Some(config::Ledger::Database(name)) => {
                let address = context.database(&name.value)?;
                Ok(Self::Database(database::Table::new(
                    address,
                    environment.as_str(),
                )))
            }
            Some(config::Ledger::Github) => {
                github::Deployments::from_environment(environment.as_str()).map(Self::Github)
            }
            None => Err(
                Error::config(format!("environment `{environment}` has no `ledger`"))
                    .at(&context.config.file)
                    .hint("without one nobody knows which release was good"),
            ),
        }
    }

    /// Where it is kept, for people.
    pub fn place(&self) -> String {
        match self {
            Self::File(file) => file.place(),
            Self::Database(table) => table.place(),
            Self::Github(deployments) => deployments.place(),
        }
    }

    /// All entries, the oldest first.
    pub async fn entries(&self) -> Result<Vec<Entry>> {
        match self {
            Self::File(file) => file.entries(),
            Self::Database(table) => table.entries().await,
            Self::Github(deployments) => deployments.entries().await,
        }
    }

    /// Writes down that a release is begun; before its first change.
    pub async fn begin(&self, entry: &Entry) -> Result<()> {
        match self {
            Self::File(file) => file.begin(entry),
            Self::Database(table) => table.begin(entry).await,
            Self::Github(deployments) => deployments.begin(entry).await,
        }
    }

    /// Writes down what became of it. Saying the same twice is fine.
    pub async fn conclude(&self, id: &str, state: State, note: &str) -> Result<()> {
        let note = crate::secret::redact(note);
        match self {
            Self::File(file) => file.conclude(id, state, &note),
            Self::Database(table) => table.conclude(id, state, &note).await,
            Self::Github(deployments) => deployments.conclude(id, state, &note).await,
        }
    }
}

/// The newest release that was judged good; `None` when there is none.
pub fn last_good(entries: &[Entry]) -> Option<&Entry> {
    entries
        .iter()
        .rev()
        .find(|entry| entry.state == State::Good && !is_condemned(entries, &entry.release))
}

/// Whether the newest judgement on a release is that it is bad: a release that was good once and
/// bad later is bad.
pub fn is_condemned(entries: &[Entry], release: &Release) -> bool {
    let judgement = entries.iter().rev().find(|entry| {
        entry.release.commit == release.commit && matches!(entry.state, State::Good | State::Bad)
    });
    judgement.is_some_and(|entry| entry.state == State::Bad)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn entry(version: &str, state: State) -> Entry {
        let commit: String = version
            .chars()
            .filter(char::is_ascii_digit)
            .cycle()
            .take(40)
            .collect();
        Entry {
            schema: 1,
            id: format!("run-{version}"),
            release: Release {
                version: version.to_owned().try_into().expect("is a version"),
                commit: commit.try_into().expect("is a commit id"),
                artifacts: Default::default(),
            },
            at: "2026-11-21T10:00:00Z".into(),
            actor: "ada".into(),
            schema_version: "0002".into(),
            state,
            note: String::new(),
        }
    }

    #[test]
    fn the_last_good_release_is_not_merely_the_previous_one() {
        let entries = [
            entry("1.0.0", State::Good),
            entry("1.1.0", State::Good),
            entry("1.2.0", State::Bad),
            entry("1.3.0", State::Abandoned),
            entry("1.4.0", State::InProgress),
        ];
        let version = last_good(&entries).map(|entry| entry.release.version.as_str().to_owned());
        assert_eq!(version.as_deref(), Some("1.1.0"));
    }

    #[test]
    fn a_release_condemned_later_is_no_target_though_it_was_good_before() {
        let entries = [
            entry("1.0.0", State::Good),
            entry("1.1.0", State::Good),
            entry("1.1.0", State::Bad),
        ];
        let version = last_good(&entries).map(|entry| entry.release.version.as_str().to_owned());
        assert_eq!(version.as_deref(), Some("1.0.0"));
        assert!(last_good(&entries[2..]).is_none());
    }
}
