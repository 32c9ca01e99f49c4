//! The examples of real systems, run against servers that answer as the system's guide says, and
//! against ones that do not.

mod alcs;
mod cal;
mod calibrate;
mod command_center;
mod faults;
mod personal_assistant;
mod replies;

use crate::sandbox::{Ran, Sandbox};
use shared::config::Document;
use shared::verdict::Outcome;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// An example, in which only addresses are replaced.
pub struct System {
    sandbox: Sandbox,
    variables: Vec<(&'static str, String)>,
}

impl System {
    /// The example of that name as a repository at release 1.1.0. Each replacement must be in
    /// it: an address of the guide, and the address of the server that stands for it.
    pub fn new(name: &str, replacements: &[(&str, &str)]) -> Self {
        let folder = folder(name);
        let mut text = example(name);
        for (from, to) in replacements {
            assert!(
                text.contains(from),
                "`{from}` is not in the example `{name}`"
            );
            text = text.replace(from, to);
        }
        // The servers of a test are on this machine.
        assert!(text.contains("allow: {"), "the example says what it allows");
        if !text.contains("private_addresses: true") {
            text = text.replace("allow: {", "allow: {private_addresses: true, ");
        }
        let sandbox = Sandbox::with_file(&text);
        for file in others(&folder) {
            let name = file
                .file_name()
                .and_then(|name| name.to_str())
                .expect("has a name");
            let text = std::fs::read_to_string(&file).expect("is a text");
            sandbox.write(name, &text);
        }
        Self {
            sandbox,
            variables: Vec::new(),
        }
    }

    /// Sets a variable of the process.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Trusts these certificates (PEM) and no others.
    pub fn trusting(self, pem: &str) -> Self {
        self.sandbox.write("trusted.pem", pem);
        let path = self.sandbox.path().join("trusted.pem");
        self.with("SSL_CERT_FILE", path.display().to_string())
    }

    /// Runs smoke-test on production.
    pub fn run(&self) -> Ran {
        self.run_without(&[])
    }

    /// The same without these checks, and what is asked for them alone.
    pub fn run_without(&self, skipped: &[&str]) -> Ran {
        self.run_on("production", skipped)
    }

    /// Runs smoke-test on this environment without these checks.
    pub fn run_on(&self, environment: &str, skipped: &[&str]) -> Ran {
        let mut arguments = vec!["--environment", environment];
        for check in skipped {
            arguments.extend(["--skip", check]);
        }
        let variables: Vec<(&str, &str)> = (self.variables.iter())
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let mut ran = self.sandbox.run_with(&arguments, &variables);
        // Beside other tests a machine may be too unsteady to measure with, and the gate says so.
        for _ in 0..3 {
            if ran.stdout.contains("this machine shakes") {
                ran = self.sandbox.run_with(&arguments, &variables);
            }
        }
        ran
    }

    /// Writes a program that a probe runs, and has it found before those of the machine.
    pub fn with_program(self, name: &str, script: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        self.sandbox.write(name, script);
        let path = self.sandbox.path().join(name);
        let may_run = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(path, may_run).expect("it was written");
        let machine = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{machine}", self.sandbox.path().display());
        self.with("PATH", path)
    }
}

fn folder(name: &str) -> PathBuf {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    examples.join(name)
}

fn example(name: &str) -> String {
    std::fs::read_to_string(folder(name).join("sluicegate.yml")).expect("is there")
}

/// Asserts that every probe that is said to cover a requirement is in the example, and that every
/// probe of the example covers one.
#[track_caller]
pub fn covers(name: &str, covered: &[(&str, &str)]) {
    let document: Document = serde_saphyr::from_str(&example(name)).expect("is a configuration");
    let smoke = document.smoke.expect("the example has `smoke`");
    let named = smoke.probes.iter().map(|probe| probe.name().value.as_str());
    let named: BTreeSet<&str> = named.collect();
    let said: BTreeSet<&str> = covered.iter().map(|(_, probe)| *probe).collect();
    assert_eq!(named, said);
    let distinct: BTreeSet<_> = covered.iter().collect();
    assert_eq!(distinct.len(), covered.len(), "a row is there twice");
}

/// Does this with all of them, a few at once: most of a run is waiting.
pub fn at_once<T: Sync>(all: &[T], run: impl Fn(&T) + Sync) {
    for few in all.chunks(4) {
        std::thread::scope(|scope| {
            for one in few {
                scope.spawn(|| run(one));
            }
        });
    }
}

fn others(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("is a folder");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.is_file() && !file.ends_with("sluicegate.yml"));
    files.sort();
    files
}

/// Asserts that the run passed and that exactly these checks, besides `ready` and `release`,
/// passed on evidence; the others were skipped.
#[track_caller]
pub fn green(ran: &Ran, checks: &[&str]) {
    assert_eq!(ran.code, 0, "{}", ran.all());
    let receipt = ran.receipt.as_ref().expect("a receipt was written");
    let passed = receipt.records.iter();
    let passed = passed.filter(|record| matches!(record.outcome, Outcome::Pass { .. }));
    let mut passed: Vec<&str> = passed.map(|record| record.check.as_str()).collect();
    passed.retain(|check| !["ready", "release"].contains(check));
    passed.sort_unstable();
    let mut wanted = checks.to_vec();
    wanted.sort_unstable();
    assert_eq!(passed, wanted, "{}", ran.all());
}

/// Asserts that the run failed because of this check and says these words.
#[track_caller]
pub fn red(ran: &Ran, check: &str, words: &str) {
    ran.ends(1, &[words]);
    let receipt = ran.receipt.as_ref().expect("a receipt was written");
    let record = receipt.records.iter().find(|record| record.check == check);
    let outcome = &record.expect("the check was judged").outcome;
    assert!(matches!(outcome, Outcome::Fail { .. }), "{}", ran.all());
}

/// Asserts that the run failed because of this check and no other one, and says these words.
#[track_caller]
pub fn red_only(ran: &Ran, check: &str, words: &str) {
    red(ran, check, words);
    let receipt = ran.receipt.as_ref().expect("a receipt was written");
    let failed = receipt.records.iter();
    let failed = failed.filter(|record| matches!(record.outcome, Outcome::Fail { .. }));
    let failed: Vec<&str> = failed.map(|record| record.check.as_str()).collect();
    assert_eq!(failed, [check], "{}", ran.all());
}
