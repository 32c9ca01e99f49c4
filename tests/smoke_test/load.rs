//! Series of requests: what keeps its limits, what breaks them, and what cannot be told.

use super::sandbox::{Ran, Sandbox};
use super::server::{Reply, Server, answer};
use super::{HEALTH, finding, release, series, whole};
use serde_json::Value;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Runs one load probe, written out, against this server.
fn against(server: &Server, probe: &str) -> Ran {
    let smoke = format!("wait: 20s\nprobes:\n  - load: {{ name: status, {probe} }}\n");
    Sandbox::new(&server.url(), &smoke).run(&["-v"])
}

fn detail(ran: &Ran) -> &Value {
    &ran.receipt.as_ref().expect("a receipt was written").detail["load"][0]
}

// --- limits ----------------------------------------------------------------------------------

#[test]
fn a_series_that_keeps_its_limits_passes_with_its_figures() {
    let ran = series("p95: 5s, requests: 300, per_second: 300", |_| {
        whole(200, "ok")
    });
    ran.ends(
        0,
        &[
            "1 probe holds, p95",
            "(limit 5000 ms)",
            "0 of 300 requests failed, so at 95 % confidence at most 0.994 % do (limit 1 %)",
            "300 + 15 to warm up",
            "requests per second were sent (",
        ],
    );
    let load = &ran.receipt.as_ref().expect("a receipt was written").detail["load"][0];
    assert_eq!(
        (load["ok"].as_u64(), load["warm_up"].as_u64()),
        (Some(300), Some(15))
    );
    assert_eq!(load["releases"]["said"]["1.1.0"], 315);
    let p95 = &load["response"]["p95"];
    assert!(p95["value"].as_f64() < p95["interval"][1].as_f64().map(|upper| upper + 1e-9));
    assert!(load["instrument"]["calibration"]["echo_p50"].as_f64() > Some(0.0));
    let buckets = load["histograms"]["2xx"].as_array().expect("is a list");
    let counts: u64 = buckets.iter().filter_map(|bucket| bucket[2].as_u64()).sum();
    assert_eq!(counts, 300);
    assert_eq!(load["histograms"]["5xx"], serde_json::json!([]));
}

#[test]
fn five_percent_of_errors_fail() {
    let ran = series("p95: 5s, requests: 300, per_second: 300", |request| {
        whole(if request.number % 20 == 0 { 500 } else { 200 }, "")
    });
    ran.ends(
        1,
        &[
            "15 of 300 requests failed (15 5xx)",
            "at least 3.107 % do (limit 1 %)",
        ],
    );
}

#[test]
fn two_errors_in_three_hundred_decide_nothing_about_one_percent() {
    let ran = series("p95: 5s, requests: 300, per_second: 300", |request| {
        whole(
            if request.number == 100 || request.number == 200 {
                404
            } else {
                200
            },
            "",
        )
    });
    ran.ends(
        3,
        &["2 of 300 requests failed (2 4xx)", "requests would decide"],
    );
}

#[test]
fn slow_answers_fail_on_the_95th_percentile() {
    let ran = series(
        "p95: 1s, errors: 5%, requests: 100, per_second: 200",
        |_| Reply::Late(answer(200, "1.1.0", ""), Duration::from_millis(1500)),
    );
    ran.ends(
        1,
        &["`status`: p95 is 1", "limit 1000 ms, 100 requests at 200/s"],
    );
}

#[test]
fn one_stall_is_seen_by_every_request_that_was_due_during_it() {
    let gate = std::sync::Mutex::new(Duration::from_secs(3));
    let ran = series(
        "p95: 1s, errors: 5%, requests: 100, per_second: 50",
        move |_| {
            // The first holds the lock while it waits; the others queue behind it.
            let mut stall = gate
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let (_alive, pause) = std::sync::mpsc::channel::<()>();
            let _ = pause.recv_timeout(std::mem::take(&mut *stall));
            whole(200, "")
        },
    );
    // A tool that waits for each answer before it sends the next would see one slow request.
    ran.ends(1, &["`status`: p95 is", "limit 1000 ms"]);
}

#[test]
fn a_rate_limit_is_no_load() {
    let ran = series(
        "p95: 5s, errors: 5%, requests: 100, per_second: 200",
        |request| whole(if request.number > 60 { 429 } else { 200 }, ""),
    );
    ran.ends(3, &["were turned away by a rate limit (429)"]);
}

#[test]
fn a_rate_that_this_machine_cannot_send_is_unknown() {
    let server = release(|_| whole(200, ""));
    let smoke = "wait: 20s\nprobes:\n  - load: { name: status, path: /, p95: 5s, requests: 5000, \
                 per_second: 1000000 }\n";
    let allowed = |allow: &str| Sandbox::with_allow(&server.url(), allow, smoke).run(&[]);
    allowed("requests: 10000").ends(
        2,
        &["sends 1000000 requests per second, and `staging` allows 500"],
    );
    assert_eq!(server.requests(), 0);
    let ran = allowed("per_second: 1000000");
    ran.ends(3, &["the generator was the bottleneck"]);
}

#[test]
fn more_requests_than_the_environment_grants_are_refused_before_anything_is_contacted() {
    let server = release(|_| whole(200, ""));
    let probe = "path: /status, p95: 5s, requests: 500, budget: { requests: 20000 }";
    against(&server, probe).ends(
        2,
        &[
            "the probes send 20026 requests to `staging`",
            "grants 10000",
        ],
    );
    let probe = "path: /status, p95: 5s, at: elsewhere";
    against(&server, probe).ends(
        2,
        &["is at `elsewhere`, which is no address of environment"],
    );
    assert_eq!(server.requests(), 0);
}

// --- models ----------------------------------------------------------------------------------

#[test]
fn stages_ramp_the_rate_and_have_a_line_each() {
    let server = release(|_| whole(200, "ok"));
    let began = Instant::now();
    let ran = against(
        &server,
        "path: /status, p95: 5s, p50: 5s, warm_up: { requests: 20 }, \
         stages: [{ for: 1s, to: 200 }, { for: 1s, to: 200 }, { for: 500ms, to: 0 }]",
    );
    ran.ends(
        0,
        &[
            "0 of 330 requests failed",
            "p50 is",
            "in 3 stages up to 200/s",
            "Load by stage",
            "1: 1 s from 0 to 200",
            "3: 0.5 s from 200 to 0",
        ],
    );
    assert!(began.elapsed() >= Duration::from_millis(2400));
    let stages = detail(&ran)["stages"].as_array().expect("is a list");
    let sent: Vec<_> = stages.iter().map(|stage| stage["sent"].as_u64()).collect();
    assert_eq!(sent, [Some(80), Some(200), Some(50)]);
    assert_eq!(server.requests(), 356);
}

#[test]
fn users_wait_for_their_answers() {
    let (open, most) = (AtomicU64::new(0), std::sync::Arc::new(AtomicU64::new(0)));
    let seen = most.clone();
    let server = release(move |_| {
        let now = open.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(now, Ordering::SeqCst);
        let (_alive, pause) = std::sync::mpsc::channel::<()>();
        let _ = pause.recv_timeout(Duration::from_millis(5));
        open.fetch_sub(1, Ordering::SeqCst);
        whole(200, "")
    });
    let ran = against(
        &server,
        "path: /status, p95: 5s, users: 4, requests: 300, think: 1ms",
    );
    ran.ends(
        0,
        &[
            "0 of 300 requests failed",
            "by 4 users",
            "300 + 15 to warm up",
        ],
    );
    assert_eq!(detail(&ran)["most_open"], 4);
    assert_eq!(seen.load(Ordering::SeqCst), 4);
    assert_eq!(server.requests(), 321);
}

#[test]
fn users_come_and_go_and_are_held_back_by_the_environment() {
    // Three users without a pause would send 750 requests per second.
    let server = release(|_| {
        std::thread::sleep(Duration::from_millis(4));
        whole(200, "")
    });
    let smoke = "wait: 20s\nprobes:\n  - load: { name: status, path: /status, p95: 5s, errors: 5%, \
                 stages: [{ for: 300ms, users: 3 }, { for: 500ms, users: 3 }, { for: 200ms, users: 1 }] }\n";
    let ran = Sandbox::with_allow(&server.url(), "per_second: 500", smoke).run(&["-v"]);
    ran.ends(0, &["in 3 stages up to 3 users", "2: 0.5 s from 3 to 3"]);
    let detail = detail(&ran);
    assert_eq!(detail["most_open"], 3);
    // 500 per second are allowed, and a tenth of a second's at once.
    let sent = detail["sent"].as_u64().expect("is a number");
    assert!((100..=560).contains(&sent), "{sent}");
    assert!(detail["held_back"].as_u64() > Some(0), "{detail}");
}

#[test]
fn paths_are_asked_in_turn_with_the_token_that_nobody_sees() {
    let counts = std::sync::Arc::new(Mutex::new([0_u64; 3]));
    let seen = counts.clone();
    let server = release(move |request| {
        let place = ["/a", "/b?x=1"]
            .iter()
            .position(|path| *path == request.path);
        let is_known = request
            .head
            .contains("authorization: Bearer s3cret-token-value\r\n");
        let place = place.filter(|_| is_known).unwrap_or(2);
        seen.lock().expect("nobody panics")[place] += 1;
        whole(200, "s3cret-token-value")
    });
    let smoke = "wait: 20s\nprobes:\n  - load:\n      name: status\n      paths: [/a, '/b?x=1']\n      \
                 headers: { authorization: 'Bearer ${TOKEN}' }\n      p95: 5s\n      \
                 requests: 300\n      per_second: 400\n";
    let sandbox = Sandbox::new(&server.url(), smoke);
    let ran = sandbox.run_with(&["-vv"], &[("TOKEN", "s3cret-token-value")]);
    ran.ends(0, &["0 of 300 requests failed"]);
    assert_eq!(*counts.lock().expect("nobody panics"), [158, 157, 0]);
    let receipt = std::fs::read_to_string(sandbox.receipt_path()).expect("was written");
    assert!(!(ran.all() + &receipt).contains("s3cret-token-value"));
}

// --- more samples, and an end before the end -------------------------------------------------

#[test]
fn what_is_undecided_is_asked_further_up_to_the_budget() {
    let server = release(|request| {
        let is_bad = request.number == 100 || request.number == 200;
        whole(if is_bad { 500 } else { 200 }, "")
    });
    let ran = against(
        &server,
        "path: /status, p95: 5s, errors: 2%, requests: 300, per_second: 450, \
         budget: { requests: 900 }",
    );
    ran.ends(
        0,
        &[
            "2 of 519 requests failed (2 5xx), so at 98.333 % confidence at most",
            "more",
        ],
    );
    let detail = detail(&ran);
    assert_eq!(
        (&detail["looks"], &detail["judged"]),
        (&2.into(), &519.into())
    );
    assert_eq!(detail["stages"][1]["sent"], 219);
}

#[test]
fn what_is_still_undecided_at_the_end_of_the_budget_is_unknown() {
    let ran = series(
        "p95: 5s, errors: 2%, requests: 300, per_second: 450, budget: { requests: 400 }",
        |request| whole(if request.number % 50 == 0 { 500 } else { 200 }, ""),
    );
    ran.ends(3, &["of 400 requests failed", "requests would decide"]);
    assert_eq!(detail(&ran)["looks"], 3);
}

#[test]
fn a_service_in_trouble_is_left_alone() {
    let server = release(|_| whole(500, ""));
    let ran = against(
        &server,
        "path: /status, p95: 5s, requests: 5000, per_second: 200",
    );
    ran.ends(1, &["requests failed (", " 5xx)"]);
    assert!(server.requests() < 100, "{}", server.requests());
    let why = detail(&ran)["stopped"].as_str().expect("says why");
    assert!(
        why.starts_with("stopped after 20 requests, of which 20 failed"),
        "{why}"
    );
    let lenient = "path: /status, errors: 90%, requests: 300, abort: { errors: 40% }";
    let server = release(|request| whole(if request.number % 2 == 0 { 500 } else { 200 }, ""));
    against(&server, lenient).ends(3, &["`status` was stopped after 2"]);
}

// --- connections -----------------------------------------------------------------------------

#[test]
fn a_connection_that_the_server_ends_between_requests_is_no_error() {
    let ran = series("p95: 5s, requests: 300, per_second: 400", |request| {
        let bytes = answer(200, "1.1.0", "ok");
        if request.number % 3 == 0 {
            Reply::Close(bytes)
        } else {
            Reply::Send(bytes)
        }
    });
    ran.ends(0, &["0 of 300 requests failed"]);
    assert!(
        detail(&ran)["reopened"].as_u64() > Some(20),
        "{}",
        detail(&ran)
    );
}

#[test]
fn a_connection_that_breaks_in_an_answer_is_an_error_of_the_service() {
    for cut in [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab",
        "HTTP/1.1 200 OK\r\ncont",
    ] {
        let ran = series(
            "p95: 5s, requests: 300, per_second: 400",
            move |request| match request.number % 10 {
                0 => Reply::Close(cut.into()),
                1 => Reply::Reset(cut.into()),
                _ => whole(200, "ok"),
            },
        );
        ran.ends(1, &["of 300 requests failed", "connection broken"]);
    }
}

#[test]
fn a_service_that_dies_of_requests_is_broken_and_is_not_asked_twice() {
    let server = release(|request| {
        if request.number.is_multiple_of(10) {
            std::thread::sleep(Duration::from_millis(60));
            Reply::Close(Vec::new())
        } else {
            whole(200, "ok")
        }
    });
    let ran = against(
        &server,
        "path: /status, p95: 5s, requests: 300, per_second: 200",
    );
    ran.ends(1, &["of 300 requests failed", "connection broken"]);
    let sent = ran.receipt.as_ref().expect("a receipt was written").detail["load"][0]["sent"]
        .as_u64()
        .expect("is a number");
    // What the wait and the fresh connections ask, and 15 to warm up. A connection of those that was
    // cut is asked once more.
    assert!(server.requests() <= sent + 15 + 20, "{}", server.requests());
}

#[test]
fn what_a_stall_held_up_is_not_sent_all_at_once() {
    let times: std::sync::Arc<Mutex<Vec<Instant>>> = std::sync::Arc::default();
    let (seen, gate) = (times.clone(), Mutex::new(Duration::from_secs(2)));
    let server = release(move |_| {
        let mut stall = gate.lock().expect("nobody panics");
        std::thread::sleep(std::mem::take(&mut *stall));
        seen.lock().expect("nobody panics").push(Instant::now());
        whole(200, "")
    });
    let smoke = "wait: 20s\nprobes:\n  - load: { name: status, path: /status, p50: 9s, errors: 5%, \
                 requests: 150, per_second: 50, connections: 5 }\n";
    let ran = Sandbox::with_allow(&server.url(), "per_second: 50", smoke).run(&[]);
    ran.ends(0, &["1 probe holds"]);
    assert!(detail(&ran)["held_back"].as_u64() > Some(0));
    let times = times.lock().expect("nobody panics");
    let in_a_second = |first: &Instant| {
        let near = times.iter().filter(|time| *time >= first);
        near.filter(|time| time.duration_since(*first) < Duration::from_secs(1))
            .count()
    };
    let most = times.iter().map(in_a_second).max().unwrap_or_default();
    // A tenth of a second's may be sent at once, and so many may have been answered late.
    assert!(most <= 50 + 5 + 10, "{most} in one second");
}

#[test]
fn the_slowest_of_a_series_in_which_some_failed_has_no_end() {
    let ran = series(
        "max: 5s, within: 10s, errors: 30%, requests: 200, per_second: 200",
        |request| whole(if request.number % 20 == 0 { 500 } else { 200 }, ""),
    );
    ran.ends(1, &["`status`: max is without end, limit 5000 ms"]);
}

#[test]
fn users_who_think_are_not_waited_for() {
    let began = Instant::now();
    let server = release(|_| whole(200, ""));
    let probe = "path: /status, users: 80, requests: 80, think: 44s, p95: 5s, errors: 5%, \
                 warm_up: { requests: 0 }";
    against(&server, probe).ends(0, &["0 of 80 requests failed"]);
    assert!(began.elapsed() < Duration::from_secs(40));
}

#[test]
fn every_form_of_an_answer_ends_where_it_ends() {
    let ran = series("p95: 5s, requests: 300, per_second: 400", |request| {
        let release = "x-release: 1.1.0\r\n";
        let text = match request.number % 6 {
            0 => format!(
                "HTTP/1.1 200 OK\r\n{release}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            ),
            1 => format!(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n{release}content-length: 2\r\n\r\nok"
            ),
            2 => format!(
                "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No\r\n{release}\r\n"
            ),
            3 => {
                return Reply::Close(
                    format!("HTTP/1.1 200 OK\r\n{release}\r\nuntil the end").into(),
                );
            }
            4 => {
                let text = format!(
                    "HTTP/1.1 200 OK\r\n{release}connection: close\r\ncontent-length: 2\r\n\r\nok"
                );
                return Reply::Close(text.into());
            }
            _ => {
                let body = "x".repeat(100_000);
                return Reply::Send(answer(200, "1.1.0", &body));
            }
        };
        Reply::Send(text.into())
    });
    ran.ends(
        0,
        &[
            "0 of 300 requests failed",
            "315 of 315 requests of `status`",
        ],
    );
    assert_eq!(detail(&ran)["reopened"], 0);
}

#[test]
fn no_server_makes_it_hang_or_pass() {
    let bomb = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(500));
    let unending = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n";
    let hints = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000);
    for (bytes, class) in [
        (bomb.into_bytes(), "endless"),
        (many.into_bytes(), "protocol broken"),
        (hints.into_bytes(), "endless"),
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "protocol broken"),
        (vec![0xff; 5000], "protocol broken"),
        (
            b"HTTP/1.1 101 Switching\r\n\r\n".to_vec(),
            "protocol broken",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx".to_vec(),
            "protocol broken",
        ),
        (unending.as_bytes().to_vec(), "timeout"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\nx".to_vec(),
            "timeout",
        ),
        (b"HTTP/1.1 200 OK\r\n".to_vec(), "timeout"),
    ] {
        let began = Instant::now();
        let shown = String::from_utf8_lossy(&bytes[..40.min(bytes.len())]).into_owned();
        let ran = series(
            "p95: 5s, within: 300ms, requests: 300, per_second: 400",
            move |_| Reply::Send(bytes.clone()),
        );
        ran.ends(1, &["requests failed (", class]);
        assert!(began.elapsed() < Duration::from_secs(20), "{shown}");
    }
}

#[test]
fn a_server_that_dies_in_the_middle_is_noticed() {
    let ran = series(
        "p95: 5s, within: 1s, requests: 300, per_second: 300",
        |request| {
            if request.number > 100 {
                Reply::Reset(Vec::new())
            } else {
                whole(200, "")
            }
        },
    );
    ran.ends(1, &["requests failed (", "connection broken"]);
    assert!(finding(&ran, "load").contains("at least"), "{}", ran.all());
}

#[test]
fn a_series_over_tls_is_measured_like_any_other() {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("is a name");
    let certificate = key.cert.der().clone();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let trusted = folder.path().join("trusted.pem");
    std::fs::write(&trusted, key.cert.pem()).expect("the folder is new");
    let private = rustls::pki_types::PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("has versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)
        .expect("fits");
    let server = support::servers::HttpServer::start_secure(config.into(), |_| {
        let reply = hyper::Response::builder().header("x-release", "1.1.0");
        reply.body("ok".into()).expect("is an answer")
    })
    .expect("a port is free");
    let smoke = "wait: 20s\nprobes:\n  - load: { name: status, path: /, p95: 5s, requests: 300, \
                 per_second: 400 }\n";
    let sandbox = Sandbox::new(&server.url(), smoke);
    let trusted = trusted.display().to_string();
    let ran = sandbox.run_with(&["-v"], &[("SSL_CERT_FILE", &trusted)]);
    ran.ends(
        0,
        &[
            "0 of 300 requests failed",
            "315 of 315 requests of `status`",
        ],
    );
    let ran = sandbox.run(&[]);
    assert_ne!(ran.code, 0, "{}", ran.all());
}

#[test]
fn a_series_that_is_left_out_is_not_sent() {
    let server = release(|_| whole(200, ""));
    let smoke = format!("{HEALTH}  - load: {{ name: status, path: /status, p95: 500ms }}\n");
    let ran = Sandbox::new(&server.url(), &smoke).run(&["--skip", "load"]);
    ran.ends(0, &[]);
    assert_eq!(server.requests(), 7);
    assert!(ran.receipt.expect("a receipt was written").partial);
}
