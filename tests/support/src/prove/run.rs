//! Runs smoke-test against servers of one quality, with every probe of every case at once.

use super::{Case, Quality, Started};
use crate::servers::{HttpServer, Reply};
use crate::{Error, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// How the environment itself tells its release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Every answer is of the release under test.
    Release,
    /// Every answer is of the release before.
    Before,
    /// One answer in three is of the release before.
    Mixed,
}

/// What each check said, by its id: `pass`, `fail`, `unknown` or `skipped`, and its words.
pub type Verdicts = BTreeMap<String, (String, String)>;

/// Runs the binary with the probes of these cases.
pub fn run(binary: &Path, cases: &[Case], quality: Quality, base: Base) -> Result<Verdicts> {
    let folder = tempfile::tempdir().map_err(|why| Error::new(format!("no folder: {why}")))?;
    let environment = environment(base)?;
    let mut started = Vec::new();
    for case in cases {
        started.push((case.start)(quality)?);
    }
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text)
            .map_err(|why| Error::new(format!("cannot write {name}: {why}")))
    };
    write(
        "sluicegate.yml",
        &configuration(&environment.url(), &started),
    )?;
    write(".gitignore", ".sluicegate\n")?;
    for one in &started {
        for (name, text) in &one.files {
            write(name, text)?;
        }
    }
    let trusted: Vec<&str> = (started.iter())
        .flat_map(|one| one.trusted.iter().map(String::as_str))
        .collect();
    write("trusted.pem", &trusted.join("\n"))?;
    commit(folder.path())?;
    let mut command = Command::new(binary);
    command
        .args(["--format", "json"])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder.path());
    if !trusted.is_empty() {
        command.env("SSL_CERT_FILE", folder.path().join("trusted.pem"));
    }
    for one in &started {
        command.envs(one.variables.iter().map(|(name, value)| (*name, value)));
    }
    let output = command
        .output()
        .map_err(|why| Error::new(format!("cannot run {}: {why}", binary.display())))?;
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|_| {
        let said = String::from_utf8_lossy(&output.stderr);
        Error::new(format!("smoke-test made no report: {}", said.trim()))
    })?;
    Ok(verdicts(&report))
}

/// The id of every check that the binary knows.
pub fn catalogue(binary: &Path) -> Result<Vec<String>> {
    let output = Command::new(binary)
        .args(["--list-checks", "--format", "json"])
        .output()
        .map_err(|why| Error::new(format!("cannot run {}: {why}", binary.display())))?;
    let list: Value = serde_json::from_slice(&output.stdout)
        .map_err(|why| Error::new(format!("the catalogue is no JSON: {why}")))?;
    let mut ids = Vec::new();
    ids_of(&list, &mut ids);
    Ok(ids)
}

fn ids_of(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| ids_of(item, ids)),
        Value::Object(map) => match map.get("id").and_then(Value::as_str) {
            Some(id) => ids.push(id.to_owned()),
            None => map.values().for_each(|item| ids_of(item, ids)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn environment(base: Base) -> Result<HttpServer> {
    let answers = AtomicU64::new(0);
    HttpServer::start(move |_| {
        let number = answers.fetch_add(1, Ordering::SeqCst);
        let is_before = match base {
            Base::Release => false,
            Base::Before => true,
            // The first answer is right, so that the wait ends.
            Base::Mixed => number % 3 == 2,
        };
        let mut reply = Reply::new("ok".into());
        let release = if is_before { "1.0.0" } else { "1.1.0" };
        let headers = reply.headers_mut();
        headers.insert(
            "x-release",
            hyper::header::HeaderValue::from_static(release),
        );
        reply
    })
}

fn configuration(url: &str, started: &[Started]) -> String {
    let mut lines: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, value) in started.iter().flat_map(|one| &one.environment) {
        let whole = value.trim();
        let inner = (whole.strip_prefix('{')).and_then(|rest| rest.strip_suffix('}'));
        lines.entry(key).or_default().push(inner.unwrap_or(whole));
    }
    let allow = lines.entry("allow").or_default();
    allow.push("private_addresses: true, requests: 100000, per_second: 5000");
    let lines: String = lines
        .iter()
        .map(|(key, values)| format!("    {key}: {{{}}}\n", values.join(", ")))
        .collect();
    let probes: String = started
        .iter()
        .flat_map(|one| &one.probes)
        .map(|probe| format!("    - {probe}\n"))
        .collect();
    let probes = match probes.is_empty() {
        true => "    - http: {name: base, path: /}\n".to_owned(),
        false => probes,
    };
    format!(
        "version: 1\nproject: prove\nenvironments:\n  staging:\n    url: {url}\n{lines}    services:\n      \
         web:\n        target:\n          command: {{deploy: [deploy], stop: [stop], stable: ['127.0.0.1:1'], canary: []}}\n\
         services:\n  web:\n    identity:\n      header: {{name: x-release, path: /}}\n\
         smoke:\n  wait: 2s\n  consecutive: 1\n  connections: 6\n  probes:\n{probes}"
    )
}

fn commit(folder: &Path) -> Result<()> {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
    for words in [
        &["init", "-q", "-b", "main", "."][..],
        &["add", "."],
        &["commit", "-q", "-m", "all"],
        &["tag", "v1.1.0"],
    ] {
        let mut git = Command::new("git");
        git.args(identity).args(words).current_dir(folder);
        git.env("HOME", folder).env("GIT_CONFIG_NOSYSTEM", "1");
        let is_done = git.status().is_ok_and(|status| status.success());
        if !is_done {
            return Err(Error::new(format!("git {} failed", words.join(" "))));
        }
    }
    Ok(())
}

fn verdicts(report: &Value) -> Verdicts {
    let records = report
        .pointer("/records")
        .or_else(|| report.pointer("/checks"));
    let records = records
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let verdicts = records.iter().filter_map(|record| {
        let check = record["check"].as_str()?.to_owned();
        let outcome = &record["outcome"];
        let result = outcome["result"].as_str()?.to_owned();
        Some((check, (result, outcome.to_string())))
    });
    verdicts.collect()
}
