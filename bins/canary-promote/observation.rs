//! What is counted during a rollout, and what it shows so far.

use crate::facts::{Metric, Sample};
use crate::judge::{Decision, Judge};
use crate::metrics::{Sides, Source};
use shared::config::Canary;
use shared::gate::Interrupt;
use shared::http::Http;
use std::time::Duration;

/// All sources with their evidence.
pub struct Observation {
    sources: Vec<Source>,
    judge: Judge,
    http: Http,
    sides: Sides,
    /// What was counted, by source.
    pub metrics: Vec<Metric>,
}

/// One reading of all sources.
pub struct Reading {
    /// What was counted.
    pub samples: Vec<Sample>,
    /// Why one of them could not be read.
    pub trouble: Option<String>,
}

impl Observation {
    /// Nothing counted yet.
    pub fn new(canary: &Canary, http: Http, sides: Sides) -> Self {
        let sources: Vec<Source> = canary.metrics.iter().map(Source::of).collect();
        let metrics = sources.iter().map(|source| Metric {
            name: source.name(),
            sees_users: source.sees_users(),
            intervals: Vec::new(),
            is_certified: false,
        });
        Self {
            metrics: metrics.collect(),
            judge: Judge::new(canary, sources.len()),
            sources,
            http,
            sides,
        }
    }

    /// Begins to count: what came before does not belong to the step.
    pub async fn start(&mut self) {
        for source in &mut self.sources {
            if let Err(why) = source.start(&self.http, &self.sides).await {
                tracing::warn!("{}: {why}", source.name());
            }
        }
    }

    /// Lets one interval pass, with probes at work; `false` when asked to stop.
    pub async fn pass(&mut self, interval: Duration, interrupt: &mut Interrupt) -> bool {
        let (http, sides) = (&self.http, &self.sides);
        let working = self
            .sources
            .iter_mut()
            .map(|source| source.work(http, sides, interval));
        let all = async {
            tokio::join!(
                tokio::time::sleep(interval),
                futures_util::future::join_all(working)
            );
        };
        tokio::select! {
            () = all => true,
            () = interrupt.wait() => false,
        }
    }

    /// Reads every source at the end of an interval; `at` is the time since the first weight.
    pub async fn read(&mut self, at: Duration) -> Reading {
        let mut reading = Reading {
            samples: Vec::new(),
            trouble: None,
        };
        for (metric, source) in self.sources.iter_mut().enumerate() {
            let taken = source.take(&self.http, &self.sides).await;
            let observed =
                taken.and_then(|interval| self.judge.observe(metric, &interval).map(|()| interval));
            match observed {
                Ok(interval) => {
                    self.metrics[metric].intervals.push(interval);
                    self.metrics[metric].is_certified = self.judge.is_certified(metric);
                    reading.samples.push(Sample {
                        metric,
                        at: at.as_secs_f64(),
                        interval,
                    });
                }
                Err(why) => reading.trouble = Some(format!("{}: {why}", source.name())),
            }
        }
        reading
    }

    /// What the evidence says now.
    pub fn decision(&self) -> Decision {
        self.judge.decision()
    }

    /// The logarithm of the evidence that the canary is worse.
    pub fn log_evidence_worse(&self) -> f64 {
        self.judge.log_evidence_worse()
    }

    /// Whether every source has counted canary requests among these samples: a step may only be
    /// left on counts of its own, not on those of the step before.
    pub fn is_covered_by(&self, samples: &[Sample]) -> bool {
        (0..self.sources.len()).all(|metric| {
            let mut own = samples.iter().filter(|sample| sample.metric == metric);
            own.any(|sample| sample.interval.canary.requests > 0.0)
        })
    }

    /// The counts so far, in words.
    pub fn state(&self) -> String {
        let parts = (0..self.sources.len()).map(|metric| {
            let canary = self.judge.total(metric).canary;
            format!(
                "{:.0} of {:.0} canary requests failed",
                canary.errors, canary.requests
            )
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    /// Why the evidence was not enough.
    pub fn shortfall(&self) -> String {
        let open = self.metrics.iter().filter(|metric| !metric.is_certified);
        let names: Vec<&str> = open.map(|metric| metric.name.as_str()).collect();
        let open = match names.as_slice() {
            [] => "no counts of this step".to_owned(),
            names => format!("open: {}", names.join(", ")),
        };
        format!(
            "the evidence is not enough to promote ({}; {open})",
            self.state()
        )
    }
}
