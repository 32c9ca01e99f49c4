//! Single requests, journeys and load.

use super::{Case, Quality, Started};
use crate::Result;
use crate::servers::{HttpServer, Reply, Request};

/// The cases of this family.
pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            checks: &[
                "status", "redirect", "header", "json", "schema", "body", "phases",
            ],
            start: requests,
        },
        Case {
            checks: &["journey"],
            start: journey,
        },
        Case {
            checks: &["command"],
            start: command,
        },
        Case {
            checks: &["load"],
            start: load,
        },
    ]
}

fn reply(status: u16, body: &str) -> Reply {
    let mut reply = Reply::new(body.to_owned().into());
    *reply.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    reply
}

fn with(mut reply: Reply, name: &'static str, value: &'static str) -> Reply {
    let value = hyper::header::HeaderValue::from_static(value);
    reply.headers_mut().insert(name, value);
    reply
}

fn started(name: &str, server: HttpServer, probes: &[&str]) -> Started {
    Started {
        environment: vec![("addresses", format!("{{{name}: '{}'}}", server.url()))],
        probes: probes.iter().map(|probe| (*probe).to_owned()).collect(),
        variables: Vec::new(),
        files: Vec::new(),
        trusted: Vec::new(),
        running: Box::new(server),
    }
}

fn requests(quality: Quality) -> Result<Started> {
    let server = HttpServer::start(move |request| match (request.uri().path(), quality) {
        ("/status", Quality::Good) => reply(200, ""),
        ("/status", Quality::Bad) => reply(500, "boom"),
        ("/old", Quality::Good) => with(reply(301, ""), "location", "/status"),
        ("/old", Quality::Bad) => with(reply(301, ""), "location", "https://elsewhere.example/"),
        ("/header", Quality::Good) => with(reply(200, ""), "x-frame-options", "DENY"),
        ("/slow", Quality::Bad) => {
            std::thread::sleep(std::time::Duration::from_millis(60));
            reply(200, "")
        }
        ("/json", Quality::Good) => reply(200, r#"{"status":"ok"}"#),
        ("/json", Quality::Bad) => reply(200, r#"{"status":7}"#),
        ("/body", Quality::Bad) => reply(200, "Traceback (most recent call last)"),
        _ => reply(200, "fine"),
    })?;
    let probes = [
        "http: {name: web status, at: web, path: /status}",
        "http: {name: web redirect, at: web, path: /old, redirects: [/status], status: [200, 301, 500]}",
        "http: {name: web header, at: web, path: /header, response_headers: {x-frame-options: DENY}}",
        "http: {name: web json, at: web, path: /json, json: {$.status: ok}, schema: {file: status.json}}",
        "http: {name: web body, at: web, path: /body, not_contains: [Traceback]}",
        "http: {name: web phases, at: web, path: /slow, phases: {first_byte: 50ms}}",
    ];
    let mut started = started("web", server, &probes);
    let schema = r#"{"properties":{"status":{"type":"string"}}}"#;
    started.files.push(("status.json", schema.into()));
    Ok(started)
}

fn journey(quality: Quality) -> Result<Started> {
    let answer = move |request: &Request| {
        let is_known = request.headers().get("authorization");
        let is_known = is_known.is_some_and(|value| value == "Bearer token-of-the-journey");
        match (request.uri().path(), quality) {
            ("/login", _) => reply(200, r#"{"token":"token-of-the-journey"}"#),
            ("/me", Quality::Good) if is_known => reply(200, r#"{"name":"ada"}"#),
            _ => reply(403, ""),
        }
    };
    let probes = [
        "journey: {name: sign in, steps: [{name: login, at: journey, path: /login, capture: \
         {token: {json: $.token}}}, {name: me, at: journey, path: /me, headers: {authorization: \
         'Bearer {{token}}'}, json: {$.name: ada}}]}",
    ];
    Ok(started("journey", HttpServer::start(answer)?, &probes))
}

fn command(quality: Quality) -> Result<Started> {
    let program = match quality {
        Quality::Good => "true",
        Quality::Bad => "false",
    };
    Ok(Started {
        environment: Vec::new(),
        probes: vec![format!("command: {{name: suite, run: [{program}]}}")],
        variables: Vec::new(),
        files: Vec::new(),
        trusted: Vec::new(),
        running: Box::new(()),
    })
}

fn load(quality: Quality) -> Result<Started> {
    let server = HttpServer::start(move |_| match quality {
        Quality::Good => reply(200, ""),
        Quality::Bad => reply(503, ""),
    })?;
    let probes = [
        "load: {name: series, at: load, path: /, requests: 80, per_second: 200, p95: 500ms, errors: 5%}",
    ];
    Ok(started("load", server, &probes))
}
