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

/// Asks until the release answers steadily or the time is over. When the very first answer is
/// right, it is enough: the fresh connections that follow ask again.
pub(crate) async fn wait(client: &Client, plan: &Plan) -> Ready {
    let start = Instant::now();
    let deadline = plan.wait.duration();
    let mut timeline = Timeline::default();
    let mut pause = Pause::new();
    let mut progress = None;
    let (mut right, mut needed) = (0, 1);
    let (is_ready, reproduce) = loop {
        let left = deadline.saturating_sub(start.elapsed());
        let patience = left.clamp(SHORTEST_QUESTION, LONGEST_QUESTION);
        let (wrong, observation) = look(client, plan, patience).await;
        tracing::debug!("{}: {observation}", plan.address.shown());
        timeline.push(start.elapsed().as_secs_f64() * 1000.0, observation);
        let Some(source) = wrong else {
            right += 1;
            if right >= needed {
                break (true, plan.sources.first());
            }
            tokio::time::sleep(BETWEEN).await;
            continue;
        };
        // Once it was wrong it may be starting, and a single right answer is not yet a steady one.
        (right, needed) = (0, plan.consecutive);
        let left = deadline.saturating_sub(start.elapsed());
        if left.is_zero() {
            break (false, Some(source));
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
        reproduce: reproduce
            .map(|source| source.reproduce.clone())
            .unwrap_or_default(),
    }
}

/// Asks every service in turn; the first that is not the release, and what was seen last.
async fn look<'a>(
    client: &Client,
    plan: &'a Plan,
    patience: Duration,
) -> (Option<&'a Source>, Observation) {
    let mut seen = Seen::Answer(0, Err("there is no service".into()));
    let mut asked = None;
    for source in &plan.sources {
        asked = Some(source);
        seen = one(client, source, patience).await;
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

async fn one(client: &Client, source: &Source, patience: Duration) -> Seen {
    if let Some(told) = release::told(source).await {
        return Seen::Told(told);
    }
    let within = Span::milliseconds(patience.as_millis() as u64);
    let request = Request::get(source.url.clone(), within);
    match tokio::time::timeout(patience, client.send(&request)).await {
        Ok(Ok(answer)) => Seen::Answer(answer.status, said(source, &answer)),
        Ok(Err(no_answer)) => Seen::Nothing(no_answer.at),
        Err(_) => Seen::Nothing(Break::Timeout),
    }
}
