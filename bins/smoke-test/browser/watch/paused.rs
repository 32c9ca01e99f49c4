//! Requests that the browser has stopped for us before they leave.

use super::Watch;
use crate::address::Endpoint;
use crate::browser::protocol::{Command, Event, text};
use crate::facts::PageEnd as End;
use serde_json::{Value, json};
use shared::secret::Secret;

impl Watch<'_> {
    /// A request that the browser has stopped for us.
    pub(super) fn paused(&mut self, event: &Event) -> Vec<Command> {
        let Some(session) = &event.session else {
            return Vec::new();
        };
        let parameters = &event.parameters;
        let id = text(parameters, "/requestId");
        let url = text(parameters, "/request/url");
        let endpoint = endpoint(url);
        let is_page = text(parameters, "/resourceType") == "Document"
            && text(parameters, "/frameId") == self.rules.frame;
        let is_declared = |endpoint: &Endpoint| self.rules.declared.contains(endpoint);
        if is_page && !endpoint.as_ref().is_some_and(is_declared) {
            let place = url.split(['?', '#']).next().unwrap_or_default();
            self.end(End::Elsewhere(crate::answer::shown(place, 200)));
            let parameters = json!({ "requestId": id, "errorReason": "BlockedByClient" });
            return vec![Command::session(session, "Fetch.failRequest", parameters)];
        }
        let mut parameters = json!({ "requestId": id });
        if endpoint.as_ref() == Some(self.rules.endpoint) {
            parameters["headers"] = self.headers(&event.parameters);
        }
        vec![Command::session(
            session,
            "Fetch.continueRequest",
            parameters,
        )]
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

fn endpoint(url: &str) -> Option<Endpoint> {
    let url = reqwest::Url::parse(url).ok()?;
    Some(Endpoint {
        host: url.host_str()?.to_owned(),
        port: url.port_or_known_default()?,
        is_secure: url.scheme() == "https",
    })
}
