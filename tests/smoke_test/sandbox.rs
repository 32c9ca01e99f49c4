//! A repository with a configuration and a release, in which the binary is run.

use shared::receipt::Receipt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The directory of one test.
pub struct Sandbox {
    folder: tempfile::TempDir,
}

/// What a run left behind.
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The receipt, when one was written.
    pub receipt: Option<Receipt>,
}

impl Ran {
    /// Everything that a person may see, for the message of a failed assertion.
    pub fn all(&self) -> String {
        format!("exit {}\n{}\n{}", self.code, self.stdout, self.stderr)
    }

    /// Asserts the exit code and that these words are in the report or on standard error.
    #[track_caller]
    pub fn ends(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.all());
        // The report folds long lines; the words of a sentence stay in order.
        let text = folded(&format!("{}\n{}", self.stdout, self.stderr));
        for word in words {
            assert!(
                text.contains(&folded(word)),
                "`{word}` is missing: {}",
                self.all()
            );
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.all());
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Sandbox {
    /// A repository at release 1.1.0 with this environment and this `smoke`, whose service tells
    /// its release by the header `x-release` at `/id`.
    pub fn new(url: &str, smoke: &str) -> Self {
        Self::with_identity(url, "header: { name: x-release, path: /id }", smoke)
    }

    /// The same with another identity.
    pub fn with_identity(url: &str, identity: &str, smoke: &str) -> Self {
        let environment = "allow: { private_addresses: true, per_second: 100000 }";
        Self::with_file(&file(url, identity, environment, "", smoke))
    }

    /// The same with more that the environment allows.
    pub fn with_allow(url: &str, allow: &str, smoke: &str) -> Self {
        let environment = format!("allow: {{ private_addresses: true, {allow} }}");
        Self::with_environment(url, &environment, smoke)
    }

    /// The same with these lines of the environment.
    pub fn with_environment(url: &str, environment: &str, smoke: &str) -> Self {
        let identity = "header: { name: x-release, path: /id }";
        Self::with_file(&file(url, identity, environment, "", smoke))
    }

    /// The same with these lines behind the environment's services.
    pub fn with_environment_last(url: &str, environment: &str, smoke: &str) -> Self {
        let identity = "header: { name: x-release, path: /id }";
        Self::with_file(&file(url, identity, "", environment, smoke))
    }

    /// Writes a file beside the configuration.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("the folder is there");
    }

    /// A repository at release 1.1.0 with this configuration.
    pub fn with_file(text: &str) -> Self {
        let sandbox = Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        std::fs::write(sandbox.configuration(), text).expect("the folder is new");
        for words in [
            vec!["init", "-q", "-b", "main", "."],
            vec!["add", "."],
            vec![
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@b",
                "commit",
                "-q",
                "-m",
                "all",
            ],
            vec!["tag", "v1.1.0"],
        ] {
            let mut git = Command::new("git");
            git.args(words)
                .current_dir(sandbox.folder.path())
                .env("GIT_CONFIG_NOSYSTEM", "1");
            git.env("HOME", sandbox.folder.path());
            assert!(git.status().expect("git is installed").success());
        }
        sandbox
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration that is run.
    pub fn configuration(&self) -> PathBuf {
        self.folder.path().join("sluicegate.yml")
    }

    /// Where the receipt goes by default.
    pub fn receipt_path(&self) -> PathBuf {
        let receipts = self.folder.path().join(".sluicegate/receipts");
        let production = receipts.join("production/smoke-test.json");
        if production.is_file() {
            return production;
        }
        receipts.join("staging/smoke-test.json")
    }

    /// The binary with nothing of this process but the path.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_smoke-test"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts the binary.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .spawn()
            .expect("the binary was built")
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[])
    }

    /// Runs the binary with some variables to its end.
    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        self.ended(command.spawn().expect("the binary was built"))
    }

    /// Waits for a run that was started.
    pub fn ended(&self, child: Child) -> Ran {
        let output = child.wait_with_output().expect("it was started");
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            receipt: Receipt::read(&self.receipt_path())
                .ok()
                .map(|(receipt, _)| receipt),
        }
    }
}

fn file(url: &str, identity: &str, environment: &str, last: &str, smoke: &str) -> String {
    format!(
        "version: 1\nproject: cal\nenvironments:\n  staging:\n    url: {url}\n    {environment}\n    \
         services:\n      web:\n        target:\n          command:\n            deploy: [deploy]\n            \
         stop: [stop]\n            stable: [\"127.0.0.1:1\"]\n            canary: []\n    {last}\nservices:\n  \
         web:\n    identity:\n      {identity}\nsmoke:\n{}",
        indented(smoke)
    )
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
