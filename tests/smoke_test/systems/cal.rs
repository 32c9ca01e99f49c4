//! CAL: three servers behind nginx with a shared cache and a database, their capsules, the door to
//! the world, Prometheus, the project's suite, load, and the limit of the API.

use super::System;
use super::faults::{are_covered, only_red};
use super::green;
use crate::sandbox::Ran;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use support::ports::free_ports;
use support::postgres::Postgres;
use support::process_manager::ProcessManager;
use support::servers::{
    Authority, HttpServer, LimitManner, RedisOptions, RedisServer, Reply, Request, Site, Sites,
    WebsocketManner, WebsocketServer, limited,
};

/// The rows of the requirements that the example covers, and the probe that does.
const COVERED: [(&str, &str); 33] = [
    ("CAL-18", "web servers"),
    ("CAL-19", "one cache for all"),
    ("CAL-11", "database"),
    ("CAL-12", "cache"),
    ("CAL-32", "no stack traces"),
    ("CAL-62", "redirect"),
    ("CAL-63", "www"),
    ("CAL-64", "certificate"),
    ("CAL-66", "headers"),
    ("CAL-67", "headers"),
    ("CAL-68", "headers"),
    ("CAL-69", "headers"),
    ("CAL-70", "headers"),
    ("CAL-72", "live updates"),
    ("CAL-86", "prometheus"),
    ("CAL-87", "metrics of the first"),
    ("CAL-87", "metrics of the second"),
    ("CAL-87", "metrics of the third"),
    ("CAL-90", "capsules"),
    ("CAL-104", "firewall"),
    ("CAL-105", "limit of the api"),
    ("CAL-108", "database"),
    ("CAL-109", "database"),
    ("CAL-110", "database"),
    ("CAL-116", "suite"),
    ("CAL-117", "health"),
    ("CAL-118", "status"),
    ("CAL-118", "release"),
    ("CAL-119", "search"),
    ("CAL-123", "search"),
    ("CAL-124", "search"),
    ("CAL-53", "web servers"),
    ("CAL-57", "firewall"),
];

const PASSWORD: &str = "database-passw0rd-of-cal";
const POLICY: &str = "default-src 'self' http: https: data: blob: 'unsafe-inline'";

/// What is not as the guide says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// The old release answers everywhere.
    OldRelease,
    /// The third server was drained, and nobody put the release there.
    OldMember,
    /// NODE_ENV is not `production`.
    StackTraces,
    /// The second server keeps its drafts to itself.
    OwnMemory,
    CapsuleDown,
    /// The second name leads to nginx's first server.
    WwwElsewhere,
    /// nginx does not pass the upgrade on.
    NoUpgrade,
    /// nginx adds headers without `always`.
    HeadersOnGoodPages,
    /// `listen 443 ssl` without `http2`.
    NoHttp2,
    /// Port 80 serves pages.
    NoRedirect,
    /// Docker publishes Redis past ufw.
    RedisPublished,
    CounterStands,
    TargetDown,
    IndexMissing,
    /// The suite found no test.
    NoTests,
    SearchFails,
    NoLimit,
    /// Express trusts every proxy.
    SpoofableLimit,
}

type Limiter = Box<dyn Fn(&Request) -> Reply + Send + Sync>;

/// The three servers, as one program that knows which of them is asked.
struct Web {
    fault: Mutex<Fault>,
    limiter: Mutex<Limiter>,
    redis: RedisServer,
    requests: [AtomicU64; 3],
    searches: AtomicU64,
}

fn reply(status: u16, body: impl Into<String>) -> Reply {
    let mut reply = Reply::new(body.into().into());
    *reply.status_mut() = status.try_into().expect("is a status");
    reply
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Web {
    fn fault(&self) -> Fault {
        *held(&self.fault)
    }

    /// Begins a run: the limit counts from there.
    fn begin(&self, fault: Fault) {
        *held(&self.fault) = fault;
        let manner = match fault {
            Fault::NoLimit => LimitManner::Unlimited,
            Fault::SpoofableLimit => LimitManner::Spoofable,
            _ => LimitManner::Good,
        };
        *held(&self.limiter) = Box::new(limited(100, Duration::from_secs(900), manner));
    }

    fn answer(&self, server: usize, request: &Request) -> Reply {
        self.requests[server].fetch_add(1, Ordering::SeqCst);
        let path = request.uri().path();
        if path.starts_with("/api/") {
            let limit = held(&self.limiter)(request);
            if limit.status() == 429 {
                return limit;
            }
        }
        match path {
            "/" => reply(200, "<title>CAL</title>"),
            "/api/health" => reply(200, r#"{"status":"ok"}"#),
            "/api/status" => self.status(server),
            "/metrics" => self.metrics(server),
            "/search" => self.search(),
            draft if draft.starts_with("/api/drafts/") => self.draft(server, request),
            _ if self.fault() == Fault::StackTraces => reply(
                404,
                "Error: no such page\n    at Module._compile (node:internal/modules:1105:14)",
            ),
            _ => reply(404, "no such page"),
        }
    }

    fn status(&self, server: usize) -> Reply {
        let is_old = match self.fault() {
            Fault::OldRelease => true,
            Fault::OldMember => server == 2,
            _ => false,
        };
        let version = if is_old { "1.0.0" } else { "1.1.0" };
        reply(200, format!(r#"{{"version":"{version}","uptime":3600}}"#))
    }

    fn search(&self) -> Reply {
        let number = self.searches.fetch_add(1, Ordering::SeqCst);
        if self.fault() == Fault::SearchFails && number.is_multiple_of(4) {
            return reply(500, "too many clients already");
        }
        reply(200, "[]")
    }

    fn draft(&self, server: usize, request: &Request) -> Reply {
        let key = request.uri().path().replace("/api/drafts/", "draft:");
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let ask = |command: &str| self.redis.send(&[command]).expect("Redis runs");
        match request.method().as_str() {
            "PUT" => {
                ask(&format!("SET {key} {body:?} EX 60"));
                reply(201, "")
            }
            "DELETE" => {
                ask(&format!("DEL {key}"));
                reply(204, "")
            }
            _ if self.fault() == Fault::OwnMemory && server == 1 => reply(404, "no such draft"),
            _ => match ask(&format!("GET {key}")).lines().nth(1) {
                Some(draft) if draft.starts_with('{') => reply(200, draft),
                Some(_) | None => reply(404, "no such draft"),
            },
        }
    }

    fn metrics(&self, server: usize) -> Reply {
        let total = match self.fault() {
            Fault::CounterStands if server == 1 => 1234,
            _ => 1234 + self.requests[server].load(Ordering::SeqCst),
        };
        let text = format!(
            "# TYPE http_requests_total counter\nhttp_requests_total{{status=\"200\"}} {total}\n\
             # TYPE http_request_duration_seconds histogram\n\
             http_request_duration_seconds_bucket{{le=\"0.5\"}} 590\n\
             http_request_duration_seconds_bucket{{le=\"+Inf\"}} 600\n\
             http_request_duration_seconds_sum 12.5\nhttp_request_duration_seconds_count 600\n"
        );
        let mut reply = reply(200, text);
        let kind = hyper_value("text/plain; version=0.0.4");
        reply.headers_mut().insert("content-type", kind);
        reply
    }

    fn targets(&self) -> Reply {
        let now = jiff::Timestamp::now();
        let target = |port: u16| {
            let is_down = self.fault() == Fault::TargetDown && port == 7891;
            let health = if is_down { "down" } else { "up" };
            format!(
                r#"{{"labels":{{"job":"cal-integrated","instance":"localhost:{port}"}},"health":"{health}","lastScrape":"{now}"}}"#
            )
        };
        let targets = [7890, 7891, 7892].map(target).join(",");
        reply(
            200,
            format!(r#"{{"status":"success","data":{{"activeTargets":[{targets}]}}}}"#),
        )
    }
}

fn hyper_value(text: &str) -> hyper::header::HeaderValue {
    text.parse().expect("is a value")
}

/// The directives of a server of nginx as the guide has them, with these headers and this way to
/// the sockets.
fn directives(group: &str, always: &str, upgrade: &str, sockets: u16) -> String {
    let header = |name: &str, value: &str| format!("add_header {name} \"{value}\"{always}; ");
    let headers = [
        header("X-Frame-Options", "SAMEORIGIN"),
        header("X-XSS-Protection", "1; mode=block"),
        header("X-Content-Type-Options", "nosniff"),
        header("Referrer-Policy", "no-referrer-when-downgrade"),
        header("Content-Security-Policy", POLICY),
    ];
    let passed = "proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header X-Real-IP \
                  $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; \
                  proxy_set_header X-Forwarded-Proto $scheme;";
    format!(
        "server_tokens off; ssl_protocols TLSv1.2 TLSv1.3; {} \
         location ^~ /api/ws {{ proxy_pass http://127.0.0.1:{sockets}; {passed} {upgrade} }} \
         location ~ ^/ {{ proxy_pass http://{group}; {passed} }}",
        headers.concat()
    )
}

const UPGRADE: &str =
    "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"Upgrade\";";

/// Every part of the system, running.
struct Cal {
    web: Arc<Web>,
    authority: Authority,
    servers: Vec<HttpServer>,
    capsule: HttpServer,
    prometheus: HttpServer,
    nginx: Sites,
    database: Postgres,
    _sockets: WebsocketServer,
    _process_manager: ProcessManager,
}

impl Cal {
    fn start() -> support::Result<Self> {
        let web = Arc::new(Web {
            fault: Mutex::new(Fault::None),
            limiter: Mutex::new(Box::new(|_| reply(200, ""))),
            redis: RedisServer::start(&RedisOptions::default())?,
            requests: Default::default(),
            searches: AtomicU64::new(0),
        });
        let serve = |server: usize| {
            let web = web.clone();
            HttpServer::start(move |request| web.answer(server, request))
        };
        let servers = vec![serve(0)?, serve(1)?, serve(2)?];
        let sockets = WebsocketServer::start(WebsocketManner::Good)?;
        let authority = Authority::new()?;
        let nginx = Self::nginx(&authority, &servers, sockets.port())?;
        let asked = web.clone();
        let capsule = HttpServer::start(move |_| match asked.fault() {
            Fault::CapsuleDown => reply(503, r#"{"status":"down"}"#),
            _ => reply(200, r#"{"status":"healthy"}"#),
        })?;
        let asked = web.clone();
        let prometheus = HttpServer::start(move |_| asked.targets())?;
        let process_manager = ProcessManager::start_temporary()?;
        let database = Postgres::start(&process_manager)?;
        database.create_database("cal_system", "cal_user", PASSWORD)?;
        database.execute(
            "cal_system",
            "CREATE TABLE capsules (timestamp timestamptz); \
             CREATE TABLE search_history (query text); CREATE TABLE todos (file_path text); \
             CREATE INDEX idx_capsules_timestamp ON capsules (timestamp); \
             CREATE INDEX idx_search_query ON search_history (query); \
             CREATE INDEX idx_todos_file ON todos (file_path)",
        )?;
        Ok(Self {
            web,
            authority,
            servers,
            capsule,
            prometheus,
            nginx,
            database,
            _sockets: sockets,
            _process_manager: process_manager,
        })
    }

    /// One site as the guide has it, and one for each fault of nginx.
    fn nginx(
        authority: &Authority,
        servers: &[HttpServer],
        sockets: u16,
    ) -> support::Result<Sites> {
        let members = |servers: &[HttpServer]| {
            let lines = servers
                .iter()
                .map(|one| format!("server {}; ", one.address()));
            lines.collect::<String>()
        };
        let groups = format!(
            "upstream all {{ least_conn; {} }}\nupstream two {{ least_conn; {} }}\n",
            members(servers),
            members(&servers[..2])
        );
        let served = authority.localhost()?;
        let site = |directives: &str| Site::new(served.clone()).with(directives);
        let good = directives("all", " always", UPGRADE, sockets);
        let elsewhere = "if ($host = 127.0.0.1) { return 200 'Welcome to nginx!'; } ";
        Sites::nginx_before(
            &groups,
            &[
                site(&format!("http2;{good}")),
                site(&format!(
                    "http2;{}",
                    directives("two", " always", UPGRADE, sockets)
                )),
                site(&format!(
                    "http2;{}",
                    directives("all", "", UPGRADE, sockets)
                )),
                site(&format!(
                    "http2;{}",
                    directives("all", " always", "", sockets)
                )),
                site(&good),
                site(&format!("http2;{elsewhere}{good}")),
            ],
            "return 404;",
        )
    }

    /// The port of nginx with this fault.
    fn port(&self, fault: Fault) -> u16 {
        self.nginx.port(match fault {
            Fault::OldMember => 1,
            Fault::HeadersOnGoodPages => 2,
            Fault::NoUpgrade => 3,
            Fault::NoHttp2 => 4,
            Fault::WwwElsewhere => 5,
            _ => 0,
        })
    }

    /// Runs the example against the system with this fault.
    fn run(&self, fault: Fault) -> Ran {
        self.web.begin(fault);
        let port = self.port(fault);
        let target = format!("https://localhost:{port}");
        let redirecting = target.clone();
        let plain = HttpServer::start(move |request| {
            if fault == Fault::NoRedirect {
                return reply(200, "<title>CAL</title>");
            }
            let mut reply = reply(301, "");
            let location = hyper_value(&format!("{redirecting}{}", request.uri()));
            reply.headers_mut().insert("location", location);
            reply
        });
        let plain = plain.expect("a port is free");
        let shell = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let shell_port = shell.local_addr().expect("is bound").port();
        let shut = free_ports(6).expect("ports are free");
        let published = match fault {
            Fault::RedisPublished => self.web.redis.address().port(),
            _ => shut[5],
        };
        let (clear, server) = (plain.address().port(), |at: usize| {
            self.servers[at].address().to_string()
        });
        let database = format!("127.0.0.1:{}/cal_system", self.database.port());
        let wait = match fault {
            Fault::OldRelease => "wait: 500ms",
            _ => "wait: 20s",
        };
        let system = System::new(
            "cal",
            &[
                (
                    "https://www.cal-system.io",
                    &format!("https://127.0.0.1:{port}"),
                ),
                ("https://cal-system.io", &target),
                ("www.cal-system.io", "127.0.0.1"),
                ("http://10.20.0.11:4900", &self.capsule.url()),
                ("http://10.20.0.12:9090", &self.prometheus.url()),
                ("10.20.0.11:7890", &server(0)),
                ("10.20.0.11:7891", &server(1)),
                ("10.20.0.11:7892", &server(2)),
                ("10.20.0.11:5432/cal_system", &database),
                ("10.20.0.11:6379", &self.web.redis.address().to_string()),
                ("port: 80,", &format!("port: {clear},")),
                (
                    "open: [22, 80, 443]",
                    &format!("open: [{shell_port}, {clear}, {port}]"),
                ),
                (
                    "closed: [5432, 7777, 8890]",
                    &format!("closed: [{}, {}, {}]", shut[0], shut[1], shut[2]),
                ),
                ("wait: 2m", wait),
                ("for: 10s, to: 50", "for: 100ms, to: 150"),
                ("for: 65s, to: 50", "for: 700ms, to: 150"),
                ("errors: 0.1%", "errors: 5%"),
            ],
        );
        let compose = format!(
            "services:\n  cal-search: {{ports: ['127.0.0.1:{}:7890']}}\n  \
             redis: {{ports: ['127.0.0.1:{published}:6379']}}\n",
            shut[3]
        );
        let file = "docker-compose.production.yml";
        system.sandbox.write(file, &compose);
        let path = suite(system.sandbox.path(), fault);
        let system = system
            .trusting(&self.authority.trusted())
            .with("DB_PASSWORD", PASSWORD)
            .with("PATH", path);
        // What takes long is asked where it matters.
        match fault {
            Fault::None => system.run(),
            Fault::SearchFails => system.run_without(&["rate-limit"]),
            Fault::NoLimit | Fault::SpoofableLimit => system.run_without(&["load"]),
            _ => system.run_without(&["load", "rate-limit"]),
        }
    }
}

/// An `npm` that runs the project's suite, first in the path.
fn suite(folder: &Path, fault: Fault) -> String {
    let programs = folder.join("programs");
    std::fs::create_dir(&programs).expect("the folder is there");
    let count = if fault == Fault::NoTests { 0 } else { 12 };
    let script = format!("#!/bin/sh\necho \"$* at $SLUICEGATE_URL\"\necho '{count} passing'\n");
    let npm = programs.join("npm");
    std::fs::write(&npm, script).expect("the folder is there");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&npm, executable).expect("the file is there");
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{}:{path}", programs.display())
}

#[test]
fn every_requirement_that_is_covered_has_its_probe_in_the_example() {
    are_covered("cal", &COVERED);
}

#[test]
fn a_system_as_its_guide_says_passes() -> support::Result<()> {
    let cal = Cal::start()?;
    green(
        &cal.run(Fault::None),
        &[
            "status",
            "json",
            "body",
            "error-page",
            "security-headers",
            "journey",
            "certificate",
            "chain",
            "tls-versions",
            "https-only",
            "port-open",
            "port-closed",
            "websocket",
            "metrics",
            "members",
            "redis",
            "postgres",
            "command",
            "load",
            "rate-limit",
        ],
    );
    Ok(())
}

#[test]
fn each_fault_turns_its_check_red_and_no_other() -> support::Result<()> {
    let cal = Cal::start()?;
    for (fault, check, words) in [
        (Fault::OldRelease, "ready", "did not answer as 1.1.0"),
        (Fault::OldMember, "members", "is release 1.0.0, not 1.1.0"),
        (
            Fault::StackTraces,
            "error-page",
            "`no stack traces` has a page with `at Module.`",
        ),
        (
            Fault::OwnMemory,
            "journey",
            "`read at the second` answered 404",
        ),
        (Fault::CapsuleDown, "status", "`capsules` answered 503"),
        (Fault::WwwElsewhere, "body", "`www`"),
        (Fault::NoUpgrade, "websocket", "`live updates`"),
        (
            Fault::HeadersOnGoodPages,
            "security-headers",
            "`headers` has neither `frame-ancestors` nor `X-Frame-Options` (status 404)",
        ),
        (
            Fault::NoHttp2,
            "tls-versions",
            "agrees on `http/1.1` by ALPN, not on h2",
        ),
        (Fault::NoRedirect, "https-only", "`redirect`"),
        (
            Fault::RedisPublished,
            "port-closed",
            "which Compose publishes for `redis`",
        ),
        (Fault::CounterStands, "metrics", "`metrics of the second`"),
        (Fault::TargetDown, "json", "`prometheus` has \"down\""),
        (
            Fault::NoTests,
            "command",
            "`suite` ended with exit 0 and an output that must",
        ),
        (Fault::SearchFails, "load", "requests failed"),
        (Fault::NoLimit, "rate-limit", "turned away none of"),
        (
            Fault::SpoofableLimit,
            "rate-limit",
            "whoever makes one up is not limited",
        ),
    ] {
        only_red(&cal.run(fault), &[check], words);
    }
    cal.database
        .execute("cal_system", "DROP INDEX idx_search_query")?;
    only_red(&cal.run(Fault::IndexMissing), &["postgres"], "found 2 rows");
    Ok(())
}
