//! Redis, PostgreSQL, metrics and the members of a load balancer: real servers, and what they
//! cannot be made to do by servers that send what they are told.

use crate::sandbox::{Ran, Sandbox};
use crate::server::{Reply, Server, answer, with_headers};
use crate::{finding, outcome, release};
use shared::verdict::Outcome;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::postgres::{Postgres, PostgresOptions};
use support::process_manager::ProcessManager;
use support::prove::{self, Quality};
use support::servers::{Authority, Garbage, GarbageServer, Haproxy, RedisOptions, RedisServer};
use support::stand::{Stand, StandOptions};

const PASSWORD: &str = "correct-h0rse-b4ttery";

/// A configuration with these lines for the environment and these probes, around a front.
fn file(front: &str, environment: &str, probes: &str) -> String {
    let probes: String = probes
        .lines()
        .map(|line| format!("    - {line}\n"))
        .collect();
    let environment: String = environment
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    format!(
        "version: 1\nproject: cal\nenvironments:\n  staging:\n    url: {front}\n    \
         allow: {{ private_addresses: true }}\n{environment}    services:\n      web:\n        \
         target:\n          command: {{ deploy: [deploy], stop: [stop], stable: [\"127.0.0.1:1\"], \
         canary: [] }}\nservices:\n  web:\n    identity: {{ header: {{ name: x-release, path: /id }} }}\n\
         smoke:\n  wait: 20s\n  attempts: 1\n  probes:\n{probes}"
    )
}

/// Runs probes beside a front that answers as the release.
fn run(environment: &str, probes: &str, variables: &[(&str, &str)]) -> Ran {
    let front = release(|_| Reply::Send(answer(200, "1.1.0", "")));
    Sandbox::with_file(&file(&front.url(), environment, probes)).run_with(&[], variables)
}

/// Asserts that a check passed, and that these words are in its evidence.
#[track_caller]
fn passes(ran: &Ran, check: &str, words: &[&str]) {
    assert_eq!(ran.code, 0, "{}", ran.all());
    let Outcome::Pass { evidence } = outcome(ran, check) else {
        panic!("`{check}` should pass: {}", ran.all());
    };
    for word in words {
        let is_there = evidence.iter().any(|line| line.contains(word));
        assert!(is_there, "`{word}` is missing: {evidence:#?}");
    }
}

/// Every message of a check that failed.
fn findings(ran: &Ran, check: &str) -> Vec<String> {
    match outcome(ran, check) {
        Outcome::Fail { findings } => findings.iter().map(|f| f.message.clone()).collect(),
        other => panic!("`{check}` should fail, not {other:?}: {}", ran.all()),
    }
}

#[track_caller]
fn has(all: &[String], words: &[&str]) {
    for word in words {
        let is_there = all.iter().any(|message| message.contains(word));
        assert!(is_there, "`{word}` is missing: {all:#?}");
    }
    assert_eq!(all.len(), words.len(), "{all:#?}");
}

// --- Redis -----------------------------------------------------------------------------------

fn redis(settings: &[&str]) -> support::Result<RedisServer> {
    RedisServer::start(&RedisOptions {
        password: Some(PASSWORD.into()),
        settings: settings.iter().map(|setting| (*setting).into()).collect(),
        ..RedisOptions::default()
    })
}

fn ask_redis(server: &RedisServer, settings: &str, password: &str) -> Ran {
    run(
        &format!(
            "caches: {{ main: {{ url: '{}' }} }}",
            server.url("REDIS_PASSWORD")
        ),
        &format!("redis: {{ name: cache, cache: main, {settings} }}"),
        &[("REDIS_PASSWORD", password)],
    )
}

const DECLARED: &str = "role: master, version: '>=6', policy: allkeys-lru, persistence: aof, \
                        memory: 80%, keys: [{ pattern: 'user_profile:*', ttl_at_most: 1h }]";

#[test]
fn a_redis_that_is_as_declared_passes() -> support::Result<()> {
    let server = redis(&[
        "maxmemory 64mb",
        "maxmemory-policy allkeys-lru",
        "appendonly yes",
    ])?;
    server.send(&[
        "SET user_profile:1 a EX 3600",
        "SET user_profile:2 b EX 60",
        "SET other c",
    ])?;
    let ran = ask_redis(&server, DECLARED, PASSWORD);
    passes(
        &ran,
        "redis",
        &[
            "without a password `PING` was refused (NOAUTH)",
            "/0 answered PONG",
            "maxmemory-policy is allkeys-lru",
            "2 keys of `user_profile:*` expire within",
        ],
    );
    assert!(!ran.all().contains(PASSWORD), "{}", ran.all());
    Ok(())
}

#[test]
fn a_redis_that_is_not_as_declared_fails_in_every_way() -> support::Result<()> {
    let server = redis(&[
        "maxmemory 900kb",
        "maxmemory-policy noeviction",
        "appendonly no",
        "save \"\"",
    ])?;
    // Without room nothing could be written, so the limit comes after the key.
    let ran = ask_redis(
        &server,
        "role: replica, version: '>=99', policy: allkeys-lru, persistence: aof, memory: 80%",
        PASSWORD,
    );
    has(
        &findings(&ran, "redis"),
        &[
            "which must be a version in `>=99`",
            "is a master, not a replica",
            "has the maxmemory-policy `noeviction`",
            "of its memory, and 80% are allowed",
            "does not append its writes to a file",
        ],
    );
    let all = ran.all();
    assert!(
        all.contains("REDISCLI_AUTH=\"$REDIS_PASSWORD\" redis-cli -h 127.0.0.1"),
        "{all}"
    );
    Ok(())
}

#[test]
fn keys_that_never_expire_or_live_too_long_fail() -> support::Result<()> {
    let server = redis(&[])?;
    server.send(&[
        "SET oauth:1 a",
        "SET oauth:2 b EX 9000",
        "SET oauth:3 c EX 5",
    ])?;
    let keys = "keys: [{ pattern: 'oauth:*', ttl_at_most: 30m }]";
    let ran = ask_redis(&server, keys, PASSWORD);
    has(
        &findings(&ran, "redis"),
        &[
            "1 of 3 keys of `oauth:*` never expire",
            "1 of 3 keys of `oauth:*` live longer than 30m, one of them for ",
        ],
    );
    let none = "keys: [{ pattern: 'nobody:*', ttl_at_most: 30m }]";
    let ran = ask_redis(&server, none, PASSWORD);
    ran.ends(
        3,
        &["no key of `nobody:*` could be looked at: there is none"],
    );
    Ok(())
}

#[test]
fn a_wrong_password_and_none_at_all_fail() -> support::Result<()> {
    let guarded = redis(&[])?;
    let ran = ask_redis(&guarded, "within: 5s", "wrong-password");
    ran.ends(1, &["does not take the password of its `url`: `-WRONGPASS"]);
    let open = RedisServer::start(&RedisOptions::default())?;
    let url = format!("redis://:${{REDIS_PASSWORD}}@{}/0", open.address());
    let ran = run(
        &format!("caches: {{ main: {{ url: '{url}' }} }}"),
        "redis: { name: cache, cache: main }",
        &[("REDIS_PASSWORD", PASSWORD)],
    );
    has(
        &findings(&ran, "redis"),
        &[
            "needs no password: `PING` without one was answered `+PONG`",
            "does not take the password of its `url`: `-ERR AUTH <password> called without",
        ],
    );
    Ok(())
}

#[test]
fn tls_is_verified_and_its_absence_is_seen() -> support::Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let authority = Authority::new()?;
    let trusted = authority.trusted_in(folder.path())?.display().to_string();
    let server = RedisServer::start(&RedisOptions {
        password: Some(PASSWORD.into()),
        certificate: Some(authority.localhost()?),
        ..RedisOptions::default()
    })?;
    let environment = format!(
        "caches: {{ main: {{ url: '{}' }} }}",
        server.url("REDIS_PASSWORD")
    );
    let probe = "redis: { name: cache, cache: main, role: master }";
    let ask = |environment: &str, trusted: &str| {
        let variables = [("REDIS_PASSWORD", PASSWORD), ("SSL_CERT_FILE", trusted)];
        run(environment, probe, &variables)
    };
    passes(
        &ask(&environment, &trusted),
        "redis",
        &["rediss://localhost", "answered PONG"],
    );
    let others = Authority::new()?;
    let other = others.trusted_in(tempfile::tempdir().expect("works").keep().as_path())?;
    let ran = ask(&environment, &other.display().to_string());
    ran.ends(1, &["`cache` cannot be trusted: invalid peer certificate"]);
    let plain = environment.replace("rediss://", "redis://");
    let ran = ask(&plain, &trusted);
    assert_eq!(
        ran.code,
        3,
        "a TLS port does not answer plainly: {}",
        ran.all()
    );
    Ok(())
}

#[test]
fn what_an_acl_keeps_back_is_unknown_and_nothing_else() -> support::Result<()> {
    let server = redis(&["user app on >app-pass-word ~* +ping +info +select"])?;
    let url = format!("redis://app:${{APP}}@{}/0", server.address());
    let environment = format!("caches: {{ main: {{ url: '{url}' }} }}");
    let ask = |settings: &str| {
        let probe = format!("redis: {{ name: cache, cache: main, {settings} }}");
        run(&environment, &probe, &[("APP", "app-pass-word")])
    };
    passes(&ask("role: master"), "redis", &["`cache`: is a master"]);
    let ran = ask("role: master, persistence: rdb");
    ran.ends(3, &["`CONFIG GET save` was answered with `-NOPERM"]);
    Ok(())
}

#[test]
fn a_user_of_redis_who_needs_no_password_fails() -> support::Result<()> {
    let server = redis(&["user app on nopass ~* +ping +info +select"])?;
    let url = format!("redis://app:${{APP}}@{}/0", server.address());
    let ran = run(
        &format!("caches: {{ main: {{ url: '{url}' }} }}"),
        "redis: { name: cache, cache: main }",
        &[("APP", "app-pass-word")],
    );
    has(
        &findings(&ran, "redis"),
        &["`cache` takes any password: one that was made up was answered `+OK`"],
    );
    assert!(!ran.all().contains("app-pass-word"), "{}", ran.all());
    Ok(())
}

#[test]
fn what_is_no_redis_is_never_a_pass_and_never_hangs() -> support::Result<()> {
    let begun = Instant::now();
    for (garbage, word) in [
        (
            Garbage::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
            "not the protocol of Redis",
        ),
        (
            Garbage::Send(b"+PO".to_vec()),
            "closed the connection without an answer",
        ),
        (Garbage::Send(vec![0xff; 50]), "not the protocol of Redis"),
        (Garbage::Endless(b"*1\r\n".repeat(500)), "more than 8 deep"),
        (Garbage::Endless(vec![b'+'; 1000]), "a line of more than"),
        (
            Garbage::Send(b"$999999999\r\n".to_vec()),
            "a length of 999999999",
        ),
    ] {
        let server = GarbageServer::start(garbage.clone())?;
        let url = format!("redis://:${{PW}}@{}/0", server.address());
        let ran = run(
            &format!("caches: {{ main: {{ url: '{url}' }} }}"),
            "redis: { name: cache, cache: main, within: 1s }",
            &[("PW", "secret-pass")],
        );
        ran.ends(3, &[word]);
    }
    let server = GarbageServer::start(Garbage::Half(b"$100\r\nabc".to_vec()))?;
    let url = format!("redis://:${{PW}}@{}/0", server.address());
    let ran = run(
        &format!("caches: {{ main: {{ url: '{url}' }} }}"),
        "redis: { name: cache, cache: main, within: 1s }",
        &[("PW", "secret-pass")],
    );
    ran.ends(
        1,
        &["`cache` had no whole answer in time, and 1s are allowed (1 attempt)"],
    );
    assert!(begun.elapsed() < Duration::from_secs(60));
    let nobody = "caches: { main: { url: 'redis://:${PW}@127.0.0.1:1/0' } }";
    let ran = run(
        nobody,
        "redis: { name: cache, cache: main }",
        &[("PW", "secret-pass")],
    );
    ran.ends(3, &["refused"]);
    Ok(())
}

// --- PostgreSQL ------------------------------------------------------------------------------

struct Cluster {
    process_manager: ProcessManager,
    postgres: Postgres,
}

fn cluster(options: &PostgresOptions) -> support::Result<Cluster> {
    let process_manager = ProcessManager::start_temporary()?;
    let postgres = Postgres::start_with(&process_manager, options)?;
    postgres.create_database("cal", "owner", PASSWORD)?;
    postgres.execute(
        "cal",
        &format!(
            "CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'; CREATE TABLE entries (id int); \
             INSERT INTO entries VALUES (1), (2), (3); GRANT SELECT ON entries TO app"
        ),
    )?;
    Ok(Cluster {
        process_manager,
        postgres,
    })
}

fn ask_postgres(port: u16, who: &str, settings: &str, variables: &[(&str, &str)]) -> Ran {
    let url = format!("postgres://{who}:${{PG_PASSWORD}}@localhost:{port}/cal");
    let mut all = vec![("PG_PASSWORD", PASSWORD)];
    all.extend(variables);
    run(
        &format!("databases: {{ main: {{ url: '{url}' }} }}"),
        &format!("postgres: {{ name: data, database: main, {settings} }}"),
        &all,
    )
}

#[test]
fn a_postgres_that_is_as_declared_passes_over_tls() -> support::Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let authority = Authority::new()?;
    let trusted = authority.trusted_in(folder.path())?.display().to_string();
    let certificate = Some(authority.localhost()?);
    let cluster = cluster(&PostgresOptions { certificate })?;
    let port = cluster.postgres.port();
    let declared = "version: '>=13', tls: required, recovery: false, role: { name: app, \
                    bypass_rls: false, owner: false, create_database: false }, \
                    query: { sql: 'SELECT id FROM entries ORDER BY 1', rows: 3, value: { at_least: 1 } }";
    let ran = ask_postgres(port, "app", declared, &[("SSL_CERT_FILE", &trusted)]);
    passes(
        &ran,
        "postgres",
        &[
            "answered as `app` in the database `cal`",
            "the server's end is encrypted (TLSv1.3",
            "`app` is no superuser",
            "`app` has no rights of an owner",
            "the server is not in recovery",
            "its `query` found 3 rows",
        ],
    );
    assert!(!ran.all().contains(PASSWORD), "{}", ran.all());
    let others = Authority::new()?;
    let other = others.trusted_in(tempfile::tempdir().expect("works").keep().as_path())?;
    let other = other.display().to_string();
    let ran = ask_postgres(port, "app", "tls: required", &[("SSL_CERT_FILE", &other)]);
    ran.ends(1, &["`data` cannot be trusted: invalid peer certificate"]);
    Ok(())
}

#[test]
fn a_postgres_that_is_not_as_declared_fails_in_every_way() -> support::Result<()> {
    let cluster = cluster(&PostgresOptions::default())?;
    let port = cluster.postgres.port();
    let role = "ALTER ROLE app SUPERUSER BYPASSRLS";
    cluster.postgres.execute("cal", role)?;
    let ran = ask_postgres(
        port,
        "app",
        "version: '>=99', recovery: true, role: { name: web, bypass_rls: false, owner: false }, \
         query: { sql: 'SELECT count(*) FROM entries', value: 7 }",
        &[],
    );
    has(
        &findings(&ran, "postgres"),
        &[
            "which must be a version in `>=99`",
            "lets the application in as `app`, not as `web`",
            "the role `app` is a superuser",
            "the role `app` bypasses row level security",
            "the role `app` has the rights of the owner",
            "takes writes, and must follow another server",
            "its `query` found 3, which must be 7",
        ],
    );
    let trusted = [("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")];
    let ran = ask_postgres(port, "app", "tls: required", &trusted);
    ran.ends(1, &["`data` has no TLS, which is demanded"]);
    let ran = ask_postgres(port, "owner", "role: { owner: false }", &[]);
    ran.ends(
        1,
        &["the role `owner` has the rights of the owner of the database"],
    );
    // It inherits nothing, and may become each of them.
    let member =
        format!("CREATE ROLE heir LOGIN NOINHERIT PASSWORD '{PASSWORD}'; GRANT owner, app TO heir");
    cluster.postgres.execute("cal", &member)?;
    let ran = ask_postgres(
        port,
        "heir",
        "role: { owner: false, bypass_rls: false }",
        &[],
    );
    has(
        &findings(&ran, "postgres"),
        &[
            "the role `heir` is a superuser, itself or as a member of app, owner",
            "the role `heir` bypasses row level security, itself or as a member of",
            "the role `heir` has the rights of the owner",
        ],
    );
    let ran = ask_postgres(port, "nobody", "version: '>=13'", &[]);
    ran.ends(
        1,
        &[
            "does not let the application in",
            "[28P01]",
            "PGPASSWORD=\"$PG_PASSWORD\" psql",
        ],
    );
    Ok(())
}

#[test]
fn a_question_can_neither_write_nor_take_too_long() -> support::Result<()> {
    let cluster = cluster(&PostgresOptions::default())?;
    let port = cluster.postgres.port();
    let ask = |sql: &str, within: &str| {
        let settings =
            format!("within: {within}, query: {{ sql: \"{sql}\", rows: {{ at_least: 0 }} }}");
        ask_postgres(port, "owner", &settings, &[])
    };
    let writes = "WITH gone AS (DELETE FROM entries RETURNING id) SELECT * FROM gone";
    ask(writes, "5s").ends(1, &["refused its `query`"]);
    ask("SELECT 1; DROP TABLE entries", "5s").ends(1, &["refused its `query`", "[42601]"]);
    ask("SELECT nextval('s')", "5s").ends(1, &["refused its `query`"]);
    ask("SELECT pg_sleep(60)", "1s").ends(1, &["[57014]"]);
    let many = ask("SELECT * FROM generate_series(1, 100000)", "5s");
    passes(&many, "postgres", &["10000 rows or more"]);
    ask("DELETE FROM entries", "5s")
        .ends(2, &["has a `query` that begins with `DELETE FROM entries`"]);
    let left = cluster
        .postgres
        .query_strings("cal", "SELECT count(*) FROM entries")?;
    assert_eq!(left, [[Some("3".to_owned())]]);
    Ok(())
}

#[test]
fn a_replica_tells_how_far_it_is_behind() -> support::Result<()> {
    let cluster = cluster(&PostgresOptions::default())?;
    let replica = cluster
        .postgres
        .replica(&cluster.process_manager, "replica")?;
    let limits = "lag_at_most: 5s, unreplayed_at_most: 1MiB";
    let ran = ask_postgres(replica.port(), "app", limits, &[]);
    passes(
        &ran,
        "postgres",
        &["the server is in recovery", "at most 1.0 MiB allowed"],
    );
    // What is received and not replayed is what a replica is behind.
    replica.execute("cal", "SELECT pg_wal_replay_pause()")?;
    let paused = "SELECT pg_get_wal_replay_pause_state() = 'paused'";
    until(|| replica.query_strings("cal", paused), "t")?;
    cluster.postgres.execute(
        "cal",
        "INSERT INTO entries SELECT generate_series(1, 50000)",
    )?;
    let waits =
        "SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) > 2000000";
    until(|| replica.query_strings("cal", waits), "t")?;
    let ran = ask_postgres(replica.port(), "app", "recovery: false, within: 5s", &[]);
    ran.ends(1, &["is in recovery, and must take writes"]);
    let strict = "unreplayed_at_most: 1MiB";
    let ran = ask_postgres(replica.port(), "app", strict, &[]);
    ran.ends(1, &["has not yet replayed"]);
    let ran = ask_postgres(cluster.postgres.port(), "app", limits, &[]);
    ran.ends(1, &["takes writes, and must follow another server"]);
    Ok(())
}

fn until(
    ask: impl Fn() -> support::Result<Vec<Vec<Option<String>>>>,
    wanted: &str,
) -> support::Result<()> {
    support::deadline::wait_until("a replica", Duration::from_secs(20), || match ask() {
        Ok(rows) if rows == [[Some(wanted.to_owned())]] => Ok(()),
        Ok(rows) => Err(format!("{rows:?}")),
        Err(error) => Err(error.to_string()),
    })
}

#[test]
fn what_is_no_postgres_is_never_a_pass_and_never_hangs() -> support::Result<()> {
    for garbage in [
        Garbage::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        Garbage::Send(Vec::new()),
        Garbage::Half(b"R".to_vec()),
        Garbage::Endless(b"R\x7f\xff\xff\xff".to_vec()),
        Garbage::Endless(b"N\0\0\0\x05\0".to_vec()),
        Garbage::Endless(vec![0xff; 4096]),
    ] {
        // What never ends is either too much or too late, whatever comes first.
        let is_finite = matches!(garbage, Garbage::Send(_));
        let server = GarbageServer::start(garbage)?;
        let ran = ask_postgres(server.address().port(), "app", "within: 1s", &[]);
        match ran.code {
            3 => ran.ends(3, &["`data` had no answer"]),
            _ if is_finite => panic!("{}", ran.all()),
            _ => ran.ends(1, &["`data` had no whole answer in time"]),
        }
    }
    Ok(())
}

// --- metrics ---------------------------------------------------------------------------------

/// A service with a counter of the requests to `/chores`, and a token for its metrics.
fn service(metrics: impl Fn(u64, &str) -> Reply + Send + Sync + 'static) -> Server {
    let count = AtomicU64::new(0);
    release(move |request| match request.path.as_str() {
        "/metrics" => metrics(count.load(Ordering::SeqCst), &request.head),
        "/chores" => {
            count.fetch_add(1, Ordering::SeqCst);
            Reply::Send(answer(200, "1.1.0", "done"))
        }
        _ => Reply::Send(answer(404, "1.1.0", "")),
    })
}

fn exposition(count: u64) -> Reply {
    let text = format!(
        "# HELP work_total Work.\n# TYPE work_total counter\nwork_total{{status=\"200\"}} {count}\n\
         # TYPE alcs_sessions_active gauge\nalcs_sessions_active 0\n# TYPE d histogram\n\
         d_bucket{{le=\"+Inf\"}} {count}\nd_sum 0.5\nd_count {count}\n"
    );
    Reply::Send(answer(200, "1.1.0", &text))
}

fn ask_metrics(server: &Server, settings: &str) -> Ran {
    let probes = format!("metrics: {{ name: counters, {settings} }}");
    let sandbox = Sandbox::with_file(&file(&server.url(), "", &probes));
    sandbox.run_with(&[], &[("METRICS_TOKEN", "metrics-t0ken")])
}

const FAMILIES: &str = "families: { work_total: { type: counter, labels: { status: '200' } }, \
                        alcs_sessions_active: { type: gauge, value: { at_least: 0 } }, \
                        d: { type: histogram } }, moves: [work_total, d], traffic: /chores";

#[test]
fn metrics_that_are_there_and_move_and_are_kept_from_outside_pass() {
    let server = service(|count, head| {
        if head.contains("metrics-t0ken") {
            exposition(count)
        } else {
            Reply::Send(answer(401, "1.1.0", ""))
        }
    });
    let guarded = "headers: { authorization: 'Bearer ${METRICS_TOKEN}' }, outside: forbidden";
    let ran = ask_metrics(&server, &format!("{FAMILIES}, {guarded}"));
    passes(
        &ran,
        "metrics",
        &[
            "`work_total{status=\"200\"}` went from 0 to 5 with 5 requests",
            "whoever is outside was answered 401",
        ],
    );
    assert!(!ran.all().contains("metrics-t0ken"), "{}", ran.all());
}

#[test]
fn metrics_that_are_missing_still_or_for_everybody_fail() {
    let server = service(|_, _| exposition(7));
    let settings = "families: { work_totals: {}, alcs_sessions_active: { type: counter, \
                    value: { at_least: 1 } } }, moves: [work_total], traffic: /chores, \
                    headers: { authorization: 'Bearer ${METRICS_TOKEN}' }, outside: forbidden";
    let ran = ask_metrics(&server, settings);
    has(
        &findings(&ran, "metrics"),
        &[
            "has no metric `work_totals` (did you mean `work_total`?)",
            "has `alcs_sessions_active` with the type gauge, not counter",
            "has `alcs_sessions_active` at 0, which must be at least 1",
            "has `work_total` at 7 before and after 5 requests",
            "answered 200 to whoever is outside, not 401, 403 or 404",
        ],
    );
}

#[test]
fn what_are_no_metrics_fails_and_what_cannot_be_read_is_unknown() {
    for (body, word) in [
        (
            "{\"pool\":{\"size\":5}}",
            "has JSON where metrics are expected",
        ),
        ("<html>", "do not parse at line 1"),
        (
            "up 1\nup{a=\"b} 1\n",
            "do not parse at line 2: the value of `a` is not closed",
        ),
        ("", "without a single sample"),
    ] {
        let server = service(move |_, _| Reply::Send(answer(200, "1.1.0", body)));
        let ran = ask_metrics(&server, "path: /metrics");
        ran.ends(1, &[word]);
    }
    let huge = "up 1\n".repeat(1 << 20);
    let server = service(move |_, _| Reply::Send(answer(200, "1.1.0", &huge)));
    ask_metrics(&server, "path: /metrics").ends(3, &["too many to read"]);
    let server = service(|count, _| exposition(100 - count));
    let ran = ask_metrics(&server, "moves: [work_total], traffic: /chores");
    ran.ends(3, &["lower in a later reading"]);
    let read = AtomicU64::new(0);
    let server = service(move |_, _| exposition(read.fetch_add(1, Ordering::SeqCst)));
    let ran = ask_metrics(&server, "moves: [work_total], traffic: /chores");
    ran.ends(3, &["while it was only read: what moved it cannot be told"]);
    let page = [("x-release", "1.1.0"), ("content-type", "text/html")];
    let server = service(move |_, _| Reply::Send(with_headers(200, &page, "up 1\n")));
    let ran = ask_metrics(&server, "path: /metrics");
    ran.ends(
        1,
        &["has metrics of a type that Prometheus 3 does not scrape"],
    );
    // What is asked for is counted, whatever its name and its type.
    let text = "# TYPE d histogram\nd_bucket{le=\"0.5\"} 900\nd_bucket{le=\"+Inf\"} 1000\n\
                d_sum 55555\nd_count 1000\n# TYPE jobs_created gauge\njobs_created 900000\n";
    let server = service(move |_, _| Reply::Send(answer(200, "1.1.0", text)));
    let few = "sum: { at_most: 5 }";
    let families = format!(
        "families: {{ d: {{ labels: {{ le: '0.5' }}, {few} }}, jobs_created: {{ {few} }} }}"
    );
    let ran = ask_metrics(&server, &families);
    ran.ends(
        1,
        &["adding up to 900,", "`jobs_created` adding up to 900000,"],
    );
}

// --- members ---------------------------------------------------------------------------------

/// A member that answers as a release.
fn member(version: &'static str, status: u16) -> Server {
    Server::start(move |_| Reply::Send(answer(status, version, "{\"status\":\"ok\"}")))
}

fn ask_members(front: &str, members: &[SocketAddr], settings: &str) -> Ran {
    let members: Vec<String> = members.iter().map(|member| format!("'{member}'")).collect();
    let probe = format!(
        "members: {{ name: web, members: [{}], path: /api/health, json: {{ $.status: ok }}, {settings} }}",
        members.join(", ")
    );
    Sandbox::with_file(&file(front, "", &probe)).run(&[])
}

#[test]
fn members_behind_a_real_haproxy_that_are_up_and_of_the_release_pass() -> support::Result<()> {
    let (one, two) = (member("1.1.0", 200), member("1.1.0", 200));
    let members = [one.address(), two.address()];
    let haproxy = Haproxy::start(&members, "/api/health", 2)?;
    let ran = ask_members(&haproxy.url(), &members, "haproxy: { backend: web }");
    passes(
        &ran,
        "members",
        &[
            &format!("`web at {}`: is release 1.1.0", members[1]),
            "`web through the front`: answered 200",
            "all 2 servers of HAProxy's backend `web` are UP",
        ],
    );
    Ok(())
}

#[test]
fn a_dead_member_hides_behind_a_real_haproxy_and_is_found() -> support::Result<()> {
    let one = member("1.1.0", 200);
    let dead = {
        let gone = member("1.1.0", 200);
        gone.address()
    };
    let free = support::ports::free_ports(1)?[0];
    let nobody = SocketAddr::new(dead.ip(), free);
    let haproxy = Haproxy::start(&[one.address(), nobody], "/api/health", 1)?;
    let members = [one.address(), nobody];
    let ran = ask_members(&haproxy.url(), &members, "haproxy: { backend: web }");
    has(
        &findings(&ran, "members"),
        &[
            &format!("`web at {nobody}` does not answer (1 attempt)"),
            "has HAProxy's server `web/member1` at `DOWN`, not UP",
        ],
    );
    let ran = ask_members(
        &haproxy.url(),
        &[one.address()],
        "haproxy: { backend: wed }",
    );
    ran.ends(
        1,
        &["has no servers in HAProxy's backend `wed` (did you mean `web`?)"],
    );
    Ok(())
}

#[test]
fn a_member_of_the_old_release_and_a_sick_one_fail() {
    let (new, old, sick) = (
        member("1.1.0", 200),
        member("1.0.0", 200),
        member("1.1.0", 500),
    );
    let members = [new.address(), old.address(), sick.address()];
    let front = release(|_| Reply::Send(answer(200, "1.1.0", "{\"status\":\"ok\"}")));
    let ran = ask_members(&front.url(), &members, "within: 5s");
    has(
        &findings(&ran, "members"),
        &[
            &format!("`web at {}` is release 1.0.0, not 1.1.0", old.address()),
            &format!(
                "`web at {}` answered 500, not 200 (1 attempt)",
                sick.address()
            ),
        ],
    );
}

#[test]
fn the_members_of_a_target_are_known_without_being_listed() {
    let front = release(|_| Reply::Send(answer(200, "1.1.0", "")));
    let file = file(
        &front.url(),
        "",
        "members: { name: web, path: /api/health }",
    );
    let ran = Sandbox::with_file(&file).run(&[]);
    assert!(finding(&ran, "members").contains("`web at 127.0.0.1:1` does not answer"));
}

// --- good and bad servers --------------------------------------------------------------------

#[test]
fn good_servers_pass_and_bad_ones_fail_every_check() -> support::Result<()> {
    for case in prove::cases() {
        let is_ours =
            |check: &&'static str| ["redis", "postgres", "metrics", "members"].contains(check);
        if !case.checks.iter().all(is_ours) {
            continue;
        }
        for quality in [Quality::Good, Quality::Bad] {
            let started = (case.start)(quality)?;
            let lines = started.environment.iter();
            let lines = lines.map(|(key, entry)| format!("{key}: {{ {entry} }}"));
            let environment = lines.collect::<Vec<_>>().join("\n");
            let variables = started.variables.iter();
            let variables: Vec<_> = variables
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let ran = run(&environment, &started.probes.join("\n"), &variables);
            for check in case.checks {
                match (quality, outcome(&ran, check)) {
                    (Quality::Good, Outcome::Pass { .. }) => {}
                    (Quality::Bad, Outcome::Fail { .. }) => {}
                    (quality, other) => panic!("{quality:?} `{check}`: {other:?}: {}", ran.all()),
                }
            }
        }
    }
    Ok(())
}

#[test]
fn the_sample_service_behind_nginx_shows_metrics_that_move() -> support::Result<()> {
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
    let build = stand.directory().join("build.json");
    let artifact = r#"{"version":"1.1.0","commit":"c0ffee","columns":["id","body"]}"#;
    std::fs::write(&build, artifact).expect("the stand's folder is writable");
    for port in &staging.stable_ports {
        stand.start_instance("staging", *port, &build)?;
    }
    let [one, two] = staging.stable_ports[..] else {
        panic!("two instances were asked for");
    };
    let environment = format!("addresses: {{ one: 'http://127.0.0.1:{one}' }}");
    let probes = format!(
        "metrics: {{ name: counters, at: one, families: {{ http_requests_total: {{ type: counter, \
         labels: {{ status: '200' }} }}, http_request_duration_seconds: {{ type: histogram }} }}, \
         moves: [http_requests_total, http_request_duration_seconds], traffic: /api/status }}\n\
         members: {{ name: web, members: ['127.0.0.1:{one}', '127.0.0.1:{two}'], path: /api/health, \
         json: {{ $.status: ok }} }}"
    );
    let file =
        file(&staging.front_url, &environment, &probes).replace("path: /id", "path: /api/health");
    let ran = Sandbox::with_file(&file).run(&[]);
    let moved = "`http_request_duration_seconds` went from ";
    passes(
        &ran,
        "metrics",
        &["`http_requests_total{status=\"200\"}` went from ", moved],
    );
    passes(
        &ran,
        "members",
        &[&format!("`web at 127.0.0.1:{two}`: is release 1.1.0")],
    );
    Ok(())
}

// --- mistakes in the file --------------------------------------------------------------------

#[test]
fn a_probe_that_could_never_hold_or_never_fail_is_refused_with_its_place() {
    let caches = "caches: { main: { url: 'redis://:${PW}@127.0.0.1:1/0' }, \
                  odd: { url: 'http://h' }, open: { url: 'redis://h' } }\n\
                  databases: { main: { url: 'postgres://a:${PW}@h/b?sslmode=disable' }, \
                  two: { url: 'postgres://a@h,i/b' } }";
    for (probe, word) in [
        (
            "redis: { name: c, cache: mian }",
            "does not have; did you mean `main`?",
        ),
        (
            "redis: { name: c, cache: odd }",
            "must start with `redis://` or `rediss://`",
        ),
        (
            "redis: { name: c, cache: open }",
            "needs a password in the `url` of the cache `open`",
        ),
        (
            "redis: { name: c, cache: main, policy: lru }",
            "which Redis does not have",
        ),
        (
            "redis: { name: c, cache: main, version: new }",
            "is no range of versions",
        ),
        (
            "redis: { name: c, cache: main, memory: 0% }",
            "has a `memory` of 0%",
        ),
        (
            "redis: { name: c, cache: main, keys: [{ pattern: '', ttl_at_most: 1s }] }",
            "with an empty `pattern`",
        ),
        (
            "postgres: { name: d, database: mian }",
            "does not have; did you mean `main`?",
        ),
        (
            "postgres: { name: d, database: main, tls: required }",
            "says `sslmode=disable`",
        ),
        ("postgres: { name: d, database: two }", "at several hosts"),
        (
            "postgres: { name: d, database: main, query: { sql: SELECT 1 } }",
            "so every answer would do",
        ),
        (
            "metrics: { name: m, moves: [a] }",
            "no `traffic` that moves them",
        ),
        (
            "metrics: { name: m, outside: forbidden }",
            "add `headers`, or `at`",
        ),
        (
            "metrics: { name: m, families: { a: { value: { exists: false } } } }",
            "both to be there and not to be there",
        ),
        (
            "members: { name: m, path: /, service: wbe }",
            "did you mean `web`?",
        ),
        (
            "members: { name: m, path: /, group: canary }",
            "finds no member of `web`",
        ),
        (
            "members: { name: m, path: /, members: ['a:1', 'a:1'] }",
            "has the member `a:1` twice",
        ),
        (
            "members: { name: m, path: /, status: [] }",
            "has no `status`",
        ),
    ] {
        let file = file("http://127.0.0.1:1", caches, probe);
        let ran = Sandbox::with_file(&file).run_with(&[], &[("PW", "some-password")]);
        ran.ends(2, &[word]);
        assert!(ran.stderr.contains("sluicegate.yml:"), "{}", ran.all());
    }
}

#[test]
fn a_plan_names_every_call_and_no_secret() {
    let environment = "caches: { main: { url: 'redis://:${PW}@127.0.0.1:1/0' } }\n\
                       databases: { main: { url: 'postgres://a:${PW}@h/b' } }";
    let probes = "redis: { name: c, cache: main, keys: [{ pattern: 'a:*', ttl_at_most: 1s }] }\n\
                  postgres: { name: d, database: main, query: { sql: SELECT 1, value: 1 } }\n\
                  metrics: { name: m, moves: [a_total], traffic: /x }\n\
                  members: { name: w, path: /health }";
    let file = file("http://127.0.0.1:1", environment, probes);
    let ran = Sandbox::with_file(&file).run_with(&["--plan"], &[("PW", "some-password")]);
    ran.ends(
        0,
        &[
            "redis://127.0.0.1:1/0 AUTH, PING, INFO, SCAN a:* and PTTL of 20",
            "postgres://a@h:5432/b BEGIN READ ONLY",
            "traffic that moves a_total",
            "the member 127.0.0.1:1 as the release",
        ],
    );
    assert!(!ran.all().contains("some-password"), "{}", ran.all());
}
