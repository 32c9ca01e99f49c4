//! What we kept a page from: requests that were held back, and those that had to wait.

use super::Page;
use crate::facts::{Noted, Visit};
use crate::judged::Judged;
use shared::verdict::Finding;

impl Page<'_> {
    /// Whether a request was held back whose answer the page could miss. How it is without it says
    /// nothing, neither good nor bad.
    pub(super) fn is_held(&self, judged: &mut Judged) -> bool {
        let name = &self.plan.name;
        if let Some(held) = self.worst(|visit| &visit.held) {
            judged.open(format!(
                "`{name}` sends {held}, which `allow.methods` does not grant: it was held back, and \
                 the page without it says nothing; allow the method if the page may send it here"
            ));
            return true;
        }
        if let Some(held) = self.worst(|visit| &visit.held_beacons) {
            judged.holds(format!(
                "`{name}`: {held} was held back, because `allow.methods` does not grant it; pages \
                 do not see the answer"
            ));
        }
        false
    }

    /// Something that was not there in time: nothing is found where we kept requests waiting.
    pub(super) fn late(&self, finding: Finding, judged: &mut Judged) {
        let runs = self.visits.runs.iter();
        let waited = runs.map(|visit| visit.waited).fold(0.0, f64::max);
        if waited > 0.0 {
            let message = finding.message;
            judged.open(format!(
                "{message}; but its requests waited up to {waited:.0} ms for `allow.per_second`"
            ));
        } else {
            judged.wrong(finding);
        }
    }

    /// `POST http://h/track` and how many more there were in the run with most of them.
    fn worst(&self, of: fn(&Visit) -> &Noted) -> Option<String> {
        let noted = self.visits.runs.iter().map(of);
        let worst = noted.max_by_key(|noted| noted.count)?;
        let first = worst.first.first()?;
        Some(match worst.count.saturating_sub(1) {
            0 => format!("`{first}`"),
            others => format!("`{first}` and {others} more"),
        })
    }
}
