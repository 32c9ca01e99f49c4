//! What the service counts about its own answers.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The upper bounds of the duration histogram, in seconds.
pub(crate) const BOUNDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// The counts at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    /// Requests by exact status.
    pub(crate) requests: BTreeMap<u16, u64>,
    /// Requests by the first bound they fit under; the last place holds the rest.
    pub(crate) durations: [u64; BOUNDS.len() + 1],
    /// The sum of all durations.
    pub(crate) duration_sum: Duration,
}

/// The counters of one process.
#[derive(Debug)]
pub(crate) struct Metrics {
    started: Duration,
    counts: Mutex<Counts>,
}

impl Metrics {
    /// Counters at zero, for a process that started now.
    pub(crate) fn new() -> Self {
        let started = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            started,
            counts: Mutex::new(Counts::default()),
        }
    }

    /// When the process started, since the Unix epoch.
    pub(crate) fn started(&self) -> Duration {
        self.started
    }

    /// Counts one answered request.
    pub(crate) fn record(&self, status: u16, duration: Duration) {
        let place = BOUNDS
            .iter()
            .position(|bound| duration.as_secs_f64() <= *bound)
            .unwrap_or(BOUNDS.len());
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.requests.entry(status).or_default() += 1;
        counts.durations[place] += 1;
        counts.duration_sum += duration;
    }

    /// The counts now.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_on_the_bound_is_within_it() {
        let metrics = Metrics::new();
        metrics.record(200, Duration::from_millis(5));
        assert_eq!(metrics.counts().durations[0], 1);
    }

    #[test]
    fn a_duration_above_every_bound_is_kept() {
        let metrics = Metrics::new();
        metrics.record(200, Duration::from_secs(6));
        assert_eq!(metrics.counts().durations[BOUNDS.len()], 1);
    }

    #[test]
    fn each_status_is_counted_apart() {
        let metrics = Metrics::new();
        for status in [200, 200, 500, 404] {
            metrics.record(status, Duration::ZERO);
        }
        assert_eq!(
            metrics.counts().requests,
            BTreeMap::from([(200, 2), (404, 1), (500, 1)])
        );
    }
}
