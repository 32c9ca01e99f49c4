//! What a check is, which ones were asked for, and how facts become records.

use crate::error::{Error, Result};
use crate::verdict::{Outcome, Record, Severity};
use serde::Serialize;

/// One judgement about facts: pure, no I/O.
#[derive(Debug)]
pub struct Check<F: 'static> {
    /// The check's name in flags, receipts and documents: words joined by `-`.
    pub id: &'static str,
    /// What must hold.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do when it does not hold.
    pub fix: &'static str,
    /// Whether it decides the verdict.
    pub severity: Severity,
    /// The judgement.
    pub run: fn(&F) -> Outcome,
}

/// What people and tools may know about a check without running it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Entry {
    /// See [`Check::id`].
    pub id: &'static str,
    /// See [`Check::title`].
    pub title: &'static str,
    /// See [`Check::why`].
    pub why: &'static str,
    /// See [`Check::fix`].
    pub fix: &'static str,
    /// See [`Check::severity`].
    pub severity: Severity,
}

impl<F> Check<F> {
    /// The check's line in the catalogue.
    pub fn entry(&self) -> Entry {
        Entry {
            id: self.id,
            title: self.title,
            why: self.why,
            fix: self.fix,
            severity: self.severity,
        }
    }

    fn record(&self, outcome: Outcome) -> Record {
        Record {
            check: self.id.into(),
            title: self.title.into(),
            severity: self.severity,
            outcome,
            fix: self.fix.into(),
            waived: None,
        }
    }
}

/// Which checks were asked for with `--only` and `--skip`.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Ids after `--only`; empty means all.
    pub only: Vec<String>,
    /// Ids after `--skip`.
    pub skip: Vec<String>,
}

impl Selection {
    /// Whether some checks were left out, so that the receipt cannot stand for the whole gate.
    pub fn is_partial(&self) -> bool {
        !self.only.is_empty() || !self.skip.is_empty()
    }

    /// Refuses ids that no check has, and a selection that leaves nothing.
    pub fn validate(&self, known: &[Entry]) -> Result<()> {
        for id in self.only.iter().chain(&self.skip) {
            if !known.iter().any(|entry| entry.id == id) {
                let ids: Vec<&str> = known.iter().map(|entry| entry.id).collect();
                return Err(Error::config(format!("there is no check `{id}`"))
                    .hint(crate::config::nearest_hint(id, &ids)));
            }
        }
        if !known.is_empty()
            && known
                .iter()
                .all(|entry| self.reason_to_skip(entry.id).is_some())
        {
            return Err(Error::config("`--only` and `--skip` leave no check to run"));
        }
        Ok(())
    }

    fn reason_to_skip(&self, id: &str) -> Option<&'static str> {
        if self.skip.iter().any(|skipped| skipped == id) {
            Some("left out by `--skip`")
        } else if !self.only.is_empty() && !self.only.iter().any(|wanted| wanted == id) {
            Some("left out by `--only`")
        } else {
            None
        }
    }
}

/// Judges the facts with every check of the table, in its order.
pub fn judge<F>(checks: &[Check<F>], facts: &F, selection: &Selection) -> Vec<Record> {
    checks
        .iter()
        .map(|check| {
            check.record(match selection.reason_to_skip(check.id) {
                Some(reason) => Outcome::skipped(reason),
                None => (check.run)(facts),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: [Check<bool>; 2] = [
        Check {
            id: "holds",
            title: "it holds",
            why: "because",
            fix: "make it hold",
            severity: Severity::Error,
            run: |fact| {
                if *fact {
                    Outcome::pass("it was seen")
                } else {
                    Outcome::unknown("not seen")
                }
            },
        },
        Check {
            id: "other",
            title: "other holds",
            why: "because",
            fix: "nothing",
            severity: Severity::Warning,
            run: |_| Outcome::skipped("never applies"),
        },
    ];

    fn entries() -> Vec<Entry> {
        TABLE.iter().map(Check::entry).collect()
    }

    #[test]
    fn a_check_left_out_is_recorded_as_skipped() {
        let selection = Selection {
            only: vec!["other".into()],
            skip: vec![],
        };
        let records = judge(&TABLE, &true, &selection);
        assert_eq!(records[0].outcome, Outcome::skipped("left out by `--only`"));
        assert!(selection.is_partial());
    }

    #[test]
    fn an_unknown_id_is_a_config_error_that_names_the_nearest() {
        let selection = Selection {
            only: vec!["hold".into()],
            skip: vec![],
        };
        let error = selection
            .validate(&entries())
            .expect_err("`hold` is no check");
        assert_eq!(
            error.to_string(),
            "there is no check `hold`; did you mean `holds`?"
        );
    }

    #[test]
    fn leaving_out_everything_is_a_config_error() {
        let selection = Selection {
            only: vec![],
            skip: vec!["holds".into(), "other".into()],
        };
        assert!(selection.validate(&entries()).is_err());
    }
}
