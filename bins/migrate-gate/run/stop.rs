//! What a stopped apply means: what is applied, what is not, and whether anything is half done.

use super::failure::{Failure, FailureKind};
use super::file::Stopped;
use crate::facts::{Ended, Facts, Pending, Seen, Stop};
use crate::plan::Plan;
use crate::sql;

const AGAIN: &str =
    "run `migrate-gate apply` again when the cause is gone: it goes on where it stopped";

/// A stop before anything was touched.
pub(super) fn stop_before(why: impl std::fmt::Display) -> Stop {
    Stop {
        place: None,
        sentence: format!("nothing was applied: {why}"),
        is_no: false,
        is_settled: true,
        next: vec![AGAIN.into()],
    }
}

/// The run was asked to stop between two files.
pub(super) fn between(applied: &[(String, f64)], pending: &[Pending]) -> Stop {
    Stop {
        place: None,
        sentence: format!(
            "the run was asked to stop between two files; {}",
            tally(applied, pending)
        ),
        is_no: false,
        is_settled: true,
        next: vec![AGAIN.into()],
    }
}

/// A file did not come to its end.
pub(super) fn in_file(
    stopped: &Stopped,
    pending: &Pending,
    from: usize,
    applied: &[(String, f64)],
    all: &[Pending],
) -> Stop {
    let is_no = stopped.failure.kind == FailureKind::Refused;
    let place = Some(place(stopped, pending));
    let tally = tally(applied, all);
    let tries = match stopped.attempts {
        0 | 1 => String::new(),
        many => format!(" ({many} attempts)"),
    };
    let reason = format!("{}{tries}", stopped.failure.message);
    if pending.file.is_transactional {
        return Stop {
            place,
            sentence: format!(
                "{} was rolled back whole: {reason}; {tally}",
                pending.file.path
            ),
            is_no,
            is_settled: true,
            next: vec![AGAIN.into()],
        };
    }
    half_done(stopped, pending, from, &format!("{reason}; {tally}"), place)
}

/// What is left of a file without a transaction.
fn half_done(
    stopped: &Stopped,
    pending: &Pending,
    from: usize,
    reason: &str,
    place: Option<(String, u64, u64)>,
) -> Stop {
    let statements = &pending.script.statements;
    let done = stopped.statement.unwrap_or(from);
    let is_answered = stopped.failure.kind != FailureKind::Lost;
    let (path, version) = (&pending.file.path, &pending.file.version);
    let mut next = vec![AGAIN.to_owned()];
    if done > 0 {
        next.push(format!(
            "or undo its first {done} statements by hand, and run `migrate-gate apply --restart {version}`"
        ));
    }
    Stop {
        place,
        sentence: format!(
            "{path} has no transaction and stopped after {done} of {} statements: {reason}",
            statements.len()
        ),
        is_no: stopped.failure.kind == FailureKind::Refused,
        // A single statement that PostgreSQL refused left nothing, but for an index half built:
        // that is read back.
        is_settled: done == 0 && is_answered,
        next,
    }
}

/// An earlier run left a file in a state that only a person can find out.
pub(super) fn unclear(pending: &Pending, done: usize, why: &str) -> Stop {
    let (path, version) = (&pending.file.path, &pending.file.version);
    let statements = &pending.script.statements;
    let place = statements
        .get(done)
        .map(|next| (path.clone(), next.line, next.column));
    let named = statements
        .get(done)
        .map(|next| format!("statement {} in line {}", done + 1, next.line));
    let named = named.unwrap_or_else(|| "its end".into());
    Stop {
        place,
        sentence: format!(
            "an earlier apply ran the first {done} of {} statements of {path} and broke off at {named}: {why}",
            statements.len()
        ),
        is_no: false,
        is_settled: false,
        next: vec![
            format!("look in the database which statements of {path} took effect"),
            format!("undo them by hand, and run `migrate-gate apply --restart {version}`"),
            format!(
                "or finish the file by hand, and write it down: insert into sluicegate_migrations \
                 (version, name, digest, applied_by, release, rollback_safe) values ('{version}', \
                 '{}', '{}', current_user, '…', '{}')",
                pending.file.name,
                pending.file.digest.as_str(),
                pending.rollback_safe().word()
            ),
        ],
    }
}

/// How the journal says that nothing is half done; `None` when something is, or when that could
/// not be read back.
pub(super) fn settlement(ended: &mut Ended, plan: &Plan, facts: &Facts) -> Option<String> {
    let after = match &ended.after {
        Ok(after) => after,
        Err(reason) => {
            if let Some(stop) = &mut ended.stop {
                stop.is_settled = false;
                stop.sentence = format!("{}; it could not be read back: {reason}", stop.sentence);
            }
            return None;
        }
    };
    let rows = after.history.as_deref().unwrap_or_default();
    let has = |version: &str| rows.iter().any(|row| row.version == version);
    let pending = plan.files.iter().filter(|file| !has(&file.version)).count();
    let Some(stop) = &mut ended.stop else {
        return (pending == 0)
            .then(|| format!("read back: {} files applied, 0 pending", plan.files.len()));
    };
    if let Some((path, ..)) = &stop.place
        && plan
            .files
            .iter()
            .any(|file| file.path == *path && has(&file.version))
    {
        stop.sentence = format!("{path} is in the history, although {}", stop.sentence);
        stop.is_settled = true;
    }
    let invalid = new_invalid_indexes(after, facts);
    let drops = invalid
        .iter()
        .map(|index| format!("drop the half-built index: `drop index concurrently {index}`"));
    stop.next.splice(0..0, drops);
    stop.is_settled &= invalid.is_empty();
    stop.is_settled
        .then(|| format!("read back: stopped, {pending} pending, nothing half done"))
}

fn new_invalid_indexes<'a>(after: &'a Seen, facts: &Facts) -> Vec<&'a String> {
    let before = facts
        .database
        .as_ref()
        .map(|seen| seen.invalid_indexes.as_slice())
        .unwrap_or_default();
    after
        .invalid_indexes
        .iter()
        .filter(|index| !before.contains(index))
        .collect()
}

fn place(stopped: &Stopped, pending: &Pending) -> (String, u64, u64) {
    let path = pending.file.path.clone();
    let statement = stopped
        .statement
        .and_then(|index| pending.script.statements.get(index));
    match statement {
        None => (path, 1, 1),
        Some(statement) => {
            let (line, column) = pointed(&stopped.failure, statement);
            (path, line, column)
        }
    }
}

/// Where PostgreSQL points into a statement, as a place of the file.
fn pointed(failure: &Failure, statement: &sql::Statement) -> (u64, u64) {
    let Some(position) = failure.position else {
        return (statement.line, statement.column);
    };
    let offset = statement
        .text
        .char_indices()
        .nth(position.saturating_sub(1))
        .map_or(0, |(at, _)| at);
    match sql::position(&statement.text, offset) {
        (1, column) => (statement.line, statement.column + column - 1),
        (line, column) => (statement.line + line - 1, column),
    }
}

/// What is applied and what is not.
fn tally(applied: &[(String, f64)], pending: &[Pending]) -> String {
    let is_applied = |version: &str| applied.iter().any(|(done, _)| done == version);
    let list = |wanted: bool| {
        let versions: Vec<&str> = pending
            .iter()
            .map(|one| one.file.version.as_str())
            .filter(|version| is_applied(version) == wanted)
            .collect();
        if versions.is_empty() {
            "none".to_owned()
        } else {
            versions.join(", ")
        }
    };
    format!(
        "applied by this run: {}; not applied: {}",
        list(true),
        list(false)
    )
}
