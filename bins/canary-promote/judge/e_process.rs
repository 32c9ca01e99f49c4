//! Evidence that grows with every interval and may be looked at any time: an e-process on counts.
//!
//! Formula, proof and the theorem it rests on: an interval e-value that extends the conditional
//! test of Lindon and Malek (Anytime-valid inference for multinomial count data, NeurIPS 2022,
//! <https://arxiv.org/abs/2011.03567>) by a ratio and an additive margin; products of such values
//! are non-negative supermartingales, so by Ville's inequality the chance that one ever reaches
//! `1/alpha` while the margin is kept is at most `alpha`.

use super::Interval;
use shared::config::Margin;

/// Alternatives that the evidence is mixed over: quarter octaves, from 1.19 times the margin's
/// ratio to 128 times.
const ALTERNATIVES: usize = 28;

/// What is being shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// That the canary is worse than the margin.
    Worse,
    /// That the canary is no worse than the margin.
    NoWorse,
}

/// The evidence so far against one margin in one direction.
#[derive(Clone, Debug)]
pub struct EProcess {
    margin: Margin,
    alternatives: [f64; ALTERNATIVES],
    logarithms: [f64; ALTERNATIVES],
}

impl EProcess {
    /// No evidence yet: a value of 1.
    pub fn new(margin: Margin, direction: Direction) -> Self {
        let sign = match direction {
            Direction::Worse => 0.25,
            Direction::NoWorse => -0.25,
        };
        let alternative = |index: usize| margin.ratio * (sign * (index as f64 + 1.0)).exp2();
        Self {
            margin,
            alternatives: std::array::from_fn(alternative),
            logarithms: [0.0; ALTERNATIVES],
        }
    }

    /// Adds one interval. Intervals must not overlap.
    pub fn observe(&mut self, interval: &Interval) {
        for (sum, alternative) in self.logarithms.iter_mut().zip(self.alternatives) {
            *sum += log_e(
                interval,
                alternative,
                self.margin.ratio,
                self.margin.excess.fraction(),
            );
        }
    }

    /// The natural logarithm of the evidence: 0 is none, `ln(1/alpha)` decides.
    pub fn log_evidence(&self) -> f64 {
        log_mean_exp(&self.logarithms)
    }
}

/// The logarithm of one interval's e-value for the alternative `r1` against `r0` plus `excess`.
fn log_e(interval: &Interval, r1: f64, r0: f64, excess: f64) -> f64 {
    let Interval { canary, stable } = interval;
    let (nc, xc, ns, xs) = (
        canary.requests,
        canary.errors,
        stable.requests,
        stable.errors,
    );
    if nc <= 0.0 || ns <= 0.0 {
        // Without both arms side by side nothing can be compared.
        return 0.0;
    }
    xc * (r1 / r0).ln()
        - (xc + xs) * (nc * (r1 - r0) / (nc * r0 + ns)).ln_1p()
        - excess * nc * ns * (r1 - r0) / (r0 * (nc * r1 + ns))
}

/// The logarithm of the mean of exponentials, without overflow.
pub fn log_mean_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return largest;
    }
    let sum: f64 = values.iter().map(|value| (value - largest).exp()).sum();
    largest + (sum / values.len() as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Counts;
    use proptest::prelude::*;
    use shared::config::Share;

    type Row = (f64, f64, f64, f64);

    fn interval((xc, nc, xs, ns): Row) -> Interval {
        Interval {
            canary: Counts {
                requests: nc,
                errors: xc,
            },
            stable: Counts {
                requests: ns,
                errors: xs,
            },
        }
    }

    fn margin(ratio: f64, percent: f64) -> Margin {
        Margin {
            ratio,
            excess: Share::percent(percent),
        }
    }

    fn close(actual: f64, expected: f64) {
        let scale = expected.abs().max(1.0);
        assert!(
            (actual - expected).abs() <= 1e-9 * scale,
            "{actual} is not {expected}"
        );
    }

    #[test]
    fn single_intervals_agree_with_values_computed_in_fifty_digits() {
        for (row, r1, r0, excess, expected) in [
            ((3.0, 100.0, 1.0, 1000.0), 5.0, 1.0, 0.0, 3.587694024086943),
            ((0.0, 100.0, 0.0, 1000.0), 5.0, 1.0, 0.0, 0.0),
            (
                (0.0, 100.0, 3.0, 1000.0),
                5.0,
                1.0,
                0.0,
                -0.930_464_784_911_518_6,
            ),
            (
                (12.0, 500.0, 20.0, 9500.0),
                10.0,
                1.5,
                0.0,
                11.665569615683007,
            ),
            (
                (3.0, 100.0, 1.0, 1000.0),
                5.0,
                1.5,
                0.0005,
                2.4713279722680075,
            ),
            (
                (0.0, 3000.0, 0.0, 30000.0),
                0.0078125,
                1.0,
                0.001,
                2.97423887587822,
            ),
            (
                (2.0, 20000.0, 30.0, 200000.0),
                0.25,
                2.0,
                0.001,
                17.958413862862305,
            ),
            ((5.0, 0.0, 1.0, 1000.0), 5.0, 1.0, 0.0, 0.0),
            (
                (2.5, 50.5, 1.25, 500.25),
                3.0,
                1.0,
                0.002,
                1.960060590756968,
            ),
        ] {
            close(log_e(&interval(row), r1, r0, excess), expected);
        }
    }

    #[test]
    fn mixtures_agree_with_values_computed_in_fifty_digits() {
        let h2 = [
            (0.0, 100.0, 1.0, 1000.0),
            (1.0, 100.0, 0.0, 1000.0),
            (2.0, 100.0, 1.0, 1000.0),
            (1.0, 100.0, 2.0, 1000.0),
        ];
        let h5 = [(20.0, 20000.0, 200.0, 200000.0)];
        let h6 = [(100.0, 20000.0, 200.0, 200000.0)];
        let cases: [(&[Row], Margin, Direction, f64); 6] = [
            (&h2, margin(1.0, 0.0), Direction::Worse, 3.448666794380712),
            (&h2, margin(1.5, 0.05), Direction::Worse, 1.634538614566903),
            (
                &h2,
                margin(2.0, 0.1),
                Direction::NoWorse,
                -2.820_488_580_668_839,
            ),
            (
                &h5,
                margin(2.0, 0.1),
                Direction::NoWorse,
                14.344064850239988,
            ),
            (&h6, margin(1.5, 0.05), Direction::Worse, 24.413332510483525),
            (
                &h6,
                margin(2.0, 0.1),
                Direction::NoWorse,
                -9.874023146856943,
            ),
        ];
        for (history, margin, direction, expected) in cases {
            let mut process = EProcess::new(margin, direction);
            history
                .iter()
                .for_each(|row| process.observe(&interval(*row)));
            close(process.log_evidence(), expected);
        }
    }

    proptest! {
        #[test]
        fn splitting_an_interval_at_the_same_shares_changes_nothing(
            errors in 0u32..5, requests in 5u32..500, more in 5u32..500
        ) {
            let (x, n, m) = (f64::from(errors), f64::from(requests), f64::from(more));
            let mut whole = EProcess::new(margin(1.25, 0.02), Direction::Worse);
            whole.observe(&interval((2.0 * x, 2.0 * n, 2.0 * x, 2.0 * m)));
            let mut halves = EProcess::new(margin(1.25, 0.02), Direction::Worse);
            halves.observe(&interval((x, n, x, m)));
            halves.observe(&interval((x, n, x, m)));
            prop_assert!((whole.log_evidence() - halves.log_evidence()).abs() < 1e-9);
        }

        #[test]
        fn one_more_error_of_the_canary_never_speaks_for_it(
            errors in 0u32..50, requests in 50u32..5000, stable in 50u32..5000
        ) {
            let (x, n, m) = (f64::from(errors), f64::from(requests), f64::from(stable));
            let evidence = |errors: f64, direction| {
                let mut process = EProcess::new(margin(1.25, 0.02), direction);
                process.observe(&interval((errors, n, 0.0, m)));
                process.log_evidence()
            };
            prop_assert!(evidence(x + 1.0, Direction::Worse) >= evidence(x, Direction::Worse));
            prop_assert!(evidence(x + 1.0, Direction::NoWorse) <= evidence(x, Direction::NoWorse));
        }
    }
}
