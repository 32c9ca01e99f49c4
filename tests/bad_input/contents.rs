//! Files that are no configuration at all.

use crate::case::Case;
use crate::sandbox::Sandbox;
use std::process::Command;

type Text = (&'static str, &'static [u8], &'static [&'static str]);

const TEXTS: &[Text] = &[
    (
        "empty",
        b"",
        &["sluicegate.yml: the file is empty", "README"],
    ),
    (
        "only space",
        b" \n\t\n\n",
        &["sluicegate.yml: the file is empty"],
    ),
    ("only a comment", b"# later\n", &["sluicegate.yml"]),
    (
        "not UTF-8",
        b"version: 1\nproject: caf\xe9\n",
        &["sluicegate.yml:2:13: the file is not UTF-8"],
    ),
    (
        "UTF-16",
        b"\xff\xfev\0e\0r\0",
        &["sluicegate.yml:1:1: the file is not UTF-8"],
    ),
    (
        "a program",
        b"\x7fELF\x02\x01\x01\0\0\0",
        &["sluicegate.yml"],
    ),
    ("open bracket", b"version: [1\n", &["sluicegate.yml:"]),
    (
        "open quote",
        b"version: 1\nproject: 'cal\n",
        &["sluicegate.yml:"],
    ),
    ("a list", b"- version: 1\n", &["sluicegate.yml:1:1: "]),
    ("a word", b"yes\n", &["sluicegate.yml:1:1: "]),
    (
        "JSON cut off",
        b"{\"version\": 1, \"project\":",
        &["sluicegate.yml:"],
    ),
    (
        "a merge conflict",
        b"<<<<<<< HEAD\nversion: 1\n=======\n",
        &["sluicegate.yml:1:1"],
    ),
    ("NUL", b"version: 1\0\n", &["sluicegate.yml:1:"]),
];

/// What is wrong with the file as a file or as a text.
pub fn cases() -> Vec<Case> {
    let texts = TEXTS
        .iter()
        .map(|(name, text, says)| Case::file(name, *text, says));
    texts.chain(paths()).chain(devices()).collect()
}

fn paths() -> Vec<Case> {
    let gone = |sandbox: &Sandbox| {
        std::fs::remove_file(sandbox.path("sluicegate.yml")).expect("was there");
    };
    let named = |name, path: &str, says: &[&str]| Case::arguments(name, &["--config", path], says);
    vec![
        Case::arguments(
            "missing",
            &[],
            &["sluicegate.yml: could not read", "--config"],
        )
        .changing(gone),
        named(
            "missing elsewhere",
            "no/such.yml",
            &["no/such.yml: could not read"],
        ),
        named(
            "directory",
            "empty",
            &["empty: could not read", "directory"],
        ),
        named(
            "current directory",
            ".",
            &[".: could not read", "directory"],
        ),
        named(
            "below a file",
            ".env/x.yml",
            &[".env/x.yml: could not read"],
        ),
        Case::arguments("no name", &["--config="], &["--config"]).usage(),
        Case::file(
            "2 MiB",
            vec![b'#'; 2 << 20],
            &["sluicegate.yml: the file is larger than 1 MiB"],
        ),
    ]
}

/// What has no size, and may never end.
fn devices() -> Vec<Case> {
    let pipe = |sandbox: &Sandbox| {
        let script = "mkfifo pipe && (printf '' >pipe &)";
        let status = Command::new("sh")
            .args(["-c", script])
            .current_dir(sandbox.path(""))
            .status();
        assert!(status.expect("sh is everywhere").success());
    };
    let named = |name, path: &str, says: &[&str]| Case::arguments(name, &["--config", path], says);
    let mut cases = vec![named("empty pipe", "pipe", &["pipe: the file is empty"]).changing(pipe)];
    if cfg!(target_os = "linux") {
        cases.push(named(
            "endless",
            "/dev/zero",
            &["/dev/zero: the file is larger than 1 MiB"],
        ));
    }
    cases
}
