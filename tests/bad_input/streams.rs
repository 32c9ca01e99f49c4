//! Standard output or standard error that takes nothing.

use crate::ran::run;
use crate::sandbox::{Sandbox, command_of};
use shared::config::Gate;
use std::fs::OpenOptions;
use std::process::Stdio;

/// A pipe that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("there are enough descriptors");
    drop(reader);
    writer.into()
}

/// A device that is always full; Linux only.
fn full() -> Option<Stdio> {
    OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .ok()
        .map(Stdio::from)
}

fn places() -> Vec<(&'static str, Stdio)> {
    let full = full();
    assert!(
        full.is_some() || !cfg!(target_os = "linux"),
        "Linux has /dev/full"
    );
    let mut places = vec![("a closed pipe", closed())];
    places.extend(full.map(|full| ("a full device", full)));
    places
}

/// What only prints, by gate.
fn printing(gate: Gate) -> Vec<Vec<&'static str>> {
    let mut all = vec![
        vec!["--list-checks"],
        vec!["--list-checks", "--format", "json"],
        vec!["--explain", "receipts"],
        vec!["--plan", "-e", "staging"],
        vec!["--plan", "-e", "staging", "--format", "json"],
    ];
    match gate {
        Gate::Rollback => all.push(vec!["list", "-e", "staging"]),
        Gate::MigrateGate => all.iter_mut().for_each(|words| words.insert(0, "check")),
        Gate::PreflightChecklist | Gate::SmokeTest | Gate::CanaryPromote => {}
    }
    all
}

#[test]
fn what_only_prints_and_cannot_is_exit_2_and_one_line() {
    let sandbox = Sandbox::new();
    for gate in Gate::ALL {
        for words in printing(gate) {
            for (place, stdout) in places() {
                let before = sandbox.snapshot();
                let ran = run(sandbox.command(gate).args(&words).stdout(stdout));
                let what = format!(
                    "{gate} {words:?} into {place}: {:?} {}",
                    ran.code, ran.stderr
                );
                assert_eq!(ran.code, Some(2), "{what}");
                assert_eq!(ran.stderr.lines().count(), 1, "{what}");
                assert!(
                    ran.stderr.starts_with("error: ") && ran.stderr.contains("standard output"),
                    "{what}"
                );
                assert!(
                    sandbox.snapshot() == before && sandbox.contacts() == 0,
                    "{what}"
                );
            }
        }
        for words in ["--help", "--version"] {
            for (place, stdout) in places() {
                let ran = run(sandbox.command(gate).arg(words).stdout(stdout));
                assert_eq!(
                    ran.code,
                    Some(2),
                    "{gate} {words} into {place}: {}",
                    ran.stderr
                );
                assert!(
                    !ran.is_broken(),
                    "{gate} {words} into {place}: {}",
                    ran.stderr
                );
            }
        }
    }
}

#[test]
fn a_report_that_cannot_be_printed_is_never_a_pass() {
    let mut sandbox = Sandbox::new();
    sandbox.close();
    for gate in Gate::ALL {
        for format in ["text", "json", "html"] {
            for (place, stdout) in places() {
                let mut command = sandbox.command(gate);
                command
                    .args(command_of(gate))
                    .args(["-e", "staging", "--format", format])
                    .stdout(stdout);
                let ran = run(&mut command);
                let what = format!(
                    "{gate} as {format} into {place}: {:?} {}",
                    ran.code, ran.stderr
                );
                // A no stays a no.
                assert!(matches!(ran.code, Some(1..=4)), "{what}");
                let told = ran.errors();
                assert!(
                    told.len() == 1 && told[0].contains("standard output"),
                    "{what}"
                );
                assert!(!ran.is_broken(), "{what}");
            }
        }
    }
}

/// preflight-checklist passes here without any server, so the pass is what is lost.
#[test]
fn a_pass_that_nobody_can_read_is_unknown() {
    let sandbox = Sandbox::new();
    let arguments = ["-e", "staging", "--skip", "databases"];
    let ran = run(sandbox.command(Gate::PreflightChecklist).args(arguments));
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    for (place, stdout) in places() {
        let ran = run(sandbox
            .command(Gate::PreflightChecklist)
            .args(arguments)
            .stdout(stdout));
        assert_eq!(ran.code, Some(3), "{place}: {}", ran.stderr);
        assert_eq!(ran.errors().len(), 1, "{place}: {}", ran.stderr);
    }
}

#[test]
fn standard_error_that_takes_nothing_changes_no_exit_code() {
    let sandbox = Sandbox::new();
    for gate in Gate::ALL {
        for (place, stderr) in places() {
            let ran = run(sandbox
                .command(gate)
                .args(command_of(gate))
                .args(["-e", "none"])
                .stderr(stderr));
            assert_eq!(ran.code, Some(2), "{gate} into {place}");
        }
        for (place, stderr) in places() {
            let ran = run(sandbox.command(gate).arg("--no-such-flag").stderr(stderr));
            assert_eq!(ran.code, Some(2), "{gate} into {place}");
        }
        for (place, stderr) in places() {
            let mut command = sandbox.command(gate);
            command
                .args(command_of(gate))
                .args(["-e", "staging", "--plan", "-vv"])
                .stderr(stderr);
            assert_eq!(run(&mut command).code, Some(0), "{gate} into {place}");
        }
    }
}
