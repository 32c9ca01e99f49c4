//! ALCS: health, readiness, keys, metrics, the rate limit, TLS, ports and a ramp of load.

use super::{System, green, red};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::ports::free_ports;
use support::servers::{Authority, HttpServer, Reply, Request};

const KEY: &str = "alcs-key-of-the-test-0123456789";
const TOKEN: &str = "header.payload.signature-of-the-test";
const EXPIRED: &str = "header.payload.signature-long-past";

/// The guide's minute, shortened.
const WINDOW: Duration = Duration::from_secs(5);

/// What is not as the guide says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    LlmDown,
    StaleHealth,
    OpenSessions,
    ExpiredAccepted,
    CounterStands,
    NoLimit,
    AppPortOpen,
    Slow,
}

struct Alcs {
    fault: Fault,
    requests: AtomicU64,
    window: Mutex<(Instant, u64)>,
}

fn reply(status: u16, body: impl Into<String>) -> Reply {
    let mut reply = Reply::new(body.into().into());
    *reply.status_mut() = status.try_into().expect("is a status");
    reply
}

fn with(mut reply: Reply, name: &'static str, value: &str) -> Reply {
    let value = value.parse().expect("is a value");
    reply.headers_mut().insert(name, value);
    reply
}

impl Alcs {
    fn answer(&self, request: &Request) -> Reply {
        self.requests.fetch_add(1, Ordering::SeqCst);
        if self.fault == Fault::Slow && request.uri().path() == "/ready" {
            std::thread::sleep(Duration::from_millis(600));
        }
        let key = request.headers().get("authorization");
        let key = key
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let reply = match request.uri().path() {
            "/health" if key == format!("Bearer {KEY}") => self.limited(),
            "/health" => self.health(),
            "/ready" => {
                let llm = if self.fault == Fault::LlmDown {
                    "down"
                } else {
                    "ok"
                };
                reply(
                    200,
                    format!(
                        r#"{{"status":"ready","checks":{{"database":"ok","redis":"ok","llm":"{llm}"}}}}"#
                    ),
                )
            }
            "/metrics" => self.metrics(),
            "/api/sessions" => self.sessions(key),
            _ => reply(404, ""),
        };
        with(
            reply,
            "strict-transport-security",
            "max-age=31536000; includeSubDomains",
        )
    }

    fn health(&self) -> Reply {
        let now = match self.fault {
            Fault::StaleHealth => "2024-01-15T10:30:45.123Z".to_owned(),
            _ => jiff::Timestamp::now().to_string(),
        };
        let body = format!(
            r#"{{"status":"healthy","timestamp":"{now}","uptime":3600,"version":"1.1.0"}}"#
        );
        let reply = with(reply(200, body), "x-ratelimit-limit", "100");
        with(with(reply, "x-ratelimit-remaining", "99"), "x-cache", "HIT")
    }

    fn limited(&self) -> Reply {
        let mut window = self.window.lock().expect("nobody panics");
        if window.0.elapsed() > WINDOW {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
        if window.1 <= 100 || self.fault == Fault::NoLimit {
            return self.health();
        }
        let body = r#"{"error":"Too Many Requests","retryAfter":5}"#;
        with(reply(429, body), "retry-after", "5")
    }

    fn sessions(&self, key: &str) -> Reply {
        let is_known = key == format!("Bearer {KEY}") || key == format!("Bearer {TOKEN}");
        let is_expired = key == format!("Bearer {EXPIRED}");
        if is_known
            || (is_expired && self.fault == Fault::ExpiredAccepted)
            || self.fault == Fault::OpenSessions
        {
            return reply(200, "[]");
        }
        with(
            reply(401, r#"{"error":"Unauthorized"}"#),
            "www-authenticate",
            "Bearer",
        )
    }

    fn metrics(&self) -> Reply {
        let total = match self.fault {
            Fault::CounterStands => 1234,
            _ => 1234 + self.requests.load(Ordering::SeqCst),
        };
        let text = format!(
            "# TYPE alcs_sessions_active gauge\nalcs_sessions_active 5\n\
             # TYPE alcs_requests_total counter\nalcs_requests_total{{status=\"200\"}} {total}\n\
             # TYPE alcs_request_duration_seconds histogram\n\
             alcs_request_duration_seconds_bucket{{le=\"0.1\"}} 567\n\
             alcs_request_duration_seconds_bucket{{le=\"+Inf\"}} 600\n\
             alcs_request_duration_seconds_sum 12.5\nalcs_request_duration_seconds_count 600\n"
        );
        with(
            reply(200, text),
            "content-type",
            "text/plain; version=0.0.4",
        )
    }
}

/// The system with this fault; what it needs to live is returned beside it.
fn alcs(fault: Fault) -> (System, Vec<HttpServer>) {
    let authority = Authority::new().expect("certificates can be made");
    let served = authority.localhost().expect("certificates can be made");
    let tls = served.server(&["http/1.1"]).expect("is a certificate");
    let service = Arc::new(Alcs {
        fault,
        requests: AtomicU64::new(0),
        window: Mutex::new((Instant::now(), 0)),
    });
    let answering = service.clone();
    let secure = HttpServer::start_secure(tls, move |request| answering.answer(request));
    let secure = secure.expect("a port is free");
    let url = secure.url();
    let target = url.clone();
    let plain = HttpServer::start(move |request| {
        with(
            reply(301, ""),
            "location",
            &format!("{target}{}", request.uri()),
        )
    });
    let plain = plain.expect("a port is free");
    let (port, redirect) = (secure.address().port(), plain.address().port());
    let mut servers = vec![secure, plain];
    let app = if fault == Fault::AppPortOpen {
        let open = HttpServer::start(|_| reply(200, "")).expect("a port is free");
        let port = open.address().port();
        servers.push(open);
        port
    } else {
        free_ports(1).expect("a port is free")[0]
    };
    let closed = format!(
        "closed: [{app}, {}]",
        free_ports(1).expect("a port is free")[0]
    );
    let system = System::new(
        "alcs",
        &[
            ("https://alcs.example.com", &url),
            ("open: [443]", &format!("open: [{port}]")),
            ("closed: [3000, 5432, 6379, 9090]", &closed),
            ("port: 80", &format!("port: {redirect}")),
            ("connections: 12", "connections: 4"),
            ("window: 60s", "window: 5s"),
            ("per_second: 100", "per_second: 500"),
            ("to: 50", "to: 90"),
            ("for: 2s", "for: 1s"),
            ("for: 4s", "for: 2s"),
        ],
    );
    let system = system
        .trusting(&authority.trusted())
        .with("API_KEY", KEY)
        .with("TOKEN", TOKEN)
        .with("EXPIRED_TOKEN", EXPIRED);
    (system, servers)
}

#[test]
fn a_system_as_its_guide_says_passes() {
    let (system, _servers) = alcs(Fault::None);
    green(
        &system.run(),
        &[
            "status",
            "header",
            "json",
            "body",
            "auth",
            "metrics",
            "certificate",
            "chain",
            "tls-versions",
            "https-only",
            "port-open",
            "port-closed",
            "load",
            "rate-limit",
        ],
    );
}

#[test]
fn each_fault_turns_its_check_red() {
    for (fault, check, words) in [
        (
            Fault::LlmDown,
            "json",
            "has \"down\" at `$['checks']['llm']`",
        ),
        (
            Fault::StaleHealth,
            "json",
            "which must be a time within 1m of now",
        ),
        (Fault::OpenSessions, "auth", "api key"),
        (Fault::ExpiredAccepted, "auth", "signed token"),
        (Fault::CounterStands, "metrics", "alcs_requests_total"),
        (Fault::NoLimit, "rate-limit", "rate limit"),
        (Fault::AppPortOpen, "port-closed", "firewall"),
        (Fault::Slow, "load", "ramp"),
    ] {
        let (system, _servers) = alcs(fault);
        // What takes long is asked where it is wrong.
        let slow = ["load", "rate-limit"].into_iter();
        let skipped: Vec<&str> = slow.filter(|slow| *slow != check).collect();
        red(&system.run_without(&skipped), check, words);
    }
}
