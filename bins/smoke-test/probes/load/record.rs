//! What the requests of a series come to while it runs.

use crate::answer::Break;
use crate::client::{milliseconds, shown_release};
use crate::counts::Counts;
use crate::facts::{End, Pace, Sample};
use crate::figures::is_too_much_turned_away;
use crate::plan::LoadPlan;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// So many different names of releases are kept apart.
const MOST_NAMES: usize = 20;

/// One request of a series, on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    /// Counted from 0; which of the questions is asked.
    pub(super) number: u64,
    /// When it was due.
    pub(super) due: Instant,
    /// When this machine got around to it.
    pub(super) taken: Instant,
    /// In which stage.
    pub(super) stage: usize,
    /// Whether it is not judged.
    pub(super) is_warm_up: bool,
}

/// What the requests come to.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Those that are judged.
    pub(super) samples: Vec<Sample>,
    /// How many were sent to warm up.
    pub(super) warm_up: u64,
    /// How fast the judged ones were sent.
    pub(super) pace: Pace,
    /// The same by stage.
    pub(super) stages: Vec<Pace>,
    /// Why no more are sent.
    pub(super) stopped: Option<String>,
    ended: u64,
    failed: u64,
    turned_away: u64,
    said: Vec<(Vec<u8>, u64)>,
    silent: BTreeMap<u16, u64>,
}

impl Record {
    /// One request goes out.
    pub(super) fn sends(&mut self, job: &Job, start: Instant, now: Instant) {
        if job.is_warm_up {
            self.warm_up += 1;
            return;
        }
        let seconds = |at: Instant| at.saturating_duration_since(start).as_secs_f64();
        let (due, at) = (seconds(job.due), seconds(now));
        self.pace.add(due, at);
        self.stage(job.stage).add(due, at);
    }

    /// One request was due and will never go out.
    pub(super) fn misses(&mut self, job: &Job, start: Instant) {
        let due = job.due.saturating_duration_since(start).as_secs_f64();
        self.pace.miss(due);
        self.stage(job.stage).miss(due);
    }

    fn stage(&mut self, index: usize) -> &mut Pace {
        if self.stages.len() <= index {
            self.stages.resize(index + 1, Pace::default());
        }
        &mut self.stages[index]
    }

    /// One request has ended.
    pub(super) fn ends(&mut self, job: &Job, sent: Instant, end: End, plan: &LoadPlan) {
        let service = milliseconds(sent.elapsed()) as f32;
        if job.is_warm_up {
            return;
        }
        self.ended += 1;
        // What a rate limit turns away is no failure, and is counted apart.
        if end == End::Status(429) {
            self.turned_away += 1;
            self.gives_way(plan);
        } else if end.failure().is_some() {
            self.failed += 1;
            self.break_circuit(end, plan);
        }
        let since_due = |at: Instant| milliseconds(at.saturating_duration_since(job.due)) as f32;
        self.samples.push(Sample {
            lateness: since_due(job.taken),
            wait: since_due(sent),
            service,
            end,
            stage: u8::try_from(job.stage).unwrap_or(u8::MAX),
        });
    }

    /// What an answer said of its release.
    pub(super) fn hears(&mut self, status: u16, said: Option<&[u8]>) {
        let Some(said) = said else {
            // An error page of a proxy is of no release; it counts as an error already.
            if status < 400 {
                *self.silent.entry(status).or_default() += 1;
            }
            return;
        };
        // Nearly always the same as before, which is the first.
        let count = |all: &mut Vec<(Vec<u8>, u64)>, said: &[u8]| {
            let known = all.iter_mut().find(|(known, _)| known == said);
            known.map(|(_, count)| *count += 1).is_some()
        };
        if count(&mut self.said, said) {
            return;
        }
        let name: &[u8] = if self.said.len() < MOST_NAMES {
            said
        } else {
            b"others"
        };
        if !count(&mut self.said, name) {
            self.said.push((name.to_vec(), 1));
        }
    }

    /// Once so many were turned away that the rest cannot change what is said, they are not sent.
    fn gives_way(&mut self, plan: &LoadPlan) {
        let all = plan.judged().max(plan.budget.unwrap_or_default().into());
        if is_too_much_turned_away(self.turned_away, all) {
            let (turned_away, ended) = (self.turned_away, self.ended);
            self.stopped.get_or_insert_with(|| {
                format!("stopped after {ended} requests, of which {turned_away} were turned away")
            });
        }
    }

    fn break_circuit(&mut self, end: End, plan: &LoadPlan) {
        if end == End::Silent(Break::Allowance) {
            self.stopped
                .get_or_insert_with(|| "the allowance was used up".into());
        }
        let abort = plan.abort;
        if self.ended < u64::from(abort.after) || self.stopped.is_some() {
            return;
        }
        if self.failed as f64 >= abort.errors.fraction() * self.ended as f64 {
            let (failed, ended) = (self.failed, self.ended);
            self.stopped = Some(format!(
                "stopped after {ended} requests, of which {failed} failed (`abort` at {})",
                abort.errors
            ));
        }
    }

    /// Which release the answers came from.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (said, times) in &self.said {
            let said = shown_release(&String::from_utf8_lossy(said));
            counts.add_many(Ok(said), *times);
        }
        for (status, times) in &self.silent {
            counts.add_many(Err(format!("without a release (status {status})")), *times);
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::load_plan;

    fn job(is_warm_up: bool) -> Job {
        let now = Instant::now();
        Job {
            number: 0,
            due: now,
            taken: now,
            stage: 1,
            is_warm_up,
        }
    }

    #[test]
    fn what_warms_up_is_counted_and_not_judged() {
        let (mut record, plan, start) = (Record::default(), load_plan(), Instant::now());
        for is_warm_up in [true, false] {
            let job = job(is_warm_up);
            record.sends(&job, start, job.due);
            record.ends(&job, job.due, End::Status(200), &plan);
        }
        assert_eq!(
            (record.warm_up, record.samples.len(), record.pace.sent),
            (1, 1, 1)
        );
        assert_eq!((record.stages.len(), record.stages[1].sent), (2, 1));
    }

    #[test]
    fn half_of_twenty_failing_is_enough() {
        let (mut record, plan) = (Record::default(), load_plan());
        for number in 0..20 {
            assert_eq!(record.stopped, None);
            let status = if number % 2 == 0 { 200 } else { 500 };
            record.ends(&job(false), Instant::now(), End::Status(status), &plan);
        }
        let why = record.stopped.expect("10 of 20 failed");
        assert_eq!(
            why,
            "stopped after 20 requests, of which 10 failed (`abort` at 50%)"
        );
    }

    #[test]
    fn a_rate_limit_stops_it_once_nothing_can_be_said_any_more() {
        let (mut record, plan) = (Record::default(), load_plan());
        for _ in 0..15 {
            record.ends(&job(false), Instant::now(), End::Status(429), &plan);
        }
        assert_eq!(record.stopped, None);
        record.ends(&job(false), Instant::now(), End::Status(429), &plan);
        let why = record.stopped.expect("16 of 300 are more than 5 %");
        assert_eq!(
            why,
            "stopped after 16 requests, of which 16 were turned away"
        );
    }

    #[test]
    fn every_answer_is_of_a_release_or_of_none() {
        let mut record = Record::default();
        for _ in 0..3 {
            record.hears(200, Some(b"1.1.0"));
        }
        record.hears(200, None);
        record.hears(502, None);
        record.hears(200, Some(b"\xff\x1b1.0.0"));
        let counts = record.counts();
        assert_eq!(counts.said.get("1.1.0"), Some(&3));
        assert_eq!(counts.said.len(), 2);
        assert_eq!(
            counts.silent.get("without a release (status 200)"),
            Some(&1)
        );
        for number in 0..100 {
            record.hears(200, Some(format!("{number}").as_bytes()));
        }
        assert_eq!(record.counts().total(), 105);
    }
}
