//! Redis, PostgreSQL, metrics and the members behind a load balancer.

use super::{Case, Quality, Started};
use crate::Result;
use crate::postgres::Postgres;
use crate::process_manager::ProcessManager;
use crate::servers::{HttpServer, RedisOptions, RedisServer, Reply};
use bytes::Bytes;
use http_body_util::Full;
use std::sync::atomic::{AtomicU64, Ordering};

const CACHE_PASSWORD: &str = "prove-cache-passw0rd";
const DATABASE_PASSWORD: &str = "prove-database-passw0rd";
/// What the proof is run as.
const RELEASE: &str = "1.1.0";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            checks: &["redis"],
            start: redis,
        },
        Case {
            checks: &["postgres"],
            start: postgres,
        },
        Case {
            checks: &["metrics"],
            start: metrics,
        },
        Case {
            checks: &["members"],
            start: members,
        },
    ]
}

/// The bad one lets everybody in, and its keys never expire.
fn redis(quality: Quality) -> Result<Started> {
    let password = (quality == Quality::Good).then(|| CACHE_PASSWORD.to_owned());
    let server = RedisServer::start(&RedisOptions {
        password,
        ..RedisOptions::default()
    })?;
    server.send(&[match quality {
        Quality::Good => "SET session:1 a EX 60",
        Quality::Bad => "SET session:1 a",
    }])?;
    let url = format!("redis://:${{PROVE_CACHE}}@{}/0", server.address());
    Ok(Started {
        environment: vec![("caches", format!("proof: {{ url: '{url}' }}"))],
        probes: vec![
            "redis: { name: proof-cache, cache: proof, role: master, \
             keys: [{ pattern: 'session:*', ttl_at_most: 1h }] }"
                .into(),
        ],
        variables: vec![("PROVE_CACHE", CACHE_PASSWORD.into())],
        files: Vec::new(),
        trusted: Vec::new(),
        running: Box::new(server),
    })
}

/// The bad one lets the application in as a superuser.
fn postgres(quality: Quality) -> Result<Started> {
    let process_manager = ProcessManager::start_temporary()?;
    let server = Postgres::start(&process_manager)?;
    let url = server.create_database("proof", "owner", DATABASE_PASSWORD)?;
    let superuser = match quality {
        Quality::Good => "NOSUPERUSER",
        Quality::Bad => "SUPERUSER",
    };
    let role = format!("CREATE ROLE app LOGIN {superuser} PASSWORD '{DATABASE_PASSWORD}'");
    server.execute("proof", &role)?;
    let url = url
        .replace("owner:", "app:")
        .replace(DATABASE_PASSWORD, "${PROVE_DATABASE}");
    Ok(Started {
        environment: vec![("databases", format!("proof: {{ url: '{url}' }}"))],
        probes: vec![
            "postgres: { name: proof-database, database: proof, version: '>=13', recovery: false, \
             role: { owner: false }, within: 10s }"
                .into(),
        ],
        variables: vec![("PROVE_DATABASE", DATABASE_PASSWORD.into())],
        files: Vec::new(),
        trusted: Vec::new(),
        running: Box::new((server, process_manager)),
    })
}

/// The bad one counts nothing and shows it to everybody.
fn metrics(quality: Quality) -> Result<Started> {
    let count = AtomicU64::new(0);
    let server = HttpServer::start(move |request| {
        let is_inside = request.headers().contains_key("x-metrics");
        match (request.uri().path(), quality) {
            ("/metrics", Quality::Good) if !is_inside => reply(403, String::new()),
            ("/metrics", _) => {
                let count = count.load(Ordering::SeqCst);
                reply(
                    200,
                    format!("# TYPE work_total counter\nwork_total {count}\n"),
                )
            }
            (_, Quality::Good) => {
                count.fetch_add(1, Ordering::SeqCst);
                reply(200, String::new())
            }
            (_, Quality::Bad) => reply(200, String::new()),
        }
    })?;
    Ok(Started {
        environment: vec![("addresses", format!("proof-metrics: '{}'", server.url()))],
        probes: vec![
            "metrics: { name: proof-metrics, at: proof-metrics, headers: { x-metrics: 'inside' }, \
             families: { work_total: { type: counter } }, moves: [work_total], traffic: /chores }"
                .into(),
        ],
        variables: Vec::new(),
        files: Vec::new(),
        trusted: Vec::new(),
        running: Box::new(server),
    })
}

/// Of the bad ones, one is of another release and one is sick.
fn members(quality: Quality) -> Result<Started> {
    let member = |status: u16, release: &'static str| {
        HttpServer::start(move |_| {
            let mut reply = reply(status, "{\"status\":\"ok\"}".into());
            let value = hyper::header::HeaderValue::from_static(release);
            reply.headers_mut().insert("x-release", value);
            reply
        })
    };
    let servers = match quality {
        Quality::Good => [member(200, RELEASE)?, member(200, RELEASE)?],
        Quality::Bad => [member(200, "0.0.1")?, member(500, RELEASE)?],
    };
    let [one, two] = [servers[0].address(), servers[1].address()];
    Ok(Started {
        environment: Vec::new(),
        probes: vec![format!(
            "members: {{ name: proof-members, members: ['{one}', '{two}'], path: /health, \
             front: false }}"
        )],
        variables: Vec::new(),
        files: Vec::new(),
        trusted: Vec::new(),
        running: Box::new(servers),
    })
}

fn reply(status: u16, body: String) -> Reply {
    let mut reply = Reply::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    reply
}
