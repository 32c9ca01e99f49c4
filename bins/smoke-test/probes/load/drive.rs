//! What moves a series on: requests that fall due, users who come and go.

use super::record::Job;
use super::series::Series;
use super::timer::{Deadline, Timer};
use crate::plan::{LONGEST_SECONDS, Length, Model, Ramps};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use shared::config::WarmUp;
use shared::progress::Progress;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use tokio::time::Instant;

/// How often somebody looks whether users should come or go, and how far it is.
const TICK: Duration = Duration::from_millis(50);

/// A stretch of a series.
pub(super) struct Part<'p> {
    /// How the load is put on.
    pub(super) model: &'p Model,
    /// When it ends.
    pub(super) length: Length,
    /// What of it is not judged.
    pub(super) warm_up: WarmUp,
    /// Its only stage, when it is not one of the plan.
    pub(super) stage: Option<usize>,
}

impl Part<'_> {
    fn is_warm_up(&self, number: u64, seconds: f64) -> bool {
        match self.warm_up {
            WarmUp::Requests(count) => number < u64::from(count),
            WarmUp::For(time) => seconds < time.duration().as_secs_f64(),
        }
    }

    fn is_over(&self, judged: u64, seconds: f64) -> bool {
        match self.length {
            Length::Requests(count) => judged >= u64::from(count),
            Length::Seconds(length) => seconds >= length,
        }
    }

    fn stage(&self, stage: usize) -> usize {
        self.stage.unwrap_or(stage)
    }
}

/// Sends one stretch to its end. Never longer than planned plus twice the time of one request.
pub(super) async fn drive(series: &Series<'_>, part: &Part<'_>, progress: &mut Progress) {
    // The budget of the runtime is for tasks that share a thread; here every task is part of this.
    match part.model {
        Model::Open(rate) => {
            tokio::task::coop::unconstrained(open(series, part, rate, progress)).await;
        }
        Model::Closed(users, think) => {
            let think = Duration::from_secs_f64(*think);
            let closed = Closed {
                series,
                part,
                users,
                think,
                start: Instant::now(),
                number: Cell::default(),
                judged: Cell::default(),
                active: Cell::default(),
                running: RefCell::default(),
            };
            tokio::task::coop::unconstrained(closed.drive(progress)).await;
        }
    }
}

/// What falls due.
struct Due<'p> {
    part: &'p Part<'p>,
    rate: &'p Ramps,
    start: Instant,
    number: u64,
    judged: u64,
}

impl Due<'_> {
    fn next(&self) -> Option<Job> {
        let (seconds, stage) = self.rate.due(self.number)?;
        if self.part.is_over(self.judged, seconds) {
            return None;
        }
        let due = self.start + Duration::try_from_secs_f64(seconds).ok()?;
        Some(Job {
            number: self.number,
            due,
            taken: due,
            stage: self.part.stage(stage),
            is_warm_up: self.part.is_warm_up(self.number, seconds),
        })
    }

    fn took(&mut self, job: &Job) {
        self.number += 1;
        self.judged += u64::from(!job.is_warm_up);
    }
}

async fn open(series: &Series<'_>, part: &Part<'_>, rate: &Ramps, progress: &mut Progress) {
    let timer = Timer::new();
    let mut workers = FuturesUnordered::new();
    let mut due = Due {
        part,
        rate,
        start: Instant::now(),
        number: 0,
        judged: 0,
    };
    let most = usize::try_from(series.plan.connections).unwrap_or(usize::MAX);
    let (mut next, mut last) = (due.next(), due.start);
    series.begin();
    loop {
        let now = Instant::now();
        while let Some(job) = next.filter(|job| job.due <= now) {
            let is_nobody_free = series.give(Job { taken: now, ..job });
            if is_nobody_free && workers.len() < most {
                workers.push(series.work());
            }
            due.took(&job);
            (next, last) = (due.next(), job.due);
        }
        if series.is_stopped() {
            next = None;
            series.drop_queued();
        }
        if next.is_none() {
            series.close();
            if now >= last + series.plan.within.duration() {
                series.drop_queued();
            }
            if workers.is_empty() {
                return;
            }
        }
        let tick = now + TICK;
        let wake = next.map_or(tick, |job| job.due.min(tick));
        tokio::select! {
            biased;
            Some(()) = workers.next(), if !workers.is_empty() => {}
            () = timer.until(wake) => {}
        }
        tell(series, progress);
    }
}

fn tell(series: &Series<'_>, progress: &mut Progress) {
    let ended = series.record.borrow().samples.len();
    progress.tell(&format!("{ended} requests"));
}

/// Users, each of whom waits for the answer.
struct Closed<'p, 'a> {
    series: &'p Series<'a>,
    part: &'p Part<'p>,
    users: &'p Ramps,
    think: Duration,
    start: Instant,
    number: Cell<u64>,
    judged: Cell<u64>,
    /// How many there should be now.
    active: Cell<usize>,
    /// Which of them there are.
    running: RefCell<Vec<bool>>,
}

impl Closed<'_, '_> {
    async fn drive(&self, progress: &mut Progress) {
        let timer = Timer::new();
        let mut users = FuturesUnordered::new();
        while !self.is_over(Instant::now()) {
            let now = Instant::now();
            if self.seconds(now) > LONGEST_SECONDS {
                let judged = self.judged.get();
                self.series
                    .stop(format!("stopped after an hour and {judged} requests"));
            }
            let level = self.users.level(self.seconds(now));
            let active = level.map_or(0.0, |(level, _)| level.ceil()) as usize;
            self.active.set(active);
            let missing = self.missing(active);
            users.extend(missing.into_iter().map(|user| self.user(user)));
            tokio::select! {
                biased;
                Some(()) = users.next(), if !users.is_empty() => {}
                () = timer.until(now + TICK) => {}
            }
            tell(self.series, progress);
        }
        // Those who think are not waited for.
        while self.series.open() > 0 {
            tokio::select! {
                biased;
                Some(()) = users.next(), if !users.is_empty() => {}
                () = timer.until(Instant::now() + TICK) => {}
            }
        }
    }

    fn seconds(&self, now: Instant) -> f64 {
        now.saturating_duration_since(self.start).as_secs_f64()
    }

    fn is_over(&self, now: Instant) -> bool {
        let is_ended = self.users.level(self.seconds(now)).is_none();
        is_ended
            || self.part.is_over(self.judged.get(), self.seconds(now))
            || self.series.is_stopped()
    }

    fn missing(&self, active: usize) -> Vec<usize> {
        let mut running = self.running.borrow_mut();
        if running.len() < active {
            running.resize(active, false);
        }
        let missing = (0..active).filter(|user| !running[*user]).collect();
        running.iter_mut().take(active).for_each(|is| *is = true);
        missing
    }

    async fn user(&self, user: usize) {
        let series = self.series;
        let mut line = series.line();
        let mut deadline = Deadline::new(series.plan.within.duration());
        while let Some(job) = self.next(user).await {
            series.send(&job, &mut line, &mut deadline).await;
            if !self.think.is_zero() {
                tokio::time::sleep(self.think).await;
            }
        }
        series.keep(line);
        if let Some(is_running) = self.running.borrow_mut().get_mut(user) {
            *is_running = false;
        }
    }

    /// The next request of a user, held back until the environment allows it.
    async fn next(&self, user: usize) -> Option<Job> {
        let mut now = Instant::now();
        if self.is_over(now) || user >= self.active.get() {
            return None;
        }
        match self.series.client.reserve(now) {
            Ok(wait) if wait.is_zero() => {}
            Ok(wait) => {
                self.series.hold_back();
                tokio::time::sleep(wait).await;
                now = Instant::now();
                if self.is_over(now) {
                    return None;
                }
            }
            Err(no_answer) => {
                self.series.stop(no_answer.reason);
                return None;
            }
        }
        let seconds = self.seconds(now);
        let number = self.number.replace(self.number.get() + 1);
        let is_warm_up = self.part.is_warm_up(number, seconds);
        self.judged.set(self.judged.get() + u64::from(!is_warm_up));
        let stage = self.users.level(seconds).map_or(0, |(_, stage)| stage);
        Some(Job {
            number,
            due: now,
            taken: now,
            stage: self.part.stage(stage),
            is_warm_up,
        })
    }
}
