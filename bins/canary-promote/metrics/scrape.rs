//! Counters of the instances themselves, in Prometheus' text format.

use super::Sides;
use crate::judge::{Counts, Interval};
use shared::config::ScrapeMetric;
use shared::exposition::samples;
use shared::http::{Http, join};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long one scrape may take.
const DEADLINE: Duration = Duration::from_secs(2);

/// The values of every series of one instance.
type Series = BTreeMap<BTreeMap<String, String>, f64>;
/// By address.
type Reading = BTreeMap<String, Series>;

/// See [`ScrapeMetric`].
#[derive(Debug)]
pub struct Scrape {
    metric: ScrapeMetric,
    last: Reading,
}

impl Scrape {
    pub(super) fn new(metric: ScrapeMetric) -> Self {
        Self {
            metric,
            last: Reading::new(),
        }
    }

    pub(super) fn name(&self) -> String {
        format!("{} of the instances", self.metric.requests)
    }

    pub(super) async fn start(&mut self, http: &Http, sides: &Sides) -> Result<(), String> {
        self.last = self.read(http, sides).await?;
        Ok(())
    }

    pub(super) async fn take(&mut self, http: &Http, sides: &Sides) -> Result<Interval, String> {
        // A scrape that is missing on one side drops the interval for both: the next one is
        // longer, and the two sides stay aligned in time.
        let now = self.read(http, sides).await?;
        let count = |addresses: &[String]| {
            let status = &self.metric.status;
            let counts = addresses.iter().filter_map(|address| {
                Some(difference(
                    self.last.get(address)?,
                    now.get(address)?,
                    status,
                ))
            });
            counts.fold(Counts::default(), |sum, counts| sum + counts)
        };
        let interval = Interval {
            canary: count(&sides.canary),
            stable: count(&sides.stable),
        };
        self.last = now;
        Ok(interval)
    }

    async fn read(&self, http: &Http, sides: &Sides) -> Result<Reading, String> {
        let addresses = sides.canary.iter().chain(&sides.stable);
        let read = addresses.map(|address| async move {
            let series = self.read_one(http, address).await?;
            Ok((address.clone(), series))
        });
        futures_util::future::join_all(read)
            .await
            .into_iter()
            .collect()
    }

    async fn read_one(&self, http: &Http, address: &str) -> Result<Series, String> {
        let url = join(&format!("http://{address}"), &self.metric.path);
        let answer = http
            .get(&url, DEADLINE)
            .await
            .map_err(|error| error.to_string())?;
        if answer.status != 200 {
            return Err(format!("{url} answers {}", answer.status));
        }
        let samples = samples(&answer.text(), &self.metric.requests)
            .map_err(|error| format!("{url}: {error}"))?;
        let mut series = Series::new();
        for sample in samples {
            if !sample.value.is_finite() || sample.value < 0.0 {
                return Err(format!("{url} has a counter of {}", sample.value));
            }
            if !sample.labels.contains_key(&self.metric.status) {
                let label = &self.metric.status;
                return Err(format!(
                    "{url}: `{}` has no label `{label}`",
                    self.metric.requests
                ));
            }
            series.insert(sample.labels, sample.value);
        }
        Ok(series)
    }
}

/// What was counted between two readings of one instance. A counter that fell was reset by a
/// restart and counts from zero; a series that was not there before counts whole, because label
/// sets appear on first use.
fn difference(last: &Series, now: &Series, status: &str) -> Counts {
    let mut counts = Counts::default();
    for (labels, value) in now {
        let before = last.get(labels).copied().unwrap_or(0.0);
        let requests = if *value < before {
            *value
        } else {
            value - before
        };
        counts.requests += requests;
        if labels
            .get(status)
            .is_some_and(|status| status.starts_with('5'))
        {
            counts.errors += requests;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(rows: &[(&str, f64)]) -> Series {
        let labels = |status: &str| BTreeMap::from([("status".to_owned(), status.to_owned())]);
        rows.iter()
            .map(|(status, value)| (labels(status), *value))
            .collect()
    }

    fn between(last: &[(&str, f64)], now: &[(&str, f64)]) -> (f64, f64) {
        let counts = difference(&series(last), &series(now), "status");
        (counts.requests, counts.errors)
    }

    #[test]
    fn only_what_came_since_counts_and_5xx_are_errors() {
        assert_eq!(
            between(&[("200", 100.0)], &[("200", 150.0), ("503", 2.0)]),
            (52.0, 2.0)
        );
        assert_eq!(between(&[("404", 1.0)], &[("404", 4.0)]), (3.0, 0.0));
    }

    #[test]
    fn a_counter_that_fell_was_reset_and_counts_from_zero() {
        assert_eq!(
            between(
                &[("200", 100.0), ("500", 9.0)],
                &[("200", 7.0), ("500", 1.0)]
            ),
            (8.0, 1.0)
        );
    }
}
