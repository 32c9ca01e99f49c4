//! `preflight-checklist` as a user runs it: real repositories, real programs, a real PostgreSQL.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use support::deadline::wait_until;
use support::postgres::Postgres;
use support::process_manager::ProcessManager;

const FORMATS: [&str; 6] = ["text", "json", "markdown", "junit", "sarif", "html"];

/// A repository with a configuration, a folder of programs and nothing else of this machine but
/// its `PATH`.
struct Scratch {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Scratch {
    fn new(preflight: &str) -> Self {
        Self::with_environment("    variables: [{file: .env}, process]\n", preflight)
    }

    fn with_environment(environment: &str, preflight: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let scratch = Self {
            folder,
            variables: BTreeMap::new(),
        };
        for name in ["repository", "programs", "home"] {
            std::fs::create_dir(scratch.path(name)).expect("is writable");
        }
        let config = format!(
            "version: 1\nproject: cal\nenvironments:\n  staging:\n{environment}  production: {{}}\n\
             preflight:\n{preflight}"
        );
        scratch.write("sluicegate.yml", &config);
        scratch.write(".gitignore", ".env\n");
        scratch.write(".env", "# nothing yet\n");
        scratch.git("git init -q -b main . && git add . && git commit -qm one && git tag v1.0.0");
        scratch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path("repository").join(name), text).expect("is writable");
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.path("programs").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("is writable");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("is ours");
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.into(), value.into());
    }

    fn clean(&self, program: &str, directory: &Path) -> Command {
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".into());
        let programs = self.path("programs");
        let mut command = Command::new(program);
        command
            .current_dir(directory)
            .env_clear()
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("HOME", self.path("home"))
            .stdin(Stdio::null());
        command
    }

    fn git(&self, script: &str) {
        let who = [
            ("GIT_AUTHOR_NAME", "somebody"),
            ("GIT_AUTHOR_EMAIL", "somebody@example.org"),
            ("GIT_COMMITTER_NAME", "somebody"),
            ("GIT_COMMITTER_EMAIL", "somebody@example.org"),
        ];
        let mut command = self.clean("sh", &self.path("repository"));
        let output = command
            .args(["-ec", script])
            .envs(who)
            .output()
            .expect("sh is everywhere");
        assert!(
            output.status.success(),
            "{script}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn command(&self, words: &[&str], directory: &Path) -> Command {
        let mut command = self.clean(env!("CARGO_BIN_EXE_preflight-checklist"), directory);
        command.args(words).envs(&self.variables);
        command
    }

    fn run_in(&self, words: &[&str], directory: &Path) -> Ran {
        let output = self
            .command(words, directory)
            .output()
            .expect("it was built");
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("is UTF-8"),
        }
    }

    fn run(&self, words: &[&str]) -> Ran {
        let words = [words, &["--environment", "staging"][..]].concat();
        self.run_in(&words, &self.path("repository"))
    }

    /// The receipt as `--format json` prints it, and the exit code.
    fn receipt(&self, words: &[&str]) -> (Value, Option<i32>) {
        let ran = self.run(&[words, &["--format", "json"][..]].concat());
        let receipt = serde_json::from_str(&ran.stdout);
        (
            receipt.unwrap_or_else(|why| panic!("{why}: {}{}", ran.stdout, ran.stderr)),
            ran.code,
        )
    }

    fn receipt_file(&self) -> PathBuf {
        self.path("repository/.sluicegate/receipts/staging/preflight-checklist.json")
    }
}

fn outcome<'a>(receipt: &'a Value, check: &str) -> &'a Value {
    let records = receipt["records"]
        .as_array()
        .expect("a receipt has records");
    let record = records.iter().find(|record| record["check"] == check);
    &record.unwrap_or_else(|| panic!("no record of `{check}`"))["outcome"]
}

fn result<'a>(receipt: &'a Value, check: &str) -> &'a str {
    outcome(receipt, check)["result"]
        .as_str()
        .expect("an outcome has a result")
}

fn messages(receipt: &Value, check: &str) -> Vec<String> {
    let findings = outcome(receipt, check)["findings"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let message = |finding: &Value| finding["message"].as_str().unwrap_or_default().to_owned();
    findings.iter().map(message).collect()
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    listener
        .set_nonblocking(true)
        .expect("a socket can be made non-blocking");
    let port = listener.local_addr().expect("it is bound").port();
    (listener, port)
}

fn was_contacted(listener: &TcpListener) -> bool {
    listener.accept().is_ok()
}

const WITH_DATABASE: &str =
    "    variables: [{file: .env}, process]\n    databases: {main: {url: '${DATABASE_URL}'}}\n";

#[test]
fn everything_holds_on_a_real_database_and_one_that_is_too_old_says_no() -> support::Result<()> {
    let process_manager = ProcessManager::start_temporary()?;
    let postgres = Postgres::start(&process_manager)?;
    let url = postgres.create_database("cal", "cal", "k3Jv-9qLw-h0rse")?;
    let rules = |version: &str| {
        format!(
            "  variables:\n    - {{name: NODE_ENV, equals: production}}\n    - {{name: JWT_SECRET, at_least: 32}}\n    \
             - {{name: DATABASE_URL, schemes: [postgres]}}\n    - {{name: SENTRY_DSN, optional: true}}\n    \
             - {{name: ELSEWHERE, environments: [production]}}\n  \
             tools:\n    - {{name: node, version: '>=18, <23'}}\n    - {{name: git, version: '>=2'}}\n  \
             databases: [{{name: main, version: '{version}'}}]\n  \
             disk: [{{path: ., free: 1MiB}}]\n  git: {{clean: true, on_branch: main}}\n"
        )
    };
    let scratch = |version: &str| {
        let mut scratch = Scratch::with_environment(WITH_DATABASE, &rules(version));
        scratch.write(
            ".env",
            "NODE_ENV=production\nJWT_SECRET=0123456789abcdef0123456789abcdef\n",
        );
        scratch.program("node", "echo v20.11.1");
        scratch.set("DATABASE_URL", &url);
        scratch
    };

    let good = scratch(">=13");
    let (receipt, code) = good.receipt(&[]);
    assert_eq!(
        (code, &receipt["verdict"]),
        (Some(0), &Value::from("pass")),
        "{receipt:#}"
    );
    for check in ["variables", "tools", "databases", "disk", "git"] {
        assert_eq!(result(&receipt, check), "pass", "{check}");
    }
    let evidence = outcome(&receipt, "databases")["evidence"][0]
        .as_str()
        .unwrap_or_default();
    let start = format!(
        "`main` at cal@127.0.0.1:{}/cal is PostgreSQL ",
        postgres.port()
    );
    assert!(
        evidence.starts_with(&start) && evidence.contains("; a primary, "),
        "{evidence}"
    );
    assert!(
        receipt["detail"]["databases"]["main"]["bytes"]
            .as_u64()
            .is_some_and(|size| size > 0)
    );
    // The receipt of the first run is in the repository now, and no change to it.
    let again = good.run(&[]);
    assert_eq!(again.code, Some(0), "{}", again.stdout);
    assert!(
        again.stdout.contains("staging is ready for 1.0.0"),
        "{}",
        again.stdout
    );
    assert!(
        again
            .stdout
            .contains("4 variables, 2 tools, 1 database, 1 filesystem"),
        "{}",
        again.stdout
    );

    let old = scratch(">=999");
    let (receipt, code) = old.receipt(&[]);
    assert_eq!(code, Some(1));
    let finding = &outcome(&receipt, "databases")["findings"][0];
    assert_eq!(finding["expected"], ">=999");
    assert!(
        finding["reproduce"]
            .as_str()
            .is_some_and(|line| line.starts_with("psql \"$DATABASE_URL\""))
    );

    let mut locked_out = scratch(">=13");
    let wrong = url.replace("k3Jv-9qLw-h0rse", "wr0ng-passw0rd-here");
    locked_out.set("DATABASE_URL", &wrong);
    let (receipt, code) = locked_out.receipt(&[]);
    assert_eq!((code, result(&receipt, "databases")), (Some(3), "unknown"));
    assert!(!receipt.to_string().contains("wr0ng-passw0rd-here"));
    Ok(())
}

#[test]
fn a_database_that_refuses_is_unknown_and_the_plan_contacts_nobody() {
    let rules = "  databases: [{name: main, version: '>=13'}]\n";
    let mut scratch = Scratch::with_environment(WITH_DATABASE, rules);
    let closed = support::ports::free_ports(1).expect("a port is free")[0];
    scratch.set(
        "DATABASE_URL",
        &format!("postgres://cal:k3Jv-9qLw@127.0.0.1:{closed}/cal"),
    );
    let (receipt, code) = scratch.receipt(&[]);
    assert_eq!((code, result(&receipt, "databases")), (Some(3), "unknown"));
    let reason = outcome(&receipt, "databases")["reason"]
        .as_str()
        .unwrap_or_default();
    assert!(
        reason.contains(&format!("cal@127.0.0.1:{closed}/cal")),
        "{reason}"
    );

    let plan = scratch.run(&["--plan"]);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);
    assert!(plan.stdout.contains("pg_database_size"), "{}", plan.stdout);
    let (listener, port) = listener();
    scratch.set(
        "DATABASE_URL",
        &format!("postgres://cal:k3Jv-9qLw@127.0.0.1:{port}/cal"),
    );
    assert_eq!(scratch.run(&["--plan", "--format", "json"]).code, Some(0));
    assert!(!was_contacted(&listener));
}

#[test]
fn programs_tell_their_versions_each_in_its_own_way() {
    let scratch = Scratch::new(
        "  tools:\n    - {name: nice, version: '>=20.10'}\n    - {name: messy, version: '>=20.10'}\n    \
         - {name: errors, command: [errors, -v], version: '>=1.18'}\n    - {name: two, version: '>=16'}\n    \
         - {name: beside, command: [./tool, version], version: '=3.1.4'}\n",
    );
    scratch.program("nice", "echo v20.11.1");
    scratch.program(
        "messy",
        "echo 'WARNING: needs kernel 3.10.0'; printf '\\033[1mDocker\\033[0m version 24.0.7-ce, build x\\n'",
    );
    scratch.program("errors", "echo 'nginx version: nginx/1.22.1' >&2");
    scratch.program("two", "echo '16.4 (Debian 16.4-1.pgdg)'");
    scratch.program("tool", "echo 3.1.4");
    std::fs::rename(
        scratch.path("programs/tool"),
        scratch.path("repository/tool"),
    )
    .expect("is writable");
    let (receipt, code) = scratch.receipt(&[]);
    assert_eq!(code, Some(0), "{receipt:#}");
    let programs = scratch.path("programs");
    let evidence = &outcome(&receipt, "tools")["evidence"];
    let expected = format!(
        "`messy` is 24.0.7, `>=20.10` asked ({}/messy)",
        programs.display()
    );
    assert_eq!(evidence[1], expected);
    let tools = serde_json::json!({
        "nice": "20.11.1", "messy": "24.0.7", "errors": "1.22.1", "two": "16.4", "beside": "3.1.4"
    });
    assert_eq!(receipt["detail"]["tools"], tools);
}

#[test]
fn programs_that_are_missing_old_or_early_say_no() {
    let scratch = Scratch::new(
        "  tools:\n    - {name: no-such-program, version: '>=1'}\n    - {name: old, version: '>=20.10'}\n    \
         - {name: early, version: '>=20.10'}\n    - {name: fine, version: '*'}\n",
    );
    scratch.program("old", "echo 'Docker version 19.03.15, build x'");
    scratch.program("early", "echo 24.0.0-rc.1");
    scratch.program("fine", "echo 1.2.3");
    let (receipt, code) = scratch.receipt(&[]);
    assert_eq!(code, Some(1));
    let messages = messages(&receipt, "tools");
    assert_eq!(messages.len(), 3, "{messages:?}");
    assert!(messages[0].starts_with("`no-such-program` is not on this machine: none of the "));
    assert!(messages[1].starts_with("`old` is 19.03.15, which is outside the range `>=20.10`"));
    assert!(messages[2].starts_with("`early` is 24.0.0-rc.1, which is a pre-release"));
    assert_eq!(
        outcome(&receipt, "tools")["findings"][0]["reproduce"],
        "command -v no-such-program"
    );

    let advisory = scratch.run(&["--advisory"]);
    assert_eq!(advisory.code, Some(0));
    assert!(
        advisory.stdout.contains("staging is not ready"),
        "{}",
        advisory.stdout
    );
}

#[test]
fn programs_that_hang_fail_or_say_nothing_are_unknown() {
    let scratch = Scratch::new(
        "  tools:\n    - {name: hanging, version: '*'}\n    - {name: failing, version: '*'}\n    \
         - {name: silent, version: '*'}\n    - {name: broken, version: '*'}\n",
    );
    scratch.program("hanging", "exec sleep 600");
    scratch.program("failing", "echo 'I am 9.9.9'; exit 7");
    scratch.program("silent", "echo hello");
    scratch.program("broken", "");
    std::fs::write(scratch.path("programs/broken"), "#!/no/such/interpreter\n").expect("is ours");
    let (receipt, code) = scratch.receipt(&[]);
    assert_eq!(
        (code, result(&receipt, "tools")),
        (Some(3), "unknown"),
        "{receipt:#}"
    );
    let reason = outcome(&receipt, "tools")["reason"]
        .as_str()
        .unwrap_or_default();
    for part in [
        "`hanging --version` did not end within 10 s and was killed",
        "`failing --version` ended with exit 7",
        "`silent --version` printed 6 characters, and no version is among them",
        "could not start `broken`",
    ] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
}

#[test]
fn variables_are_judged_by_every_rule_and_placed_by_file_and_line() {
    let mut scratch = Scratch::new(
        "  variables:\n    - {name: NODE_ENV, equals: production}\n    - {name: JWT_SECRET, at_least: 32}\n    \
         - {name: SENTRY_DSN, schemes: [https], not: ['https://left-over.example.org/1']}\n    \
         - {name: REDIS_URL, schemes: [redis, rediss]}\n    - {name: CAPSULE_SYSTEM_URL}\n    - {name: EMPTY}\n    \
         - {name: FROM_PROCESS, at_least: 9}\n",
    );
    scratch.write(
        ".env",
        "NODE_ENV=staging\n\nexport JWT_SECRET=\"your-secret-key\"\nSENTRY_DSN=https://left-over.example.org/1\n\
         REDIS_URL=localhost:6379\nEMPTY=\nFROM_PROCESS=long-enough-here\n",
    );
    scratch.set("FROM_PROCESS", "short");
    let (receipt, code) = scratch.receipt(&[]);
    assert_eq!(code, Some(1));
    assert_eq!(
        messages(&receipt, "variables"),
        [
            "`NODE_ENV` is not the value that its rule asks for (.env:1)",
            "`JWT_SECRET` is a placeholder: a word that documentation puts in place of a real value (.env:3)",
            "`JWT_SECRET` has 15 characters, at least 32 are asked (.env:3)",
            "`SENTRY_DSN` is a value that its rule refuses (.env:4)",
            "`REDIS_URL` is no URL: it has no `://` (.env:5)",
            "`CAPSULE_SYSTEM_URL` is not set in `.env` or the process",
            "`EMPTY` is empty (.env:6)",
            "`FROM_PROCESS` has 5 characters, at least 9 are asked (process)",
        ]
    );
    let finding = &outcome(&receipt, "variables")["findings"][1];
    assert_eq!(finding["place"]["file"]["line"], 3);
    // The command that a person is told to run shows the line and not the value.
    let command = finding["reproduce"].as_str().unwrap_or_default();
    let output = scratch
        .clean("sh", &scratch.path("repository"))
        .args(["-c", command])
        .output();
    let shown = String::from_utf8(output.expect("sh is everywhere").stdout).expect("is UTF-8");
    assert_eq!(shown, "3:export JWT_SECRET\n");
}

#[test]
fn optional_variables_of_which_none_is_set_are_no_pass() {
    let scratch = Scratch::new("  variables: [{name: SENTRY_DSN, optional: true}]\n");
    let (receipt, code) = scratch.receipt(&[]);
    assert_eq!((code, result(&receipt, "variables")), (Some(3), "skipped"));
}

/// What must not be seen, by the input in which it is planted; no format escapes a letter.
const PLANTED: [&str; 7] = [
    "pl4ntedInAFile",
    "pl4ntedInPlainName",
    "pl4ntedInTheProcess",
    "pl4ntedInTheUrl",
    "pl4ntedInTheOutput",
    "pl4ntedInABrokenUrl",
    "pl4ntedInAGoodValue",
];

/// Rules that all say no.
const REFUSING: &str = "  variables:
    - {name: JWT_SECRET, at_least: 99}
    - {name: GREETING, equals: something-else}
    - {name: PROCESS_VALUE, schemes: [https]}
    - {name: BROKEN_URL, schemes: [https]}
    - {name: DATABASE_URL, schemes: [https]}
  tools:
    - {name: talker, version: '>=9'}
    - {name: mumbler, version: '*'}
    - {name: failer, version: '*'}
  databases: [{name: main, version: '>=13'}]
  disk: [{path: ., free: 1000TiB}]
";

/// Rules that all pass.
const PASSING: &str = "  variables:
    - {name: JWT_SECRET, at_least: 3}
    - {name: GREETING}
    - {name: PROCESS_VALUE}
    - {name: GOOD, equals: pl4ntedInAGoodValue}
    - {name: DATABASE_URL, schemes: [postgres]}
  tools: [{name: talker, version: '*'}]
";

fn planted(rules: &str) -> Scratch {
    let mut scratch = Scratch::with_environment(WITH_DATABASE, rules);
    scratch.write(
        ".env",
        &format!(
            "JWT_SECRET={}\nGREETING={}\nBROKEN_URL=postgres://u:{}/#@h:1/d\nGOOD={}\n",
            PLANTED[0], PLANTED[1], PLANTED[5], PLANTED[6]
        ),
    );
    scratch.set("PROCESS_VALUE", PLANTED[2]);
    let closed = support::ports::free_ports(1).expect("a port is free")[0];
    scratch.set(
        "DATABASE_URL",
        &format!("postgres://cal:{}@127.0.0.1:{closed}/cal", PLANTED[3]),
    );
    let all = format!("echo \"{} $PROCESS_VALUE $DATABASE_URL\"", PLANTED[4]);
    scratch.program(
        "talker",
        &format!("echo 1.2.3-{}; {all}; {all} >&2", PLANTED[4]),
    );
    scratch.program("mumbler", &format!("{all}; {all} >&2"));
    scratch.program("failer", &format!("{all}; {all} >&2; exit 1"));
    scratch
}

#[test]
fn a_planted_secret_is_seen_in_no_output() {
    let assert_hidden = |what: &str, text: &str| {
        for secret in PLANTED {
            assert!(!text.contains(secret), "{what} shows `{secret}`: {text}");
        }
    };
    for (rules, code) in [(REFUSING, 1), (PASSING, 0)] {
        let scratch = planted(rules);
        for format in FORMATS {
            let ran = scratch.run(&["--format", format, "-vv"]);
            assert_eq!(
                ran.code,
                Some(code),
                "{format}: {}{}",
                ran.stdout,
                ran.stderr
            );
            assert!(
                ran.stdout.contains("preflight-checklist"),
                "{format}: {}",
                ran.stdout
            );
            assert_hidden(&format!("standard output as {format}"), &ran.stdout);
            assert_hidden(&format!("standard error with {format}"), &ran.stderr);
            let plan = scratch.run(&["--plan", "--format", format]);
            assert_eq!(plan.code, Some(0), "{format}: {}", plan.stderr);
            assert_hidden(&format!("plan as {format}"), &(plan.stdout + &plan.stderr));
        }
        let path = scratch.receipt_file();
        let envelope = std::fs::read_to_string(&path).expect("was written");
        assert_hidden("envelope", &envelope);
        let (receipt, _) = shared::receipt::Receipt::read(&path).expect("is a receipt");
        assert_hidden(
            "receipt",
            &serde_json::to_string(&receipt).expect("can be encoded"),
        );
    }
}

#[test]
fn a_planted_secret_is_seen_in_no_refusal() {
    let mut scratch = planted(REFUSING);
    scratch.set(
        "DATABASE_URL",
        &format!("postgres://cal:{}@@@:::/", PLANTED[3]),
    );
    scratch.write(".env", &format!("JWT_SECRET='{}\n", PLANTED[0]));
    for words in [&["--only", "databases"][..], &["--only", "variables"]] {
        let ran = scratch.run(words);
        assert_eq!(ran.code, Some(2), "{}", ran.stdout);
        for secret in PLANTED {
            assert!(
                !(ran.stdout.clone() + &ran.stderr).contains(secret),
                "{}",
                ran.stderr
            );
        }
    }
}

#[test]
fn mistakes_in_the_configuration_are_exit_2_and_nothing_is_contacted() {
    let refusal = |scratch: &Scratch, words: &[&str], expected: &str| {
        let ran = scratch.run(words);
        assert_eq!(ran.code, Some(2), "{expected}: {}", ran.stdout);
        assert!(ran.stderr.contains(expected), "{expected}: {}", ran.stderr);
        assert_eq!(ran.stderr.trim().lines().count(), 1, "{}", ran.stderr);
        assert!(!scratch.receipt_file().exists());
    };
    let (listener, port) = listener();
    let rules = "  variables: [{name: A}]\n  databases: [{name: main, version: '>=13'}]\n";
    let mut scratch = Scratch::with_environment(WITH_DATABASE, rules);
    refusal(
        &scratch,
        &[],
        "the environment variable `DATABASE_URL` is not set",
    );
    scratch.set(
        "DATABASE_URL",
        &format!("postgres://cal:k3Jv-9qLw@127.0.0.1:{port}/cal"),
    );
    refusal(&scratch, &["--only", "gti"], "did you mean `git`?");
    refusal(&scratch, &["--only", "tools"], "nothing to check");
    refusal(&scratch, &["--release", "v9"], "there is no release `v9`");
    std::fs::remove_file(scratch.path("repository/.env")).expect("is ours");
    refusal(&scratch, &[], "the variables cannot be read");
    refusal(&scratch, &["--plan"], "the variables cannot be read");
    assert!(!was_contacted(&listener));

    let sourceless =
        Scratch::with_environment("    url: http://127.0.0.1\n", "  variables: [{name: A}]\n");
    refusal(&sourceless, &[], "which has no `variables`");
    let empty = Scratch::new("  tools: [{name: git, version: '*', environments: [production]}]\n");
    refusal(
        &empty,
        &[],
        "nothing to check; look at the `environments` of its 1 rules",
    );
    let odd = Scratch::new("  git: {on_branch: 'main~1'}\n");
    refusal(&odd, &[], "which names no branch");
}

#[test]
fn changed_files_and_another_commit_say_no() {
    let scratch = Scratch::new("  git: {clean: true}\n");
    for number in 10..21 {
        scratch.write(&format!("file{number}"), "new");
    }
    scratch.write(
        "sluicegate.yml",
        &(std::fs::read_to_string(scratch.path("repository/sluicegate.yml")).expect("is there")
            + "# changed\n"),
    );
    let (receipt, code) = scratch.receipt(&[]);
    assert_eq!(code, Some(1));
    let found = messages(&receipt, "git");
    assert!(
        found[0]
            .starts_with("12 files differ from what is checked out: M sluicegate.yml, ?? file10")
    );
    assert!(found[0].ends_with("?? file18 and 2 more"), "{found:?}");

    scratch.git("git add . && git commit -qm two");
    let (receipt, code) = scratch.receipt(&["--release", "v1.0.0"]);
    assert_eq!(code, Some(1));
    let found = messages(&receipt, "git");
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains(" is checked out, and the release is "),
        "{found:?}"
    );
}

#[test]
fn a_release_must_be_on_its_branch_here_or_at_the_origin() {
    let scratch = Scratch::new("  git: {on_branch: main}\n");
    scratch.git("git checkout -qb feature && git commit -qm two --allow-empty");
    let (receipt, code) = scratch.receipt(&[]);
    assert_eq!(code, Some(1));
    assert!(messages(&receipt, "git")[0].ends_with("is not on `refs/heads/main`"));
    assert_eq!(scratch.receipt(&["--release", "v1.0.0"]).1, Some(0));

    // As a clone for CI has it: the branch is at the origin only.
    scratch.git("git clone -q . ../clone && cd ../clone && git checkout -q v1.0.0");
    let clone = scratch.path("clone");
    let ran = scratch.run_in(&["--environment", "staging", "-v"], &clone);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout
            .contains("`refs/remotes/origin/main` has the release"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_history_that_is_cut_off_and_a_branch_that_was_not_fetched_are_unknown() {
    let scratch = Scratch::new("  git: {on_branch: main}\n");
    scratch.git(
        "git checkout -qb old && git checkout -q main && \
         git commit -qm two --allow-empty && git commit -qm three --allow-empty",
    );
    let origin = scratch.path("repository");
    scratch.git(&format!(
        "git clone -q --depth 1 'file://{0}' ../shallow && cd ../shallow && \
         git fetch -q --depth 1 origin old:old && git checkout -q old && \
         git clone -q --single-branch --branch old 'file://{0}' ../single",
        origin.display()
    ));
    let shallow = scratch.run_in(&["--environment", "staging"], &scratch.path("shallow"));
    assert_eq!(
        shallow.code,
        Some(3),
        "{}{}",
        shallow.stdout,
        shallow.stderr
    );
    assert!(
        shallow.stdout.contains("fetch-depth: 0"),
        "{}",
        shallow.stdout
    );
    let single = scratch.run_in(&["--environment", "staging"], &scratch.path("single"));
    assert_eq!(single.code, Some(3), "{}{}", single.stdout, single.stderr);
    assert!(
        single.stdout.contains("git knows no branch `main`"),
        "{}",
        single.stdout
    );
}

#[test]
fn a_full_disk_says_no_and_a_path_that_is_not_there_is_unknown() {
    let full = Scratch::new("  disk: [{path: ., free: 1000TiB}]\n");
    let (receipt, code) = full.receipt(&[]);
    assert_eq!(code, Some(1));
    let found = messages(&receipt, "disk");
    assert!(
        found[0].ends_with(" free, 1000.0 TiB are asked"),
        "{found:?}"
    );
    let missing = Scratch::new("  disk: [{path: ., free: 1B}, {path: nowhere, free: 1B}]\n");
    let (receipt, code) = missing.receipt(&[]);
    assert_eq!((code, result(&receipt, "disk")), (Some(3), "unknown"));
}

#[test]
fn checks_are_listed_and_explained_without_a_configuration() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let scratch = Scratch::new("  git: {clean: true}\n");
    let run = |words: &[&str]| scratch.run_in(words, folder.path());
    let listed = run(&["--list-checks", "--format", "json"]);
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    let entries: Vec<Value> = serde_json::from_str(&listed.stdout).expect("is JSON");
    let ids: Vec<&str> = entries
        .iter()
        .filter_map(|entry| entry["id"].as_str())
        .collect();
    assert_eq!(
        ids,
        ["receipts", "variables", "tools", "databases", "disk", "git"]
    );
    for id in ids {
        let explained = run(&["--explain", id]);
        assert_eq!(explained.code, Some(0), "{id}");
        assert!(
            explained.stdout.contains("why: ") && explained.stdout.contains("fix: "),
            "{id}"
        );
    }
    assert_eq!(run(&["--explain", "nothing"]).code, Some(2));
}

#[test]
fn a_part_of_the_checks_makes_a_receipt_that_does_not_stand_for_the_gate() {
    let rules = "  tools: [{name: no-such-program, version: '*'}]\n  \
                 databases: [{name: main, version: '>=13'}]\n  disk: [{path: ., free: 1B}]\n";
    // Without `DATABASE_URL`: what is left out needs nothing.
    let scratch = Scratch::with_environment(WITH_DATABASE, rules);
    for words in [
        &["--only", "disk"][..],
        &["--skip", "tools", "--skip", "databases"],
    ] {
        let (receipt, code) = scratch.receipt(words);
        assert_eq!(
            (code, &receipt["partial"]),
            (Some(0), &Value::from(true)),
            "{receipt:#}"
        );
        assert_eq!(result(&receipt, "disk"), "pass");
        assert_eq!(result(&receipt, "tools"), "skipped");
        let (receipt, _) =
            shared::receipt::Receipt::read(&scratch.receipt_file()).expect("is there");
        assert!(!receipt.is_passed());
    }
}

#[test]
fn a_missing_receipt_is_unknown_and_nothing_is_looked_at() {
    let scratch = Scratch::new("  tools: [{name: marking, version: '*'}]\n");
    scratch.program(
        "marking",
        &format!("touch '{}'; echo 1.0.0", scratch.path("mark").display()),
    );
    let ran = scratch.run(&["--require", "nowhere.json"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stdout);
    assert!(!scratch.path("mark").exists());
    assert_eq!(scratch.run(&[]).code, Some(0));
    assert!(scratch.path("mark").exists());
}

#[test]
fn an_interrupt_ends_the_looking_with_a_receipt_that_says_so() {
    let scratch = Scratch::new("  tools: [{name: hanging, version: '*'}]\n");
    let mark = scratch.path("mark");
    scratch.program(
        "hanging",
        &format!("touch '{}'; exec sleep 600", mark.display()),
    );
    let mut child = scratch
        .command(&["--environment", "staging"], &scratch.path("repository"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it was built");
    wait_until("the program to hang", Duration::from_secs(10), || {
        mark.exists()
            .then_some(())
            .ok_or_else(|| "it has not started".into())
    })
    .expect("it starts at once");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    let status = wait_until("the end", Duration::from_secs(5), || {
        child
            .try_wait()
            .ok()
            .flatten()
            .ok_or_else(|| "it runs".into())
    });
    assert_eq!(status.expect("it ends at once").code(), Some(3));
    let (receipt, _) = shared::receipt::Receipt::read(&scratch.receipt_file()).expect("is there");
    assert!(
        receipt.summary.headline.contains("was asked to stop"),
        "{}",
        receipt.summary.headline
    );
}

#[test]
fn a_secret_that_is_a_word_of_the_receipt_leaves_it_readable() {
    let scratch = Scratch::new("  variables:\n    - {name: LOG_LEVEL_TOKEN}\n");
    scratch.write(
        ".env",
        "LOG_LEVEL_TOKEN=error\nA_TOKEN=pass\nB_TOKEN=preflight-checklist\n",
    );
    let ran = scratch.run(&[]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let path = scratch.path("repository/.sluicegate/receipts/staging/preflight-checklist.json");
    let (receipt, _) = shared::receipt::Receipt::read(&path).expect("is readable");
    assert!(receipt.is_passed());
}
