//! Numbers in their order, and what can be said of a percentile of them without assuming anything
//! about how they are distributed.

use crate::statistics::{needed_for_percentile, ranks};

/// Numbers in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spread(Vec<f64>);

/// What was seen decides about a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    /// It is kept.
    Kept,
    /// It is broken.
    Broken,
    /// Too little was seen; about so many would decide, if any number would.
    Open(Option<u64>),
}

/// A percentile, and between which two numbers the true one lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Percentile {
    /// What was seen.
    pub(crate) value: f64,
    /// The lower end of the interval, when there are enough numbers for one.
    pub(crate) lower: Option<f64>,
    /// Its upper end.
    pub(crate) upper: Option<f64>,
}

impl Spread {
    /// Puts them in order.
    pub(crate) fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let mut numbers: Vec<f64> = numbers.collect();
        numbers.sort_unstable_by(f64::total_cmp);
        Self(numbers)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The smallest number that at least this part of all does not exceed; infinite for none.
    pub(crate) fn value(&self, part: f64) -> f64 {
        let rank = (part * self.0.len() as f64).ceil().max(1.0) as u64;
        self.ranked(rank).unwrap_or(f64::INFINITY)
    }

    /// The same with the interval that holds the true percentile with this confidence.
    pub(crate) fn percentile(&self, part: f64, confidence: f64) -> Percentile {
        let ranks = ranks(self.count(), part, confidence);
        Percentile {
            value: self.value(part),
            lower: ranks.lower.and_then(|rank| self.ranked(rank)),
            upper: ranks.upper.and_then(|rank| self.ranked(rank)),
        }
    }

    /// Whether the true percentile is under a limit.
    pub(crate) fn is_under(&self, limit: f64, part: f64, confidence: f64) -> Decided {
        let found = self.percentile(part, confidence);
        match (found.lower, found.upper) {
            (_, Some(upper)) if upper < limit => Decided::Kept,
            (Some(lower), _) if lower > limit => Decided::Broken,
            _ => {
                let under = self.0.partition_point(|number| *number < limit) as u64;
                let needed = needed_for_percentile(under, self.count(), part, confidence);
                Decided::Open(needed)
            }
        }
    }

    /// The largest that is a number.
    pub(crate) fn largest(&self) -> f64 {
        let mut numbers = self.0.iter().rev();
        numbers
            .find(|number| number.is_finite())
            .copied()
            .unwrap_or_default()
    }

    fn ranked(&self, rank: u64) -> Option<f64> {
        let index = usize::try_from(rank).ok()?.checked_sub(1)?;
        self.0.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(parts: &[(usize, f64)]) -> Spread {
        let numbers = parts.iter().flat_map(|(count, value)| vec![*value; *count]);
        Spread::of(numbers)
    }

    #[test]
    fn a_percentile_is_a_number_that_was_seen() {
        let spread = Spread::of((1..=100).rev().map(f64::from));
        assert_eq!(
            [0.5, 0.95, 0.99, 1.0].map(|part| spread.value(part)),
            [50.0, 95.0, 99.0, 100.0]
        );
        let found = spread.percentile(0.95, 0.95);
        assert_eq!((found.lower, found.upper), (Some(90.0), Some(100.0)));
        assert_eq!(spread.largest(), 100.0);
        assert!(Spread::default().value(0.5).is_infinite());
    }

    #[test]
    fn a_limit_is_kept_broken_or_open() {
        let fast = spread(&[(300, 12.0)]);
        assert_eq!(fast.is_under(500.0, 0.95, 0.95), Decided::Kept);
        // On the limit is not under it.
        assert!(matches!(fast.is_under(12.0, 0.95, 0.95), Decided::Open(_)));
        let slow = spread(&[(270, 12.0), (30, 600.0)]);
        assert_eq!(slow.is_under(500.0, 0.95, 0.95), Decided::Broken);
        assert_eq!(slow.is_under(500.0, 0.5, 0.95), Decided::Kept);
        let between = spread(&[(288, 12.0), (12, 600.0)]);
        assert!(matches!(
            between.is_under(500.0, 0.95, 0.95),
            Decided::Open(Some(_))
        ));
        let none = Spread::default();
        assert_eq!(none.is_under(500.0, 0.95, 0.95), Decided::Open(None));
    }
}
