//! A door, and everybody who knocks on it.

use super::Planned;
use super::arm::{Arm, anonymous, disjoint, statuses};
use super::credential::Credential;
use super::request::{Protocol, Request};
use super::scope::{Asks, Scope};
use shared::config::AuthProbe;
use shared::error::Result;
use shared::gate::Step;
use std::collections::BTreeSet;

/// More tokens than these are several probes.
const MOST_ROLES: usize = 20;

/// A door, and everybody who knocks on it.
#[derive(Clone, Debug)]
pub(crate) struct AuthPlan {
    /// What it is called.
    pub(crate) name: String,
    /// Who knocks; the one with the token first.
    pub(crate) arms: Vec<(Holder, Arm)>,
    /// Whether a 401 must come with `WWW-Authenticate`.
    pub(crate) challenge: bool,
}

/// What somebody who knocks has in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The token that opens.
    Token,
    /// Nothing.
    Nobody,
    /// A token that nobody ever issued.
    Forged,
    /// A token that has expired.
    Expired,
    /// A token of somebody else.
    Role,
}

impl Planned for AuthPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["auth"]
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
pub(super) fn of(scope: &Scope<'_>, probe: &AuthProbe) -> Result<AuthPlan> {
    let asks = Asks {
        at: probe.at.as_ref(),
        method: &probe.method,
        path: &probe.path,
        headers: &probe.headers,
        body: probe.body.as_ref(),
        within: probe.within,
    };
    let request = scope.request(&asks, Protocol::Any)?;
    for (key, list) in lists(probe) {
        statuses(scope, key, list)?;
        if key != "with" {
            disjoint(scope, ("with", &probe.with), (key, list))?;
        }
    }
    let token = Credential::of(scope, &probe.sent_as, &probe.token, "TOKEN")?;
    anonymous(scope, &request, &[&token])?;
    let Some((garbage, altered)) = token.garbage().zip(token.altered()) else {
        let why = "has a `token` without a letter or a digit, which cannot be corrupted";
        return Err(scope.refuse(why));
    };
    let arm = |who: &str, credential: Option<&Credential>, status: &[u16]| {
        Arm::of(who, &request, credential, status)
    };
    let mut arms = vec![
        (
            Holder::Token,
            arm("with the token", Some(&token), &probe.with),
        ),
        (Holder::Nobody, arm("without a token", None, &probe.without)),
        (
            Holder::Forged,
            arm("with garbage", Some(&garbage), &probe.garbage),
        ),
        (
            Holder::Forged,
            arm(
                "with one character of the token changed",
                Some(&altered),
                &probe.garbage,
            ),
        ),
    ];
    arms.extend(expired(scope, probe, &request, &token)?);
    arms.extend(roles(scope, probe, &request, &token)?);
    Ok(AuthPlan {
        name: probe.name.value.clone(),
        arms,
        challenge: probe.challenge,
    })
}

fn lists(probe: &AuthProbe) -> Vec<(&'static str, &[u16])> {
    let mut lists: Vec<(&'static str, &[u16])> = vec![
        ("with", &probe.with),
        ("without", &probe.without),
        ("garbage", &probe.garbage),
    ];
    if let Some(expired) = &probe.expired {
        lists.push(("expired.status", &expired.status));
    }
    lists
}

fn expired(
    scope: &Scope<'_>,
    probe: &AuthProbe,
    request: &Request,
    token: &Credential,
) -> Result<Option<(Holder, Arm)>> {
    let Some(expired) = &probe.expired else {
        return Ok(None);
    };
    let credential = Credential::of(scope, &probe.sent_as, &expired.token, "EXPIRED_TOKEN")?;
    if credential.is(token) {
        return Err(scope.refuse("has the same token in `token` and `expired`"));
    }
    let arm = Arm::of(
        "with the expired token",
        request,
        Some(&credential),
        &expired.status,
    );
    Ok(Some((Holder::Expired, arm)))
}

fn roles(
    scope: &Scope<'_>,
    probe: &AuthProbe,
    request: &Request,
    token: &Credential,
) -> Result<Vec<(Holder, Arm)>> {
    if probe.roles.len() > MOST_ROLES {
        return Err(scope.refuse(format!("has more than {MOST_ROLES} `roles`")));
    }
    let mut names = BTreeSet::new();
    let mut arms = Vec::new();
    for role in &probe.roles {
        let name = &role.name.value;
        if name.trim().is_empty() || name.chars().any(char::is_control) || !names.insert(name) {
            let message = "has a role whose name is empty, or that of another";
            return Err(scope.refuse_at(&role.name, message));
        }
        statuses(scope, "roles.status", &role.status)?;
        let sent_as = role.sent_as.as_ref().unwrap_or(&probe.sent_as);
        let credential = Credential::of(scope, sent_as, &role.token, "ROLE_TOKEN")?;
        anonymous(scope, request, &[&credential])?;
        let is_open = role.status.iter().any(|status| probe.with.contains(status));
        if credential.is(token) && !is_open {
            let message = format!("has the same token in `token` and for the role `{name}`");
            return Err(scope.refuse_at(&role.name, message));
        }
        let who = format!("as `{name}`");
        arms.push((
            Holder::Role,
            Arm::of(who, request, Some(&credential), &role.status),
        ));
    }
    Ok(arms)
}
