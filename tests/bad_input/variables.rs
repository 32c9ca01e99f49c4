//! Variables, and the addresses that are made of them.

use crate::case::{Case, Edit};
use shared::config::Gate::{
    self, CanaryPromote, MigrateGate, PreflightChecklist, Rollback, SmokeTest,
};

const READ_DATABASE: [Gate; 3] = [PreflightChecklist, MigrateGate, Rollback];
const READ_FILE: [Gate; 3] = [PreflightChecklist, CanaryPromote, Rollback];
const READ_URL: [Gate; 2] = [SmokeTest, Rollback];

const DATABASE: &str = "postgres://cal:${PASSWORD}@";

const DATABASES: &[Edit] = &[
    (
        "a name that is not closed",
        DATABASE,
        "postgres://cal:${PASSWORD@",
        &["sluicegate.yml:11:", "`${` is not closed"],
    ),
    (
        "a name that is empty",
        DATABASE,
        "postgres://cal:${}@",
        &["sluicegate.yml:11:", "is not set"],
    ),
    (
        "a name that no variable has",
        DATABASE,
        "postgres://cal:${A=B}@",
        &["sluicegate.yml:11:", "is not set"],
    ),
    (
        "no database URL",
        DATABASE,
        "mysql://cal:${PASSWORD}@",
        &["database URL"],
    ),
    (
        "a database without a user",
        DATABASE,
        "postgres://",
        &["database URL"],
    ),
];

const URLS: [(&str, &str, &str); 6] = [
    (
        "unset variable in the URL",
        "    url: 'http://${NOWHERE}'",
        "`NOWHERE` is not set",
    ),
    (
        "no scheme in the URL",
        "    url: 127.0.0.1:80",
        "must start with `http://`",
    ),
    (
        "another scheme in the URL",
        "    url: ftp://127.0.0.1",
        "must start with `http://`",
    ),
    ("a URL of spaces", "    url: 'http://a b'", ""),
    ("a URL without a host", "    url: 'http://'", ""),
    (
        "a URL with an impossible port",
        "    url: 'http://127.0.0.1:99999'",
        "",
    ),
];

const FILES: [(&str, &[u8], &str); 6] = [
    (
        "variables without `=`",
        b"A=1\nnonsense\n",
        ".env:2: this line is no `NAME=value`",
    ),
    (
        "variables without a name",
        b"=1\n",
        ".env:1: this line has no valid variable name",
    ),
    (
        "variables that begin with a digit",
        b"1A=1\n",
        ".env:1: this line has no valid variable name",
    ),
    (
        "variables with an open quote",
        b"A='x\n",
        ".env:1: the quote of `A` is not closed",
    ),
    (
        "variables with an open end",
        b"A=\"x\\\n",
        ".env:1: the quote of `A` is not closed",
    ),
    (
        "variables that are not UTF-8",
        b"A=\xff\n",
        ".env: the variables cannot be read",
    ),
];

/// What is wrong with variables and what they make.
pub fn cases() -> Vec<Case> {
    let unset = Case::arguments(
        "unset variable",
        &[],
        &[
            "sluicegate.yml:11:",
            "environment variable `PASSWORD` is not set",
        ],
    );
    let mut cases = vec![unset.without("PASSWORD").only(&READ_DATABASE)];
    cases.extend(
        Case::edits(DATABASES)
            .into_iter()
            .map(|case| case.only(&READ_DATABASE)),
    );
    cases.extend(URLS.map(|(name, line, says)| {
        Case::line(
            name,
            "    url: http://127",
            line,
            &["sluicegate.yml:5:10: ", says],
        )
        .only(&READ_URL)
    }));
    cases.push(Case::line(
        "no URL",
        "    url: http://127",
        "    kaches: []",
        &["sluicegate.yml:5:5: "],
    ));
    cases.extend(FILES.map(|(name, content, says)| {
        let change = |sandbox: &crate::sandbox::Sandbox| sandbox.write(".env", content);
        Case::arguments(name, &[], &[says])
            .only(&READ_FILE)
            .changing(change)
    }));
    let missing = ("variables that are not there", "      - file: none");
    let folder = ("variables that are a directory", "      - file: empty");
    cases.extend([missing, folder].map(|(name, line)| {
        Case::line(
            name,
            "      - file: .env",
            line,
            &["the variables cannot be read"],
        )
        .only(&READ_FILE)
    }));
    cases
}
