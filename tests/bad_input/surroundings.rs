//! What surrounds a good configuration can be wrong, and need not matter.

use crate::case::Case;
use crate::ran::run;
use crate::sandbox::{Sandbox, command_of};
use shared::config::Gate;

/// What is wrong around the configuration.
pub fn cases() -> Vec<Case> {
    let artifact = "artifacts/web-1.1.0.json";
    let missing = "the artifact of release 1.1.0 cannot be read";
    let remove =
        move |sandbox: &Sandbox| std::fs::remove_file(sandbox.path(artifact)).expect("was there");
    let replace = move |sandbox: &Sandbox| {
        remove(sandbox);
        std::fs::create_dir(sandbox.path(artifact)).expect("is ours");
    };
    vec![
        Case::arguments(
            "no artifact",
            &["--release", "v1.1.0"],
            &[artifact, missing],
        )
        .changing(remove),
        Case::arguments(
            "directory as the artifact",
            &["--release", "v1.1.0"],
            &[artifact, missing],
        )
        .changing(replace),
    ]
}

#[test]
fn a_release_outside_of_a_repository_is_refused() {
    let sandbox = Sandbox::without_repository();
    for gate in Gate::ALL {
        let mut command = sandbox.command(gate);
        command
            .args(command_of(gate))
            .args(["--environment", "staging", "--release", "v1.1.0"]);
        let before = sandbox.snapshot();
        let ran = run(&mut command);
        assert_eq!(ran.code, Some(2), "{gate}: {}", ran.stderr);
        let expected = "error: .: a release is a commit, and this is no git repository; ";
        assert!(ran.stderr.starts_with(expected), "{gate}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{gate}: {}", ran.stderr);
        assert!(
            sandbox.snapshot() == before && sandbox.contacts() == 0,
            "{gate}"
        );
    }
}

#[test]
fn an_unset_variable_of_another_environment_does_not_matter() {
    let sandbox = Sandbox::new();
    for gate in Gate::ALL {
        let mut command = sandbox.command(gate);
        command
            .args(command_of(gate))
            .args(["--environment", "staging", "--plan"]);
        let ran = run(&mut command);
        assert_eq!(ran.code, Some(0), "{gate}: {}", ran.stderr);
        assert!(
            ran.stdout.contains("nothing was changed"),
            "{gate}: {}",
            ran.stdout
        );
        assert_eq!(sandbox.contacts(), 0, "{gate}");
    }
}

#[test]
fn line_ends_and_a_mark_at_the_beginning_do_not_matter() {
    let sandbox = Sandbox::new();
    let config = sandbox.config();
    for text in [config.replace('\n', "\r\n"), format!("\u{feff}{config}")] {
        sandbox.write("sluicegate.yml", text.as_bytes());
        for gate in Gate::ALL {
            let mut command = sandbox.command(gate);
            command
                .args(command_of(gate))
                .args(["--environment", "staging", "--plan"]);
            let ran = run(&mut command);
            assert_eq!(ran.code, Some(0), "{gate}: {}", ran.stderr);
        }
    }
}
