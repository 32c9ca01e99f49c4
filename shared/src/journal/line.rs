//! One line of a journal, and what all of them say together.

use super::{Effect, State};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// One line of the file. Saved format: `schema` 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) schema: u32,
    pub(super) run: String,
    pub(super) at: String,
    pub(super) event: Event,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Event {
    /// A run is about to change something; `purpose` is what a later run needs to know of it.
    Opened {
        gate: String,
        purpose: serde_json::Value,
    },
    Started {
        number: u64,
        effect: Effect,
    },
    Finished {
        number: u64,
    },
    Failed {
        number: u64,
        reason: String,
    },
    /// All changes of the run are finished or undone, and were read back.
    Settled {
        how: String,
    },
}

/// A run that changed something and did not settle it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsettled {
    /// The run's id.
    pub run: String,
    /// The gate's name.
    pub gate: String,
    /// When it began, RFC 3339 in UTC.
    pub at: String,
    /// What the run said of itself when it began.
    pub purpose: serde_json::Value,
    /// What it started, in order.
    pub effects: Vec<(Effect, State)>,
}

impl Unsettled {
    /// What finishes or undoes it.
    pub fn remedy(&self, environment: &str) -> String {
        let command = match self.gate.as_str() {
            "migrate-gate" => "migrate-gate apply",
            "rollback" => "rollback",
            _ => "canary-promote reconcile",
        };
        format!("run `{command} --environment {environment}`: it goes on where that run stopped")
    }
}

/// What the last run of a journal left; `None` when it settled everything.
pub(super) fn last_unsettled(text: &str) -> Result<Option<Unsettled>> {
    let mut last: Option<Unsettled> = None;
    for (index, line) in text.lines().enumerate() {
        let line: Line = serde_json::from_str(line).map_err(|error| {
            Error::unavailable(format!("line {} of the journal does not parse", index + 1))
                .source(error)
                .hint("read it, settle what it says by hand, then move it away")
        })?;
        match line.event {
            Event::Opened { gate, purpose } => {
                // A run that takes over from an unsettled one settles both.
                last = Some(Unsettled {
                    run: line.run,
                    gate,
                    at: line.at,
                    purpose,
                    effects: Vec::new(),
                });
            }
            Event::Started { effect, .. } => {
                if let Some(run) = &mut last {
                    run.effects.push((effect, State::Started));
                }
            }
            Event::Finished { number } => set_state(&mut last, number, State::Finished),
            Event::Failed { number, reason } => {
                set_state(&mut last, number, State::Failed { reason });
            }
            Event::Settled { .. } => last = None,
        }
    }
    Ok(last)
}

fn set_state(run: &mut Option<Unsettled>, number: u64, state: State) {
    let index = usize::try_from(number).unwrap_or(usize::MAX);
    if let Some((_, old)) = run.as_mut().and_then(|run| run.effects.get_mut(index)) {
        *old = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,200}") {
            let _ = last_unsettled(&text);
        }
    }
}
