//! The speed of smoke-test: many checks at once, and the processor time of its load.

use super::measure::{command, interleaved, median, memory, processor, timed};
use super::nginx;
use super::{configuration, prepare, serve};
use crate::{Result, build};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::program;

/// The latency of the server for many checks.
const LATENCY: Duration = Duration::from_millis(20);
const CHECKS: usize = 20;
const RUNS: usize = 15;
/// Rounds of load, each with every tool.
const ROUNDS: usize = 5;
const REQUESTS: usize = 100_000;

/// Prints everything.
pub fn run(binary: &Path) -> Result {
    many(binary)?;
    load(binary)
}

fn many(binary: &Path) -> Result {
    let port = slow_server()?;
    let (one, all) = (folder("one"), folder("many"));
    prepare(&one, &with_probes(port, 1))?;
    prepare(&all, &with_probes(port, CHECKS))?;
    let words = ["--release", "HEAD"];
    let (single, many) = interleaved(RUNS, &|| command(binary, &one, &words), &|| {
        command(binary, &all, &words)
    })?;
    let slowest = slowest(&all)?;
    let sum = LATENCY.as_secs_f64() * 1000.0 * CHECKS as f64;
    println!("\n{CHECKS} mixed HTTP checks, 20 ms of latency (as long as one check, limit 1.25x):");
    println!(
        "  one check {single:.1} ms, {CHECKS} checks {many:.1} ms, ratio {:.2}; slowest answer \
         {slowest:.1} ms, one after the other at least {sum:.0} ms",
        many / single
    );
    let mut sizes = Vec::new();
    for _ in 0..RUNS {
        sizes.push(memory(command(binary, &all, &words))?);
    }
    println!("  memory {:.1} MB (limit 15 MB)", median(&mut sizes));
    peer_of_one((&one, port), binary)
}

/// One check against Hurl with the same request, where there is one: the whole process beside a
/// server that answers at once, and what waiting adds. smoke-test asks three times, one after the
/// other (is it there, is it the release, is it right), Hurl asks once.
fn peer_of_one(slow: (&Path, u16), binary: &Path) -> Result {
    let Some(hurl) = program::find("hurl", &[]) else {
        println!("\none check against hurl: NOT MEASURED, there is no `hurl` on this machine");
        return Ok(());
    };
    let quick = (folder("quick"), serve()?);
    prepare(&quick.0, &with_probes(quick.1, 1))?;
    println!("\none check, whole process, against hurl:");
    for (folder, port, server) in [
        (quick.0.as_path(), quick.1, "without latency (limit 0.7x)"),
        (slow.0, slow.1, "with 20 ms, three round trips against one"),
    ] {
        let file = folder.join("one.hurl");
        let text = format!(
            "GET http://127.0.0.1:{port}/health\nHTTP 200\n[Asserts]\njsonpath \"$.status\" == \"ok\"\n"
        );
        std::fs::write(&file, text)?;
        let file = file.display().to_string();
        let (ours, theirs) = interleaved(
            RUNS,
            &|| command(binary, folder, &["--release", "HEAD"]),
            &|| command(&hurl, folder, &["--test", &file]),
        )?;
        println!(
            "  smoke-test {ours:.1} ms, hurl {theirs:.1} ms, ratio {:.2}: {server}",
            ours / theirs
        );
    }
    Ok(())
}

/// The slowest answer of the last run, from its receipt.
fn slowest(folder: &Path) -> Result<f64> {
    let path = folder.join("report.json");
    let arguments = ["--release", "HEAD", "--format", "json"];
    let binary = build::target().join("release/smoke-test");
    let mut shown = command(&binary, folder, &arguments);
    let file = std::fs::File::create(&path)?;
    timed(shown.stdout(file))?;
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&path)?)?;
    let probes = report["detail"]["http"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let times = probes
        .iter()
        .filter_map(|probe| probe["milliseconds"]["total"].as_f64());
    Ok(times.fold(0.0, f64::max))
}

fn with_probes(port: u16, count: usize) -> String {
    let kinds = [
        "path: /health, json: {$.status: ok}",
        "path: /page, contains: [status]",
        "path: /api, response_headers: {x-release: 1.0.0}",
        "path: /other, method: HEAD",
    ];
    let probes = (0..count).map(|number| {
        let kind = kinds[number % kinds.len()];
        format!("    - http: {{name: check-{number}, {kind}}}\n")
    });
    let probes: String = probes.collect();
    let text = configuration(port);
    let (before, rest) = text.split_once("  probes:\n").expect("is in the text");
    let (_, after) = rest.split_once("canary:\n").expect("is in the text");
    format!("{before}  probes:\n{probes}canary:\n{after}")
}

/// Answers every connection after a while, each on a thread of its own.
fn slow_server() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer_late(stream));
        }
    });
    Ok(port)
}

fn answer_late(mut stream: TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    let body = if line.starts_with("HEAD") {
        ""
    } else {
        r#"{"status":"ok"}"#
    };
    while lines.read_line(&mut line)? > 2 {}
    std::thread::sleep(LATENCY);
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nx-release: 1.0.0\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{body}"
    )
}

/// One tool and its processor time for each request, in microseconds.
struct Tool {
    name: &'static str,
    limit: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    times: Vec<f64>,
}

fn load(binary: &Path) -> Result {
    let folder = folder("load");
    let port = support::ports::free_ports(1)?[0];
    let url = format!("http://127.0.0.1:{port}/health");
    prepare(&folder, &with_load(port))?;
    let _nginx = nginx::start(&folder, port)?;
    println!("\nprocessor time of each request, 20 connections to nginx, medians of {ROUNDS}:");
    let mut tools = vec![Tool {
        name: "smoke-test",
        limit: "",
        program: binary.to_owned(),
        arguments: ["--release", "HEAD", "--only", "load"]
            .map(str::to_owned)
            .into(),
        times: Vec::new(),
    }];
    tools.extend(peers(&url));
    for _ in 0..ROUNDS {
        for tool in &mut tools {
            let arguments: Vec<&str> = tool.arguments.iter().map(String::as_str).collect();
            let (seconds, text) = processor(&tool.program, &folder, &arguments)?;
            let requests = requests(tool.name, &text)?;
            tool.times.push(seconds * 1e6 / requests);
        }
    }
    let mut ours = 0.0;
    for tool in &mut tools {
        let time = median(&mut tool.times);
        if tool.name == "smoke-test" {
            ours = time;
            println!("  {:<11} {time:>6.2} us", tool.name);
        } else {
            let ratio = ours / time;
            println!(
                "  {:<11} {time:>6.2} us, ratio {ratio:.2} (limit {})",
                tool.name, tool.limit
            );
        }
    }
    Ok(())
}

/// The other tools that this machine has.
fn peers(url: &str) -> Vec<Tool> {
    let count = REQUESTS.to_string();
    let all = [
        ("wrk", "1.2x", vec!["-t1", "-c20", "-d3s", url]),
        ("hey", "0.5x", vec!["-n", &count, "-c", "20", url]),
        (
            "oha",
            "1.2x",
            vec!["-n", &count, "-c", "20", "--no-tui", url],
        ),
    ];
    let mut tools = Vec::new();
    for (name, limit, arguments) in all {
        let Some(program) = program::find(name, &[]) else {
            println!("  {name}: NOT MEASURED, it is not on this machine");
            continue;
        };
        tools.push(Tool {
            name,
            limit,
            program,
            arguments: arguments.into_iter().map(str::to_owned).collect(),
            times: Vec::new(),
        });
    }
    tools
}

/// How many requests a tool has sent. `wrk` alone is told how long and not how many.
fn requests(name: &str, text: &str) -> Result<f64> {
    if name != "wrk" {
        return Ok(REQUESTS as f64);
    }
    let line = text.lines().find(|line| line.contains(" requests in "));
    let count = line.and_then(|line| line.split_whitespace().next());
    let count = count.and_then(|count| count.parse().ok());
    count.ok_or_else(|| format!("wrk does not say how many requests: {text}").into())
}

fn with_load(port: u16) -> String {
    let text = configuration(port);
    let probe = format!(
        "    - load: {{name: load, path: /health, users: 20, requests: {}, \
         warm_up: {{requests: 20}}, p95: 5s}}\n",
        REQUESTS - 20
    );
    let text = text.replace(
        "allow: {private_addresses: true}",
        "allow: {private_addresses: true, requests: 10000000, per_second: 10000000}",
    );
    text.replace("canary:\n  metrics", &format!("{probe}canary:\n  metrics"))
}

fn folder(name: &str) -> PathBuf {
    build::target().join("bench").join(name)
}
