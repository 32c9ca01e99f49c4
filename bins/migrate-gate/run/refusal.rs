//! Which checks stand between the pending files and the database.

use crate::checks::{AFTERWARDS, CHECKS, NEVER_WAIVED};
use crate::facts::Facts;
use shared::gate::Context;

/// The checks that do not pass, with their words; `--only` and `--skip` leave none of them out,
/// a waiver in force does, except of what cannot be run.
pub(super) fn refusals(context: &Context, facts: &Facts) -> Vec<(&'static str, &'static str)> {
    CHECKS
        .iter()
        .filter(|check| check.id != AFTERWARDS)
        .map(|check| (check.id, (check.run)(facts).word()))
        .filter(|(id, word)| {
            let is_let_through = is_waived(context, id) && !NEVER_WAIVED.contains(id);
            !matches!(*word, "pass" | "skipped") && !is_let_through
        })
        .collect()
}

/// Whether a waiver of the configuration keeps the check out of the verdict here and today.
fn is_waived(context: &Context, id: &str) -> bool {
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    context.config.document.waivers.iter().any(|waiver| {
        let is_here = waiver.environments.is_empty()
            || waiver
                .environments
                .iter()
                .any(|name| name.value == context.environment);
        waiver.check == id && is_here && today <= waiver.until
    })
}
