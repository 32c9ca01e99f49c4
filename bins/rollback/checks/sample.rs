//! A rollback that went well, for the tests to damage.

use crate::facts::{Answers, Done, Facts, Migration, Target};
use shared::ledger::{Entry, State};
use shared::place::Place;
use shared::release::Release;
use shared::traffic::Weight;

fn release(version: &str) -> Release {
    let digits: String = version
        .chars()
        .filter(char::is_ascii_digit)
        .cycle()
        .take(40)
        .collect();
    Release {
        version: version.to_owned().try_into().expect("is a version"),
        commit: digits.try_into().expect("is 40 digits"),
        artifacts: Default::default(),
    }
}

/// A migration with that answer.
pub fn migration(rollback_safe: &str) -> Migration {
    Migration {
        version: "0003".into(),
        name: "note".into(),
        rollback_safe: rollback_safe.into(),
    }
}

/// From 1.4.0 back to 1.1.0.
pub fn facts() -> Facts {
    Facts {
        bad: Some(release("1.4.0")),
        target: Ok(Target {
            entry: Entry {
                schema: 1,
                id: "run".into(),
                release: release("1.1.0"),
                at: "2026-11-21T10:00:00Z".into(),
                actor: "ada".into(),
                schema_version: "0002".into(),
                state: State::Good,
                note: "promoted".into(),
            },
            is_condemned: false,
            runs_already: false,
        }),
        schema: Some(Ok(vec![migration("yes")])),
        artifact: Ok("web is sha256:abc as in the ledger".into()),
        done: Some(Done {
            was_needed: true,
            problem: None,
            seconds: 2.0,
            places: vec![Place {
                subject: "production/web".into(),
                weight: Ok(Weight::NONE),
                stable: vec![("127.0.0.1:7890".into(), Ok("1.1.0".into()))],
                reproduce: "curl -sS http://127.0.0.1:7000/".into(),
            }],
            answers: Answers {
                url: "http://127.0.0.1:8080/".into(),
                asked: 20,
                good: 20,
                first_bad: None,
            },
        }),
    }
}
