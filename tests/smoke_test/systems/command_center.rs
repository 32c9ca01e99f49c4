//! Command Center: Caddy in front of a frontend, an API over real row level security, a sign-in, live
//! updates, storage and dashboards.

mod database;
mod services;

use super::{System, covers, green, red_only};
use support::ports::free_ports;
use support::servers::dns::Record;
use support::servers::rest::{Holder, Rest};
use support::servers::{
    Authority, DnsServer, HttpServer, Leaf, PhoenixServer, Reply, Request, Site, Sites,
};

const ANON_KEY: &str = "key-of-everybody-of-the-test";

/// What is not as the guide says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    DevelopmentServer,
    CachedRelease,
    MutableFiles,
    Uncompressed,
    WrongRoute,
    StrayName,
    LateRenewal,
    NoRedirect,
    ShortMemory,
    DatabasePortOpen,
    ChannelRefused,
    OpenAdmin,
    DefaultPassword,
    AnonymousGrafana,
    OpenPgadmin,
    OpenPrometheus,
    TargetDown,
    OpenPolicy,
    WritablePolicy,
    NoRowSecurity,
    TasksNotWritable,
    AnyPassword,
    WrongRole,
    NoShortcut,
    FailingTests,
    NoTests,
    Slow,
}

/// Which rows of the requirements the example covers, and with which probe.
const COVERED: &[(&str, &str)] = &[
    ("CC-01", "frontend"),
    ("CC-04", "api knows its tables"),
    ("CC-05", "sign-in service"),
    ("CC-08", "api knows its tables"),
    ("CC-09", "live updates"),
    ("CC-11", "frontend"),
    ("CC-13", "hub"),
    ("CC-14", "a task from beginning to end"),
    ("CC-15", "an event in the calendar"),
    ("CC-15", "hub"),
    ("CC-16", "hub"),
    ("CC-20", "api knows its tables"),
    ("CC-21", "a task from beginning to end"),
    ("CC-21", "wrong password"),
    ("CC-33", "name of the machine"),
    ("CC-36", "row level security is on"),
    ("CC-37", "sign-in service"),
    ("CC-38", "api knows its tables"),
    ("CC-39", "live updates"),
    ("CC-40", "certificate"),
    ("CC-44", "row level security is on"),
    ("CC-45", "tasks of a domain"),
    ("CC-45", "events of a domain"),
    ("CC-45", "no task for others"),
    ("CC-46", "https only"),
    ("CC-47", "firewall"),
    ("CC-49", "end to end"),
    ("CC-52", "prometheus"),
    ("CC-79", "frontend"),
    ("CC-81", "frontend"),
    ("CC-81", "api knows its tables"),
    ("CC-81", "sign-in service"),
    ("CC-81", "storage"),
    ("CC-82", "firewall"),
    ("CC-84", "row level security is on"),
    ("CC-85", "firewall"),
    ("CC-86", "https only"),
    ("CC-88", "firewall"),
    ("CC-89", "firewall"),
    ("CC-90", "firewall"),
    ("CC-93", "a task from beginning to end"),
    ("CC-94", "an event in the calendar"),
    ("CC-95", "hub"),
    ("CC-99", "frontend files"),
    ("CC-99", "frontend page"),
    ("CC-101", "frontend"),
    ("CC-102", "api needs a token"),
    ("CC-103", "admin of the sign-in service"),
    ("CC-104", "grafana"),
    ("CC-104", "no anonymous grafana"),
    ("CC-105", "prometheus"),
    ("CC-106", "no pgadmin"),
    ("CC-123", "api"),
    ("CC-124", "pages"),
    ("CC-133", "frontend"),
    ("CC-158", "frontend"),
    ("CC-158", "release is not cached"),
    ("CC-159", "row level security is on"),
    ("CC-161", "sign-in service"),
    ("CC-162", "api knows its tables"),
    ("CC-170", "name of the machine"),
    ("CC-180", "firewall"),
    ("CC-184", "no slower than the current release"),
];

/// Everything that runs while a test does.
struct Running {
    _servers: Vec<HttpServer>,
    _phoenix: PhoenixServer,
    _names: DnsServer,
    _sites: Sites,
}

fn serve(
    servers: &mut Vec<HttpServer>,
    answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> u16 {
    let server = HttpServer::start(answer).expect("a port is free");
    let port = server.address().port();
    servers.push(server);
    port
}

/// Caddy's routes, each to its own service.
fn routes(fault: Fault, database: &str, phoenix: u16, servers: &mut Vec<HttpServer>) -> String {
    let frontend = serve(servers, move |request| services::frontend(fault, request));
    let rest = Rest {
        database: database::cluster().session(database).expect("opens"),
        holders: vec![
            Holder {
                token: services::OWNER.into(),
                subject: database::OWNER_SUBJECT.into(),
            },
            Holder {
                token: services::STRANGER.into(),
                subject: database::STRANGER_SUBJECT.into(),
            },
        ],
    };
    let rest = serve(servers, move |request| rest.answer(request));
    let sign_in = serve(servers, move |request| services::sign_in(fault, request));
    let storage = match fault {
        Fault::WrongRoute => frontend,
        _ => serve(servers, services::storage),
    };
    let dashboards = serve(servers, move |request| services::dashboards(fault, request));
    let pgadmin = match fault {
        Fault::OpenPgadmin => 200,
        _ => 404,
    };
    let encode = match fault {
        Fault::Uncompressed => "@scripts path *.js\n encode @scripts gzip",
        _ => "encode gzip",
    };
    let remembered = match fault {
        Fault::ShortMemory => 300,
        _ => 31_536_000,
    };
    format!(
        "{encode}
  header Strict-Transport-Security \"max-age={remembered}\"
  handle_path /api/* {{
    reverse_proxy 127.0.0.1:{rest}
  }}
  handle_path /auth/v1/* {{
    reverse_proxy 127.0.0.1:{sign_in}
  }}
  handle_path /realtime/v1/* {{
    reverse_proxy 127.0.0.1:{phoenix}
  }}
  handle_path /storage/* {{
    reverse_proxy 127.0.0.1:{storage}
  }}
  handle /grafana/* {{
    reverse_proxy 127.0.0.1:{dashboards}
  }}
  handle /prometheus/* {{
    reverse_proxy 127.0.0.1:{dashboards}
  }}
  handle /pgadmin/* {{
    respond {pgadmin}
  }}
  handle {{
    reverse_proxy 127.0.0.1:{frontend}
  }}"
    )
}

/// The system with this fault; what it needs to live is returned beside it.
fn command_center(fault: Fault) -> (System, Running) {
    let authority = Authority::new().expect("certificates can be made");
    let days = if fault == Fault::LateRenewal { 10 } else { 80 };
    let leaf = Leaf::server(&["localhost"]).days_left(days);
    // Caddy takes one certificate for one site only.
    let served = || authority.issue(&leaf).expect("certificates can be made");
    let database = database::create(fault);
    let status = match fault {
        Fault::ChannelRefused => "error",
        _ => "ok",
    };
    let phoenix = PhoenixServer::start(ANON_KEY, status).expect("a port is free");
    let mut servers = Vec::new();
    let routes = routes(fault, &database, phoenix.port(), &mut servers);
    let clear = match fault {
        Fault::NoRedirect => "respond \"in clear\"",
        _ => "redir https://localhost:{port}{uri} 308",
    };
    // The release before, which is live.
    let live = serve(&mut servers, |request| {
        services::frontend(Fault::None, request)
    });
    let live = format!("encode gzip\n  handle {{\n    reverse_proxy 127.0.0.1:{live}\n  }}");
    let both = [
        Site::new(served()).with(&routes),
        Site::new(served()).with(&live),
    ];
    let sites = Sites::caddy_with(&both, clear);
    let sites = sites.expect("caddy starts");
    let last = if fault == Fault::StrayName { 99 } else { 10 };
    let names = DnsServer::start(move |query| {
        query.of_zone(&[Record::a("command-center.example.com", [203, 0, 113, last])])
    });
    let names = names.expect("a port is free");
    let mut closed = free_ports(8).expect("ports are free");
    closed.push(match fault {
        Fault::DatabasePortOpen => database::cluster().port(),
        _ => free_ports(1).expect("a port is free")[0],
    });
    let system = System::new(
        "command-center",
        &[
            ("https://staging.command-center.example.com", &sites.url()),
            (
                "live: https://command-center.example.com",
                &format!("live: https://localhost:{}", sites.port(1)),
            ),
            ("https://command-center.example.com", &sites.url()),
            ("9.9.9.9 ", &format!("'{}' ", names.address())),
            (
                "127.0.0.1:15432/command_center",
                &format!("127.0.0.1:{}/{database}", database::cluster().port()),
            ),
            (
                "open: [80, 443]",
                &format!("open: [{}, {}]", sites.clear_port(), sites.port(0)),
            ),
            (
                "closed: [3000, 3001, 4000, 5050, 5173, 5432, 8333, 9090, 9999]",
                &format!("closed: {closed:?}"),
            ),
            ("port: 80,", &format!("port: {},", sites.clear_port())),
            // The authority of the tests has another name.
            ("O=Let's Encrypt", "CN=Test"),
        ],
    );
    let tests = match fault {
        Fault::FailingTests => "echo '13 passed, 2 failed'; exit 1",
        Fault::NoTests => "echo '0 passed'",
        _ => "echo '15 passed'",
    };
    let system = system
        .trusting(&authority.trusted())
        .with_program("pnpm", &format!("#!/bin/sh\n{tests}\n"))
        .with("DATABASE_PASSWORD", database::PASSWORD)
        .with("TEST_EMAIL", services::EMAIL)
        .with("TEST_PASSWORD", services::PASSWORD)
        .with("OWNER_TOKEN", services::OWNER)
        .with("STRANGER_TOKEN", services::STRANGER)
        .with("SERVICE_KEY", services::SERVICE_KEY)
        .with("ANON_KEY", ANON_KEY)
        .with("GRAFANA_PASSWORD", services::GRAFANA)
        .with("PROMETHEUS_BASIC", services::PROMETHEUS)
        .with("SESSION_COOKIE", services::SESSION);
    let running = Running {
        _servers: servers,
        _phoenix: phoenix,
        _names: names,
        _sites: sites,
    };
    (system, running)
}

/// What the example asks of production.
const CHECKS: [&str; 22] = [
    "status",
    "header",
    "json",
    "body",
    "journey",
    "cache",
    "compression",
    "assets",
    "https-only",
    "certificate",
    "chain",
    "tls-versions",
    "port-open",
    "port-closed",
    "dns",
    "auth",
    "default-credentials",
    "isolation",
    "websocket",
    "metrics",
    "postgres",
    "load",
];

#[test]
fn every_probe_covers_a_requirement_and_is_there() {
    covers("command-center", COVERED);
}

#[test]
fn production_as_the_guide_says_passes() {
    let (system, _running) = command_center(Fault::None);
    let checks: Vec<&str> = CHECKS.iter().copied().chain(["page"]).collect();
    green(&system.run(), &checks);
}

#[test]
fn staging_as_the_guide_says_passes_and_is_no_slower_than_production() {
    let (system, _running) = command_center(Fault::None);
    let mut checks: Vec<&str> = CHECKS
        .iter()
        .copied()
        .chain(["command", "compare"])
        .collect();
    checks.retain(|check| !["dns", "load"].contains(check));
    green(&system.run_on("staging", &["page", "load"]), &checks);
}

/// What takes long is asked where it should find something.
fn each(environment: &str, faults: &[(Fault, &str, &str)]) {
    super::at_once(faults, |(fault, check, words)| {
        let (system, _running) = command_center(*fault);
        let mut skipped = vec!["page", "load", "compare"];
        skipped.retain(|skipped| skipped != check);
        red_only(&system.run_on(environment, &skipped), check, words);
    });
}

#[test]
fn each_fault_of_the_door_and_the_routes_turns_its_check_red() {
    each(
        "production",
        &[
            (Fault::DevelopmentServer, "body", "/@vite/client"),
            (Fault::StrayName, "dns", "203.0.113.99"),
            (Fault::LateRenewal, "certificate", "`certificate`"),
            (Fault::NoRedirect, "https-only", "over plain HTTP"),
            (Fault::ShortMemory, "https-only", "300"),
            (Fault::DatabasePortOpen, "port-closed", "`firewall`: port"),
            (Fault::WrongRoute, "status", "`storage` answered 200"),
            (Fault::CachedRelease, "cache", "`release is not cached`"),
            (
                Fault::MutableFiles,
                "assets",
                "which has a hash and a `Cache-Control`",
            ),
            (Fault::Uncompressed, "compression", "does not compress"),
            (Fault::ChannelRefused, "websocket", "`live updates`"),
        ],
    );
}

#[test]
fn each_fault_of_who_gets_in_turns_its_check_red() {
    each(
        "production",
        &[
            (Fault::OpenAdmin, "auth", "`admin of the sign-in service`"),
            (Fault::DefaultPassword, "default-credentials", "`grafana`"),
            (
                Fault::AnonymousGrafana,
                "status",
                "`no anonymous grafana` answered 200",
            ),
            (Fault::OpenPgadmin, "status", "`no pgadmin` answered 200"),
            (Fault::OpenPrometheus, "metrics", "`prometheus`"),
            (Fault::TargetDown, "metrics", "`prometheus`"),
            (
                Fault::OpenPolicy,
                "isolation",
                // The journey writes an event of its own meanwhile.
                "`events of a domain` answered 200 with ",
            ),
            (
                Fault::WritablePolicy,
                "status",
                "`no task for others` answered 201",
            ),
            (Fault::NoRowSecurity, "postgres", "comments"),
        ],
    );
}

#[test]
fn each_fault_of_what_people_do_turns_its_check_red() {
    each(
        "production",
        &[
            (
                Fault::AnyPassword,
                "status",
                "`wrong password` answered 200",
            ),
            (Fault::WrongRole, "journey", "`$['user']['role']`"),
            (
                Fault::TasksNotWritable,
                "journey",
                "clean-up `remove the first` answered 403",
            ),
            (Fault::NoShortcut, "page", "Meta+N"),
        ],
    );
    each(
        "staging",
        &[
            (Fault::FailingTests, "command", "`end to end`"),
            (Fault::NoTests, "command", "0 passed"),
            (
                Fault::Slow,
                "compare",
                "`no slower than the current release`",
            ),
        ],
    );
}
