//! The stand, put up for real: PostgreSQL, nginx, instances and traffic.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::deadline::wait_until;
use support::request::{get, post};
use support::stand::{EnvironmentStand, Stand, StandOptions};
use support::totals::Totals;
use support::traffic::Traffic;
use support::{Error, Result};

const TABLE: &str = "CREATE TABLE entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now())";

fn staging_only() -> StandOptions {
    StandOptions {
        environments: vec!["staging".into()],
        ..StandOptions::default()
    }
}

/// Writes an artifact into the stand, as a release would be.
fn artifact(stand: &Stand, version: &str) -> Result<PathBuf> {
    let path = stand.directory().join(format!("build-{version}.json"));
    let text = format!(r#"{{"version":"{version}","commit":"c0ffee","columns":["id","body"]}}"#);
    std::fs::write(&path, text).map_err(|why| Error::new(why.to_string()))?;
    Ok(path)
}

/// A stand whose staging serves one release on all stable instances.
fn staging_with_release(version: &str) -> Result<(Stand, EnvironmentStand)> {
    let began = Instant::now();
    let stand = Stand::start(&staging_only())?;
    eprintln!(
        "stand of one environment: {} ms",
        began.elapsed().as_millis()
    );
    let staging = stand.environment("staging")?.clone();
    // As the owner, because that is who migrates: otherwise the service could not read the table.
    stand
        .postgres()
        .execute("staging", &format!("SET ROLE staging; {TABLE}"))?;
    let build = artifact(&stand, version)?;
    for port in &staging.stable_ports {
        let began = Instant::now();
        stand.start_instance("staging", *port, &build)?;
        eprintln!(
            "instance, until healthy: {} ms",
            began.elapsed().as_millis()
        );
    }
    Ok((stand, staging))
}

fn wait_for(traffic: &Traffic, what: &str, is_reached: impl Fn(&Totals) -> bool) -> Result<Totals> {
    wait_until(what, Duration::from_secs(10), || {
        let totals = traffic.totals();
        if is_reached(&totals) {
            Ok(totals)
        } else {
            Err(format!("{totals:?}"))
        }
    })
}

#[test]
fn a_whole_stand_serves_traffic_without_errors() -> Result<()> {
    let began = Instant::now();
    let both = Stand::start(&StandOptions::default())?;
    eprintln!(
        "stand of both environments: {} ms",
        began.elapsed().as_millis()
    );
    assert_eq!(
        both.environments.keys().collect::<Vec<_>>(),
        ["production", "staging"]
    );
    let directory = both.directory().to_owned();
    let began = Instant::now();
    drop(both);
    eprintln!("end of it: {} ms", began.elapsed().as_millis());
    assert!(!directory.exists());

    let (_stand, staging) = staging_with_release("1.0.0")?;
    let traffic = Traffic::start(&staging.front_url, 100)?;
    // The traffic of two seconds.
    wait_for(&traffic, "200 requests", |totals| totals.requests >= 200)?;
    let totals = traffic.stop();
    assert_eq!(totals.errors, 0, "{totals:?}");
    assert_eq!(totals.by_release.get("1.0.0"), Some(&(totals.requests, 0)));
    Ok(())
}

#[test]
fn a_fault_that_is_switched_on_is_seen_as_errors() -> Result<()> {
    let (_stand, staging) = staging_with_release("1.0.0")?;
    let traffic = Traffic::start(&staging.front_url, 200)?;
    let before = wait_for(&traffic, "traffic", |totals| totals.requests >= 20)?;
    assert_eq!(before.errors, 0);
    for port in &staging.stable_ports {
        let faults = r#"{"error_share":0.5,"delay_milliseconds":1}"#;
        assert_eq!(
            post(&format!("http://127.0.0.1:{port}/faults"), faults)?.status,
            200
        );
    }
    let switched = traffic.totals();
    wait_for(&traffic, "errors", |totals| {
        (totals - &switched).requests >= 100
    })?;
    let since = &traffic.stop() - &switched;
    // Requests on their way while it was switched on, and three instances with a count of their own.
    assert!(since.errors * 10 >= since.requests * 4, "{since:?}");
    assert!(since.errors * 10 <= since.requests * 6, "{since:?}");
    Ok(())
}

#[test]
fn every_answer_of_an_instance_is_as_promised() -> Result<()> {
    let (_stand, staging) = staging_with_release("1.1.0")?;
    let instance = format!("http://127.0.0.1:{}", staging.stable_ports[0]);
    let created = post(
        &format!("{instance}/api/entries"),
        r#"{"body":"it's \"here\""}"#,
    )?;
    assert_eq!(
        (created.status, created.body.as_str()),
        (201, r#"{"id":1}"#)
    );
    let entries = get(&format!("{instance}/api/entries"))?;
    assert_eq!(
        entries.body,
        r#"{"entries":[{"body":"it's \"here\"","id":1}]}"#
    );
    let status = get(&format!("{instance}/api/status"))?;
    let body: Value =
        serde_json::from_str(&status.body).map_err(|why| Error::new(why.to_string()))?;
    assert!(body["uptime_seconds"].is_u64(), "{body}");
    assert_eq!([&body["version"], &body["commit"]], ["1.1.0", "c0ffee"]);
    assert_eq!(
        [&body["port"], &body["entries"]],
        [i64::from(staging.stable_ports[0]), 1]
    );
    assert_eq!(
        (status.status, status.release.as_deref()),
        (200, Some("1.1.0"))
    );
    for (path, body) in [
        ("/faults", r#"{"panic":true}"#),
        ("/api/entries", r#"{"text":""}"#),
    ] {
        assert_eq!(post(&format!("{instance}{path}"), body)?.status, 400);
    }
    assert_eq!(get(&format!("{instance}/nowhere"))?.status, 404);
    Ok(())
}

#[test]
fn every_exact_status_is_counted_but_no_probe() -> Result<()> {
    let (_stand, staging) = staging_with_release("1.1.0")?;
    let instance = format!("http://127.0.0.1:{}", staging.stable_ports[0]);
    for path in [
        "/api/status",
        "/api/entries",
        "/nowhere",
        "/api/health",
        "/faults",
        "/metrics",
    ] {
        get(&format!("{instance}{path}"))?;
    }
    post(&format!("{instance}/api/entries"), r#"{"body":"one"}"#)?;
    let metrics = get(&format!("{instance}/metrics"))?.body;
    for line in [
        "200\",release=\"1.1.0\"} 2",
        "201\",release=\"1.1.0\"} 1",
        "404\",release=\"1.1.0\"} 1",
    ] {
        assert!(
            metrics.contains(&format!("http_requests_total{{status=\"{line}\n")),
            "{metrics}"
        );
    }
    assert!(
        metrics.contains("http_request_duration_seconds_count{release=\"1.1.0\"} 4\n"),
        "{metrics}"
    );
    Ok(())
}

#[test]
fn a_dropped_column_breaks_the_release_that_names_it() -> Result<()> {
    let (stand, staging) = staging_with_release("1.1.0")?;
    assert_eq!(
        get(&format!("{}/api/entries", staging.front_url))?.status,
        200
    );
    let change = "ALTER TABLE entries DROP COLUMN body";
    stand.postgres().execute("staging", change)?;
    let broken = get(&format!("{}/api/entries", staging.front_url))?;
    let reason =
        r#"{"reason":"42703: column \"body\" does not exist","sqlstate":"42703","status":"error"}"#;
    assert_eq!((broken.status, broken.body.as_str()), (500, reason));
    assert_eq!(broken.release.as_deref(), Some("1.1.0"));
    Ok(())
}

#[test]
fn a_lost_database_is_unhealthy_and_a_returned_one_is_found_again() -> Result<()> {
    let (stand, staging) = staging_with_release("1.0.0")?;
    let health = format!("http://127.0.0.1:{}/api/health", staging.stable_ports[0]);
    stand.process_manager().stop_child("postgres")?;
    let down = get(&health)?;
    assert_eq!(down.status, 503, "{down:?}");
    stand
        .process_manager()
        .start_child(stand.postgres().child())?;
    wait_until(
        "the service being healthy again",
        Duration::from_secs(20),
        || match get(&health) {
            Ok(answer) if answer.status == 200 => Ok(()),
            other => Err(format!("{other:?}")),
        },
    )
}

#[test]
fn a_new_split_applies_after_a_reload_without_an_error() -> Result<()> {
    let (stand, staging) = staging_with_release("1.0.0")?;
    let build = artifact(&stand, "2.0.0")?;
    for port in &staging.canary_ports {
        stand.start_instance("staging", *port, &build)?;
    }
    let traffic = Traffic::start(&staging.front_url, 200)?;
    wait_for(&traffic, "traffic", |totals| totals.requests >= 20)?;
    let split = "split_clients $request_id $sluicegate_web { 50% web_canary; * web_stable; }\n";
    std::fs::write(staging.nginx.split_file(), split).map_err(|why| Error::new(why.to_string()))?;
    for command in [staging.nginx.test_command(), staging.nginx.reload_command()] {
        let output = std::process::Command::new(&command[0])
            .args(&command[1..])
            .output();
        let output = output.map_err(|why| Error::new(why.to_string()))?;
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let is_split = |totals: &Totals| {
        totals
            .by_release
            .get("2.0.0")
            .is_some_and(|counts| counts.0 >= 50)
    };
    wait_for(&traffic, "requests on the canary", is_split)?;
    let totals = traffic.stop();
    assert_eq!(totals.errors, 0, "{totals:?}");
    let log = std::fs::read_to_string(staging.nginx.access_log()).unwrap_or_default();
    assert!(
        log.contains(&format!(
            r#""upstream":"127.0.0.1:{}","#,
            staging.canary_ports[0]
        )),
        "{log}"
    );
    Ok(())
}
