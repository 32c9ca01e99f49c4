//! A repository with a complete configuration, and servers that only count who connects.

use shared::config::Gate;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The configuration with `<0>` to `<5>` for the addresses that it names.
pub const COMPLETE: &str = include_str!("complete.yml");

/// The folder of one gate's runs.
pub struct Sandbox {
    folder: tempfile::TempDir,
    listeners: Vec<TcpListener>,
    addresses: Vec<String>,
    ledger: String,
}

/// The program of a gate.
pub fn program(gate: Gate) -> &'static str {
    match gate {
        Gate::PreflightChecklist => env!("CARGO_BIN_EXE_preflight-checklist"),
        Gate::MigrateGate => env!("CARGO_BIN_EXE_migrate-gate"),
        Gate::SmokeTest => env!("CARGO_BIN_EXE_smoke-test"),
        Gate::CanaryPromote => env!("CARGO_BIN_EXE_canary-promote"),
        Gate::Rollback => env!("CARGO_BIN_EXE_rollback"),
    }
}

/// The command that reads the whole configuration and changes nothing it need not.
pub fn command_of(gate: Gate) -> &'static [&'static str] {
    match gate {
        Gate::MigrateGate => &["check"],
        Gate::PreflightChecklist | Gate::SmokeTest | Gate::CanaryPromote | Gate::Rollback => &[],
    }
}

impl Sandbox {
    /// A repository at release 1.1.0 with everything in place.
    pub fn new() -> Self {
        let listen = |_| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
            listener
                .set_nonblocking(true)
                .expect("a socket can be that");
            listener
        };
        let listeners: Vec<TcpListener> = (0..6).map(listen).collect();
        let address =
            |listener: &TcpListener| listener.local_addr().expect("it listens").to_string();
        let mut sandbox = Self {
            ledger: String::new(),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            addresses: listeners.iter().map(address).collect(),
            listeners,
        };
        sandbox.reset();
        sandbox.git("git init -q -b main . && git add . && git commit -qm one && git tag v1.1.0");
        let commit = sandbox.git("git rev-parse HEAD");
        sandbox.ledger =
            began("1.1.0", commit.trim(), "good") + &began("1.2.0", &"0".repeat(40), "in-progress");
        sandbox.reset();
        sandbox
    }

    /// The same without a repository.
    pub fn without_repository() -> Self {
        let sandbox = Self::new();
        std::fs::remove_dir_all(sandbox.path(".git")).expect("is ours");
        sandbox
    }

    /// The complete configuration with the addresses of this sandbox.
    pub fn config(&self) -> String {
        let mut text = COMPLETE.to_owned();
        for (index, address) in self.addresses.iter().enumerate() {
            text = text.replace(&format!("<{index}>"), address);
        }
        text
    }

    /// Stops listening: from now on every address refuses.
    pub fn close(&mut self) {
        self.listeners.clear();
    }

    /// Puts everything back to how it was, whatever a run or a case has done.
    pub fn reset(&self) {
        for entry in std::fs::read_dir(self.path(""))
            .expect("is there")
            .flatten()
        {
            if entry.file_name() == ".git" {
                continue;
            }
            let path = entry.path();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let removed = if is_folder {
                std::fs::remove_dir_all(path)
            } else {
                std::fs::remove_file(path)
            };
            removed.expect("is ours");
        }
        let ignored = "/.sluicegate/\n/artifacts/\n/backups/\n/ledger.jsonl\n/.env\n/empty/\n";
        self.write(".gitignore", ignored.as_bytes());
        self.write("sluicegate.yml", self.config().as_bytes());
        self.write("ledger.jsonl", self.ledger.as_bytes());
        self.write(".env", b"NODE_ENV=staging\n");
        self.write("migrations/0001_one.sql", b"create table one (id int);\n");
        self.write("artifacts/web-1.1.0.json", b"{}");
        self.write("split.conf", b"# nothing yet\n");
        std::fs::create_dir(self.path("empty")).expect("the folder is new");
    }

    /// A path in the repository.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and the folders above it.
    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("lies in the folder")).expect("is ours");
        std::fs::write(path, content).expect("is ours");
    }

    fn git(&self, script: &str) -> String {
        let mut command = Command::new("sh");
        command.args(["-ec", script]).current_dir(self.path(""));
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", self.path("empty"));
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "ada")
                .env(format!("GIT_{role}_EMAIL"), "a@b");
        }
        let output = command.output().expect("sh is everywhere");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("is UTF-8")
    }

    /// A gate in this folder with nothing of this process but its path.
    pub fn command(&self, gate: Gate) -> Command {
        let mut command = Command::new(program(gate));
        command
            .current_dir(self.path(""))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("empty"))
            .env("PASSWORD", "correct-horse")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// How many connections were opened since the last call.
    pub fn contacts(&self) -> usize {
        let of_one = |listener: &TcpListener| std::iter::from_fn(|| listener.accept().ok()).count();
        self.listeners.iter().map(of_one).sum()
    }

    /// Every file and folder with its content, but those of git.
    pub fn snapshot(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut found = BTreeMap::new();
        collect(&self.path(""), &mut found);
        found
    }
}

/// The line of the ledger with which a release begins.
fn began(version: &str, commit: &str, state: &str) -> String {
    let release = serde_json::json!({"version": version, "commit": commit, "artifacts": {}});
    let began = serde_json::json!({
        "schema": 1, "id": version, "release": release, "at": "2026-01-01T00:00:00Z",
        "actor": "ada", "schema_version": "", "state": state, "note": "",
    });
    let line = serde_json::json!({"environment": "staging", "event": {"began": began}});
    format!("{line}\n")
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for entry in std::fs::read_dir(folder).expect("is there").flatten() {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && entry.file_name() != ".git" {
            collect(&path, found);
        }
        // A pipe would wait for a writer.
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let content = if is_file {
            std::fs::read(&path).ok()
        } else {
            None
        };
        found.insert(path, content);
    }
}
