//! Doors, logins, tenants, limits, WebSockets and streams of events, through the binary.

use crate::sandbox::{Ran, Sandbox};
use crate::server::{Reply, Server, answer, with_headers};
use shared::verdict::Outcome;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::prove::{Quality, Started};
use support::servers::doors::{ADMIN, EXPIRED, Guards, PASSWORD, TENANTS, USER, doors};
use support::servers::{
    EventServer, EventsManner, HttpServer, LimitManner, ORIGIN, PROTOCOL, Proxy, WebsocketManner,
    WebsocketServer, limited,
};

/// A front that tells its release, and the probes at the address `it`.
fn run(at: &str, allow: &str, probes: &[&str], variables: &[(&str, &str)]) -> Ran {
    let front = front();
    let sandbox = sandbox(&front.url(), &[("it", at)], allow, probes);
    sandbox.run_with(&[], variables)
}

fn front() -> Server {
    Server::start(|_| Reply::Send(answer(200, "1.1.0", "{}")))
}

fn sandbox(front: &str, addresses: &[(&str, &str)], allow: &str, probes: &[&str]) -> Sandbox {
    let addresses: Vec<String> = (addresses.iter())
        .map(|(name, url)| format!("      {name}: '{url}'\n"))
        .collect();
    let probes: Vec<String> = probes
        .iter()
        .map(|probe| format!("    - {probe}\n"))
        .collect();
    Sandbox::with_file(&format!(
        "version: 1\nproject: cal\nenvironments:\n  staging:\n    url: {front}\n    addresses:\n{}    \
         allow: {{ private_addresses: true{allow} }}\n    services:\n      web:\n        target:\n          \
         command:\n            deploy: [deploy]\n            stop: [stop]\n            stable: \
         [\"127.0.0.1:1\"]\n            canary: []\nservices:\n  web:\n    identity: {{ header: {{ name: \
         x-release, path: /id }} }}\nsmoke:\n  wait: 20s\n  probes:\n{}",
        addresses.concat(),
        probes.concat()
    ))
}

fn outcome<'a>(ran: &'a Ran, check: &str) -> &'a Outcome {
    let receipt = ran.receipt.as_ref().expect("a receipt was written");
    let record = receipt.records.iter().find(|record| record.check == check);
    &record.expect("the check was judged").outcome
}

/// Asserts that a check passed on evidence with these words.
#[track_caller]
fn holds(ran: &Ran, check: &str, words: &[&str]) {
    let Outcome::Pass { evidence } = outcome(ran, check) else {
        panic!("`{check}` should pass: {}", ran.all());
    };
    let evidence = evidence.join("\n");
    for word in words {
        assert!(evidence.contains(word), "`{word}` is missing: {evidence}");
    }
}

// --- good and bad servers --------------------------------------------------------------------

fn proved(started: &Started) -> Ran {
    let front = front();
    let mut addresses = Vec::new();
    for (key, line) in &started.environment {
        assert_eq!(*key, "addresses");
        let (name, url) = line.split_once(": ").expect("is a pair");
        addresses.push((name, url.trim_matches('\'')));
    }
    let probes: Vec<&str> = started.probes.iter().map(String::as_str).collect();
    let sandbox = sandbox(&front.url(), &addresses, "", &probes);
    let variables: Vec<(&str, &str)> = (started.variables.iter())
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    sandbox.run_with(&[], &variables)
}

#[test]
fn each_kind_passes_with_a_good_server_and_fails_with_a_bad_one() -> support::Result<()> {
    let kinds = [
        "auth",
        "isolation",
        "default-credentials",
        "websocket",
        "sse",
        "rate-limit",
    ];
    let mut seen = 0;
    for case in support::prove::cases() {
        if !case.checks.iter().all(|check| kinds.contains(check)) {
            continue;
        }
        seen += 1;
        let good = proved(&(case.start)(Quality::Good)?);
        let bad = proved(&(case.start)(Quality::Bad)?);
        for check in case.checks {
            let passed = outcome(&good, check);
            assert!(
                matches!(passed, Outcome::Pass { .. }),
                "{check}: {}",
                good.all()
            );
            let failed = outcome(&bad, check);
            assert!(
                matches!(failed, Outcome::Fail { .. }),
                "{check}: {}",
                bad.all()
            );
        }
        good.ends(0, &[]);
        bad.ends(1, &[]);
    }
    assert_eq!(seen, kinds.len());
    Ok(())
}

// --- doors -----------------------------------------------------------------------------------

const DOOR: &str = "auth: { name: admin, at: it, path: /admin, token: '${TOKEN}' }";
const TOKENS: [(&str, &str); 3] = [("TOKEN", ADMIN), ("USER_TOKEN", USER), ("OLD", EXPIRED)];

/// A door that answers by the value of `Authorization`.
fn door(reply: impl Fn(Option<&str>) -> Vec<u8> + Send + Sync + 'static) -> Ran {
    let server = Server::start(move |request| {
        let mut lines = request
            .head
            .lines()
            .filter_map(|line| line.split_once(": "));
        let value = lines.find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        Reply::Send(reply(value.map(|(_, value)| value)))
    });
    run(&server.url(), "", &[DOOR], &TOKENS)
}

fn refusal(status: u16) -> Vec<u8> {
    with_headers(
        status,
        &[("www-authenticate", "Bearer"), ("location", "/login")],
        "",
    )
}

#[test]
fn whatever_stands_in_place_of_401_is_named() {
    for (status, words) in [
        (
            200,
            "`admin` answered 200 without a token, not 401: it is open",
        ),
        (302, "it redirects to `/login`"),
        (403, "that is for somebody who is known and may not"),
        (404, "cannot be told from a path that does not exist"),
        (500, "it breaks in place of an answer"),
    ] {
        let ran = door(move |value| match value {
            None => refusal(status),
            Some(value) if value.ends_with(ADMIN) => answer(200, "", ""),
            Some(_) => refusal(401),
        });
        ran.ends(1, &[words]);
    }
    let unchallenged = door(|value| match value {
        Some(value) if value.ends_with(ADMIN) => answer(200, "", ""),
        _ => answer(401, "", ""),
    });
    unchallenged.ends(
        1,
        &["answered 401 without a token, with garbage, with one character"],
    );
}

#[test]
fn a_signature_that_nobody_looks_at_is_found() {
    let payload: Vec<&str> = ADMIN.rsplitn(2, '.').collect();
    let start = format!("Bearer {}.", payload[1]);
    let ran = door(move |value| match value {
        Some(value) if value.starts_with(&start) => answer(200, "", ""),
        _ => refusal(401),
    });
    ran.ends(
        1,
        &[
            "answered 200 with one character of the token changed, not 401: it is open",
            "Bearer ${ALTERED_TOKEN}",
        ],
    );
}

#[test]
fn a_door_that_is_shut_for_all_fails_and_one_that_is_silent_is_unknown() {
    door(|_| refusal(401)).ends(
        1,
        &["answered 401 with the token, not 200: the right token is refused"],
    );
    let port = support::ports::free_ports(1).expect("a port is free")[0];
    let ran = run(&format!("http://127.0.0.1:{port}"), "", &[DOOR], &TOKENS);
    ran.ends(3, &["`admin` had no answer with the token (3 attempts)"]);
    door(|value| refusal(if value.is_none() { 429 } else { 401 }))
        .ends(1, &["the right token is refused"]);
}

#[test]
fn no_token_and_nothing_made_of_it_is_seen_anywhere() -> support::Result<()> {
    // It says back whatever it was asked with.
    let server = Server::start(|request| Reply::Send(answer(418, "1.1.0", &request.head)));
    let login = "default-credentials: { name: console, at: it, path: /login, sent_as: { json: \
                 '{\"u\":\"{user}\",\"p\":\"{password}\"}' }, accepted: { user: root, password: \
                 '${CONSOLE}' } }";
    let tenant = "isolation: { name: rows, at: it, path: /a, owner: '${TOKEN}', stranger: { token: \
                  '${USER_TOKEN}', own: /b }, rows: '$[*]' }";
    let basic =
        "auth: { name: basic, at: it, path: /x, token: 'deploy:${CONSOLE}', sent_as: basic }";
    let front = front();
    let sandbox = sandbox(
        &front.url(),
        &[("it", &server.url())],
        ", methods: [POST]",
        &[DOOR, login, tenant, basic],
    );
    let variables = [TOKENS.as_slice(), &[("CONSOLE", PASSWORD)]].concat();
    let signatures = [ADMIN, USER].map(|token| token.rsplit('.').next().unwrap_or_default());
    for format in ["text", "json", "markdown", "sarif", "junit", "html"] {
        let ran = sandbox.run_with(&["--format", format, "-vv", "--color", "never"], &variables);
        ran.ends(1, &["answered 418"]);
        let receipt = std::fs::read_to_string(sandbox.receipt_path()).expect("was written");
        let inner = serde_json::to_string(&ran.receipt).expect("is JSON");
        for sink in [&ran.stdout, &ran.stderr, &receipt, &inner] {
            // Half of a signature would give away the one that was changed as well.
            let halves = signatures.iter().flat_map(|text| {
                let (one, other) = text.split_at(text.len() / 2);
                [&one[..one.len() - 1], &other[1..]]
            });
            for secret in [PASSWORD, "ZGVwbG95OmNvcnJlY3Q"].into_iter().chain(halves) {
                assert!(!sink.contains(secret), "{format} shows {secret}: {sink}");
            }
        }
    }
    let plan = sandbox.run_with(&["--plan"], &variables);
    plan.ends(
        0,
        &["401 without a token", "pair 1 of 12", "${DEFAULT_PASSWORD}"],
    );
    assert!(!plan.all().contains(PASSWORD) && !plan.all().contains(signatures[0]));
    Ok(())
}

#[test]
fn doors_that_could_never_be_judged_are_refused_before_anything_is_asked() {
    let server = front();
    let with =
        |more: &str| format!("auth: {{ name: a, at: it, path: /x, token: '${{TOKEN}}', {more} }}");
    for (probe, words) in [
        (with("with: []"), "has no `with`"),
        (with("with: [200, 401]"), "has 401 in both `with` and `without`"),
        (with("garbage: [200]"), "has 200 in both `with` and `garbage`"),
        (with("without: [20]"), "not from 200 to 599"),
        (with("headers: { Authorization: x }"), "which is where the token goes"),
        (with("method: POST"), "sends `POST`, which `staging` does not allow"),
        (with("sent_as: { header: 'a b' }"), "cannot be a name"),
        (with("sent_as: { query: x }"), "query"),
        (with("expired: { token: '${TOKEN}' }"), "the same token in `token` and `expired`"),
        (with("roles: [{ name: r, token: '${TOKEN}' }]"), "the same token in `token` and for the role `r`"),
        (with("roles: [{ name: '', token: x1 }]"), "a role whose name is empty"),
        (DOOR.replace("${TOKEN}", "--"), "without a letter or a digit"),
        (DOOR.replace("${TOKEN}", "${NOPE}"), "`NOPE` is not set"),
        (format!("{} }}", DOOR.replace(" }", ", sent_as: basic")), "is not `user:password`"),
        (
            "isolation: { name: a, at: it, path: /x, owner: a1, stranger: { token: a1, own: /y } }".into(),
            "the same token for the owner and the stranger",
        ),
        (
            "isolation: { name: a, at: it, path: /x, owner: a1, stranger: { token: b2, own: /x } }".into(),
            "the same `path` and `stranger.own`",
        ),
        (
            "isolation: { name: a, at: it, path: /x, owner: a1, stranger: { token: b2, own: /y }, rows: '$[' }".into(),
            "which is no JSONPath",
        ),
        (
            "default-credentials: { name: a, at: it, path: /x, sent_as: { json: '{}' }, accepted: { user: u, password: p } }".into(),
            "sends `POST`, which `staging` does not allow",
        ),
        (
            "default-credentials: { name: a, at: it, path: /x, sent_as: basic, refused: [200], accepted: { user: u, password: p } }".into(),
            "has 200 in both",
        ),
        (
            "websocket: { name: a, at: it, path: /x, bad_origin: 'https://evil.example' }".into(),
            "without an `origin`",
        ),
        (
            "websocket: { name: a, at: it, path: /x, headers: { Upgrade: x } }".into(),
            "belongs to the handshake",
        ),
        ("websocket: { name: a, at: it, path: /x, expect: {} }".into(), "everything would hold"),
        ("sse: { name: a, at: it, path: /x, events: 0 }".into(), "needs `events` from 1"),
        ("sse: { name: a, at: it, path: /x, json: { '$[': 1 } }".into(), "no JSONPath"),
        ("rate-limit: { name: a, at: it, path: /x, limit: 0, window: 1m }".into(), "a `limit` of 0"),
        (
            "rate-limit: { name: a, at: it, path: /x, limit: 6000, window: 1h }".into(),
            "and `allow.requests` grants 10000",
        ),
        (
            "rate-limit: { name: a, at: it, path: /x, limit: 5, window: 1m, headers: { X-Forwarded-For: '1.1.1.1' } }".into(),
            "set `spoof: false`",
        ),
    ] {
        let ran = run(&server.url(), "", &[&probe], &TOKENS);
        ran.ends(2, &[words]);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.all());
    }
    let login = "default-credentials: { name: a, at: it, path: /x, sent_as: { form: { u: '{user}' } }, \
                 accepted: { user: u1, password: p1 } }";
    run(&server.url(), ", methods: [POST]", &[login], &[])
        .ends(2, &["every pair would be the same login"]);
    let address = server.url().replace("http://", "http://deploy:word@");
    run(&address, "", &[DOOR], &TOKENS).ends(2, &["a user in front of the host"]);
    assert_eq!(server.requests(), 0);
}

// --- logins ----------------------------------------------------------------------------------

const FORM: &str = "default-credentials: { name: console, at: it, path: /login, sent_as: { form: { user: \
                    '{user}', password: '{password}' } }, accepted: { user: admin, password: \
                    '${CONSOLE}' }, pairs: [[admin, wrong], [admin, admin]] }";
const JSON: &str = "default-credentials: { name: console, at: it, path: /login, sent_as: { json: \
                    '{\"user\":\"{user}\",\"password\":\"{password}\"}' }, accepted: { user: admin, \
                    password: '${CONSOLE}' } }";
const POST: &str = ", methods: [POST]";

#[test]
fn logins_by_form_and_by_json_are_tried_pair_by_pair() -> support::Result<()> {
    for probe in [FORM, JSON] {
        let variables = [("CONSOLE", PASSWORD)];
        let awake = HttpServer::start(doors(Guards::Awake))?;
        let ran = run(&awake.url(), POST, &[probe], &variables);
        ran.ends(
            0,
            &["answered 200 to the real credentials before and after them"],
        );
        let asleep = HttpServer::start(doors(Guards::Asleep))?;
        let ran = run(&asleep.url(), POST, &[probe], &variables);
        ran.ends(
            1,
            &["lets `admin` in with a password that everybody knows (pair"],
        );
        let wrong = [("CONSOLE", "not-the-password")];
        let ran = run(&awake.url(), POST, &[probe], &wrong);
        ran.ends(
            3,
            &["answered 401 with the real credentials before the others"],
        );
    }
    Ok(())
}

#[test]
fn a_login_that_limits_or_locks_out_is_unknown_and_left_alone() {
    let limiting = Server::start(|request| {
        let status = if request.number == 1 { 200 } else { 429 };
        Reply::Send(answer(status, "", ""))
    });
    let ran = run(&limiting.url(), POST, &[JSON], &[("CONSOLE", PASSWORD)]);
    ran.ends(
        3,
        &[
            "turned away by a rate limit (429)",
            "no more pairs were tried",
        ],
    );
    assert_eq!(limiting.requests(), 2);
    let locking = Server::start(|request| {
        let status = if request.number == 1 { 200 } else { 403 };
        Reply::Send(answer(status, "", ""))
    });
    let ran = run(&locking.url(), POST, &[FORM], &[("CONSOLE", PASSWORD)]);
    ran.ends(
        3,
        &["answered 403 with the real credentials after the others"],
    );
}

#[test]
fn a_tenant_whose_token_died_proves_nothing() -> support::Result<()> {
    let server = HttpServer::start(doors(Guards::Awake))?;
    let probe = "isolation: { name: rows, at: it, path: '/rows?of=a', owner: '${A}', stranger: { token: \
                 '${B}', own: '/rows?of=b' }, rows: '$[*]' }";
    let [one, other] = TENANTS;
    let dead = [("A", one), ("B", "dead-1")];
    run(&server.url(), "", &[probe], &dead).ends(3, &["its token may open nothing at all"]);
    let nobody = [("A", "dead-1"), ("B", other)];
    run(&server.url(), "", &[probe], &nobody).ends(1, &["answered 401 as the owner, not 200"]);
    Ok(())
}

// --- WebSockets ------------------------------------------------------------------------------

fn websocket(manner: WebsocketManner) -> Ran {
    let server = WebsocketServer::start(manner).expect("a port is free");
    talk(&server.url())
}

fn talk(url: &str) -> Ran {
    let probe = format!(
        "websocket: {{ name: live, at: it, path: /ws, protocol: {PROTOCOL}, origin: '{ORIGIN}', bad_origin: \
         'https://evil.example', send: '${{SAID}}', expect: {{ contains: hello }}, within: 800ms }}"
    );
    run(url, "", &[&probe], &[("SAID", "hello there")])
}

#[test]
fn a_websocket_is_opened_spoken_on_and_closed() {
    let ran = websocket(WebsocketManner::Good);
    ran.ends(0, &["1 probe holds"]);
    let words = [
        "opened in",
        "frame 2 is",
        "pong in",
        "closed cleanly",
        "403 to a page of",
    ];
    holds(&ran, "websocket", &words);
}

#[test]
fn a_websocket_that_is_closed_for_a_failure_was_not_closed_cleanly() {
    let server = WebsocketServer::start(WebsocketManner::Fails).expect("a port is free");
    let probe = "websocket: { name: live, at: it, path: /ws, ping: false }";
    let ran = run(&server.url(), "", &[probe], &[]);
    ran.ends(
        1,
        &["`live` was not closed cleanly: the server closed it (1011)"],
    );
}

#[test]
fn whatever_is_no_websocket_fails_in_time_and_never_passes() {
    for (manner, words) in [
        (
            WebsocketManner::Page,
            "answered 200 to the handshake, not 101",
        ),
        (
            WebsocketManner::Forbidden,
            "answered 403 to the handshake, not 101",
        ),
        (
            WebsocketManner::WrongAccept,
            "`Sec-WebSocket-Accept` that does not fit the key",
        ),
        (
            WebsocketManner::WrongProtocol,
            "with the subprotocol `other`, not `events.v1`",
        ),
        (
            WebsocketManner::Silent,
            "did not open in time, and 800ms are allowed (3 attempts)",
        ),
        (
            WebsocketManner::Drip,
            "did not open in time, and 800ms are allowed (3 attempts)",
        ),
        (
            WebsocketManner::Mute,
            "opened and sent no frame, none of them right: not within 800ms",
        ),
        (
            WebsocketManner::Garbage,
            "opened and sent no frame, none of them right",
        ),
        (
            WebsocketManner::Huge,
            "opened and sent no frame, none of them right",
        ),
        (
            WebsocketManner::Flood,
            "none of them right: 100 frames came",
        ),
        (
            WebsocketManner::HangsUp,
            "opened and sent no frame, none of them right: ",
        ),
        (
            WebsocketManner::AnyOrigin,
            "opened for a page of `https://evil.example`",
        ),
    ] {
        let began = Instant::now();
        let ran = websocket(manner);
        assert!(began.elapsed() < Duration::from_secs(20), "{manner:?}");
        ran.ends(1, &[words, "curl -sS -i --http1.1"]);
    }
}

#[test]
fn a_websocket_where_nobody_listens_is_unknown() {
    let port = support::ports::free_ports(1).expect("a port is free")[0];
    talk(&format!("http://127.0.0.1:{port}")).ends(3, &["`live` had no answer (3 attempts)"]);
}

#[test]
fn nginx_in_front_must_pass_the_upgrade_on() -> support::Result<()> {
    let server = WebsocketServer::start(WebsocketManner::Good)?;
    let location = |more: &str| {
        format!(
            "location / {{ proxy_pass {}; proxy_read_timeout 5s; {more} }}",
            server.url()
        )
    };
    let passing = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                   proxy_set_header Connection 'upgrade';";
    let good = Proxy::start("", &location(passing))?;
    talk(&good.url()).ends(0, &["closed cleanly"]);
    let bad = Proxy::start("", &location(""))?;
    talk(&bad.url()).ends(
        1,
        &[
            "answered 426 to the handshake, not 101",
            "only WebSockets here",
        ],
    );
    Ok(())
}

#[test]
fn a_websocket_and_a_stream_behind_tls_are_the_same() -> Result<(), Box<dyn std::error::Error>> {
    let (socket, events) = (
        WebsocketServer::start(WebsocketManner::Good)?,
        EventServer::start(EventsManner::Good)?,
    );
    let folder = tempfile::tempdir()?;
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".into()])?;
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    std::fs::write(&certificate, signed.cert.pem())?;
    std::fs::write(&key, signed.signing_key.serialize_pem())?;
    let port = support::ports::free_ports(1)?[0];
    let proxy = Proxy::start(
        "",
        &format!(
            "listen 127.0.0.1:{port} ssl http2;\nssl_certificate {};\nssl_certificate_key {};\n\
             location /ws {{ proxy_pass {}; proxy_http_version 1.1; proxy_set_header Upgrade \
             $http_upgrade; proxy_set_header Connection 'upgrade'; }}\n\
             location /events {{ proxy_pass {}; proxy_http_version 1.1; proxy_buffering off; }}",
            certificate.display(),
            key.display(),
            socket.url(),
            events.url()
        ),
    )?;
    let trusted = certificate.display().to_string();
    let ran = run(
        &format!("https://localhost:{port}"),
        "",
        &[
            &format!("websocket: {{ name: live, at: it, path: /ws, protocol: {PROTOCOL} }}"),
            "sse: { name: ticks, at: it, path: /events, events: 3, event: tick }",
        ],
        &[("SSL_CERT_FILE", &trusted)],
    );
    ran.ends(0, &["2 probes hold", "ids `1`, `2`, `3`"]);
    drop(proxy);
    Ok(())
}

// --- streams of events -----------------------------------------------------------------------

fn events(manner: EventsManner) -> Ran {
    let server = EventServer::start(manner).expect("a port is free");
    let probe = "sse: { name: ticks, at: it, path: /events, events: 2, event: tick, json: { $.n: { is: \
                 integer } }, within: 800ms }";
    run(&server.url(), "", &[probe], &[])
}

#[test]
fn a_stream_is_read_until_enough_events_came() {
    events(EventsManner::Good).ends(0, &["`ticks` sent 2 events `tick` in", "ids `1`, `2`"]);
}

#[test]
fn whatever_is_no_stream_of_events_fails_in_time_and_never_passes() {
    for (manner, words) in [
        (
            EventsManner::Html,
            "answered with `text/html`, not `text/event-stream`",
        ),
        (EventsManner::Missing, "answered 404, not 200"),
        (
            EventsManner::Silent,
            "was not answered in time, and 800ms are allowed (3 attempts)",
        ),
        (EventsManner::Buffered, "sent 0 of 2 events `tick` in"),
        (EventsManner::Ends, "ended after 1 of 2 events `tick`"),
        (
            EventsManner::Wrong,
            "event 1 of `ticks` has a body that is no JSON",
        ),
        (
            EventsManner::Endless,
            "sent 1048576 bytes without the end of an event",
        ),
        (EventsManner::Comments, "sent 0 of 2 events `tick` in"),
        (EventsManner::Drip, "sent 0 of 2 events `tick` in"),
        (EventsManner::Garbage, "broke after 0 of 2 events `tick`"),
        (
            EventsManner::Bytes,
            "event 1 of `ticks` has a body that is no JSON",
        ),
    ] {
        let began = Instant::now();
        let ran = events(manner);
        assert!(began.elapsed() < Duration::from_secs(20), "{manner:?}");
        ran.ends(1, &[words]);
    }
}

// --- limits ----------------------------------------------------------------------------------

fn limit(manner: LimitManner, settings: &str) -> Ran {
    let server = HttpServer::start(limited(20, Duration::from_secs(1), manner));
    let server = server.expect("a port is free");
    let probe = format!(
        "rate-limit: {{ name: api, at: it, path: /api, limit: 20, window: 1s, tolerance: 5, together: 5, \
         {settings} }}"
    );
    run(&server.url(), "", &[&probe], &[])
}

#[test]
fn a_limit_is_reached_told_not_evaded_and_let_go() {
    let ran = limit(LimitManner::Good, "json: { $.error: Too Many Requests }");
    ran.ends(0, &[]);
    holds(
        &ran,
        "rate-limit",
        &[
            // Of five at once the first to be turned away may be heard before those that passed.
            "20 of 25 requests passed and 5 were turned away, the first as number ",
            "(limit 20 in 1s",
            "`Retry-After` names",
            "`x-ratelimit-limit: 20`",
            "let 0 of 5 requests with a made-up `X-Forwarded-For` pass",
            "answered again",
        ],
    );
    limit(LimitManner::Untold, "retry_after: false, recovery: false").ends(0, &[]);
}

#[test]
fn each_way_to_break_a_limit_is_named() {
    for (manner, code, words) in [
        (
            LimitManner::Unlimited,
            1,
            "turned away none of 50 requests in",
        ),
        (
            LimitManner::Spoofable,
            1,
            "let 5 of 5 requests with a made-up `X-Forwarded-For` pass while",
        ),
        (
            LimitManner::Breaks,
            1,
            "answered 5 of 25 requests with 5xx, not 429",
        ),
        (LimitManner::Untold, 1, "its 429 has no `Retry-After`"),
        (
            LimitManner::Meaningless,
            1,
            "sends `Retry-After: soon`, which is neither",
        ),
        (
            LimitManner::Misstated,
            1,
            "says by `X-RateLimit-Limit` that its limit is 10, not 20",
        ),
        (
            LimitManner::UsedUp,
            3,
            "turned away the very first requests",
        ),
    ] {
        limit(manner, "recovery: false").ends(code, &[words]);
    }
    limit(LimitManner::Forever, "spoof: false").ends(1, &["still turned requests away"]);
    limit(LimitManner::Long, "").ends(1, &["the 429 of `api` names 900 s, and its window is 1s"]);
    let early = limit(
        LimitManner::Good,
        "recovery: false, json: { $.error: Slow down }",
    );
    early.ends(
        1,
        &["the 429 of `api` has \"Too Many Requests\" at `$['error']`"],
    );
}

#[test]
fn a_window_that_is_shorter_than_declared_is_no_limit() {
    let server = HttpServer::start(limited(20, Duration::from_secs(1), LimitManner::Good));
    let server = server.expect("a port is free");
    let probe = "rate-limit: { name: api, at: it, path: /api, limit: 20, window: 60s, tolerance: 5, \
                 together: 5, spoof: false }";
    run(&server.url(), "", &[probe], &[]).ends(
        3,
        &[
            "more requests pass",
            "in one window of 1m, whose limit is 20",
        ],
    );
}

#[test]
fn a_window_that_ends_in_the_middle_of_a_burst_is_waited_out() {
    let server = |then: u64| {
        let window: Mutex<(u64, Option<Instant>)> = Mutex::new((0, None));
        Server::start(move |request| {
            let mut window = window
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            let (count, full) = &mut *window;
            if full.is_some_and(|since| since.elapsed() >= Duration::from_secs(1)) {
                // The first window had 18 left, and the second, of 20, began in the middle.
                (*count, *full) = (38 - then, None);
            }
            *count += u64::from(request.path == "/api");
            let is_over = *count > 38;
            if is_over && full.is_none() {
                *full = Some(Instant::now());
            }
            let headers = [("retry-after", "1"), ("x-release", "1.1.0")];
            Reply::Send(with_headers(
                if is_over { 429 } else { 200 },
                &headers,
                "{}",
            ))
        })
    };
    let probe = "rate-limit: { name: api, at: it, path: /api, limit: 20, window: 2s, tolerance: 5, \
                 together: 1 }";
    let ran = run(&server(20).url(), "", &[probe], &[]);
    ran.ends(0, &[]);
    let words = "19 of 25 requests passed and 6 were turned away, the first as number 20";
    holds(&ran, "rate-limit", &[words]);
    // A limit that is higher, or one that lets go of little, stays open.
    let words = "let 38 of 50 requests pass (limit 20 in 2s): either a window ended in between";
    for then in [38, 10] {
        run(&server(then).url(), "", &[probe], &[]).ends(3, &[words]);
    }
}

#[test]
fn a_window_that_ends_among_the_made_up_addresses_is_used_up_once_more() {
    let server = |limit_of_the_second: u64| {
        let count = std::sync::atomic::AtomicU64::new(0);
        Server::start(move |request| {
            let is_counted = request.path == "/api";
            let number =
                count.fetch_add(u64::from(is_counted), std::sync::atomic::Ordering::SeqCst);
            let is_over = match number {
                0..25 => number >= 20,
                _ => number - 25 >= limit_of_the_second,
            };
            let headers = [("retry-after", "60"), ("x-release", "1.1.0")];
            Reply::Send(with_headers(
                if is_counted && is_over { 429 } else { 200 },
                &headers,
                "{}",
            ))
        })
    };
    let probe = "rate-limit: { name: api, at: it, path: /api, limit: 20, window: 60s, tolerance: 5, \
                 together: 1, recovery: false }";
    let ran = run(&server(20).url(), "", &[probe], &[]);
    ran.ends(0, &[]);
    holds(&ran, "rate-limit", &["let 0 of 5 requests with a made-up"]);
    let words = "let 5 of 5 requests with a made-up `X-Forwarded-For` pass, and 5 plain ones";
    run(&server(u64::MAX).url(), "", &[probe], &[]).ends(3, &[words]);
}

#[test]
fn errors_are_no_limit() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let server = Server::start(move |request| {
        let is_made_up = request.head.to_lowercase().contains("x-forwarded-for");
        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let status = match number {
            _ if request.path != "/api" => 200,
            _ if is_made_up => 400,
            0..25 => 200,
            25..60 => 429,
            _ => 500,
        };
        let headers = [("retry-after", "1"), ("x-release", "1.1.0")];
        Reply::Send(with_headers(status, &headers, "{}"))
    });
    let probe = |more: &str| {
        format!(
            "rate-limit: {{ name: api, at: it, path: /api, limit: 20, window: 60s, tolerance: 15, \
             together: 5, {more} }}"
        )
    };
    run(&server.url(), "", &[&probe("recovery: false")], &[]).ends(
        3,
        &["only 0 requests with a made-up address, others with 400"],
    );
    run(
        &server.url(),
        "",
        &[&probe("spoof: false, within: 1s")],
        &[],
    )
    .ends(
        1,
        &["`api` answered 500 when it was asked whether it answers again"],
    );
}

#[test]
fn the_limit_of_nginx_is_measured() -> support::Result<()> {
    // A bucket of ten requests that fills at five a second. `return` alone would answer before
    // the limit is looked at.
    let zone = "limit_req_zone $binary_remote_addr zone=a:1m rate=5r/s;";
    let server = |more: &str| {
        format!(
            "location = /api {{ limit_req zone=a burst=9 nodelay; {more} try_files /none @ok; }}\n\
             location @ok {{ return 200 ok; }}"
        )
    };
    let probe = "rate-limit: { name: api, at: it, path: /api, limit: 10, window: 2s, tolerance: 5, \
                 together: 10 }";
    let told = "limit_req_status 429; add_header Retry-After 1 always;";
    let good = Proxy::start(zone, &server(told))?;
    let ran = run(&good.url(), "", &[probe], &[]);
    ran.ends(0, &[]);
    holds(
        &ran,
        "rate-limit",
        &[
            "were turned away",
            "`Retry-After` names 1 s",
            "answered again",
        ],
    );
    let untold = Proxy::start(zone, &server("limit_req_status 429;"))?;
    run(&untold.url(), "", &[probe], &[]).ends(1, &["its 429 has no `Retry-After`"]);
    // Without `limit_req_status` it answers 503.
    let bad = Proxy::start(zone, &server(""))?;
    run(&bad.url(), "", &[probe], &[]).ends(1, &["with 5xx, not 429"]);
    Ok(())
}

#[test]
fn a_limit_is_asked_last_of_all_and_its_budget_is_stated() {
    let paths: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = paths.clone();
    let counts: Mutex<BTreeMap<String, u32>> = Mutex::default();
    let server = Server::start(move |request| {
        let mut paths = seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        paths.push(request.path.clone());
        let mut counts = counts
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let count = counts.entry(request.path.clone()).or_default();
        *count += 1;
        let is_over = request.path == "/limited" && *count > 10;
        let headers = [("retry-after", "900"), ("x-release", "1.1.0")];
        Reply::Send(with_headers(
            if is_over { 429 } else { 200 },
            &headers,
            "{}",
        ))
    });
    let probes = [
        "rate-limit: { name: limited, at: it, path: /limited, limit: 10, window: 900s, tolerance: 2 }",
        "load: { name: series, at: it, path: /series, requests: 100, p95: 5s, errors: 5% }",
        "http: { name: page, at: it, path: /page }",
        "auth: { name: door, at: it, path: /door, token: '${TOKEN}' }",
    ];
    let sandbox = sandbox(&server.url(), &[("it", &server.url())], "", &probes);
    let plan = sandbox.run_with(&["--plan"], &TOKENS);
    plan.ends(
        0,
        &["12 requests, 20 at once, and 429 after 10 in 15m; asked last, 92 requests at most"],
    );
    let ran = sandbox.run_with(&[], &TOKENS);
    ran.ends(1, &["10 of 12 requests passed"]);
    let paths = paths
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let first = paths
        .iter()
        .position(|path| path == "/limited")
        .expect("was asked");
    assert!(
        paths[first..].iter().all(|path| path == "/limited"),
        "{:?}",
        &paths[first..]
    );
    assert_eq!(paths.len() - first, 22);
}
