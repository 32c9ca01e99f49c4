//! `smoke-test` through its binary, against servers that answer, lie, drip, break and hide.

#[path = "smoke_test/access.rs"]
mod access;
#[path = "smoke_test/command.rs"]
mod command;
#[path = "smoke_test/compare.rs"]
mod compare;
#[path = "smoke_test/data.rs"]
mod data;
#[path = "smoke_test/documents.rs"]
mod documents;
#[path = "smoke_test/headers.rs"]
mod headers;
#[path = "smoke_test/http.rs"]
mod http;
#[path = "smoke_test/init.rs"]
mod init;
#[path = "smoke_test/journey.rs"]
mod journey;
#[path = "smoke_test/load.rs"]
mod load;
#[path = "smoke_test/network.rs"]
mod network;
#[path = "smoke_test/page.rs"]
mod page;
#[path = "smoke_test/prove.rs"]
mod prove;
#[path = "smoke_test/sandbox.rs"]
mod sandbox;
#[path = "smoke_test/server.rs"]
mod server;
#[path = "smoke_test/systems/mod.rs"]
mod systems;
#[path = "smoke_test/tls.rs"]
mod tls;

use sandbox::{Ran, Sandbox};
use server::{Reply, Request, Server, answer, with_headers};
use shared::verdict::{Outcome, Verdict};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use support::request::post;
use support::stand::{Stand, StandOptions};

const HEALTH: &str = "wait: 300ms\nprobes:\n  - http: { name: health, path: /health }\n";

/// Answers the identity path as the release, and everything else as told.
fn release(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |request| match request.path.as_str() {
        "/id" => Reply::Send(answer(200, "1.1.0", "")),
        _ => reply(request),
    })
}

fn whole(status: u16, body: &str) -> Reply {
    Reply::Send(answer(status, "1.1.0", body))
}

/// Runs one http probe with these settings against a server that answers it so.
fn probe(settings: &str, reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Ran {
    let server = release(reply);
    let smoke =
        format!("wait: 20s\nprobes:\n  - http: {{ name: page, path: /page, {settings} }}\n");
    Sandbox::new(&server.url(), &smoke).run(&[])
}

/// Runs one load probe with these settings against a server that answers it so.
fn series(settings: &str, reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Ran {
    let server = release(reply);
    let smoke =
        format!("wait: 20s\nprobes:\n  - load: {{ name: status, path: /status, {settings} }}\n");
    Sandbox::new(&server.url(), &smoke).run(&["-v"])
}

fn outcome<'a>(ran: &'a Ran, check: &str) -> &'a Outcome {
    let receipt = ran.receipt.as_ref().expect("a receipt was written");
    let record = receipt.records.iter().find(|record| record.check == check);
    &record.expect("the check was judged").outcome
}

fn reason<'a>(ran: &'a Ran, check: &str) -> &'a str {
    match outcome(ran, check) {
        Outcome::Unknown { reason } | Outcome::Skipped { reason } => reason,
        other => panic!("`{check}` should be unknown or skipped, not {other:?}"),
    }
}

fn finding(ran: &Ran, check: &str) -> String {
    match outcome(ran, check) {
        Outcome::Fail { findings } => findings[0].message.clone(),
        other => panic!("`{check}` should fail, not {other:?}: {}", ran.all()),
    }
}

// --- answers ---------------------------------------------------------------------------------

#[test]
fn a_release_that_answers_as_expected_passes() {
    let ran = probe(
        "json: { $.status: ok, '$.parts[*].up': true }, contains: [parts], \
         not_contains: [Traceback], response_headers: { x-frame-options: DENY }",
        |_| {
            let headers = [("x-release", "1.1.0"), ("X-Frame-Options", "DENY")];
            let body = r#"{"status":"ok","parts":[{"up":true},{"up":true}]}"#;
            Reply::Send(with_headers(200, &headers, body))
        },
    );
    ran.ends(
        0,
        &[
            "staging answers as 1.1.0: 1 probe holds",
            "all 2 values at `$.parts[*].up` are right: each must be true",
        ],
    );
    let receipt = ran.receipt.expect("a receipt was written");
    assert_eq!(receipt.verdict, Verdict::Pass);
    assert_eq!(receipt.detail["connections"]["web"]["said"]["1.1.0"], 5);
    assert_eq!(receipt.detail["http"][0]["attempts"], 1);
}

#[test]
fn head_is_asked_with_head_and_needs_no_body() {
    let ran = probe("method: HEAD, status: [204]", |request| {
        whole(if request.method == "HEAD" { 204 } else { 500 }, "")
    });
    ran.ends(0, &["HEAD http://127.0.0.1:", "/page answered 204"]);
}

#[test]
fn an_answer_with_the_wrong_content_fails_with_what_was_seen() {
    let ran = probe("contains: [Welcome], json: { $.status: ok }", |_| {
        whole(200, r#"{"status":"down"}"#)
    });
    ran.ends(
        1,
        &[
            "`page` has \"down\" at `$['status']`, which must be \"ok\"",
            "`page` has a body without `Welcome`",
            "curl -sS -i --max-time 5",
            "staging does not hold as 1.1.0",
        ],
    );
}

#[test]
fn a_body_that_is_no_json_fails() {
    let ran = probe("json: { $.status: ok }", |_| {
        whole(200, "<html>Bad Gateway</html>")
    });
    ran.ends(
        1,
        &[
            "`page` has a body that is no JSON",
            "<html>Bad Gateway</html>",
        ],
    );
}

#[test]
fn a_redirect_is_not_followed() {
    let ran = probe("status: [200]", |request| match request.path.as_str() {
        "/page" => {
            let headers = [("location", "/login"), ("x-release", "1.1.0")];
            Reply::Send(with_headers(302, &headers, ""))
        }
        _ => whole(200, "the login page"),
    });
    ran.ends(1, &["`page` answered 302, not 200", "302 to `/login`"]);
}

#[test]
fn a_huge_body_is_judged_by_what_was_read_and_no_further() {
    let page = |start: &str| format!("{start}{}", "x".repeat(5 << 20));
    let found = probe("contains: [Welcome]", move |_| whole(200, &page("Welcome")));
    found.ends(0, &["contains `Welcome` (byte 0)"]);
    let missing = probe("not_contains: [Traceback]", move |_| whole(200, &page("")));
    missing.ends(3, &["the rest was not read"]);
    let json = probe("json: { $: 1 }", move |_| whole(200, &page("")));
    json.ends(3, &["too long to parse"]);
}

#[test]
fn an_answer_that_is_whole_but_late_fails_with_its_time() {
    let ran = probe("within: 1s", |_| {
        Reply::Late(answer(200, "1.1.0", "ok"), Duration::from_millis(1300))
    });
    ran.ends(1, &["`page` took 1", "and 1000 ms are allowed (1 attempt)"]);
}

#[test]
fn an_answer_that_drips_is_too_late_after_three_attempts() {
    let ran = probe("within: 60ms", |_| {
        Reply::Drip(
            answer(200, "1.1.0", &"x".repeat(1000)),
            Duration::from_millis(5),
        )
    });
    ran.ends(
        1,
        &["`page` had no whole answer in time, and 60ms are allowed (3 attempts)"],
    );
}

#[test]
fn a_connection_that_is_reset_in_the_middle_is_unknown() {
    let ran = probe("status: [200]", |_| {
        let mut half = answer(200, "1.1.0", "0123456789");
        half.truncate(half.len() - 5);
        Reply::Reset(half)
    });
    ran.ends(
        3,
        &[
            "`page` had no answer (3 attempts)",
            "could not be judged as 1.1.0",
        ],
    );
}

#[test]
fn what_is_no_http_is_unknown_and_not_asked_again() {
    let ran = probe("status: [200]", |_| {
        Reply::Reset(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())
    });
    ran.ends(3, &["`page` had no answer"]);
}

// --- retries ---------------------------------------------------------------------------------

#[test]
fn a_proxy_that_finds_nobody_is_asked_again_and_the_attempts_are_shown() {
    let ran = probe("status: [200]", |request| {
        whole(if request.number <= 7 { 502 } else { 200 }, "")
    });
    // Six requests ask for the release before it.
    ran.ends(0, &["/page answered 200", "(2 attempts)"]);
    let never = probe("status: [200]", |_| whole(503, ""));
    never.ends(1, &["`page` answered 503, not 200 (3 attempts)"]);
    let wanted = probe("status: [503]", |_| whole(503, ""));
    wanted.ends(0, &["(1 attempt)"]);
}

#[test]
fn a_reset_connection_is_asked_again() {
    let ran = probe("status: [200]", |request| match request.number {
        ..=8 => Reply::Reset(Vec::new()),
        _ => whole(200, ""),
    });
    ran.ends(0, &["(3 attempts)"]);
}

#[test]
fn an_answer_of_the_service_itself_is_never_asked_again() {
    for status in [401, 403, 404, 429, 500, 501] {
        let ran = probe("status: [200]", move |_| whole(status, ""));
        ran.ends(
            1,
            &[&format!("`page` answered {status}, not 200 (1 attempt)")],
        );
    }
}

// --- which release answers -------------------------------------------------------------------

#[test]
fn a_port_where_nobody_listens_is_unknown() {
    let port = support::ports::free_ports(1).expect("a port is free")[0];
    let ran = Sandbox::new(&format!("http://127.0.0.1:{port}"), HEALTH).run(&[]);
    ran.ends(3, &["never answered within 300ms", "refused ("]);
    assert!(reason(&ran, "ready").contains("refused"), "{}", ran.all());
    assert!(
        reason(&ran, "release").starts_with("not asked"),
        "{}",
        ran.all()
    );
    assert!(
        reason(&ran, "status").starts_with("not asked"),
        "{}",
        ran.all()
    );
}

#[test]
fn a_name_that_means_nothing_and_a_port_without_tls_are_unknown() {
    let server = release(|_| whole(200, ""));
    let secure = format!("https://{}", server.address());
    Sandbox::new(&secure, HEALTH)
        .run(&[])
        .ends(3, &["TLS failed ("]);
    let nowhere = "http://nowhere.invalid";
    Sandbox::new(nowhere, HEALTH)
        .run(&[])
        .ends(3, &["unknown host ("]);
    assert_eq!(server.requests(), 0);
}

#[test]
fn an_old_release_that_stays_fails_and_nothing_else_is_asked_of_it() {
    let server = Server::start(|_| Reply::Send(answer(200, "1.0.0", "")));
    let ran = Sandbox::new(&server.url(), HEALTH).run(&[]);
    ran.ends(
        1,
        &["did not answer as 1.1.0 within 300ms", "200 as 1.0.0 ("],
    );
    assert!(
        reason(&ran, "status").contains("never answered as 1.1.0"),
        "{}",
        ran.all()
    );
}

#[test]
fn the_wait_sees_the_balancer_the_old_and_the_new_release_in_turn() {
    let server = Server::start(|request| match request.number {
        ..=2 => Reply::Send(with_headers(502, &[], "nobody")),
        3 => Reply::Send(answer(200, "1.0.0", "")),
        4 => Reply::Send(answer(503, "1.1.0", "starting")),
        _ => Reply::Send(answer(200, "1.1.0", "")),
    });
    let smoke = HEALTH.replace("300ms", "20s");
    let ran = Sandbox::new(&server.url(), &smoke).run(&[]);
    ran.ends(
        0,
        &[
            "7 attempts: 502 without a release (2x), 200 as 1.0.0, 503 as 1.1.0, 200 as 1.1.0 (3x)",
            "Until it answered",
        ],
    );
}

#[test]
fn a_server_that_comes_up_late_is_waited_for() {
    let port = support::ports::free_ports(1).expect("a port is free")[0];
    let smoke = HEALTH.replace("300ms", "20s");
    let sandbox = Sandbox::new(&format!("http://127.0.0.1:{port}"), &smoke);
    let mut child = sandbox.start(&["-v"]);
    let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
    for _ in 0..2 {
        let mut line = String::new();
        while !line.contains("refused") {
            line.clear();
            assert!(
                log.read_line(&mut line).expect("is text") > 0,
                "it ended too early"
            );
        }
    }
    let _server = Server::start_on(port, |_| Reply::Send(answer(200, "1.1.0", "")));
    let mut rest = String::new();
    log.read_to_string(&mut rest).expect("is text");
    let ran = sandbox.ended(child);
    ran.ends(0, &["refused (", "200 as 1.1.0"]);
}

#[test]
fn two_releases_behind_one_address_fail_with_the_count_of_each() {
    let server = Server::start(|request| {
        let release = if request.number % 2 == 1 {
            "1.1.0"
        } else {
            "1.0.0"
        };
        Reply::Send(answer(200, release, ""))
    });
    let ran = Sandbox::new(&server.url(), HEALTH).run(&[]);
    ran.ends(1, &[]);
    assert_eq!(
        finding(&ran, "release"),
        "3 of 5 fresh connections to `web` were answered by another release: 3 from 1.0.0, \
         2 from 1.1.0"
    );
}

#[test]
fn a_second_line_of_the_header_that_names_another_release_fails() {
    let server = release(|_| {
        let headers = [("x-release", "1.1.0"), ("x-release", "1.0.0")];
        Reply::Send(with_headers(200, &headers, ""))
    });
    let smoke = format!(
        "{HEALTH}  - load: {{ name: twice, path: /twice, p95: 5s, errors: 5%, requests: 100 }}\n"
    );
    let ran = Sandbox::new(&server.url(), &smoke).run(&[]);
    ran.ends(
        1,
        &[
            "1 of 1 answers to probes were answered by another release: 1 from 1.1.0, 1.0.0",
            "105 of 105 requests of `twice` were answered by another release",
        ],
    );
}

#[test]
fn a_wait_leaves_the_probes_their_requests_and_says_so() {
    let server = Server::start(|_| Reply::Send(answer(503, "1.1.0", "")));
    let smoke = "wait: 20s\nconnections: 1\nprobes:\n  - http: { name: health, path: /health }\n";
    let began = Instant::now();
    let ran = Sandbox::with_allow(&server.url(), "requests: 6", smoke).run(&[]);
    ran.ends(
        3,
        &["the 6 requests that `allow.requests` grants is for the probes"],
    );
    assert!(began.elapsed() < Duration::from_secs(15));
    assert_eq!(server.requests(), 4);
}

#[test]
fn right_answers_that_come_too_late_are_no_steady_ones() {
    let server = release(|_| whole(200, ""));
    let first = std::sync::atomic::AtomicBool::new(true);
    let starting = Server::start(move |_| {
        if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Reply::Send(answer(503, "1.1.0", ""));
        }
        Reply::Send(answer(200, "1.1.0", ""))
    });
    let smoke = "wait: 1s\nconsecutive: 200\nprobes:\n  - http: { name: health, path: /health }\n";
    Sandbox::new(&starting.url(), smoke)
        .run(&[])
        .ends(1, &["did not settle on 1.1.0 within 1s"]);
    // The very first one is enough.
    Sandbox::new(&server.url(), smoke).run(&[]).ends(0, &[]);
}

#[test]
fn a_command_that_hangs_is_waited_for_no_longer_than_the_wait() {
    let server = release(|_| whole(200, ""));
    let smoke = "wait: 1s\nprobes:\n  - http: { name: health, path: /health }\n";
    let began = Instant::now();
    let identity = "command: { run: [sleep, '77'] }";
    let ran = Sandbox::with_identity(&server.url(), identity, smoke).run(&[]);
    ran.ends(3, &["never answered within 1s"]);
    assert!(began.elapsed() < Duration::from_secs(8));
}

#[test]
fn an_environment_that_no_probe_is_for_is_refused() {
    let server = release(|_| whole(200, ""));
    let environment =
        "allow: {private_addresses: true}\n  production:\n    url: http://127.0.0.1:1";
    let smoke = "probes:\n  - http: {name: b, path: /, environments: [production]}\n";
    let ran = Sandbox::with_environment_last(&server.url(), environment, smoke);
    ran.run(&["--environment", "staging"]).ends(
        2,
        &["no probe is for `staging`, so nothing would be examined"],
    );
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_single_request_of_a_series_from_another_release_fails() {
    let ran = series(
        "p95: 5s, errors: 5%, requests: 100, per_second: 200",
        |request| {
            let release = if request.number == 50 {
                "1.0.0"
            } else {
                "1.1.0"
            };
            Reply::Send(answer(200, release, ""))
        },
    );
    ran.ends(1, &[]);
    assert_eq!(
        finding(&ran, "release"),
        "1 of 105 requests of `status` were answered by another release: 1 from 1.0.0, \
         104 from 1.1.0"
    );
}

#[test]
fn a_release_may_be_told_by_a_document() {
    let server = Server::start(|request| {
        let commit = if request.path == "/about" {
            r#"{"build":{"version":"v1.1.0"}}"#
        } else {
            ""
        };
        Reply::Send(with_headers(200, &[], commit))
    });
    let identity = "json: { path: /about, select: $.build.version }";
    let ran = Sandbox::with_identity(&server.url(), identity, HEALTH).run(&[]);
    ran.ends(
        0,
        &["5 of 5 fresh connections to `web` were answered by 1.1.0"],
    );
    let wrong = "json: { path: /health, select: $.build.version }";
    let ran = Sandbox::with_identity(&server.url(), wrong, HEALTH).run(&[]);
    ran.ends(1, &["200 without a release"]);
}

#[test]
fn a_build_that_does_not_know_the_header_is_noticed_in_a_series() {
    let ran = series(
        "p95: 5s, errors: 5%, requests: 100, per_second: 200",
        |request| {
            if request.number % 4 == 0 {
                Reply::Send(with_headers(200, &[], ""))
            } else {
                whole(200, "")
            }
        },
    );
    ran.ends(
        3,
        &[
            "of 105 requests of `status` said a release",
            "without a release (status 200)",
        ],
    );
}

// --- configuration ---------------------------------------------------------------------------

#[test]
fn every_mistake_of_the_file_is_found_before_anything_is_contacted() {
    let server = release(|_| whole(200, ""));
    for (probes, words) in [
        ("[]", "`smoke` has no `probes`"),
        (
            "[http: { name: a, path: /, method: GTE }]",
            "sluicegate.yml:21:26: probe `a` has the method `GTE`, which is not known; did you mean `GET`?",
        ),
        (
            "[http: { name: a, path: /, method: POST }]",
            "sends `POST`, which `staging` does not allow",
        ),
        (
            "[http: { name: a, path: /, json: { '$[': 1 } }]",
            "has `$[`, which is no JSONPath",
        ),
        (
            "[http: { name: a, path: /, status: [] }]",
            "no answer would do",
        ),
        (
            "[http: { name: a, path: /, headers: { 'a b': c } }]",
            "cannot be a header's name",
        ),
        (
            "[http: { name: a, path: /, headers: { a: 'x${NOPE}' } }]",
            "`NOPE` is not set",
        ),
        (
            "[http: { name: a, path: '/#top' }]",
            "has a `path` with a `#`",
        ),
        (
            "[http: { name: '', path: / }]",
            "a probe needs a printable `name`",
        ),
        (
            "[{http: { name: a, path: / }}, {http: { name: a, path: / }}]",
            "two probes have the name",
        ),
        ("[http: { name: a, path: / }, { nonsense: {} }]", "nonsense"),
        (
            "[load: { name: a, path: /, p95: 500ms, per_second: 0 }]",
            "needs a `per_second`",
        ),
        (
            "[load: { name: a, path: /, p95: 500ms, requests: 200 }]",
            "can never show `errors: 1%` even if none of them fails with 200 `requests`: it needs \
             at least 299",
        ),
        (
            "[load: { name: a, path: /, p95: 500ms, requests: 60, errors: 10% }]",
            "it needs at least 72",
        ),
        (
            "[load: { name: a, path: /, p95: 500ms, errors: 0% }]",
            "has `errors: 0%`, which no number of requests can show",
        ),
    ] {
        let ran = Sandbox::new(&server.url(), &format!("probes: {probes}\n")).run(&[]);
        ran.ends(2, &[words]);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.all());
        assert_eq!((ran.stdout.as_str(), ran.receipt), ("", None));
    }
    let connections = Sandbox::new(&server.url(), &format!("connections: 0\n{HEALTH}")).run(&[]);
    connections.ends(2, &["needs `connections` from 1 to 1000"]);
    let identity = "json: { path: /, select: '$.[' }";
    let ran = Sandbox::with_identity(&server.url(), identity, HEALTH).run(&[]);
    ran.ends(
        2,
        &["`services.web.identity` has `$.[`, which is no JSONPath"],
    );
    assert_eq!(server.requests(), 0);
}

#[test]
fn an_address_that_cannot_be_asked_is_a_mistake_of_the_file() {
    for (url, words) in [
        ("http://", "must start with"),
        ("http://a b", "cannot be asked"),
        ("http://127.0.0.1:1/?x=1", "must end before"),
        ("ftp://127.0.0.1", "must start with"),
        ("http://127.0.0.1:99999", "cannot be asked"),
    ] {
        Sandbox::new(url, HEALTH).run(&[]).ends(2, &[words]);
    }
    let without =
        "version: 1\nproject: cal\nenvironments:\n  staging: { url: 'http://127.0.0.1:1' }\n";
    Sandbox::with_file(without)
        .run(&[])
        .ends(2, &["there is no `smoke`"]);
    let unnamed = format!("{without}smoke: {{ probes: [http: {{ name: a, path: / }}] }}\n");
    Sandbox::with_file(&unnamed)
        .run(&[])
        .ends(2, &["nothing tells which release answers"]);
}

#[test]
fn the_plan_lists_every_call_and_makes_none() {
    let server = release(|_| whole(200, ""));
    let smoke = format!("{HEALTH}  - load: {{ name: status, path: /status, p95: 500ms }}\n");
    let ran = Sandbox::new(&server.url(), &smoke).run(&["--plan"]);
    ran.ends(
        0,
        &[
            "would make 4 calls on staging, 0 of which change something",
            "wait until `web` answers as 1.1.0",
            "5 fresh connections",
            "/health",
            "300 requests at 100/s after 15 to warm up",
            "(315 times)",
        ],
    );
    assert_eq!((server.requests(), ran.receipt), (0, None));
}

// --- secrets ---------------------------------------------------------------------------------

const TOKEN: &str = "t0ken-planted-by-the-test";
const PASSWORD: &str = "p4ssword-planted-by-the-test";
const LITERAL: &str = "l1teral-planted-by-the-test";

#[test]
fn no_secret_is_seen_anywhere_even_when_the_server_echoes_it() {
    let server = release(|request| whole(500, &request.head));
    let address = server.address();
    let smoke = "wait: 300ms\nprobes:\n  - http:\n      name: echo\n      path: /echo\n      \
                 headers: { X-Custom: 'Bearer ${TOKEN}', X-Api-Key: l1teral-planted-by-the-test }\n";
    // `deploy:` and both passwords in base64, as basic authentication sends them.
    let encoded = [
        "ZGVwbG95OnA0c3N3b3JkLXBsYW50ZWQ",
        "ZGVwbG95OmwxdGVyYWwtcGxhbnRlZC1",
    ];
    for userinfo in ["deploy:${PASSWORD}", "deploy:l1teral-planted-by-the-test"] {
        let sandbox = Sandbox::new(&format!("http://{userinfo}@{address}"), smoke);
        for format in ["text", "json", "markdown", "sarif", "junit", "html"] {
            let ran = sandbox.run_with(
                &["--format", format, "-vv", "--color", "never"],
                &[("TOKEN", TOKEN), ("PASSWORD", PASSWORD)],
            );
            ran.ends(1, &["answered 500"]);
            let receipt = std::fs::read_to_string(sandbox.receipt_path()).expect("was written");
            let inner = serde_json::to_string(&ran.receipt).expect("is JSON");
            for sink in [&ran.stdout, &ran.stderr, &receipt, &inner] {
                for secret in [TOKEN, PASSWORD, LITERAL].into_iter().chain(encoded) {
                    assert!(!sink.contains(secret), "{format} shows {secret}: {sink}");
                }
            }
            // What was sent really held them, so that their absence means something.
            assert!(inner.contains("x-custom: ***"), "{inner}");
            assert!(
                inner.contains("-H \\\"X-Custom: Bearer ${TOKEN}\\\""),
                "{inner}"
            );
            assert!(
                inner.contains("--user \\\"$USER_AND_PASSWORD\\\""),
                "{inner}"
            );
        }
        let plan = sandbox.run_with(&["--plan"], &[("TOKEN", TOKEN), ("PASSWORD", PASSWORD)]);
        plan.ends(0, &[]);
        assert!(
            [TOKEN, PASSWORD, LITERAL]
                .iter()
                .all(|secret| !plan.all().contains(secret))
        );
    }
}

#[test]
fn credentials_in_the_address_are_sent_and_a_closed_port_does_not_tell_them() {
    let server = Server::start(|request| {
        let is_known = request
            .head
            .to_lowercase()
            .contains("authorization: basic zgvwbg95o");
        Reply::Send(answer(if is_known { 200 } else { 401 }, "1.1.0", ""))
    });
    let url = format!("http://deploy:{PASSWORD}@{}", server.address());
    Sandbox::new(&url, HEALTH).run(&[]).ends(0, &[]);
    let port = support::ports::free_ports(1).expect("a port is free")[0];
    let closed = format!("http://deploy:{PASSWORD}@127.0.0.1:{port}");
    let ran = Sandbox::new(&closed, HEALTH).run(&["-vv"]);
    ran.ends(3, &["refused"]);
    assert!(!ran.all().contains(PASSWORD), "{}", ran.all());
}

// --- a real service behind a real balancer -----------------------------------------------------

const REAL: &str = "wait: 500ms
connections: 8
probes:
  - http:
      name: health
      path: /api/health
      json: { $.status: ok, $.version: 1.1.0 }
      response_headers: { X-Frame-Options: SAMEORIGIN, X-Content-Type-Options: nosniff }
  - http: { name: status, path: '/api/status?full=1', json: { $.entries: 0 } }
  - http: { name: nowhere, path: /nowhere, status: [404], not_contains: [panicked] }
  - load: { name: status-load, path: /api/status, requests: 100, per_second: 100, p95: 5s, errors: 5% }
";

fn artifact(stand: &Stand, version: &str) -> PathBuf {
    let path = stand.directory().join(format!("build-{version}.json"));
    let text = format!(r#"{{"version":"{version}","commit":"c0ffee","columns":["id","body"]}}"#);
    std::fs::write(&path, text).expect("the stand's folder is writable");
    path
}

#[test]
fn a_service_behind_nginx_is_judged_by_what_its_users_would_see() -> support::Result<()> {
    let options = StandOptions {
        environments: vec!["staging".into()],
        instances: 2,
        ..StandOptions::default()
    };
    let stand = Stand::start(&options)?;
    let staging = stand.environment("staging")?.clone();
    let table = "SET ROLE staging; CREATE TABLE entries (id bigint GENERATED ALWAYS AS IDENTITY, \
                 body text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())";
    stand.postgres().execute("staging", table)?;
    let (old, new) = (artifact(&stand, "1.0.0"), artifact(&stand, "1.1.0"));
    for port in &staging.stable_ports {
        stand.start_instance("staging", *port, &new)?;
    }
    let identity = "header: { name: x-release, path: /api/health }";
    let sandbox = Sandbox::with_identity(&staging.front_url, identity, REAL);
    let set_faults = |faults: &str| {
        staging
            .stable_ports
            .iter()
            .try_for_each(|port| post(&format!("http://127.0.0.1:{port}/faults"), faults).map(drop))
    };

    let good = sandbox.run(&[]);
    good.ends(
        0,
        &[
            "staging answers as 1.1.0: 4 probes hold, p95",
            "8 of 8 fresh connections",
        ],
    );

    set_faults(r#"{"error_share":0.2}"#)?;
    let erring = sandbox.run(&["--skip", "status", "--skip", "json"]);
    erring.ends(1, &[" of 100 requests failed (", " 5xx)"]);

    set_faults(r#"{"delay_milliseconds":700}"#)?;
    let late = "probes: [http: { name: late, path: /api/status, within: 500ms }]";
    let strict = Sandbox::with_identity(&staging.front_url, identity, late);
    let words = ["`late` took", "and 500 ms are allowed (1 attempt)"];
    strict.run(&[]).ends(1, &words);

    set_faults("{}")?;
    stand.start_instance("staging", staging.stable_ports[0], &old)?;
    let mixed = sandbox.run(&["--skip", "load"]);
    mixed.ends(
        1,
        &["of 8 fresh connections to `web` were answered by another release"],
    );

    stand.start_instance("staging", staging.stable_ports[0], &new)?;
    stand.process_manager().stop_child("postgres")?;
    sandbox
        .run(&[])
        .ends(1, &["did not answer as 1.1.0 within 500ms", "503 as 1.1.0"]);

    for port in &staging.stable_ports {
        stand.process_manager().stop_child(&format!("web-{port}"))?;
    }
    sandbox.run(&[]).ends(1, &["502 without a release"]);

    stand.process_manager().stop_child("nginx-staging")?;
    sandbox
        .run(&[])
        .ends(3, &["never answered within 500ms", "refused ("]);
    Ok(())
}

// --- interruption ----------------------------------------------------------------------------

#[test]
fn a_run_that_is_asked_to_stop_ends_at_once_with_a_receipt() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let sandbox = Sandbox::new(&url, &HEALTH.replace("300ms", "10m"));
    let child = sandbox.start(&[]);
    // It has connected, and waits for an answer that never comes.
    let (_stream, _) = listener.accept().expect("it connects");
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    let began = Instant::now();
    rustix::process::kill_process(pid.expect("has an id"), rustix::process::Signal::TERM)
        .expect("it runs");
    let ran = sandbox.ended(child);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    ran.ends(3, &["asked to stop"]);
    assert_eq!(
        ran.receipt.map(|receipt| receipt.verdict),
        Some(Verdict::Unknown)
    );
}
