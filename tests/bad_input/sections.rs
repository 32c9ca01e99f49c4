//! Sections that parse and leave the gates that use them nothing to do.

use crate::case::{Case, Edit};
use shared::config::Gate::{CanaryPromote, MigrateGate, PreflightChecklist, Rollback, SmokeTest};

const LOAD: &str = "requests: 80, per_second: 400";

/// What only smoke-test uses.
const PROBES: &[Edit] = &[
    (
        "no connections",
        "connections: 1",
        "connections: 0",
        &["`connections` from 1"],
    ),
    (
        "two probes of one name",
        "name: speed",
        "name: health",
        &["two probes have the name `health`"],
    ),
    (
        "control characters in a probe's name",
        "name: speed",
        "name: \"a\\u001b[31m\"",
        &["printable `name`"],
    ),
    (
        "an unknown method",
        "path: /health, headers",
        "method: POST, path: /health, headers",
        &["`POST`"],
    ),
    (
        "a status that is none",
        "path: /health, headers",
        "status: [99], path: /health, headers",
        &["99"],
    ),
    (
        "a header that is none",
        "{accept: text/plain}",
        "{'a b': x}",
        &["`a b`"],
    ),
    (
        "a header value over two lines",
        "{accept: text/plain}",
        "{accept: \"a\\nb\"}",
        &["accept"],
    ),
    (
        "JSONPath that does not parse",
        "{$.status: ok}",
        "{'$[': ok}",
        &["`$[`"],
    ),
    (
        "no load",
        LOAD,
        "requests: 0, per_second: 400",
        &["requests"],
    ),
    (
        "load at no rate",
        LOAD,
        "requests: 80, per_second: 0",
        &["per_second"],
    ),
    (
        "load that is no number",
        LOAD,
        "requests: 80, per_second: .nan",
        &["finite"],
    ),
    (
        "no probes",
        "  probes:\n    - http: {name: health, path: /health, headers: {accept: text/plain}, json: {$.status: ok}}\n    - load: {name: speed, path: /health, requests: 80, per_second: 400, p95: 500ms, errors: 10%}\n",
        "  probes: []\n",
        &["has no `probes`"],
    ),
];

const ROLLOUT: &[Edit] = &[
    (
        "no ledger",
        "    ledger: {file: ledger.jsonl}\n",
        "",
        &["environment `staging` has no `ledger`"],
    ),
    (
        "no router",
        "        router:\n          nginx:\n            split: split.conf\n            variable: web\n            stable: web_stable\n            canary: web_canary\n            control: ",
        "#",
        &[],
    ),
];

const CANARY: &[Edit] = &[(
    "canary without metrics",
    "  metrics:\n    - scrape: {path: /metrics}\n    - probe: {path: /health, per_second: 5, within: 1s}\n",
    "",
    &["`canary.metrics` names none", "`probe`"],
)];

const MIGRATIONS: &[Edit] = &[
    (
        "no migrations",
        "migrations:\n  tool:\n    sql: {directory: migrations}\n  database: main\n  backup: {directory: backups}\n",
        "",
        &["migrations"],
    ),
    (
        "migrations that are nowhere",
        "{directory: migrations}",
        "{directory: nowhere}",
        &["nowhere: ", "`migrations.tool.sql.directory`"],
    ),
];

const PREFLIGHT: &[Edit] = &[
    (
        "variables from nowhere",
        "    variables:\n      - file: .env\n      - process\n",
        "",
        &["`preflight.variables`"],
    ),
    (
        "a branch like a flag",
        "{clean: true}",
        "{on_branch: '--all'}",
        &["--all"],
    ),
];

/// What is wrong with a section that only some gates use.
pub fn cases() -> Vec<Case> {
    let of = |table, gates: &[_]| {
        Case::edits(table)
            .into_iter()
            .map(|case| case.only(gates))
            .collect::<Vec<_>>()
    };
    [
        of(PROBES, &[SmokeTest]),
        of(CANARY, &[CanaryPromote]),
        of(ROLLOUT, &[CanaryPromote, Rollback]),
        of(PREFLIGHT, &[PreflightChecklist]),
    ]
    .into_iter()
    .flatten()
    .map(|case| case.saying("sluicegate.yml"))
    .chain(of(MIGRATIONS, &[MigrateGate]))
    .collect()
}
