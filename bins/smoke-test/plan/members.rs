//! Every member behind a load balancer, on its own address.

mod addresses;

use super::expectations::{impossible_status, json};
use super::request::{Protocol, Request};
use super::scope::{Asks, Scope};
use super::{Expectations, Planned, Source};
use crate::address::Address;
use crate::reproduce;
use addresses::addresses;
use shared::config::{
    HaproxyStatistics, Identity, Located, MembersProbe, Name, Service, Template, nearest_hint,
};
use shared::error::Result;
use shared::gate::Step;
use std::collections::BTreeMap;

/// More members than these are asked by a monitoring.
const MOST_MEMBERS: usize = 200;

/// Every member behind a load balancer.
#[derive(Clone, Debug)]
pub(crate) struct MembersPlan {
    /// What it is called.
    pub(crate) name: String,
    /// The members.
    pub(crate) members: Vec<MemberPlan>,
    /// What is asked through the front.
    pub(crate) front: Option<Request>,
    /// What must come back from each, and from the front.
    pub(crate) expectations: Expectations,
    /// HAProxy's own view.
    pub(crate) haproxy: Option<HaproxyPlan>,
}

/// One member.
#[derive(Clone, Debug)]
pub(crate) struct MemberPlan {
    /// `host:port` as the file has it.
    pub(crate) address: String,
    /// What it is asked.
    pub(crate) request: Request,
    /// Where it says its release.
    pub(crate) source: Source,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

/// HAProxy's own view of its members.
#[derive(Clone, Debug)]
pub(crate) struct HaproxyPlan {
    /// How its statistics are read.
    pub(crate) request: Request,
    /// Whose servers must be up.
    pub(crate) backend: String,
}

impl Planned for MembersPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["members"]
    }

    fn steps(&self) -> Vec<Step> {
        let name = &self.name;
        let mut steps = Vec::new();
        for member in &self.members {
            let purpose = format!(
                "probe `{name}`: the member {} as the release",
                member.address
            );
            let mut call = member.request.call();
            if !member.says_it_there() {
                call.push_str(&format!("\nGET {}", member.source.url.shown));
            }
            steps.push(Step::reads(purpose, call));
        }
        if let Some(front) = &self.front {
            steps.push(Step::reads(
                format!("probe `{name}`: the front"),
                front.call(),
            ));
        }
        if let Some(haproxy) = &self.haproxy {
            let purpose = format!("probe `{name}`: HAProxy's backend `{}`", haproxy.backend);
            steps.push(Step::reads(purpose, haproxy.request.call()));
        }
        steps
    }

    fn requests(&self) -> u64 {
        let members = self.members.iter();
        let members: u64 = members
            .map(|member| 2 - u64::from(member.says_it_there()))
            .sum();
        members + u64::from(self.front.is_some()) + u64::from(self.haproxy.is_some())
    }
}

impl MemberPlan {
    /// Whether the answer to the probe's path is the one that says the release.
    pub(crate) fn says_it_there(&self) -> bool {
        self.source.url.target == self.request.url.target
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &MembersProbe) -> Result<MembersPlan> {
    if let Some(why) = impossible_status(&probe.status) {
        return Err(scope.refuse(why));
    }
    let (name, service) = service(scope, probe.service.as_ref())?;
    let asks = Asks {
        at: service.at.as_ref(),
        method: "GET",
        path: &probe.path,
        headers: &probe.headers,
        body: None,
        within: probe.within,
    };
    let front = scope.request(&asks, Protocol::Any)?;
    let mut members: Vec<MemberPlan> = Vec::new();
    for (shown, address) in addresses(scope, probe, name)? {
        if members.iter().any(|member| member.address == shown) {
            return Err(scope.refuse(format!("has the member `{shown}` twice")));
        }
        let placed = Member {
            shown,
            address,
            name,
        };
        members.push(member(scope, &placed, &front, probe, &service.identity)?);
    }
    if members.is_empty() || members.len() > MOST_MEMBERS {
        let count = members.len();
        return Err(scope.refuse(format!("has {count} members, not from 1 to {MOST_MEMBERS}")));
    }
    Ok(MembersPlan {
        name: probe.name.value.clone(),
        members,
        front: probe.front.then_some(front),
        expectations: Expectations {
            status: probe.status.clone(),
            json: json(scope, &probe.json)?,
            ..Expectations::nothing(probe.within)
        },
        haproxy: probe
            .haproxy
            .as_ref()
            .map(|haproxy| plan_of(scope, probe, haproxy))
            .transpose()?,
    })
}

fn service<'a>(
    scope: &Scope<'a>,
    named: Option<&Located<Name>>,
) -> Result<(&'a Name, &'a Service)> {
    let here = &scope.context.place().services;
    let known = &scope.context.config.document.services;
    let mut names = here.keys();
    let name = match (named, names.next(), names.next()) {
        (Some(named), _, _) => {
            let names: Vec<&str> = here.keys().map(Name::as_str).collect();
            let environment = &scope.context.environment;
            let found = here.keys().find(|name| **name == named.value);
            found.ok_or_else(|| {
                let name = &named.value;
                let message =
                    format!("asks the members of `{name}`, which does not run on `{environment}`");
                let hint = nearest_hint(name.as_str(), &names);
                scope.refuse_at(named, message).hint(hint)
            })?
        }
        (None, Some(only), None) => only,
        (None, _, _) => {
            let environment = &scope.context.environment;
            let message = format!(
                "does not say whose members, and `{environment}` does not run \
                                   just one service"
            );
            return Err(scope.refuse(message).hint("add `service`"));
        }
    };
    let service = known.get(name);
    let service = service.ok_or_else(|| scope.refuse(format!("has no service `{name}`")))?;
    Ok((name, service))
}

/// A member of a service.
struct Member<'a> {
    shown: String,
    address: Address,
    name: &'a Name,
}

fn member(
    scope: &Scope<'_>,
    placed: &Member<'_>,
    front: &Request,
    probe: &MembersProbe,
    identity: &Identity,
) -> Result<MemberPlan> {
    let below = |path: &str| {
        let found = placed.address.at(path);
        found.map_err(|why| scope.refuse(format!("has a `path` with {why}")))
    };
    let request = Request {
        url: below(&probe.path)?,
        ..front.clone()
    };
    let path = match identity {
        Identity::Header { path, .. }
        | Identity::Json { path, .. }
        | Identity::Meta { path, .. } => path,
        Identity::Command { .. } => {
            return Err(scope.refuse("is about a service whose release only a command tells"));
        }
    };
    let url = below(path)?;
    Ok(MemberPlan {
        address: placed.shown.clone(),
        reproduce: reproduce::request(&request),
        request,
        source: Source {
            service: placed.name.to_string(),
            identity: identity.clone(),
            reproduce: reproduce::identity(&url, identity),
            url,
        },
    })
}

fn plan_of(
    scope: &Scope<'_>,
    probe: &MembersProbe,
    haproxy: &HaproxyStatistics,
) -> Result<HaproxyPlan> {
    if haproxy.backend.trim().is_empty() {
        return Err(scope.refuse("needs the name of a `backend` of HAProxy"));
    }
    let headers: &BTreeMap<String, Template> = &haproxy.headers;
    let asks = Asks {
        at: haproxy.at.as_ref(),
        method: "GET",
        path: &haproxy.path,
        headers,
        body: None,
        within: probe.within,
    };
    Ok(HaproxyPlan {
        request: scope.request(&asks, Protocol::Any)?,
        backend: haproxy.backend.clone(),
    })
}
