//! The files of this repository and its five binaries.

use shared::config::Gate;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that holds everything.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file that git tracks or would track, relative to the root and sorted.
pub fn files() -> Vec<String> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "these tests run in a clone");
    let listed = String::from_utf8(output.stdout).expect("our file names are UTF-8");
    let mut files: Vec<String> = listed
        .split_terminator('\0')
        .filter(|file| root().join(file).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    files
}

/// The Rust files below these folders.
pub fn rust_files(folders: &[&str]) -> Vec<String> {
    let is_below = |file: &String| folders.iter().any(|folder| file.starts_with(folder));
    let is_rust = |file: &String| file.ends_with(".rs");
    files()
        .into_iter()
        .filter(is_rust)
        .filter(is_below)
        .collect()
}

/// The text of a file; fails when it is not there.
pub fn read(file: &str) -> String {
    let path = root().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("`{file}`: {error}"))
}

/// The program of a gate.
pub fn binary(gate: Gate) -> PathBuf {
    PathBuf::from(match gate {
        Gate::PreflightChecklist => env!("CARGO_BIN_EXE_preflight-checklist"),
        Gate::MigrateGate => env!("CARGO_BIN_EXE_migrate-gate"),
        Gate::SmokeTest => env!("CARGO_BIN_EXE_smoke-test"),
        Gate::CanaryPromote => env!("CARGO_BIN_EXE_canary-promote"),
        Gate::Rollback => env!("CARGO_BIN_EXE_rollback"),
    })
}

/// What a gate prints on standard output; fails unless it exits with 0.
pub fn printed(gate: Gate, arguments: &[&str]) -> String {
    let output = Command::new(binary(gate))
        .args(arguments)
        .env_clear()
        .output()
        .expect("the binary is built");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{gate} {arguments:?}: {} {stderr}",
        output.status
    );
    String::from_utf8(output.stdout).expect("reports are UTF-8")
}
