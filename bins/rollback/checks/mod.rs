//! The checks of rollback: first what must hold before anything is touched, then the proof.

mod artifact;
mod put_back;
mod schema;
mod target;
mod verified;

use crate::facts::Facts;
use shared::check::Check;
use shared::verdict::Outcome;

/// The one table.
pub static CHECKS: [Check<Facts>; 5] = [
    target::CHECK,
    schema::CHECK,
    artifact::CHECK,
    put_back::CHECK,
    verified::CHECK,
];

/// Whether everything that must hold before a change holds.
pub fn may_act(facts: &Facts) -> bool {
    let before = [target::CHECK, schema::CHECK, artifact::CHECK];
    before.iter().all(|check| {
        matches!(
            (check.run)(facts),
            Outcome::Pass { .. } | Outcome::Skipped { .. }
        )
    })
}

#[cfg(test)]
mod sample;
