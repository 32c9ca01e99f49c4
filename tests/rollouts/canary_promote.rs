//! canary-promote through its binary, against real nginx, PostgreSQL and instances.

use crate::rig::{GATES, Rig, with_steps};
use std::time::{Duration, Instant};

const CANARY: &str = env!("CARGO_BIN_EXE_canary-promote");

#[test]
fn a_good_release_takes_over_without_an_error_for_anybody() {
    let rig = Rig::start(1, &with_steps("[10%, 50%]"));
    rig.first_release("1.0.0");
    let traffic = rig.traffic(300);
    let run = rig.run(CANARY, &["--release", "v1.1.0"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stdout
            .contains("production runs 1.1.0: it took over from 1.0.0"),
        "{run}"
    );
    assert_eq!(rig.releases_seen(20), ["1.1.0"], "{run}");
    assert_eq!(rig.weight(), 0);
    let totals = traffic.stop();
    assert!(totals.requests > 100, "{totals:?}");
    assert_eq!(totals.errors, 0, "{totals:?}\n{run}");
    let receipt = run.receipt();
    assert_eq!(receipt["settled"], true);
    assert_eq!(receipt["effects"][0]["effect"]["name"], "ledger-begin");
}

#[test]
fn a_release_with_five_percent_errors_is_taken_back_and_the_summary_says_why() {
    let rig = Rig::start(
        1,
        &with_steps("[10%, 50%]").replace("excess: 20%", "excess: 1%"),
    );
    rig.first_release("1.0.0");
    let traffic = rig.traffic(400);
    let summary = rig.path("summary.md");
    let outputs = rig.path("outputs");
    let run = rig.run_with(CANARY, &["--release", "v1.3.0"], |command| {
        command.env("GITHUB_ACTIONS", "true");
        command
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("GITHUB_OUTPUT", &outputs);
    });
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(rig.releases_seen(20), ["1.0.0"]);
    assert_eq!(rig.weight(), 0);
    let totals = traffic.stop();
    assert!(totals.errors * 20 < totals.requests, "{totals:?}");
    let summary = std::fs::read_to_string(&summary).expect("was written");
    for words in [
        "1.3.0 was aborted",
        "production is back on 1.0.0 with all traffic",
        "error-rate",
        "1.3.0",
    ] {
        assert!(
            summary.contains(words),
            "{words:?} is not in the summary:\n{summary}"
        );
    }
    let outputs = std::fs::read_to_string(&outputs).expect("was written");
    assert!(
        outputs.contains("verdict<<") && outputs.contains("\nfail\n"),
        "{outputs}"
    );
    // The ledger remembers: no later rollback goes there.
    let ledger = std::fs::read_to_string(rig.path("ledger.jsonl")).expect("is there");
    assert!(ledger.contains("\"bad\""), "{ledger}");
}

#[test]
fn a_canary_that_does_not_start_leaves_stable_alone() {
    let rig = Rig::start(1, GATES);
    rig.first_release("1.0.0");
    rig.break_artifact("1.1.0");
    let run = rig.run(CANARY, &["--release", "v1.1.0"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("production is back on 1.0.0"), "{run}");
    assert_eq!(rig.releases_seen(10), ["1.0.0"]);
}

#[test]
fn a_weight_that_somebody_else_changes_ends_the_run_and_stable_gets_everything() {
    let rig = Rig::start(
        1,
        &with_steps("[10%]").replace("dwell: 100ms", "dwell: 15s"),
    );
    rig.first_release("1.0.0");
    let child = rig.spawn(CANARY, &["--release", "v1.1.0"]);
    rig.wait_for_first_weight();
    rig.set_weight_by_hand(7000);
    let run = rig.finish(child);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stdout.contains("somebody else changed"), "{run}");
    assert_eq!(rig.weight(), 0);
    assert_eq!(rig.releases_seen(10), ["1.0.0"]);
}

#[test]
fn a_cancelled_run_puts_traffic_back_well_before_it_is_killed() {
    let rig = Rig::start(
        1,
        &with_steps("[10%]").replace("dwell: 100ms", "dwell: 15s"),
    );
    rig.first_release("1.0.0");
    let child = rig.spawn(CANARY, &["--release", "v1.1.0"]);
    rig.wait_for_first_weight();
    let start = Instant::now();
    support::processes::interrupt(child.id()).expect("it runs");
    let run = rig.finish(child);
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_millis(7500), "{elapsed:?}");
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stdout.contains("asked to stop"), "{run}");
    assert_eq!(rig.weight(), 0);
    assert_eq!(run.receipt()["settled"], true);
}

#[test]
fn a_silent_stable_member_neither_delays_an_abort_nor_is_restarted_by_it() {
    let rig = Rig::start(
        2,
        &with_steps("[10%]").replace("dwell: 100ms", "dwell: 15s"),
    );
    rig.first_release("1.0.0");
    let child = rig.spawn(CANARY, &["--release", "v1.1.0"]);
    rig.wait_for_first_weight();
    rig.stop_stable_instance(0);
    support::processes::interrupt(child.id()).expect("it runs");
    let run = rig.finish(child);
    assert_eq!(run.code, 3, "{run}");
    assert_eq!(rig.weight(), 0);
    let receipt = run.receipt();
    let effects = receipt["effects"].as_array().expect("is a list");
    let to_stable = |effect: &&serde_json::Value| effect["effect"]["detail"]["group"] == "stable";
    assert_eq!(effects.iter().find(to_stable), None, "{run}");
}

#[test]
fn an_evidence_that_does_not_come_in_time_is_inconclusive_not_pass() {
    let config = with_steps("[10%]")
        .replace("deadline: 20s", "deadline: 1s")
        .replace("excess: 20%", "excess: 0.1%");
    let rig = Rig::start(1, &config);
    rig.first_release("1.0.0");
    let run = rig.run(CANARY, &["--release", "v1.1.0"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stdout.contains("the evidence is not enough"), "{run}");
    assert_eq!(rig.releases_seen(10), ["1.0.0"]);
}

#[test]
fn a_missing_receipt_stops_before_anything_is_touched() {
    let config = format!(
        "{GATES}receipts: {{require: {{production: {{canary-promote: [migrate-gate]}}}}}}\n"
    );
    let rig = Rig::start(1, &config);
    let before = rig.split_file();
    let run = rig.run(CANARY, &["--release", "v1.0.0"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stdout.contains("migrate-gate.json"), "{run}");
    assert_eq!(rig.split_file(), before);
    assert!(!rig.path("ledger.jsonl").exists());
}

#[test]
fn the_plan_prints_every_call_and_changes_nothing() {
    let rig = Rig::start(1, GATES);
    let before = rig.split_file();
    let run = rig.run(CANARY, &["--release", "v1.1.0", "--plan"]);
    assert_eq!(run.code, 0, "{run}");
    for words in ["split_clients", "deploy/deploy", "nothing was changed"] {
        assert!(run.stdout.contains(words), "{words:?}: {run}");
    }
    assert_eq!(rig.split_file(), before);
    assert!(!rig.path(".sluicegate").exists());
}

/// Kills the run before and after every line of its journal, and reconciles each time.
#[test]
fn killed_at_any_instant_reconcile_puts_traffic_back_on_one_release() {
    let rig = Rig::start(1, &with_steps("[10%, 50%]"));
    rig.first_release("1.0.0");
    let traffic = rig.traffic(100);
    let (mut stable, mut killed) = ("1.0.0".to_owned(), 0);
    for point in 1..1000 {
        let next = if stable == "1.0.0" { "1.1.0" } else { "1.0.0" };
        let run = rig.run_with(CANARY, &["--release", &format!("v{next}")], |command| {
            command.env("SLUICEGATE_TEST_KILL_POINT", point.to_string());
        });
        if run.code == 0 {
            break;
        }
        assert_eq!(run.code, -9, "point {point}: {run}");
        killed += 1;
        let reconciled = rig.run(CANARY, &["reconcile"]);
        assert_eq!(reconciled.code, 0, "point {point}: {reconciled}");
        let seen = rig.releases_seen(10);
        assert_eq!(seen.len(), 1, "point {point}: {seen:?}\n{reconciled}");
        assert_eq!(rig.weight(), 0, "point {point}: {reconciled}");
        assert!(!rig.is_canary_up(), "point {point}: {reconciled}");
        stable.clone_from(&seen[0]);
        let again = rig.run(CANARY, &["reconcile"]);
        assert!(
            again.stdout.contains("nothing was left to finish or undo"),
            "point {point}: {again}"
        );
    }
    let totals = traffic.stop();
    println!(
        "kill points: {killed}, lost: 0, requests: {}, errors: {}",
        totals.requests, totals.errors
    );
    assert!(killed > 20, "only {killed} kill points were met");
    assert_eq!(totals.errors, 0, "{totals:?}");
}
