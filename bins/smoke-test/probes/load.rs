//! A series of requests, each sent when it is due whether or not the earlier ones were answered.

use super::said_by_the_way;
use crate::answer::NoAnswer;
use crate::facts::{End, Measured, Sample};
use crate::plan::{LoadPlan, Source};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use shared::http::{Http, Request};
use shared::progress::Progress;
use std::time::Duration;
use tokio::time::Instant;

/// Usual limits of open files are 1024; a rate of 100/s with answers that take 5 s fits in.
const MOST_OPEN: usize = 512;
/// How far the sending may fall behind before the rest is given up.
const GRACE: Duration = Duration::from_secs(5);

/// One request that has ended.
struct Sent {
    number: u32,
    at: Duration,
    sample: Sample,
    said: Option<Result<String, String>>,
}

/// Sends the whole series. Never longer than planned plus the time of one request and the grace.
pub(crate) async fn measure(http: &Http, plan: &LoadPlan, sources: &[Source]) -> Measured {
    let start = Instant::now();
    let due = |number: u32| start + Duration::from_secs_f64(f64::from(number) / plan.per_second);
    let total = plan.total();
    let end = due(total) + plan.within.duration() + GRACE;
    let mut progress = Progress::start(format!("load `{}`", plan.name));
    let mut open = FuturesUnordered::new();
    let mut ended = Vec::new();
    let mut next = 0;
    let mut most_open = 0;
    loop {
        let now = Instant::now();
        let is_over = now >= end;
        while next < total && open.len() < MOST_OPEN && due(next) <= now && !is_over {
            open.push(one(http, plan, sources, next, start, due(next)));
            next += 1;
        }
        most_open = most_open.max(open.len());
        let is_waiting = next < total && open.len() < MOST_OPEN && !is_over;
        if open.is_empty() && !is_waiting {
            break;
        }
        tokio::select! {
            Some(sent) = open.next(), if !open.is_empty() => {
                ended.push(sent);
                progress.tell(&format!("{} of {total} requests", ended.len()));
            }
            () = tokio::time::sleep_until(due(next)), if is_waiting => {}
        }
    }
    let mut measured = collected(ended, plan);
    measured.unsent = u64::from(total - next);
    measured.most_open = most_open;
    measured
}

async fn one(
    http: &Http,
    plan: &LoadPlan,
    sources: &[Source],
    number: u32,
    start: Instant,
    due: Instant,
) -> Sent {
    let sent = Instant::now();
    let request = Request {
        method: "GET",
        url: plan.url.real.expose(),
        headers: &[],
        deadline: plan.within.duration(),
    };
    let answered = http.send(&request).await;
    let (end, said) = match answered {
        Ok(answer) => {
            let status = answer.status;
            let said = match said_by_the_way(sources, &plan.path, &answer) {
                Some(release) => Some(Ok(release)),
                // An error page of a proxy is of no release; it counts as an error already.
                None if status >= 400 => None,
                None => Some(Err(format!("without a release (status {status})"))),
            };
            (End::Status(status), said)
        }
        Err(error) => (End::Silent(NoAnswer::of(&error).at), None),
    };
    let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let sample = Sample {
        lateness: milliseconds(sent.saturating_duration_since(due)),
        service: milliseconds(sent.elapsed()),
        end,
    };
    Sent {
        number,
        at: sent - start,
        sample,
        said,
    }
}

fn collected(mut ended: Vec<Sent>, plan: &LoadPlan) -> Measured {
    ended.sort_by_key(|sent| sent.number);
    let mut measured = Measured::default();
    let span = match (ended.first(), ended.last()) {
        (Some(first), Some(last)) => last.at.saturating_sub(first.at).as_secs_f64(),
        _ => 0.0,
    };
    if span > 0.0 {
        measured.achieved = (ended.len() - 1) as f64 / span;
    }
    for sent in ended {
        if let Some(said) = sent.said {
            measured.counts.add(said);
        }
        if sent.number >= plan.warm_up {
            measured.samples.push(sent.sample);
        }
    }
    measured
}
