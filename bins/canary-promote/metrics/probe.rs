//! Requests that canary-promote sends to each instance, so that there is evidence also where
//! there are few users.

use super::Sides;
use crate::judge::{Counts, Interval};
use shared::config::ProbeMetric;
use shared::http::{Http, join};
use std::time::Duration;

/// See [`ProbeMetric`].
#[derive(Debug)]
pub struct Probe {
    metric: ProbeMetric,
    counted: Interval,
}

impl Probe {
    pub(super) fn new(metric: ProbeMetric) -> Self {
        Self {
            metric,
            counted: Interval::default(),
        }
    }

    pub(super) fn name(&self) -> String {
        format!("probes of {}", self.metric.path)
    }

    /// Sends what is due in one interval, evenly spaced and to all instances alike.
    pub(super) async fn work(&mut self, http: &Http, sides: &Sides, interval: Duration) {
        let each = (self.metric.per_second * interval.as_secs_f64())
            .round()
            .max(1.0);
        let metric = &self.metric;
        let send = |addresses: &[String]| {
            let addresses = addresses.to_vec();
            async move {
                let sent = addresses
                    .iter()
                    .map(|address| one(http, metric, address, interval, each));
                let counts = futures_util::future::join_all(sent).await;
                counts
                    .into_iter()
                    .fold(Counts::default(), |sum, counts| sum + counts)
            }
        };
        let (canary, stable) = tokio::join!(send(&sides.canary), send(&sides.stable));
        self.counted.canary = self.counted.canary + canary;
        self.counted.stable = self.counted.stable + stable;
    }

    pub(super) fn take(&mut self) -> Interval {
        std::mem::take(&mut self.counted)
    }
}

async fn one(
    http: &Http,
    metric: &ProbeMetric,
    address: &str,
    interval: Duration,
    each: f64,
) -> Counts {
    let url = join(&format!("http://{address}"), &metric.path);
    let start = tokio::time::Instant::now();
    let mut counts = Counts::default();
    for number in 0..each as u32 {
        tokio::time::sleep_until(start + interval.mul_f64(f64::from(number) / each)).await;
        let answer = http.get(&url, metric.within.duration()).await;
        counts.requests += 1.0;
        if answer.is_err() || answer.is_ok_and(|answer| answer.status >= 500) {
            counts.errors += 1.0;
        }
    }
    counts
}
