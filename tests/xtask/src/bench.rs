//! Speed and size as ratios against a peer in one run: medians of interleaved runs.

mod measure;
mod nginx;
mod smoke;

use crate::{Result, build};
use measure::{command, interleaved};
use shared::config::Gate;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

/// Runs of each side.
const RUNS: usize = 41;

/// Builds in the release profile and prints the figures.
pub fn run() -> Result {
    build::succeed(build::cargo().args([
        "build",
        "--release",
        "--package",
        "sluicegate",
        "--bins",
    ]))?;
    let binaries = build::target().join("release");
    println!("size of each stripped binary (limit 15 MB):");
    for gate in Gate::ALL {
        let bytes = std::fs::metadata(binaries.join(gate.name()))?.len();
        println!("  {:<20} {:>6.2} MB", gate.name(), bytes as f64 / 1e6);
    }
    let folder = build::target().join("bench");
    let port = serve()?;
    prepare(&folder, &configuration(port))?;
    let url = format!("http://127.0.0.1:{port}/health");
    let smoke = || {
        command(
            &binaries.join("smoke-test"),
            &folder,
            &["--release", "HEAD"],
        )
    };
    let curl = || {
        command(
            Path::new("curl"),
            &folder,
            &["-sS", "-o", "/dev/null", "--fail", &url],
        )
    };
    let (ours, theirs) = interleaved(RUNS, &smoke, &curl)?;
    println!("\nsmoke-test with one HTTP check against curl with the same request (limit 2x):");
    println!(
        "  smoke-test {ours:.1} ms, curl {theirs:.1} ms, ratio {:.2}",
        ours / theirs
    );
    println!("\n`--plan` (limit 20 ms) beside `true`:");
    for gate in Gate::ALL {
        // Only migrate-gate has no command that goes without saying.
        let words: &[&str] = match gate {
            Gate::MigrateGate => &["check", "--plan", "--release", "HEAD"],
            _ => &["--plan", "--release", "HEAD"],
        };
        let plan = || command(&binaries.join(gate.name()), &folder, words);
        let nothing = || command(Path::new("true"), &folder, &[]);
        let (ours, theirs) = interleaved(RUNS, &plan, &nothing)?;
        println!("  {:<20} {ours:>5.1} ms (true {theirs:.1} ms)", gate.name());
    }
    smoke::run(&binaries.join("smoke-test"))
}

/// Builds smoke-test in the release profile and prints the figures of what it does many times.
pub fn smoke_test() -> Result {
    build::succeed(build::cargo().args(["build", "--release", "--bin", "smoke-test"]))?;
    smoke::run(&build::target().join("release/smoke-test"))
}

/// A server on a thread of its own that answers every connection once.
fn serve() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 4096];
            // An answer that could not be sent shows as a failed run.
            let _ = stream.read(&mut request).and_then(|_| {
                let body = r#"{"status":"ok"}"#;
                let length = body.len();
                write!(stream, "HTTP/1.1 200 OK\r\nx-release: 1.0.0\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
            });
        }
    });
    Ok(port)
}

fn prepare(folder: &Path, configuration: &str) -> Result {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder.join("migrations"))?;
    std::fs::write(folder.join("sluicegate.yml"), configuration)?;
    std::fs::write(
        folder.join("migrations/0001_one.sql"),
        "create table one (id int);\n",
    )?;
    let script = "git init -q . && git -c user.name=a -c user.email=a@b add sluicegate.yml migrations \
        && git -c user.name=a -c user.email=a@b commit -qm one && git tag v1.0.0";
    build::succeed(Command::new("sh").args(["-c", script]).current_dir(folder))?;
    let entry = serde_json::json!({"environment": "staging", "event": {"began": {
        "schema": 1, "id": "one", "at": "2026-01-01T00:00:00Z", "actor": "bench", "schema_version": "",
        "state": "good", "note": "", "release": {"version": "1.0.0", "commit": commit(folder)?}}}});
    let newer = entry
        .to_string()
        .replace("\"good\"", "\"in-progress\"")
        .replace("\"one\"", "\"two\"");
    std::fs::write(
        folder.join("ledger.jsonl"),
        format!(
            "{entry}\n{}\n",
            newer
                .replace("1.0.0", "0.9.0")
                .replace(&commit(folder)?, &"0".repeat(40))
        ),
    )?;
    Ok(())
}

fn commit(folder: &Path) -> Result<String> {
    let output = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .current_dir(folder)
        .output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn configuration(port: u16) -> String {
    format!(
        "version: 1
project: bench
environments:
  staging:
    url: http://127.0.0.1:{port}
    allow: {{private_addresses: true}}
    variables: [process]
    databases:
      main: {{url: 'postgres://bench@127.0.0.1:1/bench'}}
    ledger: {{file: ledger.jsonl}}
    services:
      web:
        target:
          command:
            deploy: [deploy, '{{version}}']
            stop: [stop]
            stable: ['127.0.0.1:{port}']
            canary: ['127.0.0.1:2']
        router:
          nginx: {{split: split.conf, variable: web, stable: a, canary: b, control: '127.0.0.1:3'}}
services:
  web:
    identity:
      header: {{name: x-release, path: /health}}
preflight:
  tools:
    - {{name: git, version: '>=2'}}
migrations:
  tool:
    sql: {{directory: migrations}}
  database: main
smoke:
  connections: 1
  probes:
    - http: {{name: health, path: /health, json: {{$.status: ok}}}}
canary:
  metrics:
    - probe: {{path: /health}}
"
    )
}
