//! Calibrate: an API and three sites with TLS, a database, a sign-in, a limiter and a browser.

mod api;
mod console;

use super::replies::{html, redirect, reply, with};
use super::{System, covers, green, red, red_only};
use api::Api;
use std::sync::{Arc, OnceLock};
use support::postgres::{Postgres, PostgresOptions};
use support::process_manager::ProcessManager;
use support::servers::{Authority, HttpServer, Leaf, Reply, Request, Served, Site, Sites};

const DATABASE_PASSWORD: &str = "password-of-the-database";

/// What is not as the guide says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Degraded,
    CachedHealth,
    CacheableHealth,
    MemoryFull,
    OldProcess,
    OldInstance,
    OpenPlatforms,
    ExpiredAccepted,
    CrashOnInput,
    StackShown,
    AnyOrigin,
    StrayRedirect,
    LostChunk,
    Uncompressed,
    LooseForm,
    ReadableSession,
    LongSession,
    AnyPassword,
    DashboardBroken,
    NoPrivacyPage,
    NoHsts,
    PlainHttp,
    LateRenewal,
    OldTls,
    HalfMigration,
    ClearDatabase,
    SlowHealth,
    SlowLogin,
    LoginThrows,
    NoLimit,
    TrustedHeader,
}

/// Which rows of the requirements the example covers, and with which probe.
const COVERED: &[(&str, &str)] = &[
    ("CALI-01", "alive"),
    ("CALI-02", "console"),
    ("CALI-03", "marketing"),
    ("CALI-04", "docs"),
    ("CALI-41", "console may ask"),
    ("CALI-41", "console may ask staging"),
    ("CALI-42", "100 a minute"),
    ("CALI-58", "health"),
    ("CALI-59", "health"),
    ("CALI-60", "health"),
    ("CALI-60", "health is not cached"),
    ("CALI-61", "health"),
    ("CALI-62", "health"),
    ("CALI-63", "platforms"),
    ("CALI-66", "console files"),
    ("CALI-66", "console pages"),
    ("CALI-68", "login page"),
    ("CALI-70", "console"),
    ("CALI-71", "login page"),
    ("CALI-72", "sign in"),
    ("CALI-72", "wrong password"),
    ("CALI-73", "sign in"),
    ("CALI-73", "login in a browser"),
    ("CALI-74", "sign in"),
    ("CALI-78", "health"),
    ("CALI-78", "migrations are whole"),
    ("CALI-82", "health"),
    ("CALI-83", "health"),
    ("CALI-84", "health"),
    ("CALI-85", "health"),
    ("CALI-86", "health"),
    ("CALI-87", "alive"),
    ("CALI-95", "health is fast"),
    ("CALI-96", "health"),
    ("CALI-97", "platforms are fast"),
    ("CALI-99", "login in a browser"),
    ("CALI-100", "login in a browser"),
    ("CALI-101", "login in a browser"),
    ("CALI-102", "connections of the pool"),
    ("CALI-105", "api over https"),
    ("CALI-105", "console over https"),
    ("CALI-105", "marketing over https"),
    ("CALI-105", "docs over https"),
    ("CALI-106", "api certificate"),
    ("CALI-106", "console certificate"),
    ("CALI-106", "marketing certificate"),
    ("CALI-106", "docs certificate"),
    ("CALI-107", "api over https"),
    ("CALI-107", "console over https"),
    ("CALI-107", "marketing over https"),
    ("CALI-107", "docs over https"),
    ("CALI-108", "api certificate"),
    ("CALI-108", "console certificate"),
    ("CALI-108", "marketing certificate"),
    ("CALI-108", "docs certificate"),
    ("CALI-109", "console may ask"),
    ("CALI-109", "console may ask staging"),
    ("CALI-110", "100 a minute"),
    ("CALI-111", "broken json"),
    ("CALI-111", "wrong types"),
    ("CALI-115", "sign in"),
    ("CALI-115", "sign-in form"),
    ("CALI-116", "sign in"),
    ("CALI-170", "privacy policy"),
    ("CALI-173", "api over https"),
    ("CALI-173", "migrations are whole"),
    ("CALI-189", "migrations are whole"),
];

/// One cluster with TLS, and one authority, for all of these tests.
struct Shared {
    authority: Authority,
    served: Served,
    _processes: ProcessManager,
    secure: Postgres,
    /// The address of a database in it, without its password.
    database: String,
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let authority = Authority::new().expect("certificates can be made");
        let served = authority.localhost().expect("certificates can be made");
        let processes = ProcessManager::start_temporary().expect("pm starts");
        let options = PostgresOptions {
            certificate: Some(served.clone()),
        };
        let secure = Postgres::start_with(&processes, &options).expect("PostgreSQL starts");
        Shared {
            authority,
            served,
            _processes: processes,
            database: migrated(&secure, "whole", "now()"),
            secure,
        }
    })
}

/// A site that stands still.
fn site(fault: Fault, host: &str, request: &Request) -> Reply {
    let title = format!("<title>Calibrate {host}</title>");
    let answer = match request.uri().path() {
        "/" => html(&title, "<h1>Calibrate</h1>"),
        "/privacy" if fault != Fault::NoPrivacyPage => html(&title, "<h1>Privacy policy</h1>"),
        _ => reply(404, "not found"),
    };
    match fault {
        Fault::NoHsts => answer,
        _ => with(answer, "strict-transport-security", "max-age=63072000"),
    }
}

/// Everything that runs while a test does.
#[derive(Default)]
struct Running {
    servers: Vec<HttpServer>,
    nginx: Option<Sites>,
    _database: Option<(Postgres, ProcessManager)>,
}

impl Running {
    /// A host of this name with TLS; its address and the port on which plain HTTP is tried.
    fn host(
        &mut self,
        served: &Served,
        fault: Fault,
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> (String, u16) {
        let tls = served.server(&["http/1.1"]).expect("is a certificate");
        let secure = HttpServer::start_secure(tls, answer).expect("a port is free");
        let url = secure.url();
        let to = url.clone();
        let clear = HttpServer::start(move |request| match fault {
            Fault::PlainHttp => html("", "in clear"),
            _ => redirect(308, &format!("{to}{}", request.uri())),
        });
        let clear = clear.expect("a port is free");
        let port = clear.address().port();
        self.servers.extend([secure, clear]);
        (url, port)
    }

    /// The documentation on a server that still speaks TLS 1.0.
    fn old_docs(&mut self, served: &Served) -> (String, u16) {
        let directives = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT@SECLEVEL=0; \
             location = / { default_type text/html; add_header Strict-Transport-Security \
             max-age=63072000; return 200 '<title>Docs</title>'; }";
        let clear = "return 308 https://localhost:{port}$request_uri;";
        let sites = Sites::nginx(&[Site::new(served.clone()).with(directives)], clear);
        let sites = self.nginx.insert(sites.expect("nginx starts"));
        (sites.url(), sites.clear_port())
    }

    /// The address of a database that Prisma has migrated.
    fn database(&mut self, fault: Fault) -> String {
        match fault {
            Fault::HalfMigration => migrated(&shared().secure, "half", "NULL"),
            Fault::ClearDatabase => {
                let processes = ProcessManager::start_temporary().expect("pm starts");
                let clear = Postgres::start(&processes).expect("PostgreSQL starts");
                let url = migrated(&clear, "clear", "now()");
                self._database = Some((clear, processes));
                url
            }
            _ => shared().database.clone(),
        }
    }
}

/// Makes a database whose last migration ended then.
fn migrated(cluster: &Postgres, name: &str, finished: &str) -> String {
    let role = format!("{name}_app");
    let url = cluster.create_database(name, &role, DATABASE_PASSWORD);
    let sql = format!(
        "CREATE TABLE _prisma_migrations (id text PRIMARY KEY, finished_at timestamptz, \
         rolled_back_at timestamptz); INSERT INTO _prisma_migrations VALUES \
         ('20251001_init', now(), NULL), ('20251020_tries', NULL, now()), \
         ('20251027_keys', {finished}, NULL); \
         GRANT SELECT ON _prisma_migrations TO {role}"
    );
    cluster.execute(name, &sql).expect("is SQL");
    let url = url.expect("is new");
    url.replace(DATABASE_PASSWORD, "${DATABASE_PASSWORD}")
}

/// The system with this fault; what it needs to live is returned beside it.
fn calibrate(fault: Fault) -> (System, Running) {
    let Shared {
        authority, served, ..
    } = shared();
    let mut running = Running::default();
    let late = Leaf::server(&["localhost"]).days_left(10);
    let late = authority.issue(&late).expect("certificates can be made");
    let of_marketing = match fault {
        Fault::LateRenewal => &late,
        _ => served,
    };
    let (console, console_port) = running.host(served, Fault::None, move |request| {
        console::answer(fault, request)
    });
    let api = Arc::new(Api::new(fault, &console));
    let (api, api_port) = running.host(served, Fault::None, move |request| api.answer(request));
    let (marketing, marketing_port) = running.host(of_marketing, fault, move |request| {
        site(fault, "marketing", request)
    });
    let (docs, docs_port) = match fault {
        Fault::OldTls => running.old_docs(served),
        _ => running.host(served, Fault::None, |request| {
            site(Fault::None, "docs", request)
        }),
    };
    let database = running.database(fault);
    let mut replacements = Vec::new();
    for (example, real) in [
        ("https://staging-api.calibrate.example.com", &api),
        ("https://api.calibrate.example.com", &api),
        ("https://staging-console.calibrate.example.com", &console),
        ("https://console.calibrate.example.com", &console),
        ("https://staging.calibrate.example.com", &marketing),
        ("https://calibrate.example.com", &marketing),
        ("https://staging-docs.calibrate.example.com", &docs),
        ("https://docs.calibrate.example.com", &docs),
        (
            "postgres://calibrate_app:${DATABASE_PASSWORD}@staging-db.calibrate.example.com:5432/calibrate",
            &database,
        ),
        (
            "postgres://calibrate_app:${DATABASE_PASSWORD}@db.calibrate.example.com:5432/calibrate",
            &database,
        ),
    ] {
        replacements.push((example.to_owned(), real.clone()));
    }
    for (before, port) in [
        ("/api/healthz", api_port),
        ("console", console_port),
        ("marketing", marketing_port),
        ("docs", docs_port),
    ] {
        let (from, to) = (
            format!("{before}, port: 80"),
            format!("{before}, port: {port}"),
        );
        replacements.push((from, to));
    }
    // The authority of the tests has another name.
    replacements.push(("O=Let's Encrypt".into(), "CN=Test".into()));
    let replacements: Vec<(&str, &str)> = (replacements.iter())
        .map(|(from, to)| (from.as_str(), to.as_str()))
        .collect();
    let mut replacements = replacements;
    replacements.push(("connections: 10", "connections: 4"));
    if matches!(fault, Fault::SlowLogin | Fault::LoginThrows) {
        // Each run would wait for two seconds of rest.
        replacements.push(("time_to_interactive: 3s", ""));
    }
    if fault == Fault::LoginThrows {
        replacements.push(("first_contentful_paint: 1500ms", ""));
        replacements.push(("largest_contentful_paint: 2500ms", ""));
        replacements.push(("runs: 5 ", "runs: 1 "));
    }
    let system = System::new("calibrate", &replacements)
        .trusting(&authority.trusted())
        .with("API_TOKEN", api::TOKEN)
        .with("EXPIRED_API_TOKEN", api::EXPIRED)
        .with("DATABASE_PASSWORD", DATABASE_PASSWORD)
        .with("TEST_EMAIL", console::EMAIL)
        .with("TEST_PASSWORD", console::PASSWORD);
    (system, running)
}

/// What the example asks of both environments.
const CHECKS: [&str; 19] = [
    "status",
    "redirect",
    "header",
    "json",
    "body",
    "cookies",
    "cache",
    "auth",
    "cors",
    "assets",
    "compression",
    "journey",
    "page",
    "certificate",
    "chain",
    "tls-versions",
    "https-only",
    "postgres",
    "load",
];

#[test]
fn every_probe_covers_a_requirement_and_is_there() {
    covers("calibrate", COVERED);
}

#[test]
fn production_as_the_guide_says_passes() {
    let (system, _running) = calibrate(Fault::None);
    green(&system.run(), &CHECKS);
}

#[test]
fn staging_as_the_guide_says_passes_and_is_asked_for_its_limit_as_well() {
    let (system, _running) = calibrate(Fault::None);
    let checks: Vec<&str> = CHECKS.iter().copied().chain(["rate-limit"]).collect();
    let mut checks = checks;
    // The page and its time are those of production.
    checks.retain(|check| *check != "page");
    green(&system.run_on("staging", &["page"]), &checks);
}

/// What takes long is asked where it should find something.
fn each(environment: &str, faults: &[(Fault, &str, &str)]) {
    super::at_once(faults, |(fault, check, words)| {
        let (system, _running) = calibrate(*fault);
        let mut skipped = vec!["page", "load", "rate-limit", "postgres"];
        skipped.retain(|skipped| skipped != check);
        red_only(&system.run_on(environment, &skipped), check, words);
    });
}

#[test]
fn each_fault_of_the_api_turns_its_check_red() {
    each(
        "production",
        &[
            (
                Fault::Degraded,
                "json",
                "`health` has \"degraded\" at `$['status']`",
            ),
            (
                Fault::CachedHealth,
                "json",
                "which must be a time within 1m of now",
            ),
            (Fault::MemoryFull, "json", "`health` has 96 at"),
            (
                Fault::OldProcess,
                "json",
                "`health` has 86411 at `$['uptime']`",
            ),
            (Fault::CacheableHealth, "cache", "`health is not cached`"),
            (
                Fault::OldInstance,
                "release",
                "were answered by another release",
            ),
            (Fault::OpenPlatforms, "auth", "`platforms`"),
            (Fault::ExpiredAccepted, "auth", "`platforms`"),
            (
                Fault::AnyOrigin,
                "cors",
                "`console may ask` allows the origin",
            ),
        ],
    );
}

#[test]
fn each_fault_of_staging_turns_its_check_red() {
    each(
        "staging",
        &[
            (Fault::CrashOnInput, "status", "`broken json` answered 500"),
            (Fault::StackShown, "body", "`wrong types`"),
            (Fault::NoLimit, "rate-limit", "turned away none of"),
            (
                Fault::TrustedHeader,
                "rate-limit",
                "whoever makes one up is not limited",
            ),
        ],
    );
}

#[test]
fn a_redirect_that_goes_astray_is_not_followed() {
    let (system, _running) = calibrate(Fault::StrayRedirect);
    let ran = system.run_on("production", &["page", "load", "postgres"]);
    red(&ran, "redirect", "/maintenance");
    // And so the answer is no page.
    red(&ran, "status", "`console` answered 307");
}

#[test]
fn each_fault_of_the_console_turns_its_check_red() {
    each(
        "production",
        &[
            (Fault::LostChunk, "assets", "which is a page"),
            (Fault::Uncompressed, "compression", "does not compress"),
            (Fault::LooseForm, "cookies", "`sign-in form`"),
            (Fault::ReadableSession, "journey", "HttpOnly"),
            (
                Fault::LongSession,
                "journey",
                "`sign in`, step `credentials`",
            ),
            (
                Fault::AnyPassword,
                "journey",
                "`wrong password`, step `credentials`",
            ),
            (
                Fault::DashboardBroken,
                "journey",
                "`sign in`, step `dashboard` answered 500",
            ),
        ],
    );
}

#[test]
fn each_fault_of_the_doors_and_the_database_turns_its_check_red() {
    each(
        "production",
        &[
            (
                Fault::NoPrivacyPage,
                "status",
                "`privacy policy` answered 404",
            ),
            (
                Fault::NoHsts,
                "https-only",
                "`marketing over https` sends no",
            ),
            (Fault::PlainHttp, "https-only", "over plain HTTP"),
            (Fault::LateRenewal, "certificate", "`marketing certificate`"),
            (Fault::OldTls, "tls-versions", "`docs certificate`"),
            (Fault::HalfMigration, "postgres", "`migrations are whole`"),
            (Fault::ClearDatabase, "postgres", "`migrations are whole`"),
        ],
    );
}

#[test]
fn each_fault_of_speed_turns_its_check_red() {
    for fault in [
        (Fault::SlowHealth, "load", "`health is fast`"),
        (Fault::SlowLogin, "page", "first contentful paint is"),
        (Fault::LoginThrows, "page", "nothing"),
    ] {
        each("production", &[fault]);
    }
}
