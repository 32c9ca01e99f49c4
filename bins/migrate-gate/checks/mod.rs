//! Every check of migrate-gate, in order.

mod applied;
mod backup;
mod compatible;
mod data_loss;
mod history;
mod locks;
mod parses;
mod release_files;
mod transaction;
mod valid_indexes;

use crate::facts::{Facts, Pending};
use crate::sql::{Change, Statement};
use shared::check::Check;
use shared::shell::quoted;
use shared::verdict::{Finding, Outcome};

/// Every check, in order.
pub static CHECKS: [Check<Facts>; 10] = [
    release_files::CHECK,
    history::CHECK,
    valid_indexes::CHECK,
    parses::CHECK,
    transaction::CHECK,
    locks::CHECK,
    data_loss::CHECK,
    compatible::CHECK,
    backup::CHECK,
    applied::CHECK,
];

/// The one that judges what `apply` did; the others must pass before it touches anything.
pub const AFTERWARDS: &str = applied::CHECK.id;
/// Those that say whether a file can be run at all: a waiver does not make it so.
pub const NEVER_WAIVED: [&str; 2] = [parses::CHECK.id, transaction::CHECK.id];
/// The one that is asked again when the lock is held.
pub const HISTORY: &str = history::CHECK.id;

/// One change of a pending file, with its place.
struct Place<'a> {
    pending: &'a Pending,
    statement: &'a Statement,
    change: &'a Change,
}

impl Place<'_> {
    /// A finding about the change.
    fn finding(&self, message: String) -> Finding {
        let (line, column) = (self.statement.line, self.statement.column);
        let path = &self.pending.file.path;
        Finding::new(message)
            .in_file(path, line, column)
            .reproduce(format!("sed -n {line}p {}", quoted(path)))
    }

    /// Where it is and why it is not judged.
    fn unread(&self, why: &str) -> String {
        let (path, line) = (&self.pending.file.path, self.statement.line);
        format!(
            "{path}:{line}:{} {}: {why}",
            self.statement.column, self.change.deed
        )
    }
}

/// What a judgement of all pending changes rests on.
struct Judged<'a> {
    evidence: String,
    places: Vec<Place<'a>>,
    unread: Vec<String>,
}

/// The pending changes, or the outcome when there are none to judge.
fn pending_changes(facts: &Facts) -> Result<Judged<'_>, Outcome> {
    let pending = facts
        .pending
        .as_ref()
        .map_err(|reason| Outcome::unknown(reason.clone()))?;
    if pending.is_empty() {
        return Err(Outcome::skipped("nothing is pending"));
    }
    let mut unread = Vec::new();
    let mut places = Vec::new();
    for pending in pending {
        // Behind an error the parser may have read anything: nothing of the file is relied on.
        if !pending.script.problems.is_empty() {
            unread.push(format!("{} does not parse", pending.file.path));
            continue;
        }
        for statement in &pending.script.statements {
            let changes = statement.changes.iter();
            places.extend(changes.map(|change| Place {
                pending,
                statement,
                change,
            }));
        }
    }
    let statements: usize = pending.iter().map(|one| one.script.statements.len()).sum();
    let evidence = format!(
        "{} in {}",
        counted(statements, "statement"),
        counted(pending.len(), "pending file")
    );
    Ok(Judged {
        evidence,
        places,
        unread,
    })
}

/// `1 file`, `2 files`.
fn counted(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}
