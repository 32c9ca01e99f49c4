//! Where requests and errors are counted: one file per source. Counts only, never averages.

mod probe;
mod scrape;

use crate::judge::Interval;
use shared::config::Metric;
use shared::http::Http;
use std::time::Duration;

/// The instances of both sides.
#[derive(Clone, Debug)]
pub struct Sides {
    /// `host:port` of every canary instance.
    pub canary: Vec<String>,
    /// `host:port` of every stable instance.
    pub stable: Vec<String>,
}

/// A source of any kind. It is read in intervals that do not overlap.
#[derive(Debug)]
pub enum Source {
    /// Counters of the instances themselves.
    Scrape(scrape::Scrape),
    /// Requests that canary-promote sends.
    Probe(probe::Probe),
}

impl Source {
    /// The source that the configuration describes.
    pub fn of(metric: &Metric) -> Self {
        match metric {
            Metric::Scrape(metric) => Self::Scrape(scrape::Scrape::new(metric.clone())),
            Metric::Probe(metric) => Self::Probe(probe::Probe::new(metric.clone())),
        }
    }

    /// What it is called in reports.
    pub fn name(&self) -> String {
        match self {
            Self::Scrape(scrape) => scrape.name(),
            Self::Probe(probe) => probe.name(),
        }
    }

    /// Whether it sees the traffic of users, and so can show what the router gives the canary.
    pub fn sees_users(&self) -> bool {
        matches!(self, Self::Scrape(_))
    }

    /// Starts an interval now: what was counted before does not belong to it.
    pub async fn start(&mut self, http: &Http, sides: &Sides) -> Result<(), String> {
        match self {
            Self::Scrape(scrape) => scrape.start(http, sides).await,
            Self::Probe(_) => Ok(()),
        }
    }

    /// Works for one interval: probes send requests, scrapes have nothing to do.
    pub async fn work(&mut self, http: &Http, sides: &Sides, interval: Duration) {
        match self {
            Self::Scrape(_) => {}
            Self::Probe(probe) => probe.work(http, sides, interval).await,
        }
    }

    /// Ends the interval and starts the next: what was counted in it.
    ///
    /// # Errors
    /// Why nothing can be said; what was counted is then part of the next interval, or lost.
    pub async fn take(&mut self, http: &Http, sides: &Sides) -> Result<Interval, String> {
        match self {
            Self::Scrape(scrape) => scrape.take(http, sides).await,
            Self::Probe(probe) => Ok(probe.take()),
        }
    }
}
