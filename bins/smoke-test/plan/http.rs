//! A single request and what its answer must be.

use super::Planned;
use super::expectations::{self, Expectations};
use super::identified::identified;
use super::request::{Protocol, Request};
use super::scope::{Asks, Scope};
use crate::address::Url;
use crate::reproduce;
use shared::config::{HttpProbe, HttpProtocol, PhaseLimits};
use shared::error::Result;
use shared::gate::Step;

/// A median of fewer says nothing about a phase.
const FEWEST_SAMPLES: u32 = 5;
/// More would be a load probe.
const MOST_SAMPLES: u32 = 100;

/// A single request and what its answer must be.
#[derive(Clone, Debug)]
pub(crate) struct HttpPlan {
    /// What it is called.
    pub(crate) name: String,
    /// What is asked.
    pub(crate) request: Request,
    /// What must come back.
    pub(crate) expectations: Expectations,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

impl HttpPlan {
    /// Whose answer is judged: where the redirects lead, if any are expected.
    pub(crate) fn target(&self) -> &Url {
        let last = self.expectations.redirects.last();
        last.unwrap_or(&self.request.url)
    }
}

impl Planned for HttpPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &[
            "status", "redirect", "header", "cookies", "json", "schema", "body", "phases",
        ]
    }

    fn steps(&self) -> Vec<Step> {
        let statuses = self.expectations.status.iter().map(u16::to_string);
        let statuses: Vec<String> = statuses.collect();
        let (name, within) = (&self.name, self.expectations.within);
        let times = match self.requests() {
            1 => String::new(),
            count => format!(", {count} requests"),
        };
        let purpose = format!(
            "probe `{name}`: {} within {within}{times}",
            statuses.join(" or ")
        );
        let call = self.request.call();
        vec![if self.request.is_safe() {
            Step::reads(purpose, call)
        } else {
            Step::changes(purpose, call)
        }]
    }

    fn requests(&self) -> u64 {
        let samples = self.expectations.phases.map_or(1, |limits| limits.samples);
        u64::from(samples) + self.expectations.redirects.len() as u64
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &HttpProbe) -> Result<HttpPlan> {
    if !probe.capture.is_empty() {
        let message = "captures a value, which only a later step of a journey could use";
        return Err(scope.refuse(message));
    }
    planned(scope, probe)
}

/// A probe, or a step of a journey.
pub(super) fn planned(scope: &Scope<'_>, probe: &HttpProbe) -> Result<HttpPlan> {
    let asks = Asks {
        at: probe.at.as_ref(),
        method: &probe.method,
        path: &probe.path,
        headers: &probe.headers,
        body: probe.body.as_ref(),
        within: probe.within,
    };
    let protocol = match probe.protocol {
        None => Protocol::Any,
        Some(HttpProtocol::Http1) => Protocol::Http1,
        Some(HttpProtocol::Http2) => Protocol::Http2,
    };
    let mut request = scope.request(&asks, protocol)?;
    if let Some(certificate) = &probe.client_certificate {
        request.identified = Some(identified(scope, certificate, &request)?);
    }
    if probe.phases.is_some() && !request.is_safe() {
        let method = &request.method;
        let message = format!("measures `phases` with `{method}`, which would be sent again");
        return Err(scope.refuse(message));
    }
    Ok(HttpPlan {
        name: probe.name.value.clone(),
        reproduce: reproduce::request(&request),
        expectations: expectations::of(scope, probe, &request)?,
        request,
    })
}

/// Why limits of phases could not be judged.
pub(super) fn limits(limits: &PhaseLimits) -> std::result::Result<(), String> {
    let all = [
        limits.dns,
        limits.connect,
        limits.tls,
        limits.first_byte,
        limits.total,
    ];
    if all.iter().all(Option::is_none) {
        return Err("has `phases` without a limit".into());
    }
    if all.iter().flatten().any(|limit| limit.duration().is_zero()) {
        return Err("has `phases` with a limit of 0".into());
    }
    if !(FEWEST_SAMPLES..=MOST_SAMPLES).contains(&limits.samples) {
        return Err(format!(
            "needs `phases.samples` from {FEWEST_SAMPLES} to {MOST_SAMPLES}"
        ));
    }
    Ok(())
}
