//! What a rollback found out and did.

use shared::ledger::Entry;
use shared::place::Place;
use shared::release::Release;

/// What a rollback found out and did.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The release that is taken away.
    pub bad: Option<Release>,
    /// The release that is put back, and how it was chosen; else why none could be.
    pub target: Result<Target, String>,
    /// What the database's history says between the two; `None` without migrations.
    pub schema: Option<Result<Vec<Migration>, String>>,
    /// Whether what would be deployed is what the ledger knows.
    pub artifact: Result<String, String>,
    /// What was done, and how the environment was found afterwards; `None` when nothing was done.
    pub done: Option<Done>,
}

/// The release that is put back.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its entry in the ledger.
    pub entry: Entry,
    /// Whether a later judgement of the ledger condemns it.
    pub is_condemned: bool,
    /// Whether everything runs it already.
    pub runs_already: bool,
}

/// A migration that was applied after the target was released.
#[derive(Clone, Debug)]
pub struct Migration {
    /// Its version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// What migrate-gate said when it applied it: `yes`, `no` or `unknown`.
    pub rollback_safe: String,
}

/// What was done, and how the environment was found afterwards.
#[derive(Clone, Debug)]
pub struct Done {
    /// Whether anything had to be changed.
    pub was_needed: bool,
    /// Why it could not be finished; the journal is then open.
    pub problem: Option<String>,
    /// From the start to the moment when all traffic was on the target, in seconds.
    pub seconds: f64,
    /// By service.
    pub places: Vec<Place>,
    /// What the environment answered.
    pub answers: Answers,
}

/// What the environment answered to fresh connections.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The URL that was asked.
    pub url: String,
    /// How many were asked.
    pub asked: u32,
    /// How many were answered below 500 by the target.
    pub good: u32,
    /// The first answer that was not, in words.
    pub first_bad: Option<String>,
}
