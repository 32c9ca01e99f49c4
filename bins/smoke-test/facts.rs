//! What was found out: whether the release answers, and what each probe saw.

mod assets;
mod cache;
mod command;
mod compare;
mod compression;
mod cors;
mod default_credentials;
pub(crate) mod dns;
mod http;
mod https;
mod load;
mod members;
mod metrics;
mod page;
pub(crate) mod ports;
mod postgres;
mod rate_limit;
mod redis;
mod security_headers;
mod seen;
pub(crate) mod smtp;
mod sse;
mod tls;
mod websocket;

pub(crate) use assets::{Asset, AssetsSeen};
pub(crate) use cache::{CacheSeen, Conditional, Validator};
pub(crate) use command::{CommandSeen, Ended};
pub(crate) use compare::{Compared, Pair, Timed};
pub(crate) use compression::CompressionSeen;
pub(crate) use cors::{CorsSeen, Exchange};
pub(crate) use default_credentials::Tried;
pub(crate) use http::{Hop, HttpSeen, JourneySeen, StepSeen};
pub(crate) use https::{Clear, HttpsSeen};
pub(crate) use load::{Calibration, End, Instrument, Measured, Pace, Sample};
pub(crate) use members::{MemberSeen, MembersSeen};
pub(crate) use metrics::{MetricsSeen, Traffic};
pub(crate) use page::{End as PageEnd, Noted, Pressed, Visit, Visits};
pub(crate) use postgres::{
    DatabaseRefusal, DatabaseSaid, DatabaseSeen, Found, Lag, Refusal, RoleSaid,
};
pub(crate) use rate_limit::{Again, BurstCounts, LEAST_TRIED, RateLimited, Recovery, Spoofed};
pub(crate) use redis::{CacheSaid, RedisSeen, Sampled};
pub(crate) use security_headers::SecurityHeadersSeen;
pub(crate) use seen::{Fact, Seen};
pub(crate) use sse::{Events, StreamEnd, Streamed};
pub(crate) use tls::{
    Aged, Agreed, ChainView, Disagreed, Door, Heard, NO_VERSION, Sent, Shown, TlsSeen, Trust,
};
pub(crate) use websocket::{Frame, Talk, Talked, Upgrade};

use crate::client::Client;
use crate::counts::Counts;
use crate::plan::Plan;
use crate::probes;
use crate::timeline::Timeline;
use shared::config::Span;
use shared::release::Release;

/// What was found out.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The environment's name.
    pub(crate) environment: String,
    /// Its address, without secrets.
    pub(crate) address: String,
    /// The release that must answer.
    pub(crate) release: Release,
    /// Whether it does.
    pub(crate) ready: Ready,
    /// What fresh connections to each service said; empty when it never got ready.
    pub(crate) identities: Vec<IdentityFact>,
    /// What all other answers said of their release, whatever they were asked for.
    pub(crate) counts: Counts,
    /// How many requests were sent.
    pub(crate) sent: u64,
    /// What each probe saw.
    pub(crate) probes: Seen,
}

/// The wait for the release.
#[derive(Debug)]
pub(crate) struct Ready {
    /// Whether every service answered as the release in time.
    pub(crate) is_ready: bool,
    /// How long it took, or was waited.
    pub(crate) milliseconds: f64,
    /// How long it could have taken.
    pub(crate) deadline: Span,
    /// What was seen until then.
    pub(crate) timeline: Timeline,
    /// Why it was not waited any longer, although there was time.
    pub(crate) stopped: Option<String>,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

/// What fresh connections to one service said.
#[derive(Debug)]
pub(crate) struct IdentityFact {
    /// The service's name.
    pub(crate) service: String,
    /// The address, without secrets.
    pub(crate) url: String,
    /// How it was asked: `fresh connections to`.
    pub(crate) asked: &'static str,
    /// What was said.
    pub(crate) counts: Counts,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

/// Asks everything. A question without an answer is a fact as well.
pub(crate) async fn gather(client: &Client, plan: &Plan) -> Facts {
    let ready = probes::ready::wait(client, plan).await;
    let refusal =
        (!ready.is_ready).then(|| format!("not asked, because {}", why_not(&ready, plan)));
    // A balancer between two releases never gets ready, and how many answers are from which of
    // them is what there is to know.
    let identities = if ready.timeline.has(&plan.release) {
        probes::release::ask(client, plan).await
    } else {
        Vec::new()
    };
    client.forget();
    let probes = probes::ask(client, &plan.probes, refusal.as_deref()).await;
    Facts {
        environment: plan.environment.clone(),
        address: plan.address.shown().to_owned(),
        release: plan.release.clone(),
        ready,
        identities,
        counts: client.counts(),
        sent: client.sent(),
        probes,
    }
}

fn why_not(ready: &Ready, plan: &Plan) -> String {
    let (address, version) = (plan.address.shown(), &plan.release.version);
    if ready.timeline.has(&plan.release) {
        format!("{address} did not settle on {version}")
    } else {
        format!("{address} never answered as {version}")
    }
}
