//! Whether a series put its load on the service, and whether this machine could measure it.

use super::{CONFIDENCE, Figures, milliseconds, ms, whole_percent};
use crate::answer::Break;
use crate::facts::Measured;
use crate::plan::LoadPlan;

/// A generator that is later than this part of the smallest limit has not sent the load that was
/// asked for, and one that shakes by more cannot measure it.
const LARGEST_PART: f64 = 0.1;
/// A generator that needs more than this of its core makes requests wait for itself.
const LARGEST_PROCESSOR: f64 = 0.85;
/// A series of which more than this was turned away has not put its load on the service.
const LARGEST_TURNED_AWAY: f64 = 0.05;

impl Figures {
    /// Whether the service itself keeps requests from being sent: it is slow, and all connections
    /// wait for it.
    pub(crate) fn is_held_up(&self, measured: &Measured, plan: &LoadPlan) -> bool {
        let is_full = measured.most_open >= plan.connections as usize;
        let mut limits = plan.limits.iter();
        is_full
            && limits.any(|limit| {
                let share = limit.share().unwrap_or(CONFIDENCE);
                self.service.value(share) >= milliseconds(limit.under)
            })
    }

    /// Why the load that was asked for was not the one that was put on the service.
    pub(crate) fn unfit(&self, measured: &Measured, plan: &LoadPlan) -> Option<String> {
        if let Some(count) = self.failures.get(Break::Machine.word()) {
            return Some(format!(
                "the generator was the bottleneck: {count} requests found no socket left on this \
                 machine"
            ));
        }
        if let Some(count) = self.failures.get(Break::Allowance.word()) {
            return Some(format!(
                "{count} requests were not sent, because what `allow.requests` grants was used up"
            ));
        }
        let largest = LARGEST_PART * milliseconds(plan.finest().unwrap_or(plan.within));
        let is_unsent = measured.unsent > 0 && !self.is_held_up(measured, plan);
        if self.lateness > largest || is_unsent {
            return Some(format!(
                "the generator was the bottleneck: it could send {:.0} of {:.0} requests per \
                 second, the 95th percentile of how late they were is {} (at most {} will do), {} \
                 were open at once and {} were never sent",
                measured.pace.achieved(),
                measured.pace.planned(),
                ms(self.lateness),
                ms(largest),
                measured.most_open,
                measured.unsent
            ));
        }
        let all = self.all();
        is_too_much_turned_away(self.turned_away, all).then(|| {
            format!(
                "{} of {all} requests were turned away by a rate limit (429), so the load was \
                 never on the service; send fewer per second, or exempt this client",
                self.turned_away
            )
        })
    }

    /// Why a time that is too long may be the instrument's own. What shakes makes times longer and
    /// never shorter, so times that are short enough stay so.
    pub(crate) fn doubt(measured: &Measured, plan: &LoadPlan) -> Option<String> {
        let instrument = &measured.instrument;
        let largest = LARGEST_PART * milliseconds(plan.finest()?);
        let jitter = instrument.calibration.map_or(0.0, |found| found.jitter());
        if jitter > largest {
            return Some(format!(
                "this machine shakes by {} without any service (99th percentile, at most {} will \
                 do for this limit)",
                ms(jitter),
                ms(largest)
            ));
        }
        (instrument.processor > LARGEST_PROCESSOR).then(|| {
            format!(
                "the generator was the bottleneck: it used {} of its core (at most {} will do)",
                whole_percent(instrument.processor),
                whole_percent(LARGEST_PROCESSOR)
            )
        })
    }
}

/// Whether so many of a series were turned away by a rate limit that its load was never on the
/// service.
pub(crate) fn is_too_much_turned_away(turned_away: u64, all: u64) -> bool {
    turned_away as f64 > (all as f64 * LARGEST_TURNED_AWAY).floor()
}
