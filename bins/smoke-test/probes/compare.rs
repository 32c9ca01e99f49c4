//! Pairs of requests, one to each of two addresses, in an order that is drawn for each pair.

use super::Ask;
use super::load::{Deadline, calibrate};
use crate::answer::Break;
use crate::client::{Client, Line, Questions, milliseconds, shown_release};
use crate::contrast::Contrast;
use crate::counts::Counts;
use crate::facts::{Compared, End, Pair, Timed};
use crate::plan::{ComparePlan, Request, WARM_UP_PAIRS};
use shared::progress::Progress;
use std::hash::{BuildHasher as _, RandomState};
use tokio::time::Instant;

impl Ask for ComparePlan {
    type Seen = Compared;

    async fn ask(&self, client: &Client) -> Compared {
        let mut progress = Progress::start(format!("compare `{}`", self.name));
        let mut compared = Compared {
            calibration: calibrate().await,
            ..Compared::default()
        };
        let questions = |request| Questions::new(client, std::slice::from_ref(request));
        let mut new = Side::open(questions(&self.new), &self.new).await;
        // It may be the same release under another name.
        let asked = questions(&self.current).watching(&self.new);
        let mut current = Side::open(asked, &self.current).await;
        let order = RandomState::new();
        for number in 0..WARM_UP_PAIRS {
            pair(client, &mut new, &mut current, order.hash_one(number)).await;
        }
        while compared.looks < self.looks() && compared.stopped.is_none() {
            while compared.pairs.len() < self.until(compared.looks) as usize {
                let number = compared.pairs.len();
                progress.tell(&format!("{number} pairs"));
                let pair = pair(client, &mut new, &mut current, order.hash_one(number)).await;
                let is_used_up = |timed: &Timed| timed.end == End::Silent(Break::Allowance);
                if is_used_up(&pair.new) || is_used_up(&pair.current) {
                    compared.stopped = Some("the allowance was used up".into());
                    break;
                }
                compared.pairs.push(pair);
            }
            compared.looks += 1;
            compared.cut = new.line.cut;
            if !Contrast::of(&compared, self).is_open(self) {
                break;
            }
        }
        compared.counts = new.counts;
        compared.current_counts = current.counts;
        compared
    }
}

/// One of the two that are compared.
struct Side<'a> {
    questions: Questions<'a>,
    line: Line,
    deadline: Deadline,
    counts: Counts,
}

impl<'a> Side<'a> {
    async fn open(mut questions: Questions<'a>, request: &Request) -> Self {
        // One that cannot be reached is found out by the requests themselves.
        let line = questions.open().await.unwrap_or_default();
        Self {
            questions,
            line,
            deadline: Deadline::new(request.within.duration()),
            counts: Counts::default(),
        }
    }

    async fn ask(&mut self, client: &Client) -> Timed {
        if client.allow().await.is_err() {
            return Timed {
                time: f64::INFINITY,
                end: End::Silent(Break::Allowance),
            };
        }
        let start = Instant::now();
        let asked = self.line.ask(&self.questions, 0);
        let end = match self.deadline.limit(start, asked).await {
            Some(Ok(reply)) => End::Status(reply.status),
            Some(Err(silence)) => silence.into(),
            None => End::Silent(Break::Timeout),
        };
        let time = milliseconds(start.elapsed());
        self.hear(end);
        Timed { time, end }
    }

    fn hear(&mut self, end: End) {
        let End::Status(status) = end else { return };
        match &self.line.said {
            Some(said) => {
                let said = shown_release(&String::from_utf8_lossy(said));
                self.counts.add(Ok(said));
            }
            // An error page of a proxy is of no release; it counts as an error already.
            None if status >= 400 => {}
            None => {
                let reason = format!("without a release (status {status})");
                self.counts.add(Err(reason));
            }
        }
    }
}

/// Asks both, one after the other, so that neither is slowed down by the other.
async fn pair(client: &Client, new: &mut Side<'_>, current: &mut Side<'_>, random: u64) -> Pair {
    let is_new_first = random & 1 == 0;
    let (new, current) = if is_new_first {
        let new = new.ask(client).await;
        (new, current.ask(client).await)
    } else {
        let current = current.ask(client).await;
        (new.ask(client).await, current)
    };
    Pair {
        new,
        current,
        is_new_first,
    }
}
