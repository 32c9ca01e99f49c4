//! A WebSocket, and what is said over it.

use super::expectations::{json, predicate};
use super::request::{Protocol, Request};
use super::scope::{Asks, Scope};
use super::{Expectations, Planned};
use crate::expectations::text::Text;
use crate::reproduce;
use shared::config::WebsocketProbe;
use shared::error::Result;
use shared::gate::Step;
use shared::secret::Secret;

/// The headers of the handshake itself.
const OWN: [&str; 8] = [
    "host",
    "connection",
    "upgrade",
    "origin",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
];

/// A WebSocket, and what is said over it.
#[derive(Clone, Debug)]
pub(crate) struct WebsocketPlan {
    /// What it is called.
    pub(crate) name: String,
    /// The request that asks for it, without the key.
    pub(crate) request: Request,
    /// The same from a foreign page, which must be refused; with that page's origin.
    pub(crate) foreign: Option<(String, Request)>,
    /// What is sent once it is open.
    pub(crate) send: Option<Secret>,
    /// What must hold for a frame that comes.
    pub(crate) expect: Option<Text>,
    /// Whether a ping must be answered.
    pub(crate) ping: bool,
    /// The command that shows the handshake by hand.
    pub(crate) reproduce: String,
    /// The command that shows the foreign one.
    pub(crate) reproduce_foreign: String,
}

impl Planned for WebsocketPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["websocket"]
    }

    fn steps(&self) -> Vec<Step> {
        let name = &self.name;
        let mut parts = vec!["101"];
        parts.extend(self.send.as_ref().map(|_| "a text is sent"));
        parts.extend(self.expect.as_ref().map(|_| "a frame comes"));
        parts.extend(self.ping.then_some("a ping is answered"));
        let purpose = format!("WebSocket `{name}`: {}, and it is closed", parts.join(", "));
        let mut steps = vec![Step::reads(purpose, self.request.call())];
        if let Some((origin, request)) = &self.foreign {
            let purpose = format!("WebSocket `{name}`: refused to pages of `{origin}`");
            steps.push(Step::reads(purpose, request.call()));
        }
        steps
    }

    fn requests(&self) -> u64 {
        // Beside that of a foreign page, its own is asked once more.
        1 + 2 * u64::from(self.foreign.is_some())
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &WebsocketProbe) -> Result<WebsocketPlan> {
    if let Some(why) = impossible(probe) {
        return Err(scope.refuse(why));
    }
    let asks = Asks {
        at: probe.at.as_ref(),
        method: "GET",
        path: &probe.path,
        headers: &probe.headers,
        body: None,
        within: probe.within,
    };
    let mut bare = scope.request(&asks, Protocol::Http1)?;
    if let Some((name, _)) = bare.headers.iter().find(|(name, _)| is_own(name)) {
        let message = format!("sends `{name}` in its `headers`, which belongs to the handshake");
        return Err(scope.refuse(message));
    }
    for (name, value) in [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
    ] {
        bare = bare.with(name, value);
    }
    if let Some(protocol) = &probe.protocol {
        bare = bare.with("sec-websocket-protocol", protocol);
    }
    let from = |origin: Option<&String>| match origin {
        Some(origin) => bare.clone().with("origin", origin),
        None => bare.clone(),
    };
    let request = from(probe.origin.as_ref());
    let foreign = probe.bad_origin.clone();
    let foreign = foreign.map(|origin| (origin.clone(), from(Some(&origin))));
    Ok(WebsocketPlan {
        name: probe.name.value.clone(),
        reproduce: reproduce::upgrade(&request),
        reproduce_foreign: foreign
            .as_ref()
            .map(|(_, request)| reproduce::upgrade(request))
            .unwrap_or_default(),
        request,
        foreign,
        send: probe
            .send
            .as_ref()
            .map(|text| scope.resolve(text))
            .transpose()?,
        expect: text(scope, probe)?,
        ping: probe.ping,
    })
}

fn text(scope: &Scope<'_>, probe: &WebsocketProbe) -> Result<Option<Text>> {
    let expect = probe.expect.as_ref();
    let text = Text {
        text: expect
            .map(|expected| predicate(scope, expected))
            .transpose()?,
        json: Expectations {
            json: json(scope, &probe.json)?,
            ..Expectations::nothing(probe.within)
        },
    };
    Ok((!text.is_empty()).then_some(text))
}

fn is_own(header: &str) -> bool {
    OWN.iter().any(|own| header.eq_ignore_ascii_case(own))
}

fn impossible(probe: &WebsocketProbe) -> Option<String> {
    if let Some(protocol) = &probe.protocol
        && !super::request_header::is_header_name(protocol)
    {
        return Some(format!(
            "asks for the subprotocol `{protocol}`, which cannot be one"
        ));
    }
    let is_origin = |origin: &&String| {
        let has_scheme = origin.split_once("://").is_some_and(|(scheme, host)| {
            !scheme.is_empty() && !host.is_empty() && !host.contains('/')
        });
        **origin == "null" || has_scheme && origin.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let mut origins = probe.origin.iter().chain(&probe.bad_origin);
    if let Some(origin) = origins.find(|origin| !is_origin(origin)) {
        let origin = crate::answer::shown(origin, 60);
        return Some(format!(
            "has the origin `{origin}`, which is not like `https://host`"
        ));
    }
    match (&probe.origin, &probe.bad_origin) {
        (None, Some(_)) => Some(
            "has a `bad_origin` without an `origin`, so a server that refuses every page would \
             look right"
                .into(),
        ),
        (Some(good), Some(bad)) if good == bad => {
            Some("has the same `origin` and `bad_origin`".into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(yaml: &str) -> Option<String> {
        let yaml = format!("{{name: events, path: /ws, {yaml}}}");
        impossible(&serde_saphyr::from_str(&yaml).expect("is a probe"))
    }

    #[test]
    fn a_foreign_origin_needs_an_own_one() {
        assert_eq!(
            why("origin: 'https://h', bad_origin: 'https://evil.example'"),
            None
        );
        assert_eq!(why("origin: 'https://h', bad_origin: 'null'"), None);
        for (yaml, words) in [
            ("bad_origin: 'https://evil.example'", "without an `origin`"),
            ("origin: 'https://h', bad_origin: 'https://h'", "the same"),
            ("origin: 'h'", "not like `https://host`"),
            ("origin: 'https://h/x'", "not like `https://host`"),
            ("protocol: 'a b'", "cannot be one"),
        ] {
            let why = why(yaml).unwrap_or_default();
            assert!(why.contains(words), "{yaml}: {why}");
        }
    }
}
