//! What will be asked, decided before anything is contacted.

mod arm;
mod assets;
mod auth;
mod cache;
mod command;
mod compare;
mod compression;
mod cookie;
mod cors;
mod credential;
mod default_credentials;
mod dns;
mod error_page;
pub(crate) mod expectations;
mod grpc;
pub(crate) mod host;
mod http;
mod https;
mod identified;
mod isolation;
mod journey;
pub(crate) mod keys;
mod load;
mod members;
mod metrics;
mod page;
mod places;
pub(crate) mod ports;
mod postgres;
mod probes;
mod profile;
mod rate_limit;
mod redirects;
mod redis;
mod request;
mod request_header;
pub(crate) mod schema;
mod scope;
mod security_headers;
mod smtp;
mod source;
mod sse;
mod tls;
mod websocket;

pub(crate) use arm::Arm;
pub(crate) use assets::AssetsPlan;
pub(crate) use auth::{AuthPlan, Holder};
pub(crate) use cache::{CachePlan, CacheRule, word as class_word};
pub(crate) use command::CommandPlan;
pub(crate) use compare::{ComparePlan, DeltaLimit, WARM_UP as WARM_UP_PAIRS};
pub(crate) use compression::CompressionPlan;
pub(crate) use cors::{CorsPlan, Party, Standing};
pub(crate) use default_credentials::DefaultCredentialsPlan;
pub(crate) use dns::{DnsPlan, Wanted, listed as listed_records};
pub(crate) use error_page::ErrorPagePlan;
pub(crate) use expectations::{Expectations, Selected};
pub(crate) use grpc::GrpcPlan;
pub(crate) use http::HttpPlan;
pub(crate) use https::HttpsPlan;
pub(crate) use identified::Identified;
pub(crate) use isolation::{Asker, IsolationPlan};
pub(crate) use journey::{Captured, Encoding, JourneyPlan, RUN, StepPlan};
pub(crate) use load::{LONGEST_SECONDS, LOOKS, Length, Limit, LoadPlan, Model, Of, Ramps};
pub(crate) use members::{HaproxyPlan, MemberPlan, MembersPlan};
pub(crate) use metrics::{FORBIDDEN, FamilyPlan, MOST_READINGS, MetricsPlan};
pub(crate) use page::{Figure, FigureLimit, KeyPlan, Marks, PagePlan};
pub(crate) use ports::{PortsPlan, listed as listed_ports};
pub(crate) use postgres::{MOST_ROWS, PostgresPlan, QueryPlan};
pub(crate) use probes::{Planned, Probes};
pub(crate) use profile::{ContentSecurity, Profile};
pub(crate) use rate_limit::{MOST_RETURNS, RateLimitPlan, SPOOFED};
pub(crate) use redis::{CacheServer, KeysPlan, RedisPlan};
pub(crate) use request::{Protocol, Request};
pub(crate) use scope::KNOWN as KNOWN_METHODS;
pub(crate) use security_headers::SecurityHeadersPlan;
pub(crate) use smtp::SmtpPlan;
pub(crate) use source::Source;
pub(crate) use sse::SsePlan;
pub(crate) use tls::{MODERN, Offer, TlsPlan};
pub(crate) use websocket::WebsocketPlan;

pub(crate) use shared::config::TlsVersion;

use crate::address::Address;
use places::{further_addresses, own_address};
use scope::Scope;
use shared::config::{Allow, Identity, Name, Probe, Smoke, Span};
use shared::error::{Error, Result};
use shared::gate::{Context, Step};
use shared::release::Release;
use source::sources;
use std::collections::BTreeSet;

/// More fresh connections than this show nothing that fewer would not.
const MOST_CONNECTIONS: u32 = 1000;
/// More attempts than this hide what is wrong.
const MOST_ATTEMPTS: u32 = 10;

/// What will be asked.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The environment's name.
    pub(crate) environment: String,
    /// The release that must answer.
    pub(crate) release: Release,
    /// The environment's address.
    pub(crate) address: Address,
    /// What probes may do to it.
    pub(crate) allow: Allow,
    /// How long to wait for the release.
    pub(crate) wait: Span,
    /// How many right answers in a row end a wait.
    pub(crate) consecutive: u32,
    /// How often a question is asked at most.
    pub(crate) attempts: u32,
    /// Where each service says which release it is.
    pub(crate) sources: Vec<Source>,
    /// How many fresh connections are asked for it.
    pub(crate) connections: u32,
    /// What is asked then.
    pub(crate) probes: Probes,
}

/// Checks the whole section, and leaves out the kinds of probes that the flags leave out.
pub(crate) fn of(context: &Context) -> Result<Plan> {
    let file = &context.config.file;
    let Some(smoke) = &context.config.document.smoke else {
        return Err(
            Error::config("there is no `smoke`, so there is nothing to ask")
                .at(file)
                .hint("add `smoke` with at least one of `probes`"),
        );
    };
    section(smoke, file)?;
    let address = own_address(context)?;
    let addresses = further_addresses(context)?;
    let allow = context.place().allow.clone();
    granted(&allow, context)?;
    let mut plan = Plan {
        environment: context.environment.to_string(),
        release: context.release()?.clone(),
        sources: sources(context, &address, &addresses)?,
        wait: smoke.wait,
        consecutive: smoke.consecutive,
        attempts: smoke.attempts,
        connections: smoke.connections,
        probes: Probes::default(),
        address,
        allow,
    };
    for probe in &smoke.probes {
        let scope = Scope {
            context,
            address: &plan.address,
            addresses: &addresses,
            name: probe.name(),
        };
        if is_here(context, probe)? {
            plan.probes.add(&scope, probe)?;
        }
    }
    if plan.probes.all().is_empty() {
        let environment = &context.environment;
        let message = format!("no probe is for `{environment}`, so nothing would be examined");
        return Err(Error::config(message)
            .at(file)
            .hint("name it in the `environments` of a probe"));
    }
    affordable(&plan, context)?;
    Ok(plan)
}

/// Whether a probe is for this environment.
fn is_here(context: &Context, probe: &Probe) -> Result<bool> {
    let file = &context.config.file;
    let known = &context.config.document.environments;
    for name in probe.environments() {
        if !known.contains_key(&name.value) {
            let names: Vec<&str> = known.keys().map(Name::as_str).collect();
            let message = format!("there is no environment `{}`", name.value);
            let hint = shared::config::nearest_hint(name.value.as_str(), &names);
            return Err(name.refuse(file, message).hint(hint));
        }
    }
    let mut named = probe.environments().iter();
    Ok(named.len() == 0 || named.any(|name| name.value == context.environment))
}

fn granted(allow: &Allow, context: &Context) -> Result<()> {
    let refuse = |message: &str| {
        let environment = &context.environment;
        let message = format!("`environments.{environment}.allow` {message}");
        Err(Error::config(message).at(&context.config.file))
    };
    if !(allow.per_second.is_finite() && allow.per_second >= 1.0) {
        return refuse("needs a `per_second` of at least 1");
    }
    let mut methods = allow.methods.iter();
    match methods.find(|method| !scope::KNOWN.contains(&method.as_str())) {
        Some(method) => refuse(&format!("names the method `{method}`, which is not known")),
        None => Ok(()),
    }
}

/// A run that could not end within its allowance is not begun.
fn affordable(plan: &Plan, context: &Context) -> Result<()> {
    let needed = plan.requests();
    let most = plan.allow.requests;
    if needed <= most {
        return Ok(());
    }
    let environment = &plan.environment;
    Err(Error::config(format!(
        "the probes send {needed} requests to `{environment}`, and `allow.requests` grants {most}"
    ))
    .at(&context.config.file)
    .hint(format!(
        "raise `environments.{environment}.allow.requests`, or ask less"
    )))
}

impl Plan {
    /// How many requests the wait may send, so that enough are left for the probes.
    pub(crate) fn waiting(&self) -> u64 {
        let first = self.sources.len() as u64;
        (self.allow.requests + first).saturating_sub(self.requests())
    }

    /// How many requests are sent, repetitions left out.
    pub(crate) fn requests(&self) -> u64 {
        let connections = u64::from(self.connections) + 1;
        let identities = connections * self.sources.len() as u64;
        let probes = self.probes.all();
        identities + probes.iter().map(|plan| plan.requests()).sum::<u64>()
    }
}

/// The calls, for `--plan`.
pub(crate) fn steps(plan: &Plan) -> Vec<Step> {
    let mut steps = Vec::new();
    for source in &plan.sources {
        let (service, release, wait) = (&source.service, &plan.release, plan.wait);
        let get = match &source.identity {
            Identity::Command { .. } => source.reproduce.clone(),
            Identity::Header { .. } | Identity::Json { .. } | Identity::Meta { .. } => {
                format!("GET {}", source.url.shown)
            }
        };
        steps.push(Step::reads(
            format!("wait until `{service}` answers as {release}, at most {wait}"),
            &get,
        ));
        let connections = plan.connections;
        steps.push(Step::reads(
            format!("ask `{service}` over {connections} fresh connections for its release"),
            &get,
        ));
    }
    for probe in plan.probes.all() {
        steps.extend(probe.steps());
    }
    steps
}

fn section(smoke: &Smoke, file: &str) -> Result<()> {
    let refuse = |message: String| Err(Error::config(format!("`smoke` {message}")).at(file));
    if smoke.probes.is_empty() {
        return refuse("has no `probes`, so nothing would be examined".into());
    }
    if smoke.connections == 0 || smoke.connections > MOST_CONNECTIONS {
        return refuse(format!("needs `connections` from 1 to {MOST_CONNECTIONS}"));
    }
    if smoke.attempts == 0 || smoke.attempts > MOST_ATTEMPTS {
        return refuse(format!("needs `attempts` from 1 to {MOST_ATTEMPTS}"));
    }
    if smoke.consecutive == 0 || smoke.consecutive > MOST_CONNECTIONS {
        return refuse(format!("needs `consecutive` from 1 to {MOST_CONNECTIONS}"));
    }
    let mut names = BTreeSet::new();
    for probe in &smoke.probes {
        let name = probe.name();
        if name.value.trim().is_empty() || name.value.chars().any(char::is_control) {
            return Err(name.refuse(file, "a probe needs a printable `name`"));
        }
        if !names.insert(&name.value) {
            return Err(name.refuse(file, format!("two probes have the name `{}`", name.value)));
        }
    }
    Ok(())
}
