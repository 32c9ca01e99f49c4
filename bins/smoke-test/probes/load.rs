//! A series of requests: the instrument is measured, then the service, until its limits are decided.

mod calibrate;
mod drive;
mod record;
mod series;
mod timer;

pub(crate) use calibrate::calibrate;
pub(crate) use timer::Deadline;

use super::Ask;
use crate::client::{Client, Questions};
use crate::facts::{Instrument, Measured};
use crate::figures::Figures;
use crate::plan::{LOOKS, Length, LoadPlan, Model, Ramps};
use drive::{Part, drive};
use rustix::time::{ClockId, clock_gettime};
use series::Series;
use shared::config::WarmUp;
use shared::progress::Progress;
use std::time::Duration;
use tokio::time::Instant;

impl Ask for LoadPlan {
    type Seen = Measured;

    async fn ask(&self, client: &Client) -> Measured {
        let mut progress = Progress::start(format!("load `{}`", self.name));
        let calibration = calibrate().await;
        let mut questions = Questions::new(client, &self.requests);
        // A server that cannot be reached is found out by the requests themselves.
        let line = questions.open().await.ok();
        let peer = questions.peer().map(|peer| peer.to_string());
        let series = Series::new(self, client, &questions, line);
        let clock = Clock::start();
        let mut looks = 0;
        let mut measured;
        loop {
            let more = self.more(looks, series.record.borrow().samples.len());
            let part = match &more {
                None => Part {
                    model: &self.model,
                    length: self.length,
                    warm_up: self.warm_up,
                    stage: None,
                },
                Some((model, requests)) => Part {
                    model,
                    length: Length::Requests(*requests),
                    warm_up: WarmUp::Requests(0),
                    stage: Some(self.stages()),
                },
            };
            drive(&series, &part, &mut progress).await;
            looks += 1;
            measured = seen(&series);
            if looks >= self.looks() || series.is_stopped() || !is_open(self, &measured) {
                break;
            }
        }
        measured.instrument = Instrument {
            calibration,
            processor: clock.share(),
        };
        (measured.peer, measured.looks) = (peer, looks);
        measured
    }
}

impl LoadPlan {
    /// What is sent to decide after all, at the highest level of the plan: none the first time.
    fn more(&self, looks: u32, judged: usize) -> Option<(Model, u32)> {
        let budget = self.budget.filter(|_| looks > 0)?;
        let judged = u32::try_from(judged).unwrap_or(u32::MAX);
        // The second look is half-way between the first and the last, in proportion.
        let wanted = if looks + 1 < LOOKS {
            (f64::from(judged) * f64::from(budget)).sqrt() as u32
        } else {
            budget
        };
        let model = match &self.model {
            Model::Open(rate) => Model::Open(Ramps::steady(rate.peak())),
            Model::Closed(users, think) => Model::Closed(Ramps::steady(users.peak()), *think),
        };
        Some((model, wanted.saturating_sub(judged)))
    }
}

fn is_open(plan: &LoadPlan, measured: &Measured) -> bool {
    Figures::of(measured, plan).is_open(measured, plan)
}

fn seen(series: &Series<'_>) -> Measured {
    let record = series.record.borrow();
    Measured {
        samples: record.samples.clone(),
        warm_up: record.warm_up,
        unsent: record.pace.unsent,
        pace: record.pace,
        stages: record.stages.clone(),
        most_open: series.most_open.get(),
        reopened: series.reopened.get(),
        cut: series.cut.get(),
        held_back: series.held_back.get(),
        stopped: record.stopped.clone(),
        counts: record.counts(),
        ..Measured::default()
    }
}

/// How much of its core this thread uses.
struct Clock {
    start: Instant,
    used: Duration,
}

impl Clock {
    fn start() -> Self {
        Self {
            start: Instant::now(),
            used: used(),
        }
    }

    fn share(&self) -> f64 {
        let passed = self.start.elapsed().as_secs_f64();
        (used().saturating_sub(self.used)).as_secs_f64() / passed.max(f64::EPSILON)
    }
}

/// The processor time of this thread.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}
