//! Waits until every service of the environment answers as the release.

use super::pause::Pause;
use super::release;
use crate::answer::Break;
use crate::client::{Client, said};
use crate::facts::Ready;
use crate::plan::{Plan, Request, Source};
use crate::timeline::{Observation, Seen, Timeline};
use shared::config::Span;
use shared::progress::Progress;
use std::time::{Duration, Instant};

/// A single question waits no longer than this, so that one lost packet does not use up the time.
const LONGEST_QUESTION: Duration = Duration::from_secs(5);
/// Right answers in a row are asked for so far apart.
const BETWEEN: Duration = Duration::from_millis(50);
/// The last question still gets this long, however late it is.
const SHORTEST_QUESTION: Duration = Duration::from_secs(1);

/// Asks until the release answers steadily, the time is over, or asking again makes no sense. When
/// the very first answer is right, it is enough: the fresh connections that follow ask again.
pub(crate) async fn wait(client: &Client, plan: &Plan) -> Ready {
    let start = Instant::now();
    let deadline = plan.wait.duration();
    let mut timeline = Timeline::default();
    let mut pause = Pause::new();
    let mut progress = None;
    let (mut right, mut needed) = (0, 1);
    let mut stopped;
    let (is_ready, reproduce) = loop {
        let left = deadline.saturating_sub(start.elapsed());
        let (wrong, observation) = look(client, plan, left).await;
        tracing::debug!("{}: {observation}", plan.address.shown());
        stopped = stops(client, plan, &observation.seen);
        timeline.push(start.elapsed().as_secs_f64() * 1000.0, observation);
        let left = deadline.saturating_sub(start.elapsed());
        match wrong {
            None => right += 1,
            // Once it was wrong it may be starting, and a single right answer is not yet a steady one.
            Some(_) => (right, needed) = (0, plan.consecutive),
        }
        if right >= needed {
            stopped = None;
            break (true, plan.sources.first());
        }
        if left.is_zero() || stopped.is_some() {
            break (false, wrong.or(plan.sources.first()));
        }
        if wrong.is_none() {
            tokio::time::sleep(BETWEEN).await;
            continue;
        }
        let state = timeline.last().map(ToString::to_string).unwrap_or_default();
        progress
            .get_or_insert_with(|| Progress::start(format!("waiting for {}", plan.release)))
            .tell(&state);
        tokio::time::sleep(pause.next().min(left)).await;
    };
    Ready {
        is_ready,
        milliseconds: start.elapsed().as_secs_f64() * 1000.0,
        deadline: plan.wait,
        timeline,
        stopped,
        reproduce: reproduce
            .map(|source| source.reproduce.clone())
            .unwrap_or_default(),
    }
}

/// Why nothing is gained by asking again, or nothing would be left to ask the probes with.
fn stops(client: &Client, plan: &Plan, seen: &Seen) -> Option<String> {
    let most = plan.allow.requests;
    if matches!(seen, Seen::Nothing(Break::Private)) {
        return Some(
            "its address is no public one, and `allow.private_addresses` is not set".into(),
        );
    }
    let next = client.sent() + plan.sources.len() as u64;
    (next > plan.waiting()).then(|| {
        format!(
            "what is left of the {most} requests that `allow.requests` grants is for the probes"
        )
    })
}

/// Asks every service in turn; the first that is not the release, and what was seen last.
async fn look<'a>(
    client: &Client,
    plan: &'a Plan,
    left: Duration,
) -> (Option<&'a Source>, Observation) {
    let mut seen = Seen::Answer(0, Err("there is no service".into()));
    let mut asked = None;
    for source in &plan.sources {
        asked = Some(source);
        seen = one(client, source, left).await;
        if !seen.is_of(&plan.release) {
            break;
        }
    }
    let wrong = if seen.is_of(&plan.release) {
        None
    } else {
        asked
    };
    let service = asked.filter(|_| plan.sources.len() > 1);
    let service = service.map(|source| source.service.clone());
    (wrong, Observation { service, seen })
}

async fn one(client: &Client, source: &Source, left: Duration) -> Seen {
    let longest = Duration::from_millis(left.as_millis() as u64).max(SHORTEST_QUESTION);
    if let Some(told) = release::told(source, longest).await {
        return Seen::Told(told);
    }
    let patience = left.clamp(SHORTEST_QUESTION, LONGEST_QUESTION);
    let within = Span::milliseconds(patience.as_millis() as u64);
    let request = Request::get(source.url.clone(), within);
    match tokio::time::timeout(patience, client.send(&request)).await {
        Ok(Ok(answer)) => Seen::Answer(answer.status, said(source, &answer)),
        Ok(Err(no_answer)) => Seen::Nothing(no_answer.at),
        Err(_) => Seen::Nothing(Break::Timeout),
    }
}
