//! The requests themselves: one file for each kind of probe.

mod assets;
mod auth;
mod cache;
mod command;
mod compare;
mod compression;
mod cors;
mod default_credentials;
mod dns;
mod error_page;
mod grpc;
mod http;
mod https;
mod journey;
mod load;
mod members;
mod metrics;
mod page;
pub(crate) mod pause;
mod ports;
mod postgres;
mod rate_limit;
pub(crate) mod ready;
mod redis;
pub(crate) mod release;
mod security_headers;
mod smtp;
mod sse;
mod tls;
mod websocket;

use crate::client::Client;
use crate::facts::{Fact, Seen};
use crate::plan::{Planned, Probes};
use futures_util::StreamExt as _;

/// So many probes of one kind are asked at once: a gate should take as long as its slowest probe,
/// and still not burden what it measures.
const TOGETHER: usize = 20;

/// Why a probe did not come to its end.
const STOPPED: &str = "the run was asked to stop";

/// How a planned probe is asked.
pub(crate) trait Ask: Planned + Clone {
    /// What is seen then.
    type Seen;

    /// Whether it ends by itself when the run is asked to stop, because it has to clean up.
    const CLEANS_UP: bool = false;

    /// Asks. No answer is something that was seen, too.
    async fn ask(&self, client: &Client) -> Self::Seen;
}

/// Asks everything: what burdens nobody at once, then what does, one after the other, and last what
/// has this machine turned away. Where nothing answers, doors and names are still looked at: they
/// may say why.
pub(crate) async fn ask(client: &Client, probes: &Probes, refusal: Option<&str>) -> Seen {
    let (tls, dns, ports) = tokio::join!(
        together(client, &probes.tls, None),
        together(client, &probes.dns, None),
        together(client, &probes.ports, None),
    );
    let at_once = at_once(client, probes, refusal).await;
    Seen {
        tls,
        dns,
        ports,
        default_credentials: in_turn(client, &probes.default_credentials, refusal).await,
        page: in_turn(client, &probes.page, refusal).await,
        command: in_turn(client, &probes.command, refusal).await,
        compare: in_turn(client, &probes.compare, refusal).await,
        load: in_turn(client, &probes.load, refusal).await,
        rate_limit: in_turn(client, &probes.rate_limit, refusal).await,
        ..at_once
    }
}

async fn at_once(client: &Client, probes: &Probes, refusal: Option<&str>) -> Seen {
    let mut seen = Seen::default();
    tokio::join!(
        into(&mut seen.http, client, &probes.http, refusal),
        into(&mut seen.journey, client, &probes.journey, refusal),
        into(&mut seen.cache, client, &probes.cache, refusal),
        into(&mut seen.compression, client, &probes.compression, refusal),
        into(&mut seen.cors, client, &probes.cors, refusal),
        into(
            &mut seen.security_headers,
            client,
            &probes.security_headers,
            refusal
        ),
        into(&mut seen.error_page, client, &probes.error_page, refusal),
        into(&mut seen.assets, client, &probes.assets, refusal),
        into(&mut seen.https, client, &probes.https, refusal),
        into(&mut seen.auth, client, &probes.auth, refusal),
        into(&mut seen.isolation, client, &probes.isolation, refusal),
        into(&mut seen.websocket, client, &probes.websocket, refusal),
        into(&mut seen.sse, client, &probes.sse, refusal),
        into(&mut seen.metrics, client, &probes.metrics, refusal),
        into(&mut seen.members, client, &probes.members, refusal),
        into(&mut seen.redis, client, &probes.redis, refusal),
        into(&mut seen.postgres, client, &probes.postgres, refusal),
        into(&mut seen.grpc, client, &probes.grpc, refusal),
        into(&mut seen.smtp, client, &probes.smtp, refusal),
    );
    seen
}

/// Asks probes at once, and puts their facts where they belong.
async fn into<P: Ask>(
    facts: &mut Vec<Fact<P, P::Seen>>,
    client: &Client,
    plans: &[P],
    refusal: Option<&str>,
) {
    *facts = together(client, plans, refusal).await;
}

/// Asks probes at once; the facts are in the order of the plan.
async fn together<P: Ask>(
    client: &Client,
    plans: &[P],
    refusal: Option<&str>,
) -> Vec<Fact<P, P::Seen>> {
    let facts = plans.iter().map(|plan| one(client, plan, refusal));
    futures_util::stream::iter(facts)
        .buffered(TOGETHER)
        .collect()
        .await
}

/// Asks one probe after the other.
async fn in_turn<P: Ask>(
    client: &Client,
    plans: &[P],
    refusal: Option<&str>,
) -> Vec<Fact<P, P::Seen>> {
    let mut facts = Vec::new();
    for plan in plans {
        facts.push(one(client, plan, refusal).await);
    }
    facts
}

async fn one<P: Ask>(client: &Client, plan: &P, refusal: Option<&str>) -> Fact<P, P::Seen> {
    let seen = match refusal {
        Some(refusal) => Err(refusal.to_owned()),
        None if client.is_stopping() => Err(format!("not asked, because {STOPPED}")),
        None if P::CLEANS_UP => Ok(plan.ask(client).await),
        None => tokio::select! {
            seen = plan.ask(client) => Ok(seen),
            () = client.interrupted() => Err(format!("broken off, because {STOPPED}")),
        },
    };
    Fact {
        plan: plan.clone(),
        seen,
    }
}
