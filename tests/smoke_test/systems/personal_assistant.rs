//! Personal assistant: HAProxy before three API servers and two frontends, PostgreSQL with a
//! replica, Redis over TLS, a content delivery network, Prometheus and Grafana.

use super::System;
use super::faults::{are_covered, only_red};
use super::green;
use crate::sandbox::Ran;
use hyper::header::HeaderValue;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use support::ports::free_ports;
use support::postgres::{Postgres, PostgresOptions};
use support::process_manager::ProcessManager;
use support::servers::{
    Authority, Haproxy, HttpServer, Leaf, RedisOptions, RedisServer, Reply, Request, Served,
};

/// The rows of the requirements that the example covers, and the probe that does.
const COVERED: [(&str, &str); 50] = [
    ("PAT-02", "api servers"),
    ("PAT-03", "frontends"),
    ("PAT-04", "database of each"),
    ("PAT-06", "api servers"),
    ("PAT-09", "prometheus"),
    ("PAT-23", "certificate"),
    ("PAT-24", "master"),
    ("PAT-25", "sessions and caches"),
    ("PAT-28", "delivery network"),
    ("PAT-29", "firewall"),
    ("PAT-44", "no tracebacks"),
    ("PAT-49", "master"),
    ("PAT-53", "sessions and caches"),
    ("PAT-54", "sessions and caches"),
    ("PAT-55", "read users"),
    ("PAT-56", "read users"),
    ("PAT-57", "read users"),
    ("PAT-57", "write users"),
    ("PAT-57", "delete users"),
    ("PAT-57", "read analytics"),
    ("PAT-57", "write analytics"),
    ("PAT-57", "administer the system"),
    ("PAT-61", "certificate"),
    ("PAT-66", "certificate"),
    ("PAT-67", "headers"),
    ("PAT-67", "https only"),
    ("PAT-68", "headers"),
    ("PAT-69", "headers"),
    ("PAT-70", "headers"),
    ("PAT-71", "headers"),
    ("PAT-72", "headers"),
    ("PAT-99", "replica"),
    ("PAT-103", "master"),
    ("PAT-128", "health"),
    ("PAT-131", "health"),
    ("PAT-132", "database health"),
    ("PAT-133", "sessions and caches"),
    ("PAT-134", "certificate"),
    ("PAT-141", "api servers"),
    ("PAT-145", "https only"),
    ("PAT-146", "certificate"),
    ("PAT-147", "release"),
    ("PAT-149", "api servers"),
    ("PAT-189", "sessions and caches"),
    ("PAT-197", "prometheus"),
    ("PAT-198", "metrics of api 1"),
    ("PAT-212", "health"),
    ("PAT-213", "health"),
    ("PAT-213", "steady"),
    ("PAT-214", "database performance"),
];

/// How many API servers and frontends there are.
const SERVERS: usize = 5;
const DATABASE_PASSWORD: &str = "database-passw0rd-of-the-assistant";
const CACHE_PASSWORD: &str = "cache-passw0rd-of-the-assistant";
const GRAFANA_PASSWORD: &str = "grafana-passw0rd-of-the-assistant";
const SIGN_IN_PASSWORD: &str = "sign-in-passw0rd-of-the-assistant";
const ADMIN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJlLW9mLWFkbWlu";
const SUPER_ADMIN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzdXBlciJ9.c2lnbmF0dXJlLW9mLXN1cGVy";
const USER: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJlLW9mLXVzZXI";
const OTHER: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJvdGhlciJ9.c2lnbmF0dXJlLW9mLW90aGVy";
const EXPIRED: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2lnbmF0dXJlLW9mLWV4cGlyZWQ";
const POLICY: &str = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' \
                      'unsafe-inline'; img-src 'self' data: https:; font-src 'self' data:; \
                      connect-src 'self' https:";

/// What is not as the guide says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// The second API server is sick, and HAProxy hides it.
    ApiSick,
    /// The frontends still have the old pages.
    OldFrontend,
    DatabaseSlow,
    /// The application connects as a superuser.
    Superuser,
    /// The replica takes writes: there are two masters.
    TwoMasters,
    /// One profile is cached for ever.
    KeyForever,
    /// Redis lets everybody in.
    CacheOpen,
    /// The cookie of the session also goes over plain HTTP.
    CookieUnsafe,
    /// Every user may read all users.
    UsersOpen,
    ExpiredAccepted,
    /// Users see each other's conversations.
    ConversationsOpen,
    GrafanaUnchanged,
    TicketsGiven,
    /// The certificate was not renewed.
    Expiring,
    /// The file has a certificate too many.
    ForeignCertificate,
    /// HAProxy redirects for the time being: 302.
    TemporaryRedirect,
    /// Everybody may show the pages in a frame.
    Framable,
    /// DEBUG is on.
    Tracebacks,
    DatabasePublished,
    /// The page names a script of the last build.
    ScriptGone,
    /// The delivery network is not in front.
    NoNetwork,
    /// Prometheus gets JSON, which it cannot read.
    JsonForPrometheus,
    TargetDown,
}

/// The members and what stands beside them, as one program that knows which of them is asked.
struct Members {
    fault: Mutex<Fault>,
    requests: AtomicU64,
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

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let value = request.headers().get(name).map(HeaderValue::to_str);
    value.and_then(Result::ok).unwrap_or_default()
}

impl Members {
    fn fault(&self) -> Fault {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault() == fault
    }

    fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn api(&self, server: usize, request: &Request) -> Reply {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let path = request.uri().path();
        let reply = match path {
            "/health/overall" if self.has(Fault::ApiSick) && server == 1 => {
                reply(503, r#"{"status":"unhealthy"}"#)
            }
            "/health/overall" => reply(
                200,
                r#"{"status":"healthy","components":{"database":"healthy","redis":"healthy"}}"#,
            ),
            "/health/database" => reply(200, r#"{"status":"healthy"}"#),
            "/health/database/performance" => self.performance(request),
            path if path.starts_with("/api/v1/") => self.guarded(request),
            _ if self.has(Fault::Tracebacks) => reply(
                404,
                "Traceback (most recent call last):\n  File \"main.py\", line 7",
            ),
            _ => reply(404, r#"{"detail":"Not Found"}"#),
        };
        with(reply, "x-release", "1.1.0")
    }

    /// JSON for people, and what Prometheus reads for whoever asks for it.
    fn performance(&self, request: &Request) -> Reply {
        let is_prometheus = header(request, "accept").starts_with("text/plain");
        if !is_prometheus || self.has(Fault::JsonForPrometheus) {
            let time = if self.has(Fault::DatabaseSlow) {
                840
            } else {
                4
            };
            let text = format!(r#"{{"active_connections":12,"average_query_ms":{time}}}"#);
            return with(reply(200, text), "content-type", "application/json");
        }
        let total = self.requests.load(Ordering::SeqCst);
        let text = format!(
            "# TYPE database_health_status gauge\ndatabase_health_status 1\n\
             # TYPE http_requests_total counter\nhttp_requests_total{{status=\"200\"}} {total}\n\
             # TYPE http_request_duration_seconds histogram\n\
             http_request_duration_seconds_bucket{{le=\"1\"}} 590\n\
             http_request_duration_seconds_bucket{{le=\"+Inf\"}} 600\n\
             http_request_duration_seconds_sum 12.5\nhttp_request_duration_seconds_count 600\n"
        );
        with(
            reply(200, text),
            "content-type",
            "text/plain; version=0.0.4",
        )
    }

    fn guarded(&self, request: &Request) -> Reply {
        let (method, path) = (request.method().as_str(), request.uri().path());
        if path == "/api/v1/auth/login" {
            return self.login(request);
        }
        let token = header(request, "authorization").trim_start_matches("Bearer ");
        let is_admin = [ADMIN, SUPER_ADMIN].contains(&token)
            || (token == EXPIRED && self.has(Fault::ExpiredAccepted));
        if !is_admin && ![USER, OTHER].contains(&token) {
            return with(
                reply(401, r#"{"detail":"Not authenticated"}"#),
                "www-authenticate",
                "Bearer",
            );
        }
        let forbidden = || reply(403, r#"{"detail":"Forbidden"}"#);
        match (method, path) {
            ("GET", "/api/v1/me") => reply(200, r#"{"role":"user"}"#),
            ("POST", "/api/v1/auth/logout") => reply(204, ""),
            ("GET", "/api/v1/conversations/smoke-a") => self.conversation(token == USER),
            ("GET", "/api/v1/conversations/smoke-b") => self.conversation(token == OTHER),
            ("GET", "/api/v1/users") if self.has(Fault::UsersOpen) => reply(200, "[]"),
            _ if !is_admin => forbidden(),
            ("GET", "/api/v1/users" | "/api/v1/analytics" | "/api/v1/system") => reply(200, "[]"),
            ("POST", "/api/v1/users" | "/api/v1/analytics") => {
                reply(422, r#"{"detail":"Field required"}"#)
            }
            _ => reply(404, r#"{"detail":"Not Found"}"#),
        }
    }

    fn conversation(&self, is_own: bool) -> Reply {
        if is_own || self.has(Fault::ConversationsOpen) {
            reply(200, r#"{"messages":["remind me"]}"#)
        } else {
            reply(404, r#"{"detail":"Not Found"}"#)
        }
    }

    fn login(&self, request: &Request) -> Reply {
        let body = String::from_utf8_lossy(request.body());
        if !body.contains(SIGN_IN_PASSWORD) {
            return reply(401, r#"{"detail":"Incorrect"}"#);
        }
        let secure = if self.has(Fault::CookieUnsafe) {
            ""
        } else {
            "; Secure"
        };
        let cookie =
            format!("session=s3ss10n; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax{secure}");
        let answer = reply(200, format!(r#"{{"access_token":"{USER}"}}"#));
        with(answer, "set-cookie", &cookie)
    }

    fn frontend(&self, _: usize, request: &Request) -> Reply {
        let release = if self.has(Fault::OldFrontend) {
            "1.0.0"
        } else {
            "1.1.0"
        };
        let kept = |body: &str, kind: &str| {
            let file = with(reply(200, body), "content-type", kind);
            with(file, "cache-control", "public, max-age=31536000, immutable")
        };
        match request.uri().path() {
            "/" => with(
                reply(
                    200,
                    format!(
                        "<!doctype html><meta name=\"release\" content=\"{release}\">\
                         <script src=\"/assets/app.4f9c2b1e.js\"></script>\
                         <link rel=\"stylesheet\" href=\"/assets/app.77aa01bc.css\">"
                    ),
                ),
                "content-type",
                "text/html",
            ),
            "/assets/app.4f9c2b1e.js" if self.has(Fault::ScriptGone) => reply(404, ""),
            "/assets/app.4f9c2b1e.js" => kept("start()", "text/javascript"),
            "/assets/app.77aa01bc.css" => kept("body {}", "text/css"),
            _ => reply(404, ""),
        }
    }

    fn network(&self, request: &Request) -> Reply {
        let is_known = header(request, "if-none-match").contains("\"a1\"");
        let answer = if is_known {
            reply(304, "")
        } else {
            with(reply(200, "<svg/>"), "content-type", "image/svg+xml")
        };
        let answer = with(answer, "etag", "\"a1\"");
        let answer = with(answer, "cache-control", "public, max-age=86400");
        if self.has(Fault::NoNetwork) {
            answer
        } else {
            with(answer, "age", "12")
        }
    }

    fn grafana(&self, request: &Request) -> Reply {
        let body = String::from_utf8_lossy(request.body());
        let is_default =
            body.contains(r#""password":"admin""#) && self.has(Fault::GrafanaUnchanged);
        if body.contains(GRAFANA_PASSWORD) || is_default {
            reply(200, r#"{"message":"Logged in"}"#)
        } else {
            reply(401, r#"{"message":"Invalid username or password"}"#)
        }
    }

    fn targets(&self) -> Reply {
        let now = jiff::Timestamp::now();
        let targets = [
            ("personal_assistant_api", "api1:8000"),
            ("personal_assistant_api", "api2:8000"),
            ("personal_assistant_api", "api3:8000"),
            ("postgres", "postgres-exporter:9187"),
            ("redis", "redis-exporter:9121"),
        ];
        let targets = targets.map(|(job, instance)| {
            let is_down = self.has(Fault::TargetDown) && job == "redis";
            let health = if is_down { "down" } else { "up" };
            format!(
                r#"{{"labels":{{"job":"{job}","instance":"{instance}"}},"health":"{health}","lastScrape":"{now}"}}"#
            )
        });
        let targets = targets.join(",");
        reply(
            200,
            format!(r#"{{"status":"success","data":{{"activeTargets":[{targets}]}}}}"#),
        )
    }
}

/// A way in: HTTPS, and plain HTTP that leads to it.
#[derive(Clone, Copy)]
struct Door {
    secure: u16,
    clear: u16,
}

/// Each way in, and what is wrong with it.
const DOORS: [Fault; 6] = [
    Fault::None,
    Fault::TicketsGiven,
    Fault::Expiring,
    Fault::ForeignCertificate,
    Fault::TemporaryRedirect,
    Fault::Framable,
];

/// Every part of the system, running.
struct Assistant {
    members: Arc<Members>,
    authority: Authority,
    servers: Vec<HttpServer>,
    network: HttpServer,
    grafana: HttpServer,
    prometheus: HttpServer,
    haproxy: Haproxy,
    doors: Vec<Door>,
    redis: RedisServer,
    /// Where this test speaks to Redis without TLS.
    redis_plain: u16,
    master: Postgres,
    replica: Postgres,
    _process_manager: ProcessManager,
}

impl Assistant {
    fn start() -> support::Result<Self> {
        let members = Arc::new(Members {
            fault: Mutex::new(Fault::None),
            requests: AtomicU64::new(0),
        });
        let serve = |answer: fn(&Members, usize, &Request) -> Reply, server: usize| {
            let members = members.clone();
            HttpServer::start(move |request| answer(&members, server, request))
        };
        let servers = (0..SERVERS).map(|server| match server {
            0..3 => serve(Members::api, server),
            _ => serve(Members::frontend, server),
        });
        let servers = servers.collect::<support::Result<Vec<_>>>()?;
        let authority = Authority::new()?;
        let (haproxy, doors) = haproxy(&authority, &servers)?;
        let redis_plain = free_ports(1)?[0];
        let redis = RedisServer::start(&RedisOptions {
            password: Some(CACHE_PASSWORD.into()),
            certificate: Some(authority.localhost()?),
            settings: vec![format!("port {redis_plain}")],
        })?;
        let process_manager = ProcessManager::start_temporary()?;
        let (master, replica) = databases(&process_manager, authority.localhost()?)?;
        let assistant = Self {
            network: serve(|members, _, request| members.network(request), 0)?,
            grafana: serve(|members, _, request| members.grafana(request), 0)?,
            prometheus: serve(|members, _, _| members.targets(), 0)?,
            members,
            authority,
            servers,
            haproxy,
            doors,
            redis,
            redis_plain,
            master,
            replica,
            _process_manager: process_manager,
        };
        assistant.cache(&[
            "SET user_profile:7 a EX 3600",
            "SET oauth_tokens:7 a EX 1800",
            "SET sms_routing:7 a EX 7200",
            "SET analytics:7 a EX 300",
        ]);
        assistant.haproxy.wait_until_up(SERVERS, 0)?;
        Ok(assistant)
    }

    /// Sends commands to Redis, all of which must be taken.
    fn cache(&self, commands: &[&str]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.redis_plain)).expect("Redis runs");
        let mut text = format!("AUTH {CACHE_PASSWORD}\r\n");
        for command in commands {
            let _ = write!(text, "{command}\r\n");
        }
        text.push_str("QUIT\r\n");
        stream.write_all(text.as_bytes()).expect("Redis listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("Redis answers");
        let is_taken = answer.lines().skip(1).all(|line| !line.starts_with('-'));
        assert!(is_taken, "{answer}");
    }

    /// Runs the example against the system with this fault, which is over afterwards.
    fn run(&self, fault: Fault) -> support::Result<Ran> {
        self.begin(fault)?;
        let ran = match fault {
            Fault::None => self.system(fault).run(),
            // What takes long is asked where it matters.
            _ => self.system(fault).run_without(&["load"]),
        };
        self.end(fault)?;
        Ok(ran)
    }

    fn begin(&self, fault: Fault) -> support::Result<()> {
        self.members.set(fault);
        match fault {
            Fault::ApiSick => self.haproxy.wait_until_up(SERVERS - 1, 1)?,
            Fault::Superuser => self.role("SUPERUSER")?,
            Fault::KeyForever => self.cache(&["SET user_profile:8 a"]),
            Fault::CacheOpen => self.cache(&["CONFIG SET requirepass \"\""]),
            _ => {}
        }
        Ok(())
    }

    fn end(&self, fault: Fault) -> support::Result<()> {
        self.members.set(Fault::None);
        match fault {
            Fault::ApiSick => self.haproxy.wait_until_up(SERVERS, 0)?,
            Fault::Superuser => self.role("NOSUPERUSER")?,
            Fault::KeyForever => self.cache(&["DEL user_profile:8"]),
            Fault::CacheOpen => {
                let command = format!("CONFIG SET requirepass {CACHE_PASSWORD}");
                self.cache(&[&command]);
            }
            _ => {}
        }
        Ok(())
    }

    fn role(&self, attribute: &str) -> support::Result<()> {
        let statement = format!("ALTER ROLE app_user {attribute}");
        self.master.execute("personal_assistant_prod", &statement)
    }

    fn system(&self, fault: Fault) -> System {
        let door = DOORS.iter().position(|door| *door == fault);
        let Door { secure, clear } = self.doors[door.unwrap_or(0)];
        let shut = free_ports(2).expect("ports are free");
        let published = match fault {
            Fault::DatabasePublished => self.master.port(),
            _ => shut[0],
        };
        let replica = match fault {
            Fault::TwoMasters => self.master.port(),
            _ => self.replica.port(),
        };
        let wait = match fault {
            Fault::OldFrontend => "wait: 500ms",
            _ => "wait: 20s",
        };
        let server = |at: usize| self.servers[at].address().to_string();
        let system = System::new(
            "personal-assistant",
            &[
                (
                    "https://assistant.example.com",
                    &format!("https://localhost:{secure}"),
                ),
                ("https://cdn.assistant.example.com", &self.network.url()),
                ("http://172.21.0.5:8404", &self.haproxy.url()),
                ("http://172.21.0.30:9090", &self.prometheus.url()),
                ("http://172.21.0.31:3000", &self.grafana.url()),
                ("172.21.0.10:8000", &server(0)),
                ("172.21.0.11:8000", &server(1)),
                ("172.21.0.12:8000", &server(2)),
                ("172.21.0.20:80", &server(3)),
                ("172.21.0.21:80", &server(4)),
                (
                    "db-master:5432",
                    &format!("localhost:{}", self.master.port()),
                ),
                ("db-replica1:5432", &format!("localhost:{replica}")),
                (
                    "redis-1:6379",
                    &format!("localhost:{}", self.redis.address().port()),
                ),
                ("port: 80,", &format!("port: {clear},")),
                ("open: [80, 443]", &format!("open: [{clear}, {secure}]")),
                (
                    "closed: [3000, 5432, 6379, 8000, 8404, 9090, 26379]",
                    &format!("closed: [{published}, {}]", shut[1]),
                ),
                ("wait: 3m", wait),
                (
                    "requests: 1500, per_second: 50, p95: 1s, errors: 1%",
                    "requests: 90, per_second: 150, p95: 1s, errors: 5%",
                ),
            ],
        );
        system
            .trusting(&self.authority.trusted())
            .with("DB_PASSWORD", DATABASE_PASSWORD)
            .with("REDIS_PASSWORD", CACHE_PASSWORD)
            .with("GRAFANA_PASSWORD", GRAFANA_PASSWORD)
            .with("SMOKE_USER", "smoke@assistant.example.com")
            .with("SMOKE_PASSWORD", SIGN_IN_PASSWORD)
            .with("ADMIN_TOKEN", ADMIN)
            .with("SUPER_ADMIN_TOKEN", SUPER_ADMIN)
            .with("USER_TOKEN", USER)
            .with("OTHER_USER_TOKEN", OTHER)
            .with("EXPIRED_TOKEN", EXPIRED)
    }
}

/// A master and its replica, both over TLS, with the role of the application.
fn databases(
    process_manager: &ProcessManager,
    certificate: Served,
) -> support::Result<(Postgres, Postgres)> {
    let options = PostgresOptions {
        certificate: Some(certificate),
    };
    let master = Postgres::start_with(process_manager, &options)?;
    let database = "personal_assistant_prod";
    master.create_database(database, "owner", DATABASE_PASSWORD)?;
    master.execute(
        database,
        &format!("CREATE ROLE app_user LOGIN PASSWORD '{DATABASE_PASSWORD}'"),
    )?;
    let replica = master.replica(process_manager, "replica")?;
    Ok((master, replica))
}

/// HAProxy as the guide has it, with a way in for each fault of its own.
fn haproxy(authority: &Authority, servers: &[HttpServer]) -> support::Result<(Haproxy, Vec<Door>)> {
    let mut ports = free_ports(1 + 2 * DOORS.len())?.into_iter();
    let mut port = || ports.next().expect("so many were asked for");
    let statistics = port();
    let doors: Vec<Door> = (DOORS.iter())
        .map(|_| Door {
            secure: port(),
            clear: port(),
        })
        .collect();
    let mut text = format!(
        "defaults\n  mode http\n  timeout connect 2s\n  timeout client 5s\n  timeout server 5s\n\
         frontend statistics\n  bind 127.0.0.1:{statistics}\n  stats enable\n  stats uri /stats\n\
         backend api_backend\n  balance roundrobin\n  option httpchk GET /health/overall\n{}\
         backend frontend_backend\n  balance roundrobin\n  option httpchk GET /\n{}",
        checked("api", &servers[..3]),
        checked("web", &servers[3..])
    );
    let haproxy = Haproxy::configured(statistics, |folder| {
        for (number, (fault, door)) in DOORS.iter().zip(&doors).enumerate() {
            let served = match fault {
                Fault::Expiring => {
                    authority.issue(&Leaf::server(&["localhost", "127.0.0.1"]).days_left(9))?
                }
                Fault::ForeignCertificate => authority.extra()?,
                _ => authority.localhost()?,
            };
            let file = folder.join(format!("door{number}.pem"));
            std::fs::write(&file, served.pem() + &served.key).expect("the folder is there");
            text.push_str(&way_in(*fault, *door, &file.display().to_string()));
        }
        Ok(text)
    })?;
    Ok((haproxy, doors))
}

fn checked(name: &str, servers: &[HttpServer]) -> String {
    let lines = servers.iter().enumerate().map(|(number, server)| {
        let (number, address) = (number + 1, server.address());
        format!("  server {name}{number} {address} check inter 100ms fall 1 rise 1\n")
    });
    lines.collect()
}

fn way_in(fault: Fault, door: Door, certificate: &str) -> String {
    let Door { secure, clear } = door;
    let code = match fault {
        Fault::TemporaryRedirect => 302,
        _ => 301,
    };
    let tickets = match fault {
        Fault::TicketsGiven => "",
        _ => " no-tls-tickets",
    };
    let (frame, ancestors) = match fault {
        Fault::Framable => ("SAMEORIGIN", ""),
        _ => ("DENY", "; frame-ancestors 'none'"),
    };
    let headers = [
        (
            "Strict-Transport-Security",
            "max-age=31536000; includeSubDomains",
        ),
        ("X-Frame-Options", frame),
        ("X-Content-Type-Options", "nosniff"),
        ("X-XSS-Protection", "1; mode=block"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("Content-Security-Policy", &format!("{POLICY}{ancestors}")),
    ];
    let headers = headers
        .map(|(name, value)| format!("  http-after-response set-header {name} \"{value}\"\n"));
    format!(
        "frontend clear{clear}\n  bind 127.0.0.1:{clear}\n  http-request redirect code {code} \
         location https://localhost:{secure}%[path]\n\
         frontend secure{secure}\n  bind 127.0.0.1:{secure} ssl crt {certificate} alpn \
         h2,http/1.1 ssl-min-ver TLSv1.2{tickets}\n{}  \
         use_backend frontend_backend if {{ path / }} or {{ path_beg /assets/ }}\n  \
         default_backend api_backend\n",
        headers.concat()
    )
}

#[test]
fn every_requirement_that_is_covered_has_its_probe_in_the_example() {
    are_covered("personal-assistant", &COVERED);
}

#[test]
fn a_system_as_its_guide_says_passes() -> support::Result<()> {
    let assistant = Assistant::start()?;
    green(
        &assistant.run(Fault::None)?,
        &[
            "status",
            "json",
            "phases",
            "cache",
            "security-headers",
            "error-page",
            "assets",
            "journey",
            "auth",
            "default-credentials",
            "isolation",
            "certificate",
            "chain",
            "tls-versions",
            "https-only",
            "port-open",
            "port-closed",
            "metrics",
            "members",
            "redis",
            "postgres",
            "load",
        ],
    );
    Ok(())
}

#[test]
fn each_fault_turns_its_check_red_and_no_other() -> support::Result<()> {
    let assistant = Assistant::start()?;
    for (fault, check, words) in [
        (
            Fault::ApiSick,
            "members",
            "`api_backend/api2` at `DOWN`, not UP",
        ),
        (Fault::OldFrontend, "ready", "frontend: 200 as 1.0.0"),
        (
            Fault::DatabaseSlow,
            "json",
            "`database performance` has 840",
        ),
        (
            Fault::Superuser,
            "postgres",
            "the role `app_user` is a superuser",
        ),
        (
            Fault::TwoMasters,
            "postgres",
            "takes writes, and must follow another server",
        ),
        (
            Fault::KeyForever,
            "redis",
            "1 of 2 keys of `user_profile:*` never expire",
        ),
        (
            Fault::CacheOpen,
            "redis",
            "`sessions and caches` needs no password",
        ),
        (
            Fault::CookieUnsafe,
            "journey",
            "`login` sets the cookie `session` without `Secure`",
        ),
        (Fault::UsersOpen, "auth", "`read users`"),
        (Fault::ExpiredAccepted, "auth", "`read users`"),
        (Fault::ConversationsOpen, "isolation", "`conversations`"),
        (Fault::GrafanaUnchanged, "default-credentials", "`grafana`"),
        (Fault::TicketsGiven, "tls-versions", "ticket"),
        (Fault::Expiring, "certificate", "9 days"),
        (Fault::ForeignCertificate, "chain", "`certificate` sends"),
        (Fault::TemporaryRedirect, "https-only", "302"),
        (Fault::Framable, "security-headers", "frame-ancestors"),
        (
            Fault::Tracebacks,
            "error-page",
            "`no tracebacks` has a page with `Traceback (most recent call last)`",
        ),
        (Fault::DatabasePublished, "port-closed", "`firewall`: port"),
        (Fault::ScriptGone, "assets", "/assets/app.4f9c2b1e.js"),
        (
            Fault::NoNetwork,
            "cache",
            "`delivery network` has no header of a cache in front",
        ),
        (Fault::JsonForPrometheus, "metrics", "`metrics of api 1`"),
        (Fault::TargetDown, "json", "`prometheus` has \"down\""),
    ] {
        only_red(&assistant.run(fault)?, &[check], words);
    }
    Ok(())
}
