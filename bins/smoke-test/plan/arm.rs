//! One of several requests of a probe that differ in who asks.

use super::credential::Credential;
use super::request::Request;
use super::scope::Scope;
use crate::reproduce;
use shared::error::Result;
use shared::gate::Step;

/// One of several requests that differ in who asks.
#[derive(Clone, Debug)]
pub(crate) struct Arm {
    /// Who asks, as it follows a status: `with the token`.
    pub(crate) who: String,
    /// What is asked.
    pub(crate) request: Request,
    /// The statuses that will do.
    pub(crate) status: Vec<u16>,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

impl Arm {
    /// The request as the one who holds a credential sends it, or as nobody does.
    pub(super) fn of(
        who: impl Into<String>,
        request: &Request,
        credential: Option<&Credential>,
        status: &[u16],
    ) -> Self {
        let sent = match credential {
            Some(credential) => credential.on(request.clone()),
            None => request.clone(),
        };
        Self {
            who: who.into(),
            reproduce: match credential {
                Some(credential) => credential.reproduce(&sent),
                None => reproduce::request(&sent),
            },
            request: sent,
            status: status.to_vec(),
        }
    }

    /// `401 or 403`.
    pub(crate) fn wanted(&self) -> String {
        let statuses: Vec<String> = self.status.iter().map(u16::to_string).collect();
        statuses.join(" or ")
    }

    /// Its call, for `--plan`.
    pub(crate) fn step(&self, name: &str) -> Step {
        let purpose = format!("probe `{name}`: {} {}", self.wanted(), self.who);
        let call = self.request.call();
        if self.request.is_safe() {
            Step::reads(purpose, call)
        } else {
            Step::changes(purpose, call)
        }
    }
}

/// Refuses a list of statuses that nothing, or what is no status, can hold.
pub(super) fn statuses(scope: &Scope<'_>, key: &str, statuses: &[u16]) -> Result<()> {
    if statuses.is_empty() {
        return Err(scope.refuse(format!("has no `{key}`, so no answer would do")));
    }
    match statuses
        .iter()
        .find(|status| !(200..=599).contains(*status))
    {
        Some(status) => Err(scope.refuse(format!(
            "has the status {status} in `{key}`, which is not from 200 to 599"
        ))),
        None => Ok(()),
    }
}

/// Refuses two lists of which one status would satisfy both: opposites could not be told apart.
pub(super) fn disjoint(
    scope: &Scope<'_>,
    one: (&str, &[u16]),
    other: (&str, &[u16]),
) -> Result<()> {
    match one.1.iter().find(|status| other.1.contains(status)) {
        Some(status) => Err(scope.refuse(format!(
            "has {status} in both `{}` and `{}`, so it could not tell one from the other",
            one.0, other.0
        ))),
        None => Ok(()),
    }
}

/// Refuses credentials in the address and headers that would stand in for the token: a request
/// without one must be without any.
pub(super) fn anonymous(
    scope: &Scope<'_>,
    request: &Request,
    credentials: &[&Credential],
) -> Result<()> {
    if request.url.has_credentials() {
        return Err(scope.refuse(
            "asks an address with a user in front of the host, so it would never be without one",
        ));
    }
    let mut headers = request
        .headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase());
    let is_own = |name: &String| {
        credentials
            .iter()
            .any(|credential| credential.header() == *name)
    };
    match headers.find(is_own) {
        Some(name) => Err(scope.refuse(format!(
            "sends `{name}` in its `headers`, which is where the token goes"
        ))),
        None => Ok(()),
    }
}
