//! One environment with a project on it, and the gates run as a CI job runs them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::project::{Project, RELEASES, first_split};
use support::stand::{EnvironmentStand, Stand, StandOptions};
use support::traffic::Traffic;
use support::{deadline, request};

/// The end of a configuration in which a rollout takes about a second.
pub const GATES: &str = "
services:
  web:
    artifact: {file: 'artifacts/web-{version}.json'}
    identity:
      header: {name: x-release, path: /api/health}
canary:
  steps: [50%]
  interval: 100ms
  warm_up: 50ms
  dwell: 100ms
  deadline: 20s
  metrics:
    - scrape: {}
    - probe: {path: /api/status, per_second: 100}
  abort: {ratio: 1.25, excess: 0.1%}
  promote: {ratio: 2, excess: 20%}
rollback: {path: /api/status}
";

/// The same with other steps.
pub fn with_steps(steps: &str) -> String {
    GATES.replace("steps: [50%]", &format!("steps: {steps}"))
}

/// Production on a stand, with the table that every release needs.
pub struct Rig {
    stand: Stand,
    project: Project,
}

/// How a gate ended.
pub struct Run {
    /// The exit code; negative for the signal that ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    root: PathBuf,
}

impl fmt::Display for Run {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "exit {}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

impl Run {
    /// The receipt of the last canary-promote run.
    pub fn receipt(&self) -> serde_json::Value {
        let path = self
            .root
            .join(".sluicegate/receipts/production/canary-promote.json");
        let (receipt, _) = shared::receipt::Receipt::read(&path).expect("the gate leaves one");
        serde_json::to_value(receipt).expect("encodes")
    }
}

impl Rig {
    /// A stand with so many instances of each kind; no release runs yet.
    pub fn start(instances: usize, gates: &str) -> Self {
        let options = StandOptions {
            environments: vec!["production".into()],
            split: first_split,
            instances,
        };
        let stand = Stand::start(&options).expect("the stand starts");
        let table = "create table entries (id bigint generated always as identity primary key, \
             body text not null, note text, author text, created_at timestamptz default now()); \
             alter table entries owner to production;";
        stand
            .postgres()
            .execute("production", table)
            .expect("the database answers");
        let project = Project::create_with(&stand, &RELEASES, gates).expect("git works");
        Self { stand, project }
    }

    fn place(&self) -> &EnvironmentStand {
        self.stand.environment("production").expect("was started")
    }

    /// Puts the first release on the empty environment.
    pub fn first_release(&self, version: &str) {
        let program = env!("CARGO_BIN_EXE_canary-promote");
        let run = self.run(program, &["--release", &format!("v{version}")]);
        assert_eq!(run.code, 0, "{run}");
    }

    /// A steady client.
    pub fn traffic(&self, per_second: u32) -> Traffic {
        Traffic::start(&self.place().front_url, per_second).expect("the front answers")
    }

    /// A path of the repository.
    pub fn path(&self, path: &str) -> PathBuf {
        self.project.root().join(path)
    }

    /// Runs a gate to its end.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Run {
        self.run_with(program, arguments, |_| {})
    }

    /// The same with a change to the command.
    pub fn run_with(
        &self,
        program: &str,
        arguments: &[&str],
        change: impl FnOnce(&mut Command),
    ) -> Run {
        let mut command = self.command(program, arguments);
        change(&mut command);
        self.finish(command.spawn().expect("the binary is built"))
    }

    /// Starts a gate.
    pub fn spawn(&self, program: &str, arguments: &[&str]) -> Child {
        self.command(program, arguments)
            .spawn()
            .expect("the binary is built")
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.project.gate(Path::new(program));
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Waits until a gate has ended.
    pub fn finish(&self, child: Child) -> Run {
        use std::os::unix::process::ExitStatusExt as _;
        let output = child.wait_with_output().expect("the gate ends");
        let signal = output.status.signal().unwrap_or(0);
        Run {
            code: output.status.code().unwrap_or(-signal),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            root: self.project.root().to_owned(),
        }
    }

    /// Which releases answer through the front.
    pub fn releases_seen(&self, requests: usize) -> Vec<String> {
        let url = format!("{}/api/status", self.place().front_url);
        let mut seen: Vec<String> = (0..requests)
            .map(|_| {
                let answer = request::get(&url).expect("the front answers");
                answer
                    .release
                    .unwrap_or_else(|| format!("status {}", answer.status))
            })
            .collect();
        seen.sort();
        seen.dedup();
        seen
    }

    /// The weight that nginx says it has loaded, in hundredths of a percent.
    pub fn weight(&self) -> u32 {
        let url = format!("http://127.0.0.1:{}/", self.place().control_port);
        let answer = request::get(&url).expect("the control port answers");
        let weight = answer
            .body
            .split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok());
        weight.expect("is Sluicegate's own answer")
    }

    /// Waits until the run has set its first weight and has read it back.
    pub fn wait_for_first_weight(&self) {
        let path = self.path(".sluicegate/journal/production.jsonl");
        deadline::wait_until("the first weight", Duration::from_secs(10), || {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let of_this_run = text.rsplit("\"opened\"").next().unwrap_or_default();
            let set = of_this_run.split("set-weight").nth(1).unwrap_or_default();
            if set.contains("\"finished\"") {
                Ok(())
            } else {
                Err(of_this_run.to_owned())
            }
        })
        .expect("the run sets it");
    }

    /// Changes the weight as a person in a hurry would.
    pub fn set_weight_by_hand(&self, weight: u32) {
        let nginx = &self.place().nginx;
        let text = self.split_file();
        let percent = format!("{:.2}%", f64::from(weight) / 100.0);
        let text = text
            .replace("10.00%", &percent)
            .replace("sluicegate_web 1000", &format!("sluicegate_web {weight}"));
        std::fs::write(nginx.split_file(), text).expect("is writable");
        let words = nginx.reload_command();
        let status = Command::new(&words[0]).args(&words[1..]).status();
        assert!(status.expect("nginx is installed").success());
    }

    /// The split file as it is.
    pub fn split_file(&self) -> String {
        std::fs::read_to_string(self.place().nginx.split_file()).expect("is there")
    }

    /// Whether any canary instance answers.
    pub fn is_canary_up(&self) -> bool {
        self.place()
            .canary_ports
            .iter()
            .any(|port| request::get(&format!("http://127.0.0.1:{port}/api/health")).is_ok())
    }

    /// Stops one stable instance behind everybody's back.
    pub fn stop_stable_instance(&self, index: usize) {
        let name = format!("web-{}", self.place().stable_ports[index]);
        let manager = self.stand.process_manager();
        manager.stop_child(&name).expect("it runs");
    }

    /// Makes the artifact of a release one that does not start.
    pub fn break_artifact(&self, version: &str) {
        let path = format!("artifacts/web-{version}.json");
        self.project
            .write(&path, r#"{"version": "1.1.0", "columns": []}"#)
            .expect("is writable");
    }

    /// Has what runs on stable answer every third request with 500 from now on.
    pub fn make_sick(&self) {
        for port in &self.place().stable_ports {
            let url = format!("http://127.0.0.1:{port}/faults");
            request::post(&url, r#"{"error_share": 0.3}"#).expect("the instance answers");
        }
    }

    /// Writes a migration into the history as if migrate-gate had applied it.
    pub fn record_migration(&self, version: &str, name: &str, rollback_safe: &str) {
        let sql = format!(
            "create table if not exists sluicegate_migrations (version text primary key, name text not null, \
             digest text not null, applied_at timestamptz not null default now(), applied_by text not null, \
             release text not null, rollback_safe text not null); \
             insert into sluicegate_migrations (version, name, digest, applied_by, release, rollback_safe) \
             values ('{version}', '{name}', '{}', 'ada', '1.4.0', '{rollback_safe}'); \
             alter table sluicegate_migrations owner to production;",
            "0".repeat(64)
        );
        self.stand
            .postgres()
            .execute("production", &sql)
            .expect("the database answers");
    }
}
