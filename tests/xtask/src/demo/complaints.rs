//! When somebody would reach for a rollback: users have met errors.

use crate::Result;
use std::time::Duration;
use support::deadline::wait_until;
use support::traffic::Traffic;

/// So many errors are no accident any more.
const ENOUGH: u64 = 100;

/// Waits until users have met that many from now on.
pub fn wait_for(traffic: &Traffic) -> Result {
    let before = traffic.totals();
    let met = || match (&traffic.totals() - &before).errors {
        met if met >= ENOUGH => Ok(()),
        met => Err(format!("{met} so far")),
    };
    Ok(wait_until(
        "errors for users",
        Duration::from_secs(10),
        met,
    )?)
}
