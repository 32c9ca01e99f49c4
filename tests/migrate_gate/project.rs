//! A repository of its own with migrations, and a database of its own on one real server.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use support::postgres::Postgres;
use support::process_manager::ProcessManager;

/// One server for all tests of this file; it ends with the process.
pub fn server() -> &'static Postgres {
    static SERVER: OnceLock<(ProcessManager, Postgres)> = OnceLock::new();
    let (_, postgres) = SERVER.get_or_init(|| {
        let manager = ProcessManager::start_temporary().expect("the tests need `pm`");
        let postgres = Postgres::start(&manager).expect("the tests need PostgreSQL");
        (manager, postgres)
    });
    postgres
}

/// A repository with `sluicegate.yml` and `db/`, committed, and its database.
pub struct Project {
    folder: tempfile::TempDir,
    pub database: String,
    pub password: String,
    url: String,
    path: Option<PathBuf>,
}

/// What a run gave.
pub struct Run {
    pub code: i32,
    pub text: String,
    /// The receipt's detail and records, `Null` when none was written.
    pub receipt: Value,
}

pub const INIT: (&str, &str) = (
    "0001_init.sql",
    "create table entries (id bigint generated always as identity primary key, body text not null, note text);\n",
);

impl Project {
    /// With those files, and a line behind `migrations` of the configuration.
    pub fn new(files: &[(&str, &str)], settings: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let database = format!("cal_{number}");
        let password = format!("pl4nted-s3cret-{number}");
        let url = server()
            .create_database(&database, &database, &password)
            .expect("a database can be made");
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let project = Self {
            folder,
            database,
            password,
            url,
            path: None,
        };
        project.write_config(settings, &project.url);
        project.git(&["init", "-q", "."]);
        for (name, text) in files {
            project.write(name, text);
        }
        project.commit("v1.0.0");
        project
    }

    pub fn write_config(&self, settings: &str, url: &str) {
        let url = url.replace(&self.password, "${DATABASE_PASSWORD}");
        let text = format!(
            "version: 1\nproject: cal\nenvironments:\n  production:\n    databases:\n      main: {{url: '{url}'}}\n    \
             ledger: {{file: ledger.jsonl}}\nmigrations:\n  tool: {{sql: {{directory: db}}}}\n  database: main\n{settings}"
        );
        std::fs::write(self.path("sluicegate.yml"), text).expect("the folder is writable");
        std::fs::write(
            self.path(".gitignore"),
            ".sluicegate\nbackups\nledger.jsonl\n",
        )
        .expect("the folder is writable");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path("db").join(name);
        std::fs::create_dir_all(self.path("db")).expect("the folder is writable");
        std::fs::write(path, text).expect("the folder is writable");
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.path("db").join(name)).expect("it is there");
    }

    /// Commits everything under a tag.
    pub fn commit(&self, tag: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", tag]);
        self.git(&["tag", tag]);
    }

    /// Adds files and commits them under a tag.
    pub fn release(&self, tag: &str, files: &[(&str, &str)]) {
        for (name, text) in files {
            self.write(name, text);
        }
        self.commit(tag);
    }

    fn git(&self, words: &[&str]) {
        let mut command = Command::new("git");
        command.args([
            "-c",
            "user.name=ada",
            "-c",
            "user.email=ada@example.org",
            "-c",
            "init.defaultBranch=main",
        ]);
        command.args(words).current_dir(self.folder.path());
        command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null");
        let output = command.output().expect("git is everywhere");
        assert!(
            output.status.success(),
            "git {words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// A folder that comes first in PATH.
    pub fn prefer(&mut self, folder: PathBuf) {
        self.path = Some(folder);
    }

    /// The program with a scrubbed environment, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrate-gate"));
        let path = std::env::var("PATH").unwrap_or_default();
        let path = match &self.path {
            Some(first) => format!("{}:{path}", first.display()),
            None => path,
        };
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("USER", "ada")
            .env("DATABASE_PASSWORD", &self.password)
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.ended(
            self.command(arguments)
                .output()
                .expect("the program can be started"),
            arguments,
        )
    }

    /// Starts the program with its output kept.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program can be started")
    }

    pub fn finish(&self, child: Child, arguments: &[&str]) -> Run {
        self.ended(
            child
                .wait_with_output()
                .expect("the program can be waited for"),
            arguments,
        )
    }

    fn ended(&self, output: Output, arguments: &[&str]) -> Run {
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            !text.contains(&self.password),
            "the password is in the output: {text}"
        );
        let word = arguments.first().copied().unwrap_or_default();
        Run {
            code: output.status.code().unwrap_or(-1),
            text,
            receipt: self.receipt(word),
        }
    }

    /// The receipt of that command, taken out of its envelope.
    pub fn receipt(&self, command: &str) -> Value {
        let folder = self.path(".sluicegate/receipts/production");
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for file in files {
            let text = std::fs::read_to_string(file.path()).unwrap_or_default();
            assert!(
                !text.contains(&self.password),
                "the password is in {}",
                file.path().display()
            );
            if let Ok((receipt, _)) = shared::receipt::Receipt::parse(&text)
                && receipt.command == command
            {
                return serde_json::to_value(receipt).expect("has only plain fields");
            }
        }
        Value::Null
    }

    /// Everything that the run left in the repository's folder.
    pub fn leftovers(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        collect(&self.path(".sluicegate"), &mut found);
        found
    }

    /// Runs statements as the role that migrates.
    pub fn execute(&self, sql: &str) {
        let owner = format!("set role {}; {sql}", self.database);
        server()
            .execute(&self.database, &owner)
            .expect("the statement is right");
    }

    /// The first column of all rows, as text.
    pub fn query(&self, sql: &str) -> Vec<String> {
        let rows = server()
            .query_strings(&self.database, sql)
            .expect("the statement is right");
        rows.into_iter()
            .map(|row| row.into_iter().next().flatten().unwrap_or_default())
            .collect()
    }

    /// Which versions the history has; empty without one.
    pub fn applied(&self) -> Vec<String> {
        if self.query("select to_regclass('sluicegate_migrations') is not null") == ["f"] {
            return Vec::new();
        }
        self.query("select version from sluicegate_migrations order by version")
    }

    /// Everything in the catalogue that a migration could change.
    pub fn fingerprint(&self) -> Vec<String> {
        self.query(
            "select format('%s %s %s %s', c.oid, c.relname, c.relkind, pg_relation_filenode(c.oid)) from pg_class c
             join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'
             union all
             select format('%s %s %s %s %s', attrelid, attname, atttypid, attnotnull, attisdropped) from pg_attribute
             join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'
             union all
             select format('%s %s', conrelid, pg_get_constraintdef(k.oid)) from pg_constraint k
             join pg_namespace n on n.oid = k.connamespace where n.nspname = 'public'
             union all
             select format('%s %s', typname, t.oid) from pg_type t
             join pg_namespace n on n.oid = t.typnamespace where n.nspname = 'public'
             order by 1",
        )
    }
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            found.push((path, bytes));
        }
    }
}

impl Run {
    /// `pass`, `fail`, `unknown` or `skipped` of one check.
    pub fn word(&self, check: &str) -> String {
        let records = self.receipt["records"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let record = records.iter().find(|record| record["check"] == check);
        record.map_or("absent".into(), |record| {
            record["outcome"]["result"]
                .as_str()
                .unwrap_or_default()
                .into()
        })
    }

    /// The messages and reasons of one check.
    pub fn said(&self, check: &str) -> String {
        let records = self.receipt["records"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        records
            .iter()
            .filter(|record| record["check"] == check)
            .map(|record| record["outcome"].to_string())
            .collect()
    }

    /// Asserts the exit code, and shows everything when it is another.
    #[track_caller]
    pub fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}", self.text);
        self
    }
}
