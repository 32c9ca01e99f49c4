//! What pairs of requests come to: how much slower the new release is, and whether it fails more.
//!
//! Times: the differences within the pairs, judged by their order statistics. For the median that is
//! the interval of the sign test (W. J. Dixon and A. M. Mood, "The statistical sign test", Journal of
//! the American Statistical Association 41 (1946), 557-566); for other percentiles see
//! [`crate::statistics`]. Neither assumes anything about how the differences are distributed.
//! Failures: the pairs in which one of both failed (Q. McNemar, "Note on the sampling error of the
//! difference between correlated proportions or percentages", Psychometrika 12 (1947), 153-157),
//! by the exact binomial distribution.

use crate::facts::{Compared, Pair};
use crate::figures::milliseconds;
use crate::plan::{ComparePlan, DeltaLimit};
use crate::spread::{Decided, Percentile, Spread};
use crate::statistics::{at_most, lower_bound, needed_for_share, upper_bound};
use shared::config::Delta;

/// A current release that fails in more of the pairs is nothing to compare with.
const MOST_FAILURES_OF_CURRENT: f64 = 0.1;

/// What pairs of requests come to.
#[derive(Clone, Debug)]
pub(crate) struct Contrast {
    /// How many pairs there are.
    pub(crate) pairs: u64,
    /// In how many only the new one failed.
    pub(crate) only_new_failed: u64,
    /// In how many only the current one failed.
    pub(crate) only_current_failed: u64,
    /// In how many both failed.
    pub(crate) both_failed: u64,
    /// How many kept connections to the new one ended when a request had just been sent.
    pub(crate) cut: u64,
    /// How much longer the new one took, in milliseconds.
    pub(crate) by_time: Spread,
    /// The same as a part of what the current one took.
    pub(crate) by_part: Spread,
    /// The times of the new one.
    pub(crate) new: Spread,
    /// The times of the current one.
    pub(crate) current: Spread,
    confidence: f64,
}

impl Contrast {
    /// Reckons with everything that was asked.
    pub(crate) fn of(compared: &Compared, plan: &ComparePlan) -> Self {
        let all = &compared.pairs;
        let count = |is: fn(&Pair) -> bool| all.iter().filter(|pair| is(pair)).count() as u64;
        // Where the current one failed there is nothing to compare with. Where only the new one did,
        // it is slower by more than any limit.
        let differences = |difference: fn(&Pair) -> f64| {
            let pairs = all.iter().filter(|pair| pair.current.is_well());
            Spread::of(pairs.map(|pair| match pair.new.is_well() {
                true => difference(pair),
                false => f64::INFINITY,
            }))
        };
        let times = |time: fn(&Pair) -> Option<f64>| Spread::of(all.iter().filter_map(time));
        Self {
            pairs: all.len() as u64,
            only_new_failed: count(|pair| !pair.new.is_well() && pair.current.is_well()),
            only_current_failed: count(|pair| pair.new.is_well() && !pair.current.is_well()),
            both_failed: count(|pair| !pair.new.is_well() && !pair.current.is_well()),
            cut: compared.cut,
            by_time: differences(|pair| pair.new.time - pair.current.time),
            // No answer takes no time; the smallest that is measured stands for it.
            by_part: differences(|pair| pair.new.time / pair.current.time.max(0.001) - 1.0),
            new: times(|pair| pair.new.is_well().then_some(pair.new.time)),
            current: times(|pair| pair.current.is_well().then_some(pair.current.time)),
            confidence: plan.confidence(),
        }
    }

    /// Whether the new one is slower by less than a limit.
    pub(crate) fn times(&self, limit: &DeltaLimit) -> Decided {
        match limit.under {
            Delta::Time(time) => {
                let under = milliseconds(time);
                self.by_time.is_under(under, limit.share, self.confidence)
            }
            Delta::Part(part) => {
                let under = part.fraction();
                self.by_part.is_under(under, limit.share, self.confidence)
            }
        }
    }

    /// How much slower it is, in the unit of the limit.
    pub(crate) fn found(&self, limit: &DeltaLimit) -> Percentile {
        let spread = match limit.under {
            Delta::Time(_) => &self.by_time,
            Delta::Part(_) => &self.by_part,
        };
        spread.percentile(limit.share, self.confidence)
    }

    /// How many pairs have an answer of the current one.
    pub(crate) fn compared(&self) -> u64 {
        self.by_time.count()
    }

    /// How sure each statement is.
    pub(crate) fn confidence(&self) -> f64 {
        self.confidence
    }

    /// The largest share of pairs in which only the new one fails that these still allow. The share
    /// of failures of the new one exceeds that of the current one by no more than this.
    pub(crate) fn most_failures(&self) -> f64 {
        upper_bound(self.only_new_failed, self.pairs, self.confidence)
    }

    /// The smallest share that these prove, with so many more that may have failed.
    pub(crate) fn least_failures(&self, more: u64) -> f64 {
        let failed = (self.only_new_failed + more).min(self.pairs);
        lower_bound(failed, self.pairs, self.confidence)
    }

    /// How likely so many of the pairs with one failure would have it on the side of the new one, if
    /// both failed equally often.
    pub(crate) fn chance(&self) -> f64 {
        let uneven = self.only_new_failed + self.only_current_failed;
        match self.only_new_failed {
            0 => 1.0,
            new => 1.0 - at_most(new - 1, uneven, 0.5),
        }
    }

    /// Whether the new one fails no more often than the limit, which one failure too many by chance
    /// does not break.
    pub(crate) fn errors(&self, plan: &ComparePlan) -> Decided {
        let limit = plan.errors.fraction();
        let is_cut = self.cut > 0 && self.least_failures(self.cut) > limit;
        if self.pairs > 0 && self.most_failures() <= limit && !is_cut {
            Decided::Kept
        } else if self.chance() <= 1.0 - self.confidence && self.least_failures(0) > limit {
            Decided::Broken
        } else {
            let (failed, pairs) = (self.only_new_failed, self.pairs);
            Decided::Open(needed_for_share(failed, pairs, limit, self.confidence))
        }
    }

    /// Why there is nothing to compare with.
    pub(crate) fn unfit(&self) -> Option<String> {
        let failed = self.only_current_failed + self.both_failed;
        (failed as f64 > MOST_FAILURES_OF_CURRENT * self.pairs as f64).then(|| {
            format!(
                "the current release failed in {failed} of {} pairs, so there is nothing to compare \
                 with",
                self.pairs
            )
        })
    }

    /// Whether more pairs could change what is said: something is open and nothing is broken.
    pub(crate) fn is_open(&self, plan: &ComparePlan) -> bool {
        let mut all: Vec<Decided> = plan.limits.iter().map(|limit| self.times(limit)).collect();
        all.push(self.errors(plan));
        self.unfit().is_none()
            && !all.contains(&Decided::Broken)
            && all
                .iter()
                .any(|decided| matches!(decided, Decided::Open(_)))
    }
}

#[cfg(test)]
mod tests;
