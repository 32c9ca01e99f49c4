//! A few measurements of the same thing: their median, and how far they lie apart.

/// A few measurements of the same thing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scatter(Vec<f64>);

impl Scatter {
    /// Of at least one measurement.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then_some(Self(values))
    }

    /// The smallest first.
    pub(crate) fn sorted(&self) -> &[f64] {
        &self.0
    }

    /// Half of them are at most this.
    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// What the middle half of them spans, as a part of the median. One slow run among five does
    /// not count, so that a cold start spoils nothing.
    pub(crate) fn relative(&self) -> f64 {
        let (lower, upper) = (self.quantile(0.25), self.quantile(0.75));
        if lower == upper {
            return 0.0;
        }
        let relative = (upper - lower) / self.median();
        if relative.is_finite() {
            relative
        } else {
            f64::INFINITY
        }
    }

    /// Whether some of them keep a limit and others do not.
    pub(crate) fn straddles(&self, limit: f64) -> bool {
        self.0.first().is_some_and(|least| *least <= limit)
            && self.0.last().is_some_and(|most| *most > limit)
    }

    /// Between two measurements, the value in proportion.
    fn quantile(&self, part: f64) -> f64 {
        let place = part * (self.0.len() - 1) as f64;
        let (below, above) = (
            self.0[place.floor() as usize],
            self.0[place.ceil() as usize],
        );
        if below == above {
            return below;
        }
        below + (above - below) * place.fract()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spread(values: &[f64]) -> Scatter {
        Scatter::of(values.to_vec()).expect("there is one")
    }

    #[test]
    fn the_median_is_the_middle_one_or_lies_between_the_two() {
        assert_eq!(spread(&[5.0, 1.0, 3.0]).median(), 3.0);
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert_eq!(spread(&[7.0]).median(), 7.0);
        assert_eq!(Scatter::of(vec![]), None);
    }

    #[test]
    fn one_cold_run_does_not_widen_the_middle_half() {
        assert_eq!(spread(&[100.0, 100.0, 100.0, 100.0, 900.0]).relative(), 0.0);
        assert_eq!(
            spread(&[100.0, 150.0, 200.0, 300.0, 900.0]).relative(),
            0.75
        );
        assert_eq!(spread(&[0.0, 0.0, 0.0]).relative(), 0.0);
        assert_eq!(spread(&[0.0, 0.0, 0.0, 1.0, 1.0]).relative(), f64::INFINITY);
        assert_eq!(
            spread(&[1.0, 2.0, 3.0, f64::INFINITY, f64::INFINITY]).relative(),
            f64::INFINITY
        );
    }

    #[test]
    fn a_limit_between_the_runs_is_seen() {
        let runs = spread(&[1.0, 2.0, 3.0]);
        assert!(runs.straddles(1.0) && runs.straddles(2.5));
        assert!(!runs.straddles(3.0) && !runs.straddles(0.5));
    }

    proptest! {
        #[test]
        fn no_numbers_make_it_panic(values in prop::collection::vec(any::<f64>(), 1..30)) {
            let spread = spread(&values);
            let _ = (spread.median(), spread.relative());
        }
    }
}
