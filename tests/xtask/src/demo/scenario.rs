//! The scenarios, each as the sequence of gates that a workflow would run.

use super::complaints;
use super::screen::{heading, say, sorted, table};
use crate::{Result, build};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::project::Project;
use support::request;
use support::stand::Stand;
use support::traffic::Traffic;

/// Everything that the scenarios share.
pub struct Demo<'a> {
    stand: &'a Stand,
    project: &'a Project,
    binaries: &'a Path,
    interrupt: Arc<AtomicBool>,
    traffic: Option<Traffic>,
    rows: Vec<Vec<String>>,
    receipts: PathBuf,
}

/// How one gate must end, or the demo itself has failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expected {
    Pass = 0,
    Fail = 1,
}

impl<'a> Demo<'a> {
    /// A demo with an empty folder for its receipts.
    pub fn new(
        stand: &'a Stand,
        project: &'a Project,
        binaries: &'a Path,
        interrupt: Arc<AtomicBool>,
    ) -> Result<Self> {
        let receipts = build::target().join("demo");
        if receipts.exists() {
            std::fs::remove_dir_all(&receipts)?;
        }
        std::fs::create_dir_all(&receipts)?;
        Ok(Self {
            stand,
            project,
            binaries,
            interrupt,
            traffic: None,
            rows: Vec::new(),
            receipts,
        })
    }

    /// 1.0.0: the environments are empty, so there is nothing to compare with.
    pub fn first_release(&mut self) -> Result {
        heading("1.0.0 is the first release: empty staging, empty production");
        self.project.check_out("v1.0.0")?;
        self.environment("staging", "1.0.0", Expected::Pass)?;
        self.environment("production", "1.0.0", Expected::Pass)
    }

    /// Sends steady traffic through production from now on.
    pub fn start_traffic(&mut self, per_second: u32) -> Result {
        let url = &self.stand.environment("production")?.front_url;
        say(&format!(
            "a client sends {per_second} requests a second through production from now on ({url})"
        ));
        self.traffic = Some(Traffic::start(url, per_second)?);
        Ok(())
    }

    /// 1.1.0: an additive migration, promoted.
    pub fn good_release(&mut self) -> Result {
        heading("a. 1.1.0 adds a column: staging, then production 10 % -> 50 % -> 100 %");
        self.project.check_out("v1.1.0")?;
        self.environment("staging", "1.1.0", Expected::Pass)?;
        self.environment("production", "1.1.0", Expected::Pass)
    }

    /// 1.2.0: drops a column that 1.1.0 reads; nothing is touched.
    pub fn stopped_by_migrate_gate(&mut self) -> Result {
        heading(
            "b. 1.2.0 drops the column that 1.1.0 still reads: stopped before anything is touched",
        );
        self.project.check_out("v1.2.0")?;
        self.gate(
            "staging",
            "1.2.0",
            "preflight-checklist",
            "",
            Expected::Pass,
        )?;
        self.gate("staging", "1.2.0", "migrate-gate", "check", Expected::Fail)
    }

    /// 1.3.0: 5 % errors in production only; aborted.
    pub fn aborted_by_the_canary(&mut self) -> Result {
        heading("c. 1.3.0 answers 5 % errors, in production only: aborted by the canary");
        self.project.check_out("v1.3.0")?;
        self.environment("staging", "1.3.0", Expected::Pass)?;
        for (gate, command) in [
            ("preflight-checklist", ""),
            ("migrate-gate", "check"),
            ("migrate-gate", "apply"),
        ] {
            self.gate("production", "1.3.0", gate, command, Expected::Pass)?;
        }
        let before = self
            .traffic
            .as_ref()
            .map(Traffic::totals)
            .unwrap_or_default();
        let start = Instant::now();
        self.gate(
            "production",
            "1.3.0",
            "canary-promote",
            "run",
            Expected::Fail,
        )?;
        let seconds = start.elapsed().as_secs_f64();
        if let Some(traffic) = &self.traffic {
            let totals = &traffic.totals() - &before;
            say(&format!(
                "users met {} errors in {} requests; the whole run, deployment included, took {seconds:.1} s",
                totals.errors, totals.requests
            ));
        }
        Ok(())
    }

    /// 1.4.0: promoted, then sick; rolled back.
    pub fn sick_afterwards(&mut self) -> Result {
        heading("d. 1.4.0 is good in the canary and sick afterwards: rollback");
        self.project.check_out("v1.4.0")?;
        self.environment("staging", "1.4.0", Expected::Pass)?;
        self.environment("production", "1.4.0", Expected::Pass)?;
        say("1.4.0 turns sick: 30 % of its answers are errors from now on");
        for port in &self.stand.environment("production")?.stable_ports {
            let url = format!("http://127.0.0.1:{port}/faults");
            request::post(&url, r#"{"error_share": 0.3}"#)?;
        }
        self.traffic.as_ref().map_or(Ok(()), complaints::wait_for)?;
        self.gate("production", "", "rollback", "run", Expected::Pass)?;
        self.gate("production", "1.1.0", "smoke-test", "", Expected::Pass)
    }

    /// All gates of one environment, in the order of a promotion.
    fn environment(&mut self, environment: &str, version: &str, expected: Expected) -> Result {
        for (gate, command) in [
            ("preflight-checklist", ""),
            ("migrate-gate", "check"),
            ("migrate-gate", "apply"),
            ("canary-promote", "run"),
            ("smoke-test", ""),
        ] {
            self.gate(environment, version, gate, command, expected)?;
        }
        Ok(())
    }

    fn gate(
        &mut self,
        environment: &str,
        version: &str,
        gate: &str,
        command: &str,
        expected: Expected,
    ) -> Result {
        self.go_on()?;
        let release = if version.is_empty() {
            "the last good".to_owned()
        } else {
            format!("v{version}")
        };
        say(format!("{gate} {command} ({environment}, {release})")
            .replace("  ", " ")
            .as_str());
        let path = self.receipt_path(environment, version, gate, command);
        let mut process = self.project.gate(&self.binaries.join(gate));
        process
            .args(command.split_whitespace())
            .args(["--environment", environment]);
        if !version.is_empty() {
            process.args(["--release", &release]);
        }
        let before = self
            .traffic
            .as_ref()
            .map(Traffic::totals)
            .unwrap_or_default();
        let start = Instant::now();
        let code = self.wait(process.spawn()?)?;
        let seconds = start.elapsed().as_secs_f64();
        let totals = self
            .traffic
            .as_ref()
            .map(|traffic| &traffic.totals() - &before)
            .unwrap_or_default();
        let suffix = if matches!(command, "" | "run" | "apply") {
            String::new()
        } else {
            format!("-{command}")
        };
        let kept = self.project.root().join(format!(
            ".sluicegate/receipts/{environment}/{gate}{suffix}.json"
        ));
        std::fs::copy(&kept, &path).map_err(|error| format!("{gate} left no receipt: {error}"))?;
        let verdict = ["pass", "fail", "config", "unknown", "unsettled"]
            .get(usize::try_from(code).unwrap_or(9));
        let name = format!("{gate} {command}");
        self.rows.push(vec![
            version.to_owned(),
            environment.to_owned(),
            name.trim().to_owned(),
            (*verdict.unwrap_or(&"?")).to_owned(),
            format!("{seconds:.1}"),
            totals.requests.to_string(),
            totals.errors.to_string(),
        ]);
        if code == expected as i32 {
            return Ok(());
        }
        self.go_on()?;
        Err(format!(
            "{name} of {version} on {environment} ended with exit {code}, expected {expected:?}"
        )
        .into())
    }

    /// An error once Ctrl-C was pressed.
    fn go_on(&self) -> Result {
        match self.interrupt.load(Ordering::SeqCst) {
            true => Err("interrupted".into()),
            false => Ok(()),
        }
    }

    /// Waits for a gate; hands an interrupt on to it once, so that it can put traffic back.
    fn wait(&self, mut child: std::process::Child) -> Result<i32> {
        let mut is_told = false;
        loop {
            if let Some(status) = child.try_wait()? {
                return status
                    .code()
                    .ok_or_else(|| format!("the gate ended with {status}").into());
            }
            if self.interrupt.load(Ordering::SeqCst) && !is_told {
                is_told = true;
                support::processes::interrupt(child.id())?;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn receipt_path(&self, environment: &str, version: &str, gate: &str, command: &str) -> PathBuf {
        let number = self.rows.len() + 1;
        let parts = [version, environment, gate, command];
        let name: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        self.receipts
            .join(format!("{number:02}-{}.json", name.join("-")))
    }

    /// The table, the receipts, and what the client saw in all.
    pub fn end(mut self, started: Instant) -> Result {
        heading("what happened");
        let columns = [
            "release",
            "environment",
            "gate",
            "verdict",
            "seconds",
            "requests",
            "errors seen by users",
        ];
        table(&columns, &self.rows);
        if let Some(traffic) = self.traffic.take() {
            let totals = traffic.stop();
            say(&format!(
                "in all, users sent {} requests and met {} errors:",
                totals.requests, totals.errors
            ));
            for (release, (requests, errors)) in &totals.by_release {
                println!("    {release}: {errors} of {requests}");
            }
        }
        say(&format!("receipts are in {}", self.receipts.display()));
        for entry in sorted(&self.receipts)? {
            println!("    {entry}");
        }
        say(&format!(
            "the demo took {:.0} s",
            started.elapsed().as_secs_f64()
        ));
        Ok(())
    }
}
