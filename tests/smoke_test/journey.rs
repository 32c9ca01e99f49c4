//! Requests that build on each other, through the binary.

use crate::http::reply;
use crate::sandbox::{Ran, Sandbox};
use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::deadline::wait_until;
use support::servers::{HttpServer, Request};

/// A service with a sign-in: a token and a cookie, and entries that belong to it.
#[derive(Default)]
struct Service {
    entries: Mutex<BTreeSet<u32>>,
    calls: Mutex<Vec<String>>,
}

impl Service {
    fn answer(&self, request: &Request) -> support::servers::Reply {
        let (method, path) = (request.method().as_str(), request.uri().path());
        let mut calls = self.calls.lock().expect("no test panicked with it");
        if path != "/id" {
            calls.push(format!("{method} {path}"));
        }
        let has = |name: &str, value: &str| {
            request
                .headers()
                .get(name)
                .is_some_and(|found| found == value)
        };
        let is_known = has("authorization", "Bearer token-of-ada-1234")
            && has("cookie", "session=cookie-of-ada-5678");
        let mut entries = self.entries.lock().expect("no test panicked with it");
        match (method, path) {
            ("POST", "/login") if request.body().as_ref() == br#"{"password":"planted-pass"}"# => {
                let mut answer = reply(200, r#"{"token":"token-of-ada-1234"}"#);
                let cookie = "session=cookie-of-ada-5678; HttpOnly";
                let cookie = cookie.parse().expect("is a value");
                answer.headers_mut().insert("set-cookie", cookie);
                answer
            }
            ("POST", "/login") => reply(401, ""),
            ("POST", "/entries") if is_known => {
                entries.insert(7);
                reply(201, r#"{"id":7}"#)
            }
            ("GET", "/entries/7") if is_known && entries.contains(&7) => reply(200, r#"{"id":7}"#),
            ("DELETE", "/entries/7") if is_known && entries.remove(&7) => reply(204, ""),
            (_, "/id") => reply(200, ""),
            _ => reply(403, ""),
        }
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().expect("no test panicked with it").clone()
    }

    fn start(self: &Arc<Self>) -> HttpServer {
        let service = self.clone();
        HttpServer::start(move |request| service.answer(request)).expect("a port is free")
    }
}

const JOURNEY: &str = "wait: 20s
probes:
  - journey:
      name: entries
      steps:
        - {name: sign in, path: /login, method: POST, body: {json: '{\"password\":\"${PASSWORD}\"}'}, capture: {token: {json: $.token}}}
        - {name: create, path: /entries, method: POST, status: [201], headers: {authorization: 'Bearer {{token}}'}, body: {json: '{}'}, capture: {entry: {json: $.id}}}
        - {name: read, path: '/entries/{{entry}}', headers: {authorization: 'Bearer {{token}}'}, json: {$.id: 7}}
      cleanup:
        - {name: remove, path: '/entries/{{entry}}', method: DELETE, status: [204], headers: {authorization: 'Bearer {{token}}'}}
";

fn sandbox(server: &HttpServer, smoke: &str) -> Sandbox {
    Sandbox::with_allow(&server.url(), "methods: [POST, DELETE]", smoke)
}

#[test]
fn a_sign_in_and_what_follows_it_pass_and_leave_nothing_behind() {
    let service = Arc::new(Service::default());
    let server = service.start();
    let ran = sandbox(&server, JOURNEY).run_with(&["-v"], &[("PASSWORD", "planted-pass")]);
    ran.ends(
        0,
        &[
            "`entries`, step `read`: `$['id']` is 7",
            "`entries`, clean-up `remove`: answered 204",
            "3 of 3 steps and 1 of 1 of the clean-up were asked",
        ],
    );
    assert_eq!(
        service.calls(),
        [
            "POST /login",
            "POST /entries",
            "GET /entries/7",
            "DELETE /entries/7"
        ]
    );
    for secret in ["planted-pass", "token-of-ada", "cookie-of-ada"] {
        let receipt = format!("{:?}", ran.receipt);
        assert!(
            !ran.all().contains(secret) && !receipt.contains(secret),
            "{secret}"
        );
    }
}

#[test]
fn a_sign_in_that_is_refused_ends_the_journey_and_is_the_finding() {
    let service = Arc::new(Service::default());
    let server = service.start();
    let ran = sandbox(&server, JOURNEY).run_with(&[], &[("PASSWORD", "wrong-pass")]);
    ran.ends(1, &["`entries`, step `sign in` answered 401, not 200"]);
    assert_eq!(service.calls(), ["POST /login"]);
}

#[test]
fn the_clean_up_runs_when_a_step_goes_wrong() {
    let service = Arc::new(Service::default());
    let server = service.start();
    let smoke = JOURNEY.replace("$.id: 7", "$.id: 8").replace(
        "name: read, path: '/entries/{{entry}}'",
        "name: read, path: /nothing",
    );
    let ran = sandbox(&server, &smoke).run_with(&[], &[("PASSWORD", "planted-pass")]);
    ran.ends(1, &["`entries`, step `read` answered 403, not 200"]);
    assert_eq!(
        service.calls().last().map(String::as_str),
        Some("DELETE /entries/7")
    );
}

#[test]
fn the_clean_up_runs_when_the_run_is_asked_to_stop() {
    let service = Arc::new(Service::default());
    let server = service.start();
    // It accepts and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = silent.local_addr().expect("it is bound");
    let smoke = JOURNEY.replace(
        "name: read, path: '/entries/{{entry}}'",
        "name: read, at: silent, path: /, within: 60s",
    );
    let environment = format!(
        "addresses: {{silent: 'http://{address}'}}\n    \
         allow: {{private_addresses: true, methods: [POST, DELETE]}}"
    );
    let sandbox = Sandbox::with_environment(&server.url(), &environment, &smoke);
    let mut command = sandbox.command(&[]);
    let child = command
        .env("PASSWORD", "planted-pass")
        .stdin(Stdio::null())
        .spawn();
    let child = child.expect("the binary was built");
    let created = || {
        let calls = service.calls();
        calls
            .iter()
            .any(|call| call == "POST /entries")
            .then_some(())
            .ok_or(format!("{calls:?}"))
    };
    wait_until("the entry", Duration::from_secs(20), created).expect("it was made");
    let pid = child.id().to_string();
    let kill = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(kill.expect("kill is there").success());
    let ran = sandbox.ended(child);
    ran.ends(3, &["asked to stop"]);
    assert!(
        service.calls().contains(&"DELETE /entries/7".to_owned()),
        "{:?}",
        service.calls()
    );
}

/// Makes one entry whose id is this, and knows what was asked for.
fn maker(id: &'static str, pause: Duration) -> (HttpServer, Arc<Mutex<Vec<String>>>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    let server = HttpServer::start(move |request| {
        let (method, target) = (request.method().as_str(), request.uri().to_string());
        if target != "/id" {
            let mut calls = seen.lock().expect("no test panicked with it");
            calls.push(format!("{method} {target}"));
        }
        match method {
            "POST" => {
                std::thread::sleep(pause);
                reply(201, &format!(r#"{{"id":"{id}"}}"#))
            }
            "DELETE" => reply(204, ""),
            _ if target == "/flaky" => reply(503, ""),
            _ => reply(200, ""),
        }
    });
    (server.expect("a port is free"), calls)
}

const MAKER: &str = "connections: 1
probes:
  - journey:
      name: maker
      steps:
        - {name: make, path: /items, method: POST, status: [201], body: {json: '{}'}, capture: {id: {json: $.id}}}
      cleanup:
        - {name: remove, path: '/items/{{id}}', method: DELETE, status: [204]}
";

#[test]
fn a_captured_value_never_changes_what_is_removed() {
    for (id, code, asked, words) in [
        (
            "x?y",
            0,
            &["POST /items", "DELETE /items/x%3Fy"][..],
            "1 of 1 of the clean-up",
        ),
        (
            "",
            1,
            &["POST /items"],
            "`id` could not be captured: it is empty",
        ),
        (
            "..",
            3,
            &["POST /items"],
            "clean-up `remove` was not asked: its path would have",
        ),
    ] {
        let (server, calls) = maker(id, Duration::ZERO);
        sandbox(&server, MAKER).run(&["-v"]).ends(code, &[words]);
        assert_eq!(*calls.lock().expect("no test panicked with it"), asked);
    }
}

#[test]
fn repetitions_do_not_use_up_the_requests_of_a_clean_up() {
    let (server, calls) = maker("7", Duration::from_millis(1500));
    let flaky = "  - http: {name: a, path: /flaky}\n  - http: {name: b, path: /flaky}\n";
    let allow = "methods: [POST, DELETE], requests: 7";
    Sandbox::with_allow(&server.url(), allow, &format!("{MAKER}{flaky}"))
        .run(&["-v"])
        .ends(3, &["grants are used up", "1 of 1 of the clean-up"]);
    let calls = calls.lock().expect("no test panicked with it");
    assert!(calls.contains(&"DELETE /items/7".to_owned()), "{calls:?}");
}

/// Runs this, and asks it to stop while an entry is being made.
fn stopped_while_making(server: &HttpServer, calls: &Mutex<Vec<String>>, smoke: &str) -> Ran {
    let sandbox = sandbox(server, smoke);
    let child = sandbox.command(&[]).stdin(Stdio::null()).spawn();
    let child = child.expect("the binary was built");
    let made = || {
        let calls = calls.lock().expect("no test panicked with it");
        let is_made = calls.iter().any(|call| call == "POST /items");
        is_made.then_some(()).ok_or(format!("{calls:?}"))
    };
    wait_until("the entry", Duration::from_secs(20), made).expect("it was asked for");
    let pid = child.id().to_string();
    let kill = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(kill.expect("kill is there").success());
    sandbox.ended(child)
}

#[test]
fn a_step_that_makes_something_ends_before_the_run_stops_and_nothing_new_begins() {
    let (server, calls) = maker("7", Duration::from_millis(1500));
    let later = "  - rate-limit: {name: limit, path: /later, limit: 5, window: 1s}\n";
    let ran = stopped_while_making(&server, &calls, &format!("{MAKER}{later}"));
    ran.ends(3, &["asked to stop", "nothing is left half changed"]);
    let calls = calls.lock().expect("no test panicked with it");
    assert_eq!(*calls, ["POST /items", "DELETE /items/7"]);
}

#[test]
fn a_run_that_may_have_left_something_behind_when_it_was_stopped_is_unsettled() {
    let (server, calls) = maker("7", Duration::from_millis(1500));
    let smoke = MAKER.replace("$.id", "$.other");
    let ran = stopped_while_making(&server, &calls, &smoke);
    ran.ends(4, &["the journey `maker` may have left something behind"]);
}

#[test]
fn a_name_that_no_step_captures_is_a_mistake_of_the_file() {
    let service = Arc::new(Service::default());
    let server = service.start();
    for (from, to, words) in [
        (
            "{{token}}",
            "{{tokn}}",
            "uses `{{tokn}}`, which no step before it captures",
        ),
        (
            "json: $.token",
            "matches: abc",
            "captures by `abc`, which has no group",
        ),
        (
            "token: {json",
            "run: {json",
            "captures `run`, which cannot be a name",
        ),
        (
            "name: read,",
            "name: read, phases: {total: 1s},",
            "neither `phases` nor `redirects`",
        ),
        (
            "name: read,",
            "name: read, not_contains: ['of {{run}}'],",
            "has `{{run}}` in `not_contains`, where captured values are not put in",
        ),
        (
            "json: {$.id: 7}",
            "json: {$.run: {not: 'of {{run}}'}}",
            "has `{{run}}` in `json`, where captured values are not put in",
        ),
    ] {
        let ran = sandbox(&server, &JOURNEY.replace(from, to)).run_with(&[], &[("PASSWORD", "a")]);
        ran.ends(2, &[words, "sluicegate.yml:"]);
    }
    assert_eq!(service.calls(), Vec::<String>::new());
}
