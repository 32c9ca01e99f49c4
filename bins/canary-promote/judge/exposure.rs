//! Whether what was measured is what was routed: the canary got traffic, near its weight.

use super::Interval;

/// Fewer requests than this cannot show which share a router gives.
const FEWEST: f64 = 100.0;
/// So many standard deviations away is no chance: about one in 1.7 million.
const DEVIATIONS: f64 = 5.0;
/// A split by address or session is coarser than a split by request: this much of the weight is
/// allowed besides.
const COARSENESS: f64 = 0.5;

/// What the traffic of one step shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exposure {
    /// The canary's share fits the weight.
    Near {
        /// Of all requests, 0 to 1.
        share: f64,
    },
    /// The canary's share cannot come from the weight.
    Far {
        /// Of all requests, 0 to 1.
        share: f64,
    },
    /// Too few requests to tell.
    TooFew {
        /// So many came.
        requests: f64,
    },
}

/// Compares the canary's share of the requests with its weight (0 to 1).
pub fn exposure(interval: &Interval, weight: f64) -> Exposure {
    let requests = interval.canary.requests + interval.stable.requests;
    if requests < FEWEST {
        return Exposure::TooFew { requests };
    }
    let share = interval.canary.requests / requests;
    let deviation = (weight * (1.0 - weight) / requests).sqrt();
    let allowed = DEVIATIONS * deviation + COARSENESS * weight.min(1.0 - weight) + 1.0 / requests;
    if (share - weight).abs() <= allowed {
        Exposure::Near { share }
    } else {
        Exposure::Far { share }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Counts;

    fn of(canary: f64, stable: f64, weight: f64) -> Exposure {
        let count = |requests| Counts {
            requests,
            errors: 0.0,
        };
        exposure(
            &Interval {
                canary: count(canary),
                stable: count(stable),
            },
            weight,
        )
    }

    #[test]
    fn a_share_near_the_weight_fits_and_zero_does_not() {
        assert!(matches!(of(98.0, 902.0, 0.1), Exposure::Near { .. }));
        assert!(matches!(of(0.0, 1000.0, 0.1), Exposure::Far { .. }));
        assert!(matches!(of(500.0, 500.0, 0.1), Exposure::Far { .. }));
        assert!(matches!(of(1000.0, 0.0, 1.0), Exposure::Near { .. }));
        assert!(matches!(of(900.0, 100.0, 1.0), Exposure::Far { .. }));
    }

    #[test]
    fn a_handful_of_requests_shows_nothing() {
        assert_eq!(of(0.0, 99.0, 0.5), Exposure::TooFew { requests: 99.0 });
    }
}
