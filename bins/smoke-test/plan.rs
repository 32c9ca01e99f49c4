//! What will be asked, decided before anything is contacted.

mod http;
mod load;

pub(crate) use http::{Expectations, HttpPlan};
pub(crate) use load::LoadPlan;

use crate::address::{Address, Url};
use crate::reproduce;
use serde_json_path::JsonPath;
use shared::config::{Identity, Name, Probe, Smoke, Span};
use shared::error::{Error, Result};
use shared::gate::{Context, Step};
use shared::release::Release;
use std::collections::BTreeSet;

/// More fresh connections than this show nothing that fewer would not.
const MOST_CONNECTIONS: u32 = 1000;

/// What will be asked.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The environment's name.
    pub(crate) environment: String,
    /// The release that must answer.
    pub(crate) release: Release,
    /// The environment's address.
    pub(crate) address: Address,
    /// How long to wait for the release.
    pub(crate) wait: Span,
    /// Where each service says which release it is.
    pub(crate) sources: Vec<Source>,
    /// How many fresh connections are asked for it.
    pub(crate) connections: u32,
    /// Single requests.
    pub(crate) http: Vec<HttpPlan>,
    /// Series of requests.
    pub(crate) load: Vec<LoadPlan>,
}

/// Where a service says which release it is.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The service's name.
    pub(crate) service: String,
    /// How it says it.
    pub(crate) identity: Identity,
    /// The address that is asked.
    pub(crate) url: Url,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

/// Where a probe stands in the file, for errors about it.
struct Place<'a> {
    file: &'a str,
    index: usize,
    name: &'a str,
}

impl Place<'_> {
    fn refuse(&self, message: impl std::fmt::Display) -> Error {
        let Self { file, index, name } = self;
        let name = crate::answer::shown(name, 60);
        Error::config(format!("`smoke.probes[{index}]` (`{name}`) {message}")).at(*file)
    }
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
    let address = address(context)?;
    let plan = Plan {
        environment: context.environment.to_string(),
        release: context.release()?.clone(),
        sources: sources(context, &address)?,
        wait: smoke.wait,
        connections: smoke.connections,
        http: Vec::new(),
        load: Vec::new(),
        address,
    };
    with_probes(plan, context, smoke)
}

fn with_probes(mut plan: Plan, context: &Context, smoke: &Smoke) -> Result<Plan> {
    let file = &context.config.file;
    for (index, probe) in smoke.probes.iter().enumerate() {
        let place = |name| Place { file, index, name };
        match probe {
            Probe::Http(probe) => {
                let planned = http::of(context, &plan.address, probe, &place(&probe.name))?;
                plan.http.push(planned);
            }
            Probe::Load(probe) => {
                let planned = load::of(&plan.address, probe, &place(&probe.name))?;
                plan.load.push(planned);
            }
        }
    }
    if !is_asked(context, crate::checks::http::CHECK.id) {
        plan.http.clear();
    }
    if !is_asked(context, crate::checks::load::CHECK.id) {
        plan.load.clear();
    }
    Ok(plan)
}

/// The calls, for `--plan`.
pub(crate) fn steps(plan: &Plan) -> Vec<Step> {
    let mut steps = Vec::new();
    for source in &plan.sources {
        let (service, release, wait) = (&source.service, &plan.release, plan.wait);
        let get = format!("GET {}", source.url.shown);
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
    steps.extend(plan.http.iter().map(HttpPlan::step));
    steps.extend(plan.load.iter().map(LoadPlan::step));
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
    let mut names = BTreeSet::new();
    for (index, probe) in smoke.probes.iter().enumerate() {
        let (Probe::Http(shared::config::HttpProbe { name, .. })
        | Probe::Load(shared::config::LoadProbe { name, .. })) = probe;
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return refuse(format!("has `probes[{index}]` without a printable `name`"));
        }
        if !names.insert(name) {
            return refuse(format!("has two probes with the name `{name}`"));
        }
    }
    Ok(())
}

fn address(context: &Context) -> Result<Address> {
    let real = context.url()?;
    let template = context.place().url.as_ref();
    let raw = template.map_or("", |template| template.raw());
    Address::parse(&real, raw).map_err(|why| match template {
        Some(template) => template.refuse(&context.config.file, why),
        None => Error::config(why).at(&context.config.file),
    })
}

fn sources(context: &Context, address: &Address) -> Result<Vec<Source>> {
    let file = &context.config.file;
    if context.services.is_empty() {
        let environment = &context.environment;
        return Err(Error::config(format!(
            "environment `{environment}` runs no service, so nothing tells which release answers"
        ))
        .at(file)
        .hint("name it under the environment's `services`"));
    }
    context
        .services
        .iter()
        .map(|name| source(context, address, name))
        .collect()
}

fn source(context: &Context, address: &Address, name: &Name) -> Result<Source> {
    let refuse = |message: String| {
        Error::config(format!("`services.{name}.identity` {message}")).at(&context.config.file)
    };
    let Some(service) = context.config.document.services.get(name) else {
        return Err(refuse("is missing".into()));
    };
    let identity = service.identity.clone();
    let path = match &identity {
        Identity::Header { name, path } => {
            if !http::is_header_name(name) {
                return Err(refuse(format!(
                    "has `{name}`, which cannot be the name of a header"
                )));
            }
            path
        }
        Identity::Json { path, select } => {
            JsonPath::parse(select).map_err(|error| {
                refuse(format!("has `{select}`, which is no JSONPath")).source(error)
            })?;
            path
        }
    };
    let url = address
        .at(path)
        .map_err(|why| refuse(format!("has a `path` with {why}")))?;
    Ok(Source {
        service: name.to_string(),
        reproduce: reproduce::identity(&url, &identity),
        url,
        identity,
    })
}

fn is_asked(context: &Context, check: &str) -> bool {
    let has = |list: &[String]| list.iter().any(|id| id == check);
    !has(&context.common.skip) && (context.common.only.is_empty() || has(&context.common.only))
}
