//! Builds smoke-test around libFuzzer and runs it. What it finds stays in `target/fuzz`.

use crate::{Result, build};

/// The instrumentation that libFuzzer is led by, as cargo-fuzz sets it:
/// <https://github.com/rust-fuzz/cargo-fuzz/blob/main/src/project.rs>.
const FLAGS: [&str; 7] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// The longest input, in bytes.
const LONGEST: u32 = 4096;

/// Runs for so many seconds; an input that panics, takes ten seconds or 512 MB ends it.
pub fn run(seconds: u32) -> Result {
    let folder = build::target().join("fuzz");
    let corpus = folder.join("corpus");
    std::fs::create_dir_all(&corpus)?;
    // With a target, build scripts and macros are built without the flags.
    let host = host()?;
    // `cargo` is that of the toolchain that runs this; only rustup's own finds another.
    let mut cargo = std::process::Command::new("cargo");
    cargo.current_dir(build::root()).args([
        "+nightly",
        "build",
        "--quiet",
        "--bin",
        "smoke-test",
        "--target",
        &host,
        "--target-dir",
    ]);
    cargo.arg(&folder);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    cargo.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    build::succeed(&mut cargo)?;
    let mut fuzzer = std::process::Command::new(folder.join(&host).join("debug/smoke-test"));
    let artifacts = format!("-artifact_prefix={}/", folder.display());
    fuzzer.arg(&corpus).args([
        format!("-max_total_time={seconds}"),
        format!("-max_len={LONGEST}"),
        "-timeout=10".to_owned(),
        "-rss_limit_mb=512".to_owned(),
        "-print_final_stats=1".to_owned(),
        artifacts,
    ]);
    build::succeed(&mut fuzzer)
}

/// This machine as rustc calls it.
fn host() -> Result<String> {
    let output = std::process::Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("`rustc -vV` names no host")?.to_owned())
}
