//! Waits until every service of the environment answers as the release.

use super::pause::Pause;
use crate::answer::NoAnswer;
use crate::facts::Ready;
use crate::plan::{Plan, Source};
use crate::timeline::{Observation, Seen, Timeline};
use shared::http::{Http, Request};
use shared::progress::Progress;
use std::time::{Duration, Instant};

/// A single question waits no longer than this, so that one lost packet does not use up the time.
const LONGEST_QUESTION: Duration = Duration::from_secs(5);
/// The last question still gets this long, however late it is.
const SHORTEST_QUESTION: Duration = Duration::from_secs(1);

/// Asks until the release answers or the time is over; the first right answer ends it at once.
pub(crate) async fn wait(http: &Http, plan: &Plan) -> Ready {
    let start = Instant::now();
    let deadline = plan.wait.duration();
    let mut timeline = Timeline::default();
    let mut pause = Pause::new();
    let mut progress = None;
    let (is_ready, reproduce) = loop {
        let left = deadline.saturating_sub(start.elapsed());
        let patience = left.clamp(SHORTEST_QUESTION, LONGEST_QUESTION);
        let (wrong, observation) = look(http, plan, patience).await;
        tracing::debug!("{}: {observation}", plan.address.shown());
        timeline.push(start.elapsed().as_secs_f64() * 1000.0, observation);
        let Some(source) = wrong else {
            break (true, plan.sources.first());
        };
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
    http: &Http,
    plan: &'a Plan,
    patience: Duration,
) -> (Option<&'a Source>, Observation) {
    let mut seen = Seen::Answer(0, Err("there is no service".into()));
    let mut asked = None;
    for source in &plan.sources {
        asked = Some(source);
        let request = Request {
            method: "GET",
            url: source.url.real.expose(),
            headers: &[],
            deadline: patience,
        };
        seen = match http.send(&request).await {
            Ok(answer) => Seen::Answer(answer.status, super::said(source, &answer)),
            Err(error) => Seen::Nothing(NoAnswer::of(&error).at),
        };
        if !is_release(&seen, plan) {
            break;
        }
    }
    let wrong = if is_release(&seen, plan) { None } else { asked };
    let service = asked.filter(|_| plan.sources.len() > 1);
    let service = service.map(|source| source.service.clone());
    (wrong, Observation { service, seen })
}

/// A server error does not count, even when the release itself answers with it: it may be starting.
fn is_release(seen: &Seen, plan: &Plan) -> bool {
    match seen {
        Seen::Answer(status, Ok(release)) => *status < 500 && plan.release.is_named_by(release),
        Seen::Answer(_, Err(_)) | Seen::Nothing(_) => false,
    }
}
