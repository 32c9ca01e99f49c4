//! Asks over fresh connections which release answers.

use crate::answer::NoAnswer;
use crate::counts::Counts;
use crate::facts::IdentityFact;
use crate::plan::{Plan, Source};
use futures_util::StreamExt as _;
use shared::http::{Http, Request};
use std::time::Duration;

/// Asked together, so that a balancer which prefers idle members spreads them.
const TOGETHER: usize = 8;
const PATIENCE: Duration = Duration::from_secs(5);

/// What the connections to each service said.
pub(crate) async fn ask(http: &Http, plan: &Plan) -> Vec<IdentityFact> {
    let mut facts = Vec::new();
    for source in &plan.sources {
        let connections = (0..plan.connections).map(|_| one(http, source));
        let mut answers = futures_util::stream::iter(connections).buffer_unordered(TOGETHER);
        let mut counts = Counts::default();
        while let Some(said) = answers.next().await {
            counts.add(said);
        }
        facts.push(IdentityFact {
            service: source.service.clone(),
            url: source.url.shown.clone(),
            counts,
            reproduce: source.reproduce.clone(),
        });
    }
    facts
}

async fn one(http: &Http, source: &Source) -> Result<String, String> {
    let request = Request {
        method: "GET",
        url: source.url.real.expose(),
        headers: &[],
        deadline: PATIENCE,
    };
    match http.send(&request).await {
        Ok(answer) => super::said(source, &answer)
            .map_err(|_| format!("without a release (status {})", answer.status)),
        Err(error) => Err(format!(
            "without an answer ({})",
            NoAnswer::of(&error).at.word()
        )),
    }
}
