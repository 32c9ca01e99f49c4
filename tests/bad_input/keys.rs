//! Keys and kinds that are not known, twice there, missing, or of another shape.

use crate::case::{Case, Edit};

const EDITS: &[Edit] = &[
    (
        "tab for indentation",
        "    url: http",
        "\turl: http",
        &["sluicegate.yml:5:", "tab"],
    ),
    (
        "wrong indentation",
        "  production:\n",
        " production:\n",
        &["sluicegate.yml:"],
    ),
    (
        "two documents",
        "version: 1",
        "a: 1\n---\nversion: 1",
        &["sluicegate.yml:"],
    ),
    (
        "unknown key",
        "    url: http",
        "    ulr: http",
        &[
            "sluicegate.yml:5:5: there is no key `ulr`",
            "did you mean `url`?",
        ],
    ),
    (
        "unknown top-level key",
        "preflight:",
        "preflihgt:",
        &[
            "sluicegate.yml:",
            "`preflihgt`",
            "did you mean `preflight`?",
        ],
    ),
    (
        "key like no other",
        "version: 1",
        "qqq: {}\nversion: 1",
        &[
            "sluicegate.yml:1:1: there is no key `qqq`",
            "one of `canary`",
        ],
    ),
    (
        "control characters in a key",
        "version: 1",
        "\"a\\nb\\e[31m\": 1\nversion: 1",
        &["sluicegate.yml:1:1: there is no key"],
    ),
    (
        "unknown key of a service",
        "    services:\n",
        "    servises:\n",
        &["sluicegate.yml:13:5: ", "did you mean `services`?"],
    ),
    (
        "unknown key of smoke",
        "connections: 1",
        "conections: 1",
        &["sluicegate.yml:", "did you mean `connections`?"],
    ),
    (
        "unknown key of a probe",
        "p95: 500ms",
        "p97: 500ms",
        &["sluicegate.yml:", "there is no key `p97`"],
    ),
    (
        "unknown kind of ledger",
        "{file: ledger.jsonl}",
        "{flie: ledger.jsonl}",
        &[
            "sluicegate.yml:12:",
            "there is no kind `flie`",
            "did you mean `file`?",
        ],
    ),
    (
        "unknown kind of target",
        "          command:",
        "          comand:",
        &["sluicegate.yml:", "there is no kind `comand`", "`command`"],
    ),
    (
        "unknown kind of router",
        "          nginx:",
        "          ngnix:",
        &["sluicegate.yml:", "there is no kind `ngnix`", "`nginx`"],
    ),
    (
        "unknown kind of probe",
        "    - http:",
        "    - htpp:",
        &[
            "sluicegate.yml:",
            "there is no kind `htpp`",
            "did you mean `http`?",
        ],
    ),
    (
        "unknown kind of metric",
        "    - scrape:",
        "    - scarpe:",
        &["sluicegate.yml:", "there is no kind `scarpe`", "`scrape`"],
    ),
    (
        "unknown kind of tool",
        "    sql: {",
        "    prisma: {",
        &["sluicegate.yml:", "there is no kind `prisma`", "`sql`"],
    ),
    (
        "unknown kind of variables",
        "- file: .env",
        "- fiel: .env",
        &[
            "sluicegate.yml:",
            "there is no kind `fiel`",
            "did you mean `file`?",
        ],
    ),
    (
        "unknown kind of identity",
        "      header:",
        "      heder:",
        &["sluicegate.yml:", "there is no kind `heder`", "`header`"],
    ),
    (
        "unknown kind of artifact",
        "{file: 'artifacts",
        "{image: 'artifacts",
        &["sluicegate.yml:", "there is no kind `image`", "`file`"],
    ),
    (
        "two kinds at once",
        "{file: ledger.jsonl}",
        "{file: a, database: main}",
        &["sluicegate.yml:12:"],
    ),
    (
        "duplicate key",
        "waivers:",
        "project: again\nwaivers:",
        &["sluicegate.yml:", ":1: ", "project"],
    ),
    (
        "duplicate key inside",
        "ledger: {file: ledger.jsonl}",
        "ledger: {file: a}\n    url: http://x",
        &["sluicegate.yml:13:5: ", "url"],
    ),
    (
        "missing key",
        "project: cal\n",
        "",
        &["sluicegate.yml:", "the key `project` is missing"],
    ),
    (
        "missing key inside",
        "            stop: [deploy/stop, '{port}']\n",
        "",
        &["sluicegate.yml:", "the key `stop` is missing"],
    ),
    (
        "a word instead of a map",
        "    artifact: {file: 'artifacts/web-{version}.json'}",
        "    artifact: none",
        &["sluicegate.yml:"],
    ),
    (
        "a map instead of a list",
        "  probes:\n    - http",
        "  probes:\n      http",
        &["sluicegate.yml:"],
    ),
    (
        "a list instead of a word",
        "project: cal",
        "project: [cal]",
        &["sluicegate.yml:2:"],
    ),
    (
        "no environments",
        "environments:\n",
        "environments: {}\nx:\n",
        &["sluicegate.yml:"],
    ),
];

/// What is wrong with a key or a kind.
pub fn cases() -> Vec<Case> {
    Case::edits(EDITS)
}
