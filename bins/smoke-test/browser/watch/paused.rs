//! Requests that the browser has stopped for us before they leave.

use super::Watch;
use crate::address::Endpoint;
use crate::browser::protocol::{Command, Event, text};
use crate::facts::PageEnd as End;
use serde_json::{Value, json};
use shared::secret::Secret;
use std::time::Duration;
use tokio::time::Instant;

/// Requests whose answers no script ever sees.
const BEACONS: [&str; 2] = ["Ping", "CSPViolationReport"];

impl Watch<'_> {
    /// When the browser must be told something that had to wait.
    pub(in crate::browser) fn due(&self) -> Option<Instant> {
        self.later.front().map(|(due, _)| *due)
    }

    /// What it must be told now.
    pub(in crate::browser) fn take_due(&mut self, now: Instant) -> Option<Command> {
        self.due().filter(|due| *due <= now)?;
        self.later.pop_front().map(|(_, command)| command)
    }

    /// A request that the browser has stopped for us, of the page or of any frame or worker.
    pub(super) fn paused(&mut self, event: &Event, now: Instant) -> Vec<Command> {
        let parameters = &event.parameters;
        let url = text(parameters, "/request/url");
        let place = url.split(['?', '#']).next().unwrap_or_default();
        let endpoint = endpoint(url);
        let is_page = text(parameters, "/resourceType") == "Document"
            && text(parameters, "/frameId") == self.rules.frame;
        let plan = self.rules.plan;
        let is_declared = |endpoint: &Endpoint| plan.declared.contains(endpoint);
        if is_page && !endpoint.as_ref().is_some_and(is_declared) {
            self.end(End::Elsewhere(crate::answer::shown(place, 200)));
            return vec![fail(event)];
        }
        let mut told = json!({ "requestId": text(parameters, "/requestId") });
        if endpoint.as_ref() == Some(&plan.request.url.endpoint) {
            told["headers"] = self.headers(parameters);
        }
        let told = Command {
            session: event.session.clone(),
            method: "Fetch.continueRequest",
            parameters: told,
        };
        // What a page brings within its own text is sent to nobody.
        if !(url.starts_with("http:") || url.starts_with("https:")) {
            return vec![told];
        }
        let method = text(parameters, "/request/method");
        if !plan.allows(method) {
            let is_beacon = BEACONS.contains(&text(parameters, "/resourceType"));
            let visit = &mut self.visit;
            let held = match is_beacon {
                true => &mut visit.held_beacons,
                false => &mut visit.held,
            };
            held.add(&format!("{method} {place}"));
            return vec![fail(event)];
        }
        match self.rules.allowance.reserve(now) {
            Ok(Duration::ZERO) => vec![told],
            Ok(wait) => {
                self.visit.waited = self.visit.waited.max(wait.as_secs_f64() * 1000.0);
                self.later.push_back((now + wait, told));
                Vec::new()
            }
            Err(no_answer) => {
                self.used_up = Some(no_answer.reason);
                self.is_over = true;
                vec![fail(event)]
            }
        }
    }

    /// The headers of a request with ours in front: given ones replace all that there were.
    fn headers(&self, parameters: &Value) -> Value {
        let ours = self.rules.headers.iter();
        let mut headers: Vec<Value> = ours
            .map(|(name, value)| json!({ "name": name, "value": value.expose() }))
            .collect();
        let theirs = parameters
            .pointer("/request/headers")
            .and_then(Value::as_object);
        for (name, value) in theirs.into_iter().flatten() {
            let is_ours = |(own, _): &(String, Secret)| own.eq_ignore_ascii_case(name);
            if !self.rules.headers.iter().any(is_ours) {
                headers.push(json!({ "name": name, "value": value }));
            }
        }
        headers.into()
    }
}

/// The request is not sent.
fn fail(event: &Event) -> Command {
    let id = text(&event.parameters, "/requestId");
    Command {
        session: event.session.clone(),
        method: "Fetch.failRequest",
        parameters: json!({ "requestId": id, "errorReason": "BlockedByClient" }),
    }
}

fn endpoint(url: &str) -> Option<Endpoint> {
    let url = reqwest::Url::parse(url).ok()?;
    Some(Endpoint {
        host: url.host_str()?.to_owned(),
        port: url.port_or_known_default()?,
        is_secure: url.scheme() == "https",
    })
}
