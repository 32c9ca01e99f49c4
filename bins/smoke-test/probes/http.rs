//! Single requests, repeated only where nothing was answered or a proxy answered for the service.

use super::pause::Pause;
use super::said_by_the_way;
use crate::answer::NoAnswer;
use crate::facts::{HttpFact, HttpOutcome};
use crate::plan::{HttpPlan, Plan};
use futures_util::StreamExt as _;
use shared::http::{Http, Request};
use std::time::Duration;

/// So many are asked at once: a gate should take as long as its slowest probe, and still not
/// burden what it measures.
const TOGETHER: usize = 8;
const MOST_ATTEMPTS: u32 = 3;
/// How much longer than allowed an answer is waited for, to tell how slow it is.
const LONGEST_EXTRA: Duration = Duration::from_secs(2);

/// Sends every single request; the facts are in the order of the plan.
pub(crate) async fn ask(http: &Http, plan: &Plan) -> Vec<HttpFact> {
    let requests = plan.http.iter().map(|probe| one(http, plan, probe));
    futures_util::stream::iter(requests)
        .buffered(TOGETHER)
        .collect()
        .await
}

async fn one(http: &Http, plan: &Plan, probe: &HttpPlan) -> HttpFact {
    let within = probe.expectations.within.duration();
    let request = Request {
        method: &probe.method,
        url: probe.url.real.expose(),
        headers: &probe.headers,
        deadline: within + within.min(LONGEST_EXTRA),
    };
    let mut pause = Pause::new();
    let mut attempts = 1;
    loop {
        let answered = http.send(&request).await;
        let may_pass = match &answered {
            Ok(answer) => is_of_a_proxy(answer.status, &probe.expectations.status),
            Err(error) => NoAnswer::of(error).at.may_pass(),
        };
        if may_pass && attempts < MOST_ATTEMPTS {
            attempts += 1;
            tokio::time::sleep(pause.next()).await;
            continue;
        }
        let (said, outcome) = match answered {
            Ok(answer) => (
                said_by_the_way(&plan.sources, &probe.path, &answer),
                HttpOutcome::Answered(answer.into()),
            ),
            Err(error) => (None, HttpOutcome::Silent(NoAnswer::of(&error))),
        };
        return HttpFact {
            plan: probe.clone(),
            attempts,
            outcome,
            said,
        };
    }
}

/// 502, 503 and 504 come from a proxy that found nobody, unless the probe wants them.
fn is_of_a_proxy(status: u16, wanted: &[u16]) -> bool {
    matches!(status, 502..=504) && !wanted.contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_of_a_proxy_are_asked_again() {
        let again: Vec<u16> = (100..600)
            .filter(|status| is_of_a_proxy(*status, &[200]))
            .collect();
        assert_eq!(again, [502, 503, 504]);
        assert!(!is_of_a_proxy(503, &[200, 503]));
    }
}
