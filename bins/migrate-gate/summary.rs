//! The run in words, and what other gates read of it.

use crate::facts::{Applied, Dumped, Ended, Facts};
use crate::plan::File;
use shared::receipt::{Summary, Table};
use shared::schema_history::newest;
use shared::verdict::{Exit, Outcome, Record};

/// The run in words.
pub fn summary(facts: &Facts, records: &[Record], exit: Exit) -> Summary {
    Summary {
        headline: headline(facts, records, exit),
        next: next(facts, exit),
        tables: tables(facts),
    }
}

fn headline(facts: &Facts, records: &[Record], exit: Exit) -> String {
    let place = format!("{} ({})", facts.environment, facts.address);
    let pending = match &facts.pending {
        Ok(pending) => format!(
            "{} of {} migrations pending",
            pending.len(),
            facts.files.len()
        ),
        Err(_) => "it is not known what is pending".into(),
    };
    match &facts.applied {
        Applied::NotAsked => {
            let no = deciding(records);
            if no.is_empty() {
                let safe = facts.rollback_safe().word();
                format!("{pending} on {place}; all may be applied, rollback safe: {safe}")
            } else {
                format!(
                    "{pending} on {place}; not to be applied because of {}",
                    no.join(", ")
                )
            }
        }
        Applied::Refused { by } => {
            let by: Vec<&str> = by.iter().map(|(id, _)| *id).collect();
            format!(
                "nothing was touched on {place}: {pending}, stopped by {}",
                by.join(", ")
            )
        }
        Applied::Ended(ended) => headline_of_apply(facts, ended, &place, exit),
    }
}

fn headline_of_apply(facts: &Facts, ended: &Ended, place: &str, exit: Exit) -> String {
    let all = facts.files.len();
    let taken = match &ended.took_over {
        Some(run) => format!(" (took over from {run})"),
        None => String::new(),
    };
    match &ended.stop {
        Some(stop) => {
            let state = match exit {
                Exit::Unsettled => "a change is half done",
                Exit::Pass | Exit::Fail | Exit::Config | Exit::Unknown => "nothing is half done",
            };
            format!("{place}: {}; {state}{taken}", stop.sentence)
        }
        None if ended.applied.is_empty() => {
            format!("nothing was pending on {place}; {all} migrations are applied{taken}")
        }
        None => format!(
            "{} of {all} migrations were applied to {place} and read back{taken}; schema version \
             {}, rollback safe: {}",
            ended.applied.len(),
            schema_version(facts),
            facts.rollback_safe().word()
        ),
    }
}

/// The checks that do not let it pass.
fn deciding(records: &[Record]) -> Vec<&str> {
    let is_no = |record: &&Record| {
        matches!(
            record.outcome,
            Outcome::Fail { .. } | Outcome::Unknown { .. }
        ) && record.waived.is_none()
    };
    records
        .iter()
        .filter(is_no)
        .map(|record| record.check.as_str())
        .collect()
}

fn next(facts: &Facts, exit: Exit) -> Vec<String> {
    let mut next = match &facts.applied {
        Applied::Ended(ended) => ended
            .stop
            .as_ref()
            .map(|stop| stop.next.clone())
            .unwrap_or_default(),
        Applied::NotAsked | Applied::Refused { .. } => Vec::new(),
    };
    if let (Applied::NotAsked | Applied::Refused { .. }, Some(left)) = (&facts.applied, &facts.left)
    {
        next.push(format!(
            "an earlier run is not settled: {left}; `migrate-gate apply` takes over one of its own"
        ));
    }
    if exit == Exit::Unsettled && next.is_empty() {
        next.push("run `migrate-gate apply` again: it reads what is there and goes on".into());
    }
    next
}

fn tables(facts: &Facts) -> Vec<Table> {
    let Ok(pending) = &facts.pending else {
        return Vec::new();
    };
    if pending.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(
        "Pending migrations",
        &[
            "version",
            "name",
            "statements",
            "transaction",
            "rollback safe",
            "state",
        ],
    );
    for one in pending {
        let seconds = match &facts.applied {
            Applied::Ended(ended) => ended
                .applied
                .iter()
                .find(|(version, _)| *version == one.file.version),
            Applied::NotAsked | Applied::Refused { .. } => None,
        };
        table.row([
            one.file.version.clone(),
            one.file.name.clone(),
            one.script.statements.len().to_string(),
            if one.file.is_transactional {
                "one"
            } else {
                "none"
            }
            .to_owned(),
            one.rollback_safe().word().to_owned(),
            seconds.map_or("pending".into(), |(_, seconds)| {
                format!("applied in {seconds:.2} s")
            }),
        ]);
    }
    vec![table]
}

/// The newest migration that the database has at the end of the run; empty when it has none.
fn schema_version(facts: &Facts) -> String {
    let seen = match &facts.applied {
        Applied::Ended(ended) => ended.after.as_ref().ok(),
        Applied::NotAsked | Applied::Refused { .. } => facts.database.as_ref().ok(),
    };
    let rows = seen
        .and_then(|seen| seen.history.as_deref())
        .unwrap_or_default();
    newest(rows)
        .map(|row| row.version.clone())
        .unwrap_or_default()
}

/// What other gates and tools read.
pub fn detail(facts: &Facts) -> serde_json::Value {
    let files: Vec<serde_json::Value> = facts
        .files
        .iter()
        .map(|file| file_detail(facts, file))
        .collect();
    let pending: Vec<&str> = facts
        .pending
        .iter()
        .flatten()
        .map(|one| one.file.version.as_str())
        .collect();
    let applied: Vec<&str> = match &facts.applied {
        Applied::Ended(ended) => ended
            .applied
            .iter()
            .map(|(version, _)| version.as_str())
            .collect(),
        Applied::NotAsked | Applied::Refused { .. } => Vec::new(),
    };
    serde_json::json!({
        "files": files,
        "pending_before": pending,
        "applied": applied,
        "rollback_safe": facts.rollback_safe().word(),
        "schema_version": schema_version(facts),
        "backup": backup_detail(&facts.backup),
    })
}

fn file_detail(facts: &Facts, file: &File) -> serde_json::Value {
    let pending = facts
        .pending
        .iter()
        .flatten()
        .find(|one| one.file.version == file.version);
    let row = facts
        .rows()
        .unwrap_or_default()
        .iter()
        .find(|row| row.version == file.version);
    let safe = match (pending, row) {
        (Some(one), _) => one.rollback_safe().word(),
        (None, Some(row)) => &row.rollback_safe,
        (None, None) => "unknown",
    };
    serde_json::json!({
        "version": file.version,
        "name": file.name,
        "digest": file.digest.as_str(),
        "rollback_safe": safe,
    })
}

fn backup_detail(backup: &Dumped) -> serde_json::Value {
    match backup {
        Dumped::Made(Ok(dump)) => serde_json::json!({
            "path": dump.path,
            "size": dump.size,
            "digest": dump.digest.as_str(),
            // Complete: read back whole. Higher levels restore it and compare.
            "level": 1,
        }),
        Dumped::Made(Err(_)) | Dumped::NotNeeded | Dumped::Unconfigured | Dumped::Ready(_) => {
            serde_json::Value::Null
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::example::{seen, settled, with_pending};

    #[test]
    fn the_headline_of_a_check_says_what_is_pending_and_whether_it_may_be_applied() {
        let facts = with_pending("alter table entries add column x int");
        assert_eq!(
            headline(&facts, &[], Exit::Pass),
            "1 of 3 migrations pending on production (cal@db:5432/cal); all may be applied, rollback safe: yes"
        );
    }

    #[test]
    fn the_headline_of_an_apply_says_what_was_applied() {
        let mut facts = with_pending("alter table entries add column x int");
        let after = Ok(seen(&facts.files));
        facts.applied = Applied::Ended(Box::new(Ended {
            applied: vec![("0003".into(), 0.25)],
            stop: None,
            after,
            took_over: None,
        }));
        assert_eq!(
            headline(&facts, &[], Exit::Pass),
            "1 of 3 migrations were applied to production (cal@db:5432/cal) and read back; schema version 0003, rollback safe: yes"
        );
        let detail = detail(&facts);
        assert_eq!(detail["pending_before"], serde_json::json!(["0003"]));
        assert_eq!(detail["applied"], serde_json::json!(["0003"]));
        assert_eq!(detail["schema_version"], "0003");
        assert_eq!(detail["files"][2]["rollback_safe"], "yes");
        assert_eq!(detail["backup"], serde_json::Value::Null);
    }

    #[test]
    fn nothing_pending_has_no_table() {
        assert_eq!(tables(&settled()), []);
        assert_eq!(tables(&with_pending("select 1"))[0].rows.len(), 1);
    }
}
