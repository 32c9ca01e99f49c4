//! How far an earlier run came with a file that has no transaction, from what it wrote into the
//! journal.

use crate::plan::File;
use serde::{Deserialize, Serialize};
use shared::journal::{State, Unsettled};
use std::collections::BTreeMap;

/// The kind of effect that runs one statement of a file without a transaction.
pub(super) const STATEMENT: &str = "apply-statement";

/// How far one file came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Of the file's bytes at that time.
    pub(super) digest: String,
    /// How many of its first statements are done.
    pub(super) done: usize,
    /// Whether the next one may be done as well.
    pub(super) is_uncertain: bool,
}

/// What a run says of itself when it begins, so that the next one can go on from it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Purpose {
    /// The versions it was to apply.
    pub(super) pending: Vec<String>,
    /// How far files without a transaction had come, by version.
    pub(super) progress: BTreeMap<String, Progress>,
}

/// What an effect says of its statement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Detail {
    /// The file's number.
    pub(super) version: String,
    /// Of its bytes.
    pub(super) digest: String,
    /// Which statement, from 0.
    pub(super) statement: usize,
    /// Its line.
    pub(super) line: u64,
}

/// How far every file came before the run that left this.
pub(super) fn of(left: &Unsettled) -> BTreeMap<String, Progress> {
    let purpose: Purpose = serde_json::from_value(left.purpose.clone()).unwrap_or_default();
    let mut all = purpose.progress;
    for (effect, state) in &left.effects {
        if effect.name != STATEMENT {
            continue;
        }
        let Ok(detail) = serde_json::from_value::<Detail>(effect.detail.clone()) else {
            continue;
        };
        let progress = all.entry(detail.version).or_default();
        progress.digest = detail.digest;
        (progress.done, progress.is_uncertain) = match state {
            State::Finished => (detail.statement + 1, false),
            State::Started => (detail.statement, true),
            // PostgreSQL's no is an answer; silence is none.
            State::Failed { reason } => (detail.statement, reason.contains(super::failure::LOST)),
        };
    }
    all
}

/// The progress of a file, when an earlier run began it.
pub(super) fn of_file<'a>(
    all: &'a BTreeMap<String, Progress>,
    file: &File,
) -> Option<&'a Progress> {
    let progress = all.get(&file.version)?;
    (progress.done > 0 || progress.is_uncertain).then_some(progress)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::journal::Effect;

    fn left(purpose: Purpose, effects: &[(usize, State)]) -> Unsettled {
        let effect = |(statement, state): &(usize, State)| {
            let detail = Detail {
                version: "0004".into(),
                digest: "d".into(),
                statement: *statement,
                line: 1,
            };
            let detail = serde_json::to_value(detail).expect("has only plain fields");
            (
                Effect::new(STATEMENT, "production/main", detail),
                state.clone(),
            )
        };
        Unsettled {
            run: "run".into(),
            gate: "migrate-gate".into(),
            at: "2026-11-20T10:00:00Z".into(),
            purpose: serde_json::to_value(purpose).expect("has only plain fields"),
            effects: effects.iter().map(effect).collect(),
        }
    }

    fn progress(purpose: Purpose, effects: &[(usize, State)]) -> Option<(usize, bool)> {
        of(&left(purpose, effects))
            .get("0004")
            .map(|one| (one.done, one.is_uncertain))
    }

    #[test]
    fn a_killed_statement_is_uncertain_and_a_refused_one_is_not() {
        let refused = State::Failed {
            reason: "no such table [42P01]".into(),
        };
        let silent = State::Failed {
            reason: "no answer came: the server is silent".into(),
        };
        for (state, expected) in [
            (State::Finished, (2, false)),
            (State::Started, (1, true)),
            (refused, (1, false)),
            (silent, (1, true)),
        ] {
            let effects = [(0, State::Finished), (1, state)];
            assert_eq!(progress(Purpose::default(), &effects), Some(expected));
        }
    }

    #[test]
    fn what_an_earlier_run_had_done_is_kept_by_the_next() {
        let earlier = Progress {
            digest: "d".into(),
            done: 2,
            is_uncertain: false,
        };
        let purpose = || Purpose {
            progress: [("0004".to_owned(), earlier.clone())].into(),
            ..Purpose::default()
        };
        assert_eq!(progress(purpose(), &[]), Some((2, false)));
        assert_eq!(
            progress(purpose(), &[(2, State::Finished)]),
            Some((3, false))
        );
        assert_eq!(progress(Purpose::default(), &[]), None);
    }
}
