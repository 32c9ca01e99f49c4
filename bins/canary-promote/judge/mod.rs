//! The decision: pure, from counts to abort, advance or go on.

pub mod bounds;
pub mod e_process;
pub mod exposure;

use e_process::{Direction, EProcess};
use serde::Serialize;
use shared::config::Canary;

/// Requests and errors of one side in one interval, or their sum over several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Requests.
    pub requests: f64,
    /// Those of them that failed.
    pub errors: f64,
}

impl Counts {
    /// The share that failed, 0 to 1; `None` without requests.
    pub fn error_rate(self) -> Option<f64> {
        (self.requests > 0.0).then(|| self.errors / self.requests)
    }

    fn is_sound(self) -> bool {
        let is_count = |number: f64| number.is_finite() && number >= 0.0;
        is_count(self.requests) && is_count(self.errors) && self.errors <= self.requests
    }
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            errors: self.errors + other.errors,
        }
    }
}

/// Both sides over the same stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Interval {
    /// The new release.
    pub canary: Counts,
    /// The release that runs.
    pub stable: Counts,
}

/// What the evidence says now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The canary is worse than the abort margin.
    Abort,
    /// Every metric shows that it is no worse than the promote margin.
    Advance,
    /// Neither is shown yet.
    Continue,
}

/// The evidence of one metric.
#[derive(Debug)]
struct Evidence {
    worse: EProcess,
    no_worse: EProcess,
    is_certified: bool,
    total: Interval,
}

/// All evidence of one rollout. Alpha is spent once for the whole of it, not once a step.
#[derive(Debug)]
pub struct Judge {
    metrics: Vec<Evidence>,
    log_abort: f64,
    log_promote: f64,
}

impl Judge {
    /// A judge of so many metrics, by the configuration's margins.
    pub fn new(canary: &Canary, metrics: usize) -> Self {
        let evidence = || Evidence {
            worse: EProcess::new(canary.abort, Direction::Worse),
            no_worse: EProcess::new(canary.promote, Direction::NoWorse),
            is_certified: false,
            total: Interval::default(),
        };
        Self {
            metrics: (0..metrics).map(|_| evidence()).collect(),
            log_abort: -canary.alpha.ln(),
            log_promote: -canary.beta.ln(),
        }
    }

    /// Adds one interval of one metric; refuses counts that cannot be.
    pub fn observe(&mut self, metric: usize, interval: &Interval) -> Result<(), String> {
        if !interval.canary.is_sound() || !interval.stable.is_sound() {
            return Err(format!("counts that cannot be: {interval:?}"));
        }
        let Some(evidence) = self.metrics.get_mut(metric) else {
            return Err(format!("there is no metric {metric}"));
        };
        evidence.worse.observe(interval);
        evidence.no_worse.observe(interval);
        evidence.total.canary = evidence.total.canary + interval.canary;
        evidence.total.stable = evidence.total.stable + interval.stable;
        // Reaching the bound once is enough: that is what the guarantee is about.
        evidence.is_certified |= evidence.no_worse.log_evidence() >= self.log_promote;
        Ok(())
    }

    /// What all metrics together say. Their evidence is averaged, never multiplied: metrics of
    /// one rollout depend on each other (Vovk and Wang, <https://arxiv.org/abs/1912.06116>).
    pub fn decision(&self) -> Decision {
        if self.metrics.is_empty() {
            return Decision::Continue;
        }
        if self.log_evidence_worse() >= self.log_abort {
            return Decision::Abort;
        }
        if self.metrics.iter().all(|evidence| evidence.is_certified) {
            return Decision::Advance;
        }
        Decision::Continue
    }

    /// The logarithm of the averaged evidence that the canary is worse.
    pub fn log_evidence_worse(&self) -> f64 {
        let logarithms: Vec<f64> = self
            .metrics
            .iter()
            .map(|evidence| evidence.worse.log_evidence())
            .collect();
        e_process::log_mean_exp(&logarithms)
    }

    /// What was counted for one metric since the start.
    pub fn total(&self, metric: usize) -> Interval {
        self.metrics
            .get(metric)
            .map(|evidence| evidence.total)
            .unwrap_or_default()
    }

    /// Whether one metric showed that the canary is no worse than the promote margin.
    pub fn is_certified(&self, metric: usize) -> bool {
        self.metrics
            .get(metric)
            .is_some_and(|evidence| evidence.is_certified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::config::{Margin, Share};

    fn canary() -> Canary {
        Canary {
            alpha: 0.05,
            beta: 0.05,
            abort: Margin {
                ratio: 1.25,
                excess: Share::percent(0.02),
            },
            promote: Margin {
                ratio: 2.0,
                excess: Share::percent(0.1),
            },
            ..Canary::default()
        }
    }

    fn first(rows: &[(f64, f64, f64, f64)], wanted: Decision) -> Option<usize> {
        let mut judge = Judge::new(&canary(), 1);
        rows.iter().position(|(xc, nc, xs, ns)| {
            let interval = Interval {
                canary: Counts {
                    requests: *nc,
                    errors: *xc,
                },
                stable: Counts {
                    requests: *ns,
                    errors: *xs,
                },
            };
            judge.observe(0, &interval).expect("the counts can be");
            judge.decision() == wanted
        })
    }

    #[test]
    fn a_bad_canary_is_aborted_at_the_ninth_interval_of_the_reference_trace() {
        let rows = [
            (0.0, 100.0, 1.0, 1000.0),
            (0.0, 100.0, 0.0, 1000.0),
            (1.0, 100.0, 2.0, 1000.0),
            (0.0, 100.0, 1.0, 1000.0),
            (2.0, 100.0, 1.0, 1000.0),
            (1.0, 100.0, 0.0, 1000.0),
            (0.0, 0.0, 1.0, 1000.0),
            (2.0, 200.0, 1.0, 900.0),
            (1.0, 200.0, 1.0, 900.0),
        ];
        assert_eq!(first(&rows, Decision::Abort), Some(8));
    }

    #[test]
    fn a_good_canary_is_certified_at_the_ninth_interval_of_the_reference_trace() {
        let errors = [
            (0.0, 1.0),
            (1.0, 4.0),
            (0.0, 5.0),
            (1.0, 6.0),
            (0.0, 4.0),
            (0.0, 5.0),
            (1.0, 3.0),
            (0.0, 4.0),
            (0.0, 6.0),
        ];
        let rows: Vec<_> = errors
            .iter()
            .map(|(xc, xs)| (*xc, 500.0, *xs, 4500.0))
            .collect();
        assert_eq!(first(&rows, Decision::Advance), Some(8));
    }

    #[test]
    fn no_metric_and_no_traffic_never_advance() {
        assert_eq!(Judge::new(&canary(), 0).decision(), Decision::Continue);
        assert_eq!(
            first(&[(0.0, 0.0, 0.0, 10_000.0); 50], Decision::Advance),
            None
        );
        assert_eq!(
            first(&[(0.0, 10_000.0, 0.0, 0.0); 50], Decision::Advance),
            None
        );
    }

    #[test]
    fn counts_that_cannot_be_are_refused() {
        let mut judge = Judge::new(&canary(), 1);
        for (requests, errors) in [
            (1.0, 2.0),
            (f64::NAN, 0.0),
            (-1.0, 0.0),
            (f64::INFINITY, 0.0),
        ] {
            let interval = Interval {
                canary: Counts { requests, errors },
                stable: Counts::default(),
            };
            assert!(judge.observe(0, &interval).is_err());
        }
    }
}
