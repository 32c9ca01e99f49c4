//! rollback through its binary, against real nginx, PostgreSQL and instances.

use crate::rig::{GATES, Rig, with_steps};

const CANARY: &str = env!("CARGO_BIN_EXE_canary-promote");
const ROLLBACK: &str = env!("CARGO_BIN_EXE_rollback");

const MIGRATIONS: &str = "migrations: {tool: {sql: {directory: migrations}}, database: main}\n";

/// 1.0.0, then 1.1.0, then 1.4.0, all promoted.
fn promoted(gates: &str) -> Rig {
    let rig = Rig::start(1, gates);
    rig.first_release("1.0.0");
    for version in ["v1.1.0", "v1.4.0"] {
        let run = rig.run(CANARY, &["--release", version]);
        assert_eq!(run.code, 0, "{run}");
    }
    rig
}

#[test]
fn a_sick_release_goes_and_the_last_good_one_comes_back_without_a_pause() {
    let rig = promoted(GATES);
    rig.make_sick();
    let run = rig.run(ROLLBACK, &[]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains("production is back on 1.1.0"), "{run}");
    assert_eq!(rig.releases_seen(20), ["1.1.0"], "{run}");
    assert_eq!(rig.weight(), 0);
    let list = rig.run(ROLLBACK, &["list"]);
    assert!(list.stdout.contains("rolled back to 1.1.0"), "{list}");
    // A job that is run again must not go back a second step.
    let again = rig.run(ROLLBACK, &[]);
    assert_eq!(again.code, 0, "{again}");
    assert_eq!(rig.releases_seen(10), ["1.1.0"], "{again}");
}

#[test]
fn a_release_that_is_asked_for_must_have_been_good() {
    let rig = promoted(GATES);
    let run = rig.run(ROLLBACK, &["--release", "v1.0.0"]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(rig.releases_seen(10), ["1.0.0"]);
    let never = rig.run(ROLLBACK, &["--release", "v1.2.0"]);
    assert_eq!(never.code, 3, "{never}");
    assert!(
        never.stdout.contains("nobody can say that it was good"),
        "{never}"
    );
    assert_eq!(rig.releases_seen(10), ["1.0.0"]);
    let nowhere = rig.run(ROLLBACK, &["--release", "v9.9.9"]);
    assert_eq!(nowhere.code, 2, "{nowhere}");
}

#[test]
fn a_schema_that_the_target_cannot_use_stops_it_before_anything_is_touched() {
    let rig = promoted(&format!("{GATES}{MIGRATIONS}"));
    rig.record_migration("0009", "drop_note", "no");
    rig.make_sick();
    let before = rig.split_file();
    let run = rig.run(ROLLBACK, &[]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("production was not touched"), "{run}");
    assert!(run.stdout.contains("0009_drop_note"), "{run}");
    assert_eq!(rig.split_file(), before);
    assert_eq!(
        rig.releases_seen(5).last().map(String::as_str),
        Some("1.4.0")
    );
}

#[test]
fn an_artifact_that_is_gone_or_changed_stops_it_before_anything_is_touched() {
    let rig = promoted(GATES);
    rig.break_artifact("1.1.0");
    let changed = rig.run(ROLLBACK, &[]);
    assert_eq!(changed.code, 3, "{changed}");
    assert!(changed.stdout.contains("was good"), "{changed}");
    std::fs::remove_file(rig.path("artifacts/web-1.1.0.json")).expect("is there");
    let gone = rig.run(ROLLBACK, &[]);
    assert_eq!(gone.code, 3, "{gone}");
    assert_eq!(rig.releases_seen(10), ["1.4.0"]);
}

#[test]
fn without_a_history_nobody_knows_where_to_go() {
    let rig = Rig::start(1, GATES);
    let run = rig.run(ROLLBACK, &[]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stdout.contains("the ledger knows no release"), "{run}");
    let plan = rig.run(ROLLBACK, &["--plan"]);
    assert_eq!(plan.code, 3, "{plan}");
}

#[test]
fn a_split_that_a_killed_canary_left_is_taken_back_too() {
    let rig = Rig::start(1, &with_steps("[10%, 50%]"));
    rig.first_release("1.0.0");
    let killed = rig.run_with(CANARY, &["--release", "v1.1.0"], |command| {
        command.env("SLUICEGATE_TEST_KILL_POINT", "10");
    });
    assert_eq!(killed.code, -9, "{killed}");
    let run = rig.run(ROLLBACK, &[]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(rig.releases_seen(10), ["1.0.0"]);
    assert_eq!(rig.weight(), 0);
    assert!(!rig.is_canary_up());
    let status = rig.run(CANARY, &["status"]);
    assert!(status.stdout.contains("no run is open"), "{status}");
}

/// Kills the rollback before and after every line of its journal, and runs it again each time.
#[test]
fn killed_at_any_instant_a_second_run_finishes_it() {
    let rig = promoted(GATES);
    let traffic = rig.traffic(100);
    let mut killed = 0;
    for point in 1..1000 {
        let run = rig.run_with(ROLLBACK, &[], |command| {
            command.env("SLUICEGATE_TEST_KILL_POINT", point.to_string());
        });
        if run.code == 0 {
            break;
        }
        assert_eq!(run.code, -9, "point {point}: {run}");
        killed += 1;
        let again = rig.run(ROLLBACK, &[]);
        assert_eq!(again.code, 0, "point {point}: {again}");
        assert_eq!(rig.releases_seen(10), ["1.1.0"], "point {point}: {again}");
        assert_eq!(rig.weight(), 0, "point {point}: {again}");
        assert!(!rig.is_canary_up(), "point {point}: {again}");
        let forward = rig.run(CANARY, &["--release", "v1.4.0"]);
        assert_eq!(forward.code, 0, "point {point}: {forward}");
    }
    let totals = traffic.stop();
    println!(
        "kill points: {killed}, lost: 0, requests: {}, errors: {}",
        totals.requests, totals.errors
    );
    assert!(killed > 10, "only {killed} kill points were met");
    assert_eq!(totals.errors, 0, "{totals:?}");
}
