//! What belongs to one tenant, and everybody who asks for it.

use super::Planned;
use super::arm::{Arm, anonymous, disjoint, statuses};
use super::credential::Credential;
use super::request::{Protocol, Request};
use super::scope::{Asks, Scope};
use serde_json_path::JsonPath;
use shared::config::IsolationProbe;
use shared::error::Result;
use shared::gate::Step;

/// What belongs to one tenant, and everybody who asks for it.
#[derive(Clone, Debug)]
pub(crate) struct IsolationPlan {
    /// What it is called.
    pub(crate) name: String,
    /// Who asks: the owner first, then the stranger for something of its own.
    pub(crate) arms: Vec<(Asker, Arm)>,
    /// The rows of an answer.
    pub(crate) rows: Option<JsonPath>,
    /// The statuses of an answer that may hide by having no rows; none when it may not.
    pub(crate) empty: Vec<u16>,
}

/// Who asks for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// The owner for what is its own.
    Owner,
    /// The stranger for what is its own.
    StrangerAtHome,
    /// The stranger for what belongs to the owner.
    Stranger,
    /// Nobody, for what belongs to the owner.
    Nobody,
}

impl Planned for IsolationPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["isolation"]
    }

    fn steps(&self) -> Vec<Step> {
        self.arms
            .iter()
            .map(|(_, arm)| arm.step(&self.name))
            .collect()
    }

    fn requests(&self) -> u64 {
        self.arms.len() as u64
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &IsolationProbe) -> Result<IsolationPlan> {
    let request = request(scope, probe, &probe.path)?;
    let home = request_at_home(scope, probe, &request)?;
    for (key, list) in [("seen", &probe.seen), ("hidden", &probe.hidden)] {
        statuses(scope, key, list)?;
    }
    disjoint(scope, ("seen", &probe.seen), ("hidden", &probe.hidden))?;
    disjoint(
        scope,
        ("seen", &probe.seen),
        ("anonymous", &probe.anonymous),
    )?;
    let owner = Credential::of(scope, &probe.sent_as, &probe.owner, "OWNER_TOKEN")?;
    let stranger = Credential::of(
        scope,
        &probe.sent_as,
        &probe.stranger.token,
        "STRANGER_TOKEN",
    )?;
    anonymous(scope, &request, &[&owner, &stranger])?;
    if owner.is(&stranger) {
        return Err(scope.refuse("has the same token for the owner and the stranger"));
    }
    let rows = rows(scope, probe)?;
    let arm = |who: &str, request: &Request, credential: Option<&Credential>, status: &[u16]| {
        Arm::of(who, request, credential, status)
    };
    let mut arms = vec![
        (
            Asker::Owner,
            arm("as the owner", &request, Some(&owner), &probe.seen),
        ),
        (
            Asker::StrangerAtHome,
            arm(
                "as the stranger at its own path",
                &home,
                Some(&stranger),
                &probe.seen,
            ),
        ),
        (
            Asker::Stranger,
            arm("as the stranger", &request, Some(&stranger), &probe.hidden),
        ),
    ];
    if !probe.anonymous.is_empty() {
        statuses(scope, "anonymous", &probe.anonymous)?;
        let nobody = arm("without a token", &request, None, &probe.anonymous);
        arms.push((Asker::Nobody, nobody));
    }
    let may_be_empty = probe.empty && rows.is_some();
    Ok(IsolationPlan {
        name: probe.name.value.clone(),
        arms,
        rows,
        empty: if may_be_empty {
            probe.seen.clone()
        } else {
            Vec::new()
        },
    })
}

fn request(scope: &Scope<'_>, probe: &IsolationProbe, path: &str) -> Result<Request> {
    let asks = Asks {
        at: probe.at.as_ref(),
        method: &probe.method,
        path,
        headers: &probe.headers,
        body: probe.body.as_ref(),
        within: probe.within,
    };
    scope.request(&asks, Protocol::Any)
}

fn request_at_home(
    scope: &Scope<'_>,
    probe: &IsolationProbe,
    request_of_owner: &Request,
) -> Result<Request> {
    let home = request(scope, probe, &probe.stranger.own)?;
    if home.url.target == request_of_owner.url.target {
        return Err(scope.refuse(
            "has the same `path` and `stranger.own`, and what the stranger may see is not hidden",
        ));
    }
    Ok(home)
}

fn rows(scope: &Scope<'_>, probe: &IsolationProbe) -> Result<Option<JsonPath>> {
    let Some(path) = &probe.rows else {
        return Ok(None);
    };
    if probe.method == "HEAD" {
        return Err(scope.refuse_at(path, "asks with `HEAD`, whose answer has no `rows`"));
    }
    let parsed = JsonPath::parse(&path.value).map_err(|error| {
        let message = format!("has `{}`, which is no JSONPath", path.value);
        scope.refuse_at(path, message).source(error)
    })?;
    Ok(Some(parsed))
}
