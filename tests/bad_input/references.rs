//! Names that lead nowhere, and placements that cannot be.

use crate::case::{Case, Edit};

const REFERENCES: &[Edit] = &[
    (
        "ledger in no database",
        "{file: ledger.jsonl}",
        "{database: mian}",
        &[
            "sluicegate.yml:12:",
            "there is no database `mian`",
            "did you mean `main`?",
        ],
    ),
    (
        "migrations in no database",
        "  database: main\n",
        "  database: other\n",
        &["sluicegate.yml:", "no environment has a database `other`"],
    ),
    (
        "rule for no environment",
        "{name: NODE_ENV,",
        "{name: NODE_ENV, environments: [stagin],",
        &[
            "sluicegate.yml:",
            "there is no environment `stagin`",
            "did you mean `staging`?",
        ],
    ),
    (
        "waiver for no environment",
        "{check: disk,",
        "{check: disk, environments: [live],",
        &["sluicegate.yml:", "there is no environment `live`"],
    ),
    (
        "receipt of no gate",
        "[smoke-test@staging]",
        "[smoketest@staging]",
        &[
            "sluicegate.yml:",
            "there is no gate `smoketest`",
            "did you mean `smoke-test`?",
        ],
    ),
    (
        "receipt of no environment",
        "[smoke-test@staging]",
        "[smoke-test@live]",
        &["sluicegate.yml:", "there is no environment `live`"],
    ),
    (
        "required by no gate",
        "      canary-promote: [",
        "      canary: [",
        &["sluicegate.yml:", "there is no kind `canary`"],
    ),
    (
        "required on no environment",
        "    production:\n      canary",
        "    live:\n      canary",
        &["sluicegate.yml: `receipts.require` names the environment `live`"],
    ),
    (
        "placement of no service",
        "\nservices:\n  web:",
        "\nservices:\n  api:",
        &["sluicegate.yml: environment `staging` runs the service `web`"],
    ),
];

const PLACEMENTS: &[Edit] = &[
    (
        "an empty command",
        "deploy: [deploy/deploy, '{port}', '{version}']",
        "deploy: []",
        &["empty command `deploy`"],
    ),
    (
        "an unknown placeholder",
        "'{version}']",
        "'{versoin}']",
        &["`{versoin}` in `deploy`"],
    ),
    (
        "an upstream with a semicolon",
        "stable: web_stable",
        "stable: 'web; include /etc/passwd'",
        &["nginx would not take"],
    ),
    (
        "one upstream for both",
        "canary: web_canary",
        "canary: web_stable",
        &["one upstream"],
    ),
    (
        "a quote in the key",
        "            split: split.conf",
        "            key: 'a\"b'\n            split: split.conf",
        &["`key`"],
    ),
    (
        "no test",
        "test: ['true']",
        "test: []",
        &["`test` or `reload`"],
    ),
];

const ADDRESSES: [&str; 11] = [
    "",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:0",
    "127.0.0.1:99999",
    ":80",
    "-o:80",
    "a b:80",
    "h/x:80",
    "http://h:80",
    "h:80\\u000a",
];

/// What leads nowhere.
pub fn cases() -> Vec<Case> {
    let place = "sluicegate.yml: `environments.staging.services.web`";
    let stable = ADDRESSES.map(|address| {
        let line = format!("            stable: [\"{address}\"]");
        Case::line(
            &format!("the address {address:?}"),
            "            stable: ['",
            &line,
            &["not `host:port`"],
        )
    });
    let control = ADDRESSES.map(|address| {
        let line = format!("            control: \"{address}\"");
        Case::line(
            &format!("the control {address:?}"),
            "            control: ",
            &line,
            &["not `host:port`"],
        )
    });
    let placements = Case::edits(PLACEMENTS)
        .into_iter()
        .chain(stable)
        .chain(control);
    let placements = placements.map(|case| case.saying(place));
    Case::edits(REFERENCES)
        .into_iter()
        .chain(placements)
        .collect()
}
