//! A deployment status, and what of it is ours: the description starts with our name and the state
//! in our words, because other tools add statuses of their own to any deployment.

use crate::error::one_line;
use crate::ledger::State;
use serde::{Deserialize, Serialize};

/// `description` has `maxLength: 140` in the published schema.
const LONGEST_DESCRIPTION: usize = 140;

const MARK: &str = "sluicegate: ";

/// What became of a release and why, as far as a status can hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) state: State,
    pub(super) note: String,
}

impl Said {
    /// The note as one line, and cut as the API would.
    pub(super) fn new(state: State, note: &str) -> Self {
        let full = Self {
            state,
            note: one_line(note),
        };
        parse(&full.description()).unwrap_or(full)
    }

    fn description(&self) -> String {
        let word = self.state.word();
        match self.note.as_str() {
            "" => format!("{MARK}{word}"),
            note => cut(&format!("{MARK}{word}: {note}")),
        }
    }
}

/// What is sent to create a status.
#[derive(Debug, Serialize)]
pub(super) struct NewStatus<'a> {
    state: &'static str,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_url: Option<&'a str>,
    // Makes GitHub show one active deployment; what it adds to older ones, we do not read.
    auto_inactive: bool,
}

impl<'a> NewStatus<'a> {
    pub(super) fn of(said: &Said, log_url: Option<&'a str>) -> Self {
        Self {
            state: word(said.state),
            description: said.description(),
            log_url,
            auto_inactive: said.state == State::Good,
        }
    }
}

/// What is read of a status.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    #[serde(default)]
    pub(super) id: u64,
    state: String,
    #[serde(default)]
    description: Option<String>,
}

impl Status {
    /// A status that was sent and found.
    pub(super) fn of(sent: &NewStatus<'_>) -> Self {
        Self {
            id: 0,
            state: sent.state.to_owned(),
            description: Some(sent.description.clone()),
        }
    }

    /// What we said by it. One with our name that does not fit together, or that a newer version
    /// wrote, is no conclusion: the release counts as in progress.
    pub(super) fn said(&self) -> Option<Said> {
        let description = self.description.as_deref()?;
        let rest = description.strip_prefix(MARK)?;
        let said = parse(description).filter(|said| word(said.state) == self.state);
        Some(said.unwrap_or_else(|| Said {
            state: State::InProgress,
            note: rest.to_owned(),
        }))
    }
}

/// `error` is a release given up without a judgement; `inactive` would not do, because GitHub itself
/// adds it to deployments that were good.
fn word(state: State) -> &'static str {
    match state {
        State::InProgress => "in_progress",
        State::Good => "success",
        State::Bad => "failure",
        State::Abandoned => "error",
    }
}

fn parse(description: &str) -> Option<Said> {
    let rest = description.strip_prefix(MARK)?;
    let (word, note) = rest.split_once(": ").unwrap_or((rest, ""));
    let states = [State::InProgress, State::Good, State::Bad, State::Abandoned];
    let state = states.into_iter().find(|state| state.word() == word)?;
    Some(Said {
        state,
        note: note.to_owned(),
    })
}

/// The text in at most 140 characters.
pub(super) fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST_DESCRIPTION {
        return text.to_owned();
    }
    let kept: String = text.chars().take(LONGEST_DESCRIPTION - 1).collect();
    format!("{}\u{2026}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn status(state: &str, description: &str) -> Status {
        Status {
            id: 1,
            state: state.into(),
            description: Some(description.into()),
        }
    }

    #[test]
    fn every_state_comes_back_as_it_was_said() {
        for state in [State::InProgress, State::Good, State::Bad, State::Abandoned] {
            for note in ["", "p99 is 840 ms: limit 500 ms", "two\nlines"] {
                let said = Said::new(state, note);
                assert_eq!(said.note, one_line(note));
                assert_eq!(Status::of(&NewStatus::of(&said, None)).said(), Some(said));
            }
        }
    }

    #[test]
    fn a_status_of_another_tool_says_nothing_of_ours() {
        for description in ["", "Deployment finished successfully.", "good: by hand"] {
            assert_eq!(status("success", description).said(), None);
        }
        let without = Status {
            id: 1,
            state: "inactive".into(),
            description: None,
        };
        assert_eq!(without.said(), None);
    }

    #[test]
    fn what_does_not_fit_together_is_in_progress_and_not_good() {
        let cases = [
            ("success", "sluicegate: bad: errors"),
            ("failure", "sluicegate: good"),
            ("success", "sluicegate: splendid"),
            ("waiting", "sluicegate: good"),
        ];
        for (state, description) in cases {
            let said = status(state, description).said().expect("is ours");
            assert_eq!(said.state, State::InProgress, "{state} {description}");
        }
    }

    proptest! {
        #[test]
        fn any_note_fits_and_says_the_same_when_said_again(note in "\\PC{0,300}|[a: \\n\u{1f600}]{0,300}") {
            let said = Said::new(State::Bad, &note);
            let sent = NewStatus::of(&said, None);
            prop_assert!(sent.description.chars().count() <= LONGEST_DESCRIPTION);
            prop_assert_eq!(Status::of(&sent).said(), Some(said.clone()));
            prop_assert_eq!(Said::new(State::Bad, &said.note), said);
        }
    }
}
