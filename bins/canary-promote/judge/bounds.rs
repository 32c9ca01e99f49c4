//! How much worse the canary may be, as a number for people.

use super::Interval;
use super::e_process::{Direction, EProcess};
use shared::config::{Margin, Share};

/// The smallest excess over stable's error rate that is ruled out with 95 % certainty at any
/// time, 0 to 1: "the canary's error rate is at most stable's plus this". `None` when the traffic
/// so far rules out nothing.
pub fn excess_upper(intervals: &[Interval]) -> Option<f64> {
    const LEVEL: f64 = 0.05;
    let is_ruled_out = |excess: f64| {
        let margin = Margin {
            ratio: 1.0,
            excess: Share::percent(excess * 100.0),
        };
        let mut process = EProcess::new(margin, Direction::NoWorse);
        intervals
            .iter()
            .for_each(|interval| process.observe(interval));
        process.log_evidence() >= -LEVEL.ln()
    };
    if !is_ruled_out(1.0) {
        return None;
    }
    // The evidence grows with the excess, so the bound is found by halving.
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if is_ruled_out(middle) {
            high = middle
        } else {
            low = middle
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Counts;

    fn interval(xc: f64, nc: f64, xs: f64, ns: f64) -> Interval {
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

    #[test]
    fn the_bound_agrees_with_values_computed_in_forty_digits() {
        for (interval, expected) in [
            (interval(3.0, 100.0, 1.0, 1000.0), 0.10976302669191953),
            (
                interval(100.0, 20000.0, 200.0, 200_000.0),
                0.005_932_352_884_660_994,
            ),
            (interval(0.0, 200.0, 0.0, 2000.0), 0.017_268_152_971_491_52),
        ] {
            let bound = excess_upper(&[interval]).expect("enough traffic");
            assert!((bound - expected).abs() < 1e-8, "{bound} is not {expected}");
        }
    }

    #[test]
    fn without_traffic_nothing_is_ruled_out() {
        assert_eq!(excess_upper(&[]), None);
        assert_eq!(excess_upper(&[interval(0.0, 0.0, 0.0, 1000.0)]), None);
    }
}
