//! What happens to a page while it loads, from the events of the browser: no I/O.

mod arriving;
mod paused;

use super::console;
use super::protocol::{Command, Event, text};
use crate::client::Allowance;
use crate::facts::{PageEnd as End, Visit};
use crate::plan::PagePlan;
use serde_json::{Value, json};
use shared::secret::Secret;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Two requests that stay open are taken for connections that wait for news, once nothing else has
/// been asked for so long.
const LISTENING: (usize, Duration) = (2, Duration::from_secs(5));
/// A page that keeps more requests open is not followed any further.
const MOST_OPEN: usize = 10_000;

/// What a page may do, and what its requests are sent with.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    /// The frame that shows the page.
    pub(super) frame: String,
    /// Where it is, where it may be sent on to, and which methods its requests may have.
    pub(super) plan: &'a PagePlan,
    /// Headers for requests to its own address.
    pub(super) headers: &'a [(String, Secret)],
    /// What the environment still grants.
    pub(super) allowance: &'a Allowance,
}

/// What has happened so far.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    rules: Rules<'a>,
    /// What is written down of it.
    pub(super) visit: Visit,
    /// The request and the headers of the page itself.
    pub(super) document: Option<(String, Vec<(String, String)>)>,
    /// Whether it cannot go on.
    pub(super) is_over: bool,
    /// What has come of requests that are not at their end.
    received: HashMap<String, u64>,
    /// When something large came last, while that matters.
    flowed: Option<Instant>,
    /// Where each WebSocket leads.
    sockets: HashMap<String, String>,
    /// Why no further request may be sent.
    pub(super) used_up: Option<String>,
    is_loaded: bool,
    open: HashMap<String, String>,
    /// What the browser is told later, the first one first.
    later: VecDeque<(Instant, Command)>,
    changed: Instant,
}

impl<'a> Watch<'a> {
    /// From now on.
    pub(super) fn new(rules: Rules<'a>, now: Instant) -> Self {
        Self {
            rules,
            visit: Visit::default(),
            document: None,
            is_over: false,
            received: HashMap::new(),
            flowed: None,
            sockets: HashMap::new(),
            used_up: None,
            is_loaded: false,
            open: HashMap::new(),
            later: VecDeque::new(),
            changed: now,
        }
    }

    /// The frame that shows the page.
    pub(super) fn frame(&self) -> &str {
        &self.rules.frame
    }

    /// Whether the page has fired its event `load`.
    pub(super) fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    /// Whether it is an error page, on which nothing else will appear.
    pub(super) fn is_error(&self) -> bool {
        self.visit.status.is_some_and(|status| status >= 400)
    }

    /// When the page has been at rest for so long, if nothing else happens; none while it loads.
    pub(super) fn rests(&self, quiet: Duration) -> Option<Instant> {
        let rests = self.asks_nothing(quiet)?;
        let flowed = self.flowed.map(|flowed| flowed + LISTENING.1);
        Some(flowed.map_or(rests, |flowed| flowed.max(rests)))
    }

    /// The same, whatever comes of what was asked for before.
    pub(super) fn asks_nothing(&self, quiet: Duration) -> Option<Instant> {
        if !self.is_loaded || self.open.len() > LISTENING.0 || !self.later.is_empty() {
            return None;
        }
        let wait = if self.open.is_empty() {
            quiet
        } else {
            quiet.max(LISTENING.1)
        };
        Some(self.changed + wait)
    }

    /// Whether what the page asked for is still coming, and it matters how much that is.
    pub(super) fn is_flowing(&self, now: Instant) -> bool {
        self.flowed.is_some_and(|flowed| now < flowed + LISTENING.1)
    }

    /// Ends it: the page could not be opened.
    pub(super) fn end(&mut self, end: End) {
        self.visit.end = end;
        self.is_over = true;
    }

    /// Takes one event; gives back what the browser must be told at once.
    pub(super) fn see(&mut self, event: &Event, now: Instant) -> Vec<Command> {
        let parameters = &event.parameters;
        match event.method.as_str() {
            "Fetch.requestPaused" => return self.paused(event, now),
            "Network.requestWillBeSent" => self.sent(parameters, now),
            "Network.responseReceived" => self.received(parameters),
            "Network.dataReceived" => self.flowing(parameters, now),
            "Network.loadingFinished" => {
                self.finished(parameters);
                self.closed(parameters, now);
            }
            "Network.webSocketCreated" => self.socket(parameters),
            "Network.webSocketFrameError" => self.socket_failed(parameters),
            "Network.loadingFailed" => self.failed(parameters, now),
            "Page.loadEventFired" => {
                // The empty page before it is loaded as well.
                self.is_loaded = self.visit.requests > 0;
                self.changed = now;
            }
            "Runtime.exceptionThrown" => {
                self.visit.uncaught.add(&console::thrown(parameters));
            }
            "Runtime.consoleAPICalled" => console::written(parameters, &mut self.visit),
            "Log.entryAdded" => console::logged(parameters, &mut self.visit),
            "Inspector.targetCrashed" => self.end(End::Crashed),
            "Page.javascriptDialogOpening" => return answer_dialog(event),
            "Target.attachedToTarget" => return attached(parameters),
            _ => {}
        }
        Vec::new()
    }

    fn sent(&mut self, parameters: &Value, now: Instant) {
        let id = text(parameters, "/requestId");
        let url = text(parameters, "/request/url");
        // A page brings pictures within its own text; those are no requests.
        if !(url.starts_with("http:") || url.starts_with("https:")) {
            return;
        }
        self.visit.requests = self.visit.requests.saturating_add(1);
        self.changed = now;
        let is_page = text(parameters, "/type") == "Document"
            && text(parameters, "/frameId") == self.rules.frame;
        if is_page {
            // A script may open another page in the place of the first.
            self.is_loaded = false;
        }
        let mixed = text(parameters, "/request/mixedContentType");
        if !matches!(mixed, "" | "none") {
            self.visit.mixed.add(url);
        }
        // An event stream is open as long as its page.
        let is_stream = text(parameters, "/type") == "EventSource";
        if self.open.len() < MOST_OPEN && !is_stream {
            let method = text(parameters, "/request/method");
            let line = crate::answer::shown(&format!("{method} {url}"), 200);
            self.open.insert(id.to_owned(), line);
        }
    }

    fn received(&mut self, parameters: &Value) {
        let status = parameters
            .pointer("/response/status")
            .and_then(Value::as_u64);
        let status = status
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or_default();
        let id = text(parameters, "/requestId");
        let is_page = text(parameters, "/type") == "Document"
            && text(parameters, "/frameId") == self.rules.frame;
        if is_page {
            self.visit.status = Some(status);
            let headers = parameters
                .pointer("/response/headers")
                .and_then(Value::as_object);
            let headers = headers.into_iter().flatten().filter_map(|(name, value)| {
                Some((name.to_ascii_lowercase(), value.as_str()?.to_owned()))
            });
            self.document = Some((id.to_owned(), headers.collect()));
        } else if status >= 400 {
            let line = self.line(id, parameters);
            self.visit.failed.add(&format!("{line} answered {status}"));
        }
    }

    fn failed(&mut self, parameters: &Value, now: Instant) {
        let id = text(parameters, "/requestId");
        let blocked = text(parameters, "/blockedReason");
        if blocked == "mixed-content" {
            let line = self.line(id, parameters);
            self.visit.mixed.add(&line);
        }
        // We stopped it ourselves, and have written that down.
        let is_held = blocked == "inspector";
        // A page may give up what it no longer needs.
        let is_given_up = parameters.get("canceled").and_then(Value::as_bool) == Some(true);
        let is_page = self
            .document
            .as_ref()
            .is_some_and(|(document, _)| document == id);
        if !(is_held || is_given_up || is_page || self.is_over) {
            let line = self.line(id, parameters);
            let why = text(parameters, "/errorText");
            let why = if blocked.is_empty() { why } else { blocked };
            self.visit.failed.add(&format!("{line} failed: {why}"));
        }
        self.closed(parameters, now);
    }

    fn closed(&mut self, parameters: &Value, now: Instant) {
        if self.open.remove(text(parameters, "/requestId")).is_some() {
            self.changed = now;
        }
    }

    /// What was asked with a request.
    fn line(&self, id: &str, parameters: &Value) -> String {
        let line = self.open.get(id).cloned();
        line.unwrap_or_else(|| text(parameters, "/response/url").to_owned())
    }
}

/// A dialog holds the page until it is answered.
fn answer_dialog(event: &Event) -> Vec<Command> {
    let session = event.session.iter();
    let accept = json!({ "accept": false });
    session
        .map(|session| Command::session(session, "Page.handleJavaScriptDialog", accept.clone()))
        .collect()
}

/// A frame of another site, or a worker: watched like the page, and then let go.
fn attached(parameters: &Value) -> Vec<Command> {
    let session = text(parameters, "/sessionId");
    let methods = [
        "Network.enable",
        "Runtime.enable",
        "Log.enable",
        "Runtime.runIfWaitingForDebugger",
    ];
    let commands = methods.iter();
    commands
        .map(|method| Command::session(session, method, json!({})))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Endpoint;
    use crate::sample::page_fact;
    use proptest::prelude::*;

    const FRAME: &str = "F";

    fn here() -> Endpoint {
        Endpoint {
            host: "h.example".into(),
            port: 443,
            is_secure: true,
        }
    }

    fn plan(methods: &[&str]) -> PagePlan {
        let mut plan = page_fact().plan;
        plan.request.url.endpoint = here();
        plan.declared = vec![here()];
        plan.methods = methods.iter().map(|&method| method.to_owned()).collect();
        plan
    }

    fn watched(events: &[(&str, Value)]) -> (Visit, Vec<Command>) {
        let headers = [("X-Token".to_owned(), Secret::plain("t"))];
        let rules = Rules {
            frame: FRAME.into(),
            plan: &plan(&["POST"]),
            headers: &headers,
            allowance: &Allowance::new(1000, 1000.0, 0),
        };
        let now = Instant::now();
        let mut watch = Watch::new(rules, now);
        let commands = events.iter().flat_map(|(method, parameters)| {
            let event = Event {
                session: Some("S".into()),
                method: (*method).to_owned(),
                parameters: parameters.clone(),
            };
            watch.see(&event, now)
        });
        let commands = commands.collect();
        (watch.visit, commands)
    }

    fn sent(id: &str, url: &str, kind: &str) -> (&'static str, Value) {
        let parameters = json!({"requestId": id, "type": kind, "frameId": FRAME,
            "request": {"url": url, "method": "GET"}});
        ("Network.requestWillBeSent", parameters)
    }

    fn paused(url: &str, kind: &str, frame: &str) -> (&'static str, Value) {
        let parameters = json!({"requestId": "P", "resourceType": kind, "frameId": frame,
            "request": {"url": url, "method": "GET",
                "headers": {"x-token": "old", "Accept": "*/*"}}});
        ("Fetch.requestPaused", parameters)
    }

    #[test]
    fn requests_are_counted_and_failures_named() {
        let status = |id: &str, kind: &str, status: u16| {
            let response = json!({"status": status, "headers": {"X-Release": "1.1.0"}});
            let parameters = json!({"requestId": id, "type": kind, "frameId": FRAME,
                "response": response});
            ("Network.responseReceived", parameters)
        };
        let (visit, _) = watched(&[
            sent("1", "https://h.example/", "Document"),
            status("1", "Document", 200),
            sent("2", "https://h.example/a.js", "Script"),
            status("2", "Script", 404),
            sent("3", "https://h.example/b.js", "Script"),
            (
                "Network.loadingFailed",
                json!({"requestId": "3", "errorText": "net::ERR_X"}),
            ),
            sent("4", "https://h.example/c", "Fetch"),
            (
                "Network.loadingFailed",
                json!({"requestId": "4", "canceled": true}),
            ),
            sent("5", "data:image/png;base64,AA", "Image"),
            (
                "Network.loadingFinished",
                json!({"requestId": "1", "encodedDataLength": 512}),
            ),
        ]);
        assert_eq!(
            (visit.status, visit.requests, visit.bytes),
            (Some(200), 4, 512)
        );
        assert_eq!(
            visit.failed.first,
            [
                "GET https://h.example/a.js answered 404",
                "GET https://h.example/b.js failed: net::ERR_X",
            ]
        );
    }

    #[test]
    fn what_comes_counts_before_it_is_at_its_end_and_once() {
        let part = |id: &str, bytes: u64| {
            let parameters = json!({"requestId": id, "encodedDataLength": bytes});
            ("Network.dataReceived", parameters)
        };
        let end = json!({"requestId": "1", "encodedDataLength": 700});
        let (visit, _) = watched(&[
            part("1", 400),
            part("2", 2000),
            part("1", 200),
            ("Network.loadingFinished", end),
        ]);
        assert_eq!(visit.bytes, 2700);
    }

    #[test]
    fn a_web_socket_that_does_not_open_is_a_failed_request() {
        let (visit, _) = watched(&[
            (
                "Network.webSocketCreated",
                json!({"requestId": "7", "url": "wss://h.example/live"}),
            ),
            (
                "Network.webSocketFrameError",
                json!({"requestId": "7", "errorMessage": "Unexpected response code: 404"}),
            ),
        ]);
        let line = "WebSocket wss://h.example/live failed: Unexpected response code: 404";
        assert_eq!(visit.failed.first, [line]);
    }

    #[test]
    fn headers_go_to_the_pages_own_address_only() {
        let (visit, commands) = watched(&[
            paused("https://h.example/", "Document", FRAME),
            paused("https://cdn.example/a.js", "Script", FRAME),
            paused("https://frame.example/", "Document", "another frame"),
        ]);
        assert_eq!(visit.end, End::Loaded);
        let headers = commands[0].parameters["headers"]
            .as_array()
            .expect("has some");
        assert_eq!(
            headers,
            &[
                json!({"name": "X-Token", "value": "t"}),
                json!({"name": "Accept", "value": "*/*"}),
            ]
        );
        for command in &commands[1..] {
            assert_eq!(command.method, "Fetch.continueRequest");
            assert_eq!(command.parameters.get("headers"), None);
        }
    }

    #[test]
    fn a_page_is_not_let_go_to_a_host_that_nobody_declared() {
        for url in [
            "https://evil.example/?token=x",
            "http://h.example/",
            "https://h.example:444/",
        ] {
            let (visit, commands) = watched(&[paused(url, "Document", FRAME)]);
            assert_eq!(commands[0].method, "Fetch.failRequest", "{url}");
            let place = url.split('?').next().unwrap_or_default();
            assert_eq!(visit.end, End::Elsewhere(place.into()));
        }
    }

    #[test]
    fn what_the_environment_does_not_allow_is_not_sent() {
        let ask = |method: &str, kind: &str| {
            let (name, mut parameters) = paused("https://h.example/a?token=x", kind, FRAME);
            parameters["request"]["method"] = method.into();
            (name, parameters)
        };
        let (visit, commands) = watched(&[
            ask("GET", "Fetch"),
            ask("POST", "Fetch"),
            ask("DELETE", "Fetch"),
            ask("PUT", "Ping"),
            (
                "Network.loadingFailed",
                json!({"requestId": "1", "blockedReason": "inspector"}),
            ),
        ]);
        let methods: Vec<&str> = commands.iter().map(|command| command.method).collect();
        let (go, stop) = ("Fetch.continueRequest", "Fetch.failRequest");
        assert_eq!(methods, [go, go, stop, stop]);
        assert_eq!(visit.held.first, ["DELETE https://h.example/a"]);
        assert_eq!(visit.held_beacons.first, ["PUT https://h.example/a"]);
        assert_eq!(visit.failed.count, 0, "we did that");
    }

    #[test]
    fn requests_wait_for_the_rate_and_end_with_the_budget() {
        let (plan, allowance) = (plan(&[]), Allowance::new(3, 2.0, 0));
        let rules = Rules {
            frame: FRAME.into(),
            plan: &plan,
            headers: &[],
            allowance: &allowance,
        };
        let now = Instant::now();
        let mut watch = Watch::new(rules, now);
        let stop = |watch: &mut Watch<'_>, url: &str| {
            let (method, parameters) = paused(url, "Script", FRAME);
            let (session, method) = (None, method.to_owned());
            let event = Event {
                session,
                method,
                parameters,
            };
            watch.see(&event, now).len()
        };
        let url = "https://cdn.example/a.js";
        assert_eq!(stop(&mut watch, url), 1);
        assert_eq!(
            stop(&mut watch, "data:text/javascript,"),
            1,
            "sent to nobody"
        );
        assert_eq!(stop(&mut watch, url), 0);
        assert_eq!(stop(&mut watch, url), 0);
        assert_eq!(watch.visit.waited, 900.0);
        assert_eq!(watch.take_due(now), None);
        let due = now + Duration::from_millis(400);
        assert_eq!(watch.due(), Some(due));
        assert!(watch.take_due(due).is_some());
        assert!(!watch.is_over);
        assert_eq!(stop(&mut watch, url), 1, "refused at once");
        let why = "the 3 requests that `allow.requests` grants are used up";
        assert_eq!((watch.is_over, watch.used_up.as_deref()), (true, Some(why)));
    }

    #[test]
    fn the_console_is_read_and_what_repeats_requests_is_left_out() {
        let log = |source: &str, level: &str, text: &str| {
            let entry = json!({"source": source, "level": level, "text": text});
            ("Log.entryAdded", json!({ "entry": entry }))
        };
        let write = |kind: &str, text: Value| {
            let arguments = json!([{"type": "string", "value": text}, {"description": "Object"}]);
            (
                "Runtime.consoleAPICalled",
                json!({"type": kind, "args": arguments}),
            )
        };
        let (visit, _) = watched(&[
            write("error", json!("boom")),
            write("warning", json!("no error")),
            log("network", "error", "Failed to load resource"),
            log("security", "error", "Refused to load"),
            log(
                "security",
                "warning",
                "Mixed Content: the page was loaded over HTTPS",
            ),
            (
                "Runtime.exceptionThrown",
                json!({"exceptionDetails": {"text": "Uncaught",
                "url": "https://h.example/a.js", "lineNumber": 6,
                "exception": {"description": "TypeError: x\n at y"}}}),
            ),
        ]);
        assert_eq!(visit.console.first, ["boom Object", "Refused to load"]);
        assert_eq!(
            visit.uncaught.first,
            ["TypeError: x (https://h.example/a.js:7)"]
        );
        assert_eq!(visit.mixed.count, 1);
    }

    #[test]
    fn frames_of_other_sites_are_watched_and_dialogs_answered() {
        let (_, commands) = watched(&[
            ("Target.attachedToTarget", json!({"sessionId": "C"})),
            ("Page.javascriptDialogOpening", json!({})),
        ]);
        let methods: Vec<&str> = commands.iter().map(|command| command.method).collect();
        assert_eq!(
            methods,
            [
                "Network.enable",
                "Runtime.enable",
                "Log.enable",
                "Runtime.runIfWaitingForDebugger",
                "Page.handleJavaScriptDialog",
            ]
        );
        assert_eq!(commands[3].session.as_deref(), Some("C"));
    }

    #[test]
    fn a_page_rests_when_nothing_is_asked_for() {
        let now = Instant::now();
        let rules = Rules {
            frame: FRAME.into(),
            plan: &plan(&[]),
            headers: &[],
            allowance: &Allowance::new(1000, 1000.0, 0),
        };
        let mut watch = Watch::new(rules, now);
        let quiet = Duration::from_millis(500);
        let mut see = |(method, parameters): (&str, Value)| {
            let event = Event {
                session: None,
                method: method.into(),
                parameters,
            };
            watch.see(&event, now);
            watch.rests(quiet)
        };
        assert_eq!(
            see(("Page.loadEventFired", json!({}))),
            None,
            "that was the empty page"
        );
        assert_eq!(see(sent("1", "https://h.example/", "Document")), None);
        see(("Network.loadingFinished", json!({"requestId": "1"})));
        assert_eq!(see(("Page.loadEventFired", json!({}))), Some(now + quiet));
        assert_eq!(
            see(sent("2", "https://h.example/poll", "Fetch")),
            Some(now + LISTENING.1)
        );
        see(sent("3", "https://h.example/poll", "Fetch"));
        assert_eq!(see(sent("4", "https://h.example/poll", "Fetch")), None);
        assert_eq!(see(sent("5", "https://h.example/next", "Document")), None);
    }

    proptest! {
        #[test]
        fn no_event_makes_it_panic(
            index in 0usize..12,
            words in prop::collection::vec(".{0,20}", 4),
            number: i64,
        ) {
            let methods = [
                "Fetch.requestPaused", "Network.requestWillBeSent", "Network.responseReceived",
                "Network.loadingFinished", "Network.loadingFailed", "Page.loadEventFired",
                "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded",
                "Page.javascriptDialogOpening", "Target.attachedToTarget", "nonsense",
            ];
            let odd = json!({"requestId": number, "request": words, "entry": words[0],
                "exceptionDetails": {"lineNumber": number, "url": words[1]}, "args": [words[2]],
                "type": "error", "response": {"status": number}, "encodedDataLength": number});
            let even = json!({"requestId": words[0], "type": words[1], "frameId": FRAME,
                "request": {"url": words[2], "method": words[3], "headers": {words[0].clone(): 1}}});
            watched(&[(methods[index], odd), (methods[index], even), (methods[index], json!(null))]);
        }
    }
}
