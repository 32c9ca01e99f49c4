//! Arguments that are wrong.

use crate::case::Case;
use shared::config::Gate::{
    self, CanaryPromote, MigrateGate, PreflightChecklist, Rollback, SmokeTest,
};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

/// What it is, the arguments, and what must be said of them.
type Row = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// What the command line's own reader refuses.
const USAGE: &[Row] = &[
    (
        "unknown flag",
        &["--enviroment", "x"],
        &["--enviroment", "--environment"],
    ),
    ("unknown short flag", &["-x"], &["-x"]),
    ("flag without a value", &["--format"], &["--format"]),
    ("unknown format", &["--format", "xml"], &["xml", "json"]),
    ("empty format", &["--format="], &["--format"]),
    ("empty receipt", &["--receipt="], &["--receipt"]),
    ("unknown colour", &["--color", "blue"], &["blue", "never"]),
    ("a value for a switch", &["--plan=yes"], &["--plan"]),
    (
        "two environments",
        &["-e", "production"],
        &["--environment"],
    ),
    ("loud and quiet", &["-v", "-q"], &["--quiet"]),
];

/// What only some gates could understand.
const COMMANDS: &[(Row, &[Gate])] = &[
    (
        ("unknown command", &["deploy"], &["deploy"]),
        &[PreflightChecklist, SmokeTest, CanaryPromote, Rollback],
    ),
    (
        ("another gate's command", &["apply"], &["apply"]),
        &[PreflightChecklist, SmokeTest, CanaryPromote, Rollback],
    ),
    (("a word too many", &["more"], &["more"]), &[MigrateGate]),
];

/// On staging.
const SELECTIONS: &[Row] = &[
    ("unknown check", &["--only", "diks"], &["no check `diks`"]),
    (
        "unknown check left out",
        &["--skip", "receits"],
        &["no check `receits`", "did you mean `receipts`?"],
    ),
    (
        "control characters in a check",
        &["--only", "a\nerror: b\u{1b}[31m"],
        &["there is no check"],
    ),
    ("empty check", &["--only="], &["there is no check ``"]),
    (
        "nothing left",
        &["--only", "receipts", "--skip", "receipts"],
        &["leave no check to run"],
    ),
    (
        "unknown check explained",
        &["--explain", "diks"],
        &["no check `diks`"],
    ),
    (
        "no such list",
        &["--list-checks", "--format", "sarif"],
        &["`--list-checks` has no such format"],
    ),
    (
        "unknown service",
        &["--service", "wbe"],
        &["sluicegate.yml: ", "no service `wbe`", "mean `web`?"],
    ),
    ("empty service", &["--service="], &["has no service ``"]),
    (
        "unknown release",
        &["--release", "v9.9.9"],
        &["there is no release `v9.9.9`"],
    ),
    ("empty release", &["--release="], &["no release ``"]),
    (
        "release like a flag",
        &["--release=--help"],
        &["there is no release `--help`"],
    ),
    (
        "release of two lines",
        &["--release", "a\nb"],
        &["there is no release"],
    ),
    (
        "release of a range",
        &["--release", "HEAD..HEAD"],
        &["there is no release `HEAD..HEAD`"],
    ),
    (
        "release that is a tree",
        &["--release", "HEAD^{tree}"],
        &["HEAD^{tree}"],
    ),
];

/// Without the environment that the others have.
const ENVIRONMENTS: &[Row] = &[
    (
        "no environment",
        &[],
        &["no environment is named", "`production`, `staging`"],
    ),
    (
        "unknown environment",
        &["-e", "stagin"],
        &[
            "sluicegate.yml: there is no environment `stagin`",
            "did you mean `staging`?",
        ],
    ),
    (
        "empty environment",
        &["--environment="],
        &["no environment ``"],
    ),
    (
        "path as an environment",
        &["-e", "../production"],
        &["there is no environment `../production`"],
    ),
    (
        "line end in an environment",
        &["-e", "a\nerror: b"],
        &["there is no environment"],
    ),
];

/// Places where a receipt cannot be written.
const RECEIPTS: &[Row] = &[
    (
        "directory as the receipt",
        &["--receipt", "empty"],
        &["empty: ", "directory", "`--receipt`"],
    ),
    (
        "receipt below a file",
        &["--receipt", "sluicegate.yml/x.json"],
        &["sluicegate.yml/x.json: "],
    ),
    (
        "receipt far below a file",
        &["--receipt", ".env/a/b/x.json"],
        &[".env/a/b/x.json: "],
    ),
    ("receipt as the root", &["--receipt", "/"], &["/: "]),
    (
        "receipt without a name",
        &["--receipt", "empty/.."],
        &["empty/..: "],
    ),
];

/// What is wrong with the arguments.
pub fn cases() -> Vec<Case> {
    let of = |rows: &[Row], case: fn(&str, &[&str], &[&str]) -> Case| {
        let cases = rows
            .iter()
            .map(|(name, arguments, says)| case(name, arguments, says));
        cases.collect::<Vec<_>>()
    };
    let commands = COMMANDS.iter().map(|((name, arguments, says), gates)| {
        Case::arguments(name, arguments, says).usage().only(gates)
    });
    let long = "x".repeat(100_000);
    let endless = Case::bare(
        "endless environment",
        &["-e", &long],
        &["no environment `xxx"],
    );
    of(USAGE, |name, arguments, says| {
        Case::arguments(name, arguments, says).usage()
    })
    .into_iter()
    .chain(commands)
    .chain(of(SELECTIONS, Case::arguments))
    .chain(of(ENVIRONMENTS, Case::bare))
    .chain([endless])
    .chain(not_utf8())
    .chain(of(RECEIPTS, receipt))
    .chain(in_the_way())
    .collect()
}

fn receipt(name: &str, arguments: &[&str], says: &[&str]) -> Case {
    Case::arguments(name, arguments, says).saying("the receipt could not be written there")
}

fn not_utf8() -> [Case; 2] {
    let mut environment = Case::bare("an environment that is not UTF-8", &["-e"], &[]).usage();
    environment
        .arguments
        .push(OsString::from_vec(b"stag\xffing".to_vec()));
    let mut file = Case::bare(
        "a file name that is not UTF-8",
        &["--config"],
        &["could not read"],
    );
    file.arguments
        .push(OsString::from_vec(b"no\xff.yml".to_vec()));
    [environment, file]
}

/// Files where folders must be.
fn in_the_way() -> [Case; 3] {
    let long = format!("empty/{}", "x".repeat(300));
    let place = ".sluicegate/receipts/staging/";
    let journal = ".sluicegate/journal/staging.jsonl: the journal cannot be written";
    [
        receipt(
            "receipt with a long name",
            &["--receipt", &long],
            &["too long"],
        ),
        receipt("a file where the receipts go", &[], &[place])
            .changing(|sandbox| sandbox.write(".sluicegate", b"mine")),
        Case::arguments(
            "a file where the journal goes",
            &["--receipt", "split.conf"],
            &[journal],
        )
        .changing(|sandbox| sandbox.write(".sluicegate", b"mine"))
        .only(&[CanaryPromote, Rollback]),
    ]
}
