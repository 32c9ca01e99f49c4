//! A secret from any place of the configuration shows up nowhere.

use crate::ran::{Ran, run};
use crate::sandbox::{Sandbox, command_of};
use shared::config::Gate;
use shared::receipt::Receipt;
use std::path::Path;
use std::process::Command;

const FORMATS: [&str; 6] = ["text", "json", "markdown", "sarif", "junit", "html"];

/// Every secret, where it is planted, and how it may be written besides as it is.
const SECRETS: [(&str, &str, &[&str]); 8] = [
    ("URL_PASSWORD", "url-9f3k2-pass", &["dXJsLTlmM2syLXBhc3M"]),
    ("PASSWORD", "db-71xq0-pass", &["ZGItNzF4cTAtcGFzcw"]),
    (
        "API_TOKEN",
        "tok/en+88 \u{e9}z=41",
        &["tok%2Fen%2B88", "dG9rL2VuKzg4"],
    ),
    (
        "a file's JWT_SECRET",
        "jwt-file-5510ab",
        &["and0LWZpbGUtNTUxMGFi"],
    ),
    ("a file's database URL", "file-db-4417zz", &[]),
    ("the process' SESSION_KEY", "proc-session-2290", &[]),
    ("the file's own URL", "literal-url-63pw", &[]),
    ("the file's own database URL", "literal-db-08pw", &[]),
];

/// The secrets that a gate reads on staging, so that the platform must be told of them.
fn read_by(gate: Gate) -> &'static [usize] {
    match gate {
        Gate::PreflightChecklist => &[1, 3, 4, 5],
        Gate::MigrateGate => &[1],
        Gate::SmokeTest => &[0, 2],
        Gate::CanaryPromote => &[3, 4, 5],
        Gate::Rollback => &[0, 1, 3, 4, 5],
    }
}

/// Secrets by reference on staging, written into the file on production.
fn planted() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.close();
    let config = sandbox
        .config()
        .replacen("url: http://", "url: http://deployer:${URL_PASSWORD}@", 1)
        .replace("{accept: text/plain}", "{authorization: 'Bearer ${API_TOKEN}'}")
        .replace("'http://${PRODUCTION_HOST}'", "http://deployer:literal-url-63pw@127.0.0.1:1")
        .replace("cal:${PRODUCTION_PASSWORD}@", "cal:literal-db-08pw@")
        .replace("- {name: NODE_ENV, equals: staging}", "- {name: NODE_ENV, equals: live}\n    - {name: JWT_SECRET, at_least: 99}\n    - {name: DATABASE_URL, schemes: [mysql]}\n    - {name: SESSION_KEY, not: [x], at_least: 99}")
        .replace("    ledger: {database: main}\n", "    ledger: {database: main}\n    variables: [{file: .env}, process]\n    services: *staged\n")
        .replace("    services:\n      web:\n        target", "    services: &staged\n      web:\n        target");
    sandbox.write("sluicegate.yml", config.as_bytes());
    sandbox.write(".env", b"NODE_ENV=staging\nJWT_SECRET=jwt-file-5510ab\nDATABASE_URL=postgres://cal:file-db-4417zz@127.0.0.1:1/cal\n");
    sandbox
}

fn command(sandbox: &Sandbox, gate: Gate) -> Command {
    let mut command = sandbox.command(gate);
    for (name, value, _) in &SECRETS[..3] {
        command.env(name, value);
    }
    command
        .env("SESSION_KEY", SECRETS[5].1)
        .env("GITHUB_ACTIONS", "true")
        .env("RUNNER_DEBUG", "1");
    command
        .env("GITHUB_OUTPUT", sandbox.path("outputs"))
        .env("GITHUB_STEP_SUMMARY", sandbox.path("summary.md"));
    command
}

/// Where a text has a secret.
fn leaks(place: &str, text: &str) -> Vec<String> {
    let is_seen = |(_, value, forms): &&(&str, &str, &[&str])| {
        text.contains(value) || forms.iter().any(|form| text.contains(form))
    };
    SECRETS
        .iter()
        .filter(is_seen)
        .map(|(name, ..)| format!("{name} in {place}:\n{text}"))
        .collect()
}

fn leaks_of(sandbox: &Sandbox, ran: &Ran) -> Vec<String> {
    // The platform is told what to mask by these lines and swallows them.
    let stderr: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| !line.starts_with("::add-mask::"))
        .collect();
    let mut found = leaks("standard output", &ran.stdout);
    found.extend(leaks("standard error", &stderr.join("\n")));
    for (path, content) in sandbox.snapshot() {
        let name = path
            .strip_prefix(sandbox.path(""))
            .expect("lies in the folder");
        if name == Path::new("sluicegate.yml") || name == Path::new(".env") {
            continue;
        }
        let text = String::from_utf8_lossy(&content.unwrap_or_default()).into_owned();
        found.extend(leaks(&name.display().to_string(), &text));
        if let Ok((receipt, _)) = Receipt::read(&path) {
            let inside = serde_json::to_string(&receipt).expect("encodes");
            found.extend(leaks(
                &format!("the payload of {}", name.display()),
                &inside,
            ));
        }
    }
    found
}

#[test]
fn no_secret_is_in_any_report_receipt_journal_ledger_or_log() {
    let (mut runs, mut receipts) = (0, 0);
    for gate in Gate::ALL {
        let sandbox = planted();
        for environment in ["staging", "production"] {
            for format in FORMATS {
                for plan in [true, false] {
                    let mut command = command(&sandbox, gate);
                    command.args(command_of(gate)).args([
                        "-e",
                        environment,
                        "--format",
                        format,
                        "-vv",
                    ]);
                    command.args(plan.then_some("--plan"));
                    let ran = run(&mut command);
                    let what = format!("{gate} on {environment} as {format}, plan: {plan}");
                    assert!(
                        matches!(ran.code, Some(0 | 1 | 3)),
                        "{what}: {:?} {}",
                        ran.code,
                        ran.stderr
                    );
                    let found = leaks_of(&sandbox, &ran);
                    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
                    runs += 1;
                }
            }
        }
        receipts += sandbox
            .snapshot()
            .keys()
            .filter(|path| Receipt::read(path).is_ok())
            .count();
    }
    println!("runs without a leak: {runs}, receipts: {receipts}");
    assert!(
        receipts >= 2 * Gate::ALL.len(),
        "only {receipts} receipts were written"
    );
}

#[test]
fn the_platform_is_told_to_mask_what_a_gate_reads() {
    let sandbox = planted();
    for gate in Gate::ALL {
        let mut command = command(&sandbox, gate);
        let ran = run(command.args(command_of(gate)).args(["-e", "staging"]));
        for (name, value, _) in read_by(gate).iter().map(|index| &SECRETS[*index]) {
            let told = ran
                .stderr
                .lines()
                .any(|line| line == format!("::add-mask::{value}"));
            assert!(told, "{gate} does not have {name} masked: {}", ran.stderr);
        }
    }
}

/// What is refused is quoted, and must not quote a secret.
#[test]
fn no_secret_is_in_what_is_refused() {
    let sandbox = planted();
    let config = std::fs::read_to_string(sandbox.path("sluicegate.yml")).expect("is there");
    for (from, to) in [
        ("url: http://deployer", "url: ftp://deployer"),
        (
            "url: http://deployer:${URL_PASSWORD}@",
            "url: http://deployer:${URL_PASSWORD}@[::",
        ),
        (
            "postgres://cal:${PASSWORD}@",
            "postgres://cal:${PASSWORD}@h:port/",
        ),
        ("postgres://cal:${PASSWORD}@", "mysql://cal:${PASSWORD}@"),
        ("'Bearer ${API_TOKEN}'", "\"${API_TOKEN}\\n\""),
    ] {
        assert!(config.contains(from), "{from}");
        sandbox.write("sluicegate.yml", config.replacen(from, to, 1).as_bytes());
        for gate in Gate::ALL {
            let mut command = command(&sandbox, gate);
            let ran = run(command
                .args(command_of(gate))
                .args(["-e", "staging", "-vv"]));
            let found = leaks_of(&sandbox, &ran);
            assert!(found.is_empty(), "{gate} with {to}:\n{}", found.join("\n"));
        }
    }
    sandbox.write("sluicegate.yml", config.as_bytes());
    for line in [
        "JWT_SECRET='jwt-file-5510ab",
        "jwt-file-5510ab",
        "9X=jwt-file-5510ab",
    ] {
        sandbox.write(".env", line.as_bytes());
        for gate in [
            Gate::PreflightChecklist,
            Gate::CanaryPromote,
            Gate::Rollback,
        ] {
            let mut command = command(&sandbox, gate);
            let ran = run(command.args(["-e", "staging", "-vv"]));
            assert_eq!(ran.code, Some(2), "{gate} with {line}: {}", ran.stderr);
            let found = leaks_of(&sandbox, &ran);
            assert!(
                found.is_empty(),
                "{gate} with {line}:\n{}",
                found.join("\n")
            );
        }
    }
}
