//! What was found out: whether the release answers, and what each probe saw.

use crate::answer::{Answer, NoAnswer};
use crate::counts::Counts;
use crate::plan::{HttpPlan, LoadPlan, Plan};
use crate::probes;
use crate::timeline::Timeline;
use shared::config::Span;
use shared::gate::Context;
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
    /// The single requests.
    pub(crate) http: Vec<HttpFact>,
    /// The series of requests.
    pub(crate) load: Vec<LoadFact>,
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
    /// What was said.
    pub(crate) counts: Counts,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

/// A single request and what came of it.
#[derive(Debug)]
pub(crate) struct HttpFact {
    /// What was asked, and what had to come back.
    pub(crate) plan: HttpPlan,
    /// How often it was asked.
    pub(crate) attempts: u32,
    /// What came of it.
    pub(crate) outcome: HttpOutcome,
    /// The release that the answer names, when it names one.
    pub(crate) said: Option<String>,
}

/// What came of a single request.
#[derive(Debug)]
pub(crate) enum HttpOutcome {
    /// An answer.
    Answered(Answer),
    /// None.
    Silent(NoAnswer),
    /// It was not sent, and this is why.
    NotAsked(String),
}

/// A series of requests and what came of it.
#[derive(Debug)]
pub(crate) struct LoadFact {
    /// What was asked, and how fast it had to be.
    pub(crate) plan: LoadPlan,
    /// What came of it, or why it was not sent.
    pub(crate) measured: Result<Measured, String>,
}

/// A series of requests.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// Those that are judged, in the order in which they were due.
    pub(crate) samples: Vec<Sample>,
    /// How many were not sent because this machine fell too far behind.
    pub(crate) unsent: u64,
    /// How many were sent each second.
    pub(crate) achieved: f64,
    /// The most that were open at once.
    pub(crate) most_open: usize,
    /// Which release the answers came from, those to warm up included.
    pub(crate) counts: Counts,
}

/// One request of a series; times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// From the moment it was due to the moment it was sent.
    pub(crate) lateness: f64,
    /// From the moment it was sent to the last byte of its answer.
    pub(crate) service: f64,
    /// What came back.
    pub(crate) end: End,
}

impl Sample {
    /// From the moment it was due to the last byte of its answer, so that a request which had to
    /// queue behind a slow one is as slow as a user would see it.
    pub(crate) fn response(&self) -> f64 {
        self.lateness + self.service
    }
}

/// What came back from one request of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// This status.
    Status(u16),
    /// Nothing.
    Silent(crate::answer::Break),
}

/// Asks everything. A question without an answer is a fact as well.
pub(crate) async fn gather(context: &Context, plan: &Plan) -> Facts {
    let http = context.http();
    let ready = probes::ready::wait(&http, plan).await;
    let refusal = (!ready.is_ready).then(|| {
        format!(
            "not asked, because {} never answered as {}",
            plan.address.shown(),
            plan.release.version
        )
    });
    let mut facts = Facts {
        environment: plan.environment.clone(),
        address: plan.address.shown().to_owned(),
        release: plan.release.clone(),
        ready,
        identities: Vec::new(),
        http: Vec::new(),
        load: Vec::new(),
    };
    if let Some(refusal) = refusal {
        facts.http = plan
            .http
            .iter()
            .map(|plan| not_asked(plan, &refusal))
            .collect();
        facts.load = plan
            .load
            .iter()
            .map(|plan| not_sent(plan, &refusal))
            .collect();
        return facts;
    }
    facts.identities = probes::release::ask(&http, plan).await;
    facts.http = probes::http::ask(&http, plan).await;
    // Connections of a series are kept as a browser or a client library keeps them.
    let pooled = context.http().pooled();
    for load in &plan.load {
        let measured = Ok(probes::load::measure(&pooled, load, &plan.sources).await);
        facts.load.push(LoadFact {
            plan: load.clone(),
            measured,
        });
    }
    facts
}

fn not_sent(plan: &LoadPlan, refusal: &str) -> LoadFact {
    LoadFact {
        plan: plan.clone(),
        measured: Err(refusal.to_owned()),
    }
}

fn not_asked(plan: &HttpPlan, refusal: &str) -> HttpFact {
    HttpFact {
        plan: plan.clone(),
        attempts: 0,
        outcome: HttpOutcome::NotAsked(refusal.to_owned()),
        said: None,
    }
}
