//! Asks over fresh connections which release answers.

use crate::client::{Client, said};
use crate::counts::Counts;
use crate::facts::IdentityFact;
use crate::plan::{Plan, Request, Source};
use futures_util::StreamExt as _;
use shared::config::{Identity, Span};
use shared::error::one_line;
use shared::identity;
use std::time::Duration;

/// Asked together, so that a balancer which prefers idle members spreads them.
const TOGETHER: usize = 8;
const PATIENCE: u64 = 5;

/// What the connections to each service said.
pub(crate) async fn ask(client: &Client, plan: &Plan) -> Vec<IdentityFact> {
    let mut facts = Vec::new();
    for source in &plan.sources {
        // A command tells what runs, whatever connection it would be asked over.
        if let Some(told) = told(source, Duration::MAX).await {
            let mut counts = Counts::default();
            counts.add(told);
            facts.push(fact(source, "runs of its command for", counts));
            continue;
        }
        let connections = (0..plan.connections).map(|_| one(client, source));
        let mut answers = futures_util::stream::iter(connections).buffer_unordered(TOGETHER);
        let mut counts = Counts::default();
        while let Some(said) = answers.next().await {
            counts.add(said);
        }
        facts.push(fact(source, "fresh connections to", counts));
    }
    facts
}

fn fact(source: &Source, asked: &'static str, counts: Counts) -> IdentityFact {
    IdentityFact {
        service: source.service.clone(),
        url: source.url.shown.clone(),
        asked,
        counts,
        reproduce: source.reproduce.clone(),
    }
}

/// What the command of a service says, within its own time and no longer than this; none when an
/// answer tells it.
pub(super) async fn told(source: &Source, longest: Duration) -> Option<Result<String, String>> {
    let Identity::Command { run, deadline } = &source.identity else {
        return None;
    };
    let deadline = deadline.duration().min(longest);
    let told = identity::told(run, source.url.real.expose(), deadline).await;
    Some(told.map_err(|error| one_line(error.message())))
}

async fn one(client: &Client, source: &Source) -> Result<String, String> {
    let request = Request::get(source.url.clone(), Span::seconds(PATIENCE));
    match client.send(&request).await {
        Ok(answer) => said(source, &answer)
            .map_err(|_| format!("without a release (status {})", answer.status)),
        Err(no_answer) => Err(format!("without an answer ({})", no_answer.at.word())),
    }
}
