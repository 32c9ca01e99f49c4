//! Whether everything that was pending is applied, as the database itself says afterwards.

use super::counted;
use crate::facts::{Applied, Ended, Facts, Stop};
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "applied",
    title: "every migration of the release is applied, read back from the database",
    why: "an exit code of a migration tool is no proof: what counts is what the database has \
          afterwards",
    fix: "remove the cause that the finding names, then run `migrate-gate apply` again: it goes on \
          where it stopped",
    severity: Severity::Error,
    run: check,
};

const REPRODUCE: &str = "migrate-gate status";

fn check(facts: &Facts) -> Outcome {
    match &facts.applied {
        Applied::NotAsked => Outcome::skipped("only `apply` applies"),
        Applied::Refused { by } => refused(by),
        Applied::Ended(ended) => match &ended.stop {
            Some(stop) => stopped(stop),
            None => read_back(facts, ended),
        },
    }
}

fn refused(by: &[(&'static str, &'static str)]) -> Outcome {
    let names: Vec<String> = by
        .iter()
        .map(|(id, word)| format!("`{id}` ({word})"))
        .collect();
    let sentence = format!("nothing was applied, because of {}", names.join(", "));
    if by.iter().any(|(_, word)| *word == "fail") {
        return Outcome::fail(Finding::new(sentence).compared("not applied", "applied"));
    }
    Outcome::unknown(sentence)
}

fn stopped(stop: &Stop) -> Outcome {
    if !stop.is_no {
        let place = stop
            .place
            .as_ref()
            .map(|(path, line, column)| format!("{path}:{line}:{column} "));
        return Outcome::unknown(format!("{}{}", place.unwrap_or_default(), stop.sentence));
    }
    let finding = Finding::new(stop.sentence.clone()).reproduce(REPRODUCE);
    Outcome::fail(match &stop.place {
        Some((path, line, column)) => finding.in_file(path, *line, *column),
        None => finding,
    })
}

fn read_back(facts: &Facts, ended: &Ended) -> Outcome {
    let after = match &ended.after {
        Ok(after) => after,
        Err(reason) => return Outcome::unknown(format!("it could not be read back: {reason}")),
    };
    let rows = after.history.as_deref().unwrap_or_default();
    let mut findings = Vec::new();
    for file in &facts.files {
        let finding = match rows.iter().find(|row| row.version == file.version) {
            None => Finding::new(format!(
                "{} is not in the history after the apply",
                file.path
            )),
            Some(row) if row.digest != file.digest.as_str() => Finding::new(format!(
                "{} is in the history with another digest",
                file.path
            ))
            .compared(&row.digest, file.digest.as_str()),
            Some(_) => continue,
        };
        findings.push(finding.in_file(&file.path, 1, 1).reproduce(REPRODUCE));
    }
    findings.extend(after.invalid_indexes.iter().map(|index| {
        Finding::new(format!("index `{index}` is INVALID after the apply"))
            .reproduce("psql \"$DATABASE_URL\" -c 'select indexrelid::regclass from pg_index where not indisvalid'")
    }));
    let seconds: f64 = ended.applied.iter().map(|(_, seconds)| seconds).sum();
    let versions: Vec<&str> = ended
        .applied
        .iter()
        .map(|(version, _)| version.as_str())
        .collect();
    let applied = match versions.is_empty() {
        true => "nothing was pending".to_owned(),
        false => format!(
            "{} applied in {seconds:.2} s: {}",
            counted(versions.len(), "file"),
            versions.join(", ")
        ),
    };
    let evidence = vec![
        applied,
        format!(
            "read back: {} of {} in the history with equal digests, {} indexes, 0 INVALID; a \
             second apply would find 0 pending",
            facts.files.len(),
            counted(facts.files.len(), "file"),
            after.catalogue.indexes.len()
        ),
    ];
    Outcome::judge(evidence, findings, vec![])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::example::{seen, settled};

    fn ended(stop: Option<Stop>) -> Ended {
        let after = Ok(seen(&settled().files));
        Ended {
            applied: vec![("0002".into(), 0.5)],
            stop,
            after,
            took_over: None,
        }
    }

    fn with(applied: Applied) -> Facts {
        Facts {
            applied,
            ..settled()
        }
    }

    #[test]
    fn what_was_read_back_whole_passes() {
        assert_eq!(
            check(&with(Applied::Ended(Box::new(ended(None))))),
            Outcome::Pass {
                evidence: vec![
                "1 file applied in 0.50 s: 0002".into(),
                "read back: 2 of 2 files in the history with equal digests, 0 indexes, 0 INVALID; \
                 a second apply would find 0 pending"
                    .into(),
            ]
            }
        );
    }

    #[test]
    fn a_row_that_is_missing_or_different_fails() {
        let mut ended = ended(None);
        ended.after = ended.after.map(|mut after| {
            let rows = after.history.as_mut().expect("the example has a history");
            rows.remove(1);
            rows[0].digest = "0".repeat(64);
            after.invalid_indexes = vec!["i".into()];
            after
        });
        let Outcome::Fail { findings } = check(&with(Applied::Ended(Box::new(ended)))) else {
            panic!("one is missing")
        };
        let messages: Vec<&str> = findings
            .iter()
            .map(|finding| finding.message.as_str())
            .collect();
        assert_eq!(
            messages,
            [
                "db/0001_init.sql is in the history with another digest",
                "db/0002_more.sql is not in the history after the apply",
                "index `i` is INVALID after the apply",
            ]
        );
    }

    #[test]
    fn what_was_refused_is_said_with_the_check_that_refused() {
        let facts = with(Applied::Refused {
            by: vec![("locks", "fail"), ("parses", "unknown")],
        });
        let finding =
            Finding::new("nothing was applied, because of `locks` (fail), `parses` (unknown)")
                .compared("not applied", "applied");
        assert_eq!(check(&facts), Outcome::fail(finding));
        let facts = with(Applied::Refused {
            by: vec![("parses", "unknown")],
        });
        assert_eq!(
            check(&facts),
            Outcome::unknown("nothing was applied, because of `parses` (unknown)")
        );
    }

    #[test]
    fn a_stop_is_a_no_or_unknown_as_the_database_said() {
        let stop = |is_no| Stop {
            place: Some(("db/0002_more.sql".into(), 3, 1)),
            sentence: "it was rolled back".into(),
            is_no,
            is_settled: true,
            next: vec![],
        };
        let finding = Finding::new("it was rolled back")
            .in_file("db/0002_more.sql", 3, 1)
            .reproduce(REPRODUCE);
        assert_eq!(
            check(&with(Applied::Ended(Box::new(ended(Some(stop(true))))))),
            Outcome::fail(finding)
        );
        assert_eq!(
            check(&with(Applied::Ended(Box::new(ended(Some(stop(false))))))),
            Outcome::unknown("db/0002_more.sql:3:1 it was rolled back")
        );
    }

    #[test]
    fn what_could_not_be_read_back_is_unknown_and_a_check_applies_nothing() {
        let broken = Ended {
            after: Err("no route".into()),
            ..ended(None)
        };
        assert_eq!(
            check(&with(Applied::Ended(Box::new(broken)))),
            Outcome::unknown("it could not be read back: no route")
        );
        assert_eq!(check(&settled()), Outcome::skipped("only `apply` applies"));
    }
}
