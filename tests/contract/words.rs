//! Words that must not get into the repository: this machine's paths, registries, loose ends.

use crate::repository::{files, root};
use serde_json::Value;
use std::path::Path;

/// Folders of every machine; a clone below them makes them no secret.
const EVERYWHERE: [&str; 9] = [
    "/tmp", "/var", "/var/tmp", "/home", "/usr", "/opt", "/srv", "/mnt", "/private",
];

/// The folders that only this machine has: those above the repository, and the user's.
fn machine_paths() -> Vec<String> {
    let above = root().ancestors().map(Path::to_owned);
    let home = std::env::var_os("HOME").map(Into::into);
    let mut paths: Vec<String> = above
        .chain(home)
        .map(|path| path.display().to_string())
        .collect();
    paths.retain(|path| path.len() > 1 && !EVERYWHERE.contains(&path.as_str()));
    for path in paths.iter_mut().filter(|path| *path == "/root") {
        // Many machines have that user; what lies in the folder is ours.
        path.push('/');
    }
    paths
}

/// Whether a text has the path whole: not as a part of another one.
fn names_path(text: &str, path: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-./}".contains(c);
    text.match_indices(path).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + path.len()..].chars().next();
        let ends = path.ends_with('/')
            || after.is_none_or(|c| !(c.is_ascii_alphanumeric() || "_-".contains(c)));
        !before.is_some_and(is_part) && ends
    })
}

fn texts() -> Vec<(String, String)> {
    let text = |file: String| {
        let bytes = std::fs::read(root().join(&file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (file, text)
    };
    files().into_iter().map(text).collect()
}

fn lines_with(text: &str, is_bad: impl Fn(&str) -> bool) -> Vec<usize> {
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| is_bad(line))
        .map(|(index, _)| index + 1)
        .collect()
}

#[test]
fn no_file_names_a_folder_of_this_machine() {
    let paths = machine_paths();
    assert!(
        !paths.is_empty(),
        "the folders of this machine are not known"
    );
    for (file, text) in texts() {
        for path in &paths {
            let lines = lines_with(&text, |line| names_path(line, path));
            assert!(lines.is_empty(), "{file}:{lines:?} names `{path}`");
        }
    }
}

#[test]
fn no_rust_file_has_loose_ends() {
    // In halves, or this file would be the first to have them. The first two are loose ends only
    // in comments: a list of placeholders may hold them as texts.
    let words = [
        ("// ", "TO", "DO"),
        ("// ", "FIX", "ME"),
        ("", "unimpl", "emented!("),
        ("", "to", "do!("),
        ("", ".unw", "rap()"),
    ];
    for (file, text) in texts()
        .into_iter()
        .filter(|(file, _)| file.ends_with(".rs"))
    {
        for (before, left, right) in words {
            let word = format!("{left}{right}");
            let is_bad = |line: &str| {
                let start = line.find(before);
                start.is_some_and(|start| line[start..].contains(&word))
            };
            let lines = lines_with(&text, is_bad);
            assert!(lines.is_empty(), "{file}:{lines:?} has `{word}`");
        }
    }
}

#[test]
fn no_lock_file_names_a_registry() {
    let mut seen = 0;
    for (file, text) in texts()
        .into_iter()
        .filter(|(file, _)| file.ends_with("package-lock.json"))
    {
        let lock: Value = serde_json::from_str(&text).expect("is JSON");
        let packages = lock["packages"].as_object().expect("has packages");
        for (name, package) in packages {
            assert!(
                package.get("resolved").is_none(),
                "{file}: `{name}` has `resolved`: remove it"
            );
        }
        seen += packages.len();
    }
    assert!(seen > 0, "no lock file was found");
}

#[test]
fn a_path_is_found_whole_and_not_as_a_part() {
    assert!(names_path("cd /somewhere/else", "/somewhere/else"));
    assert!(names_path("\"/somewhere/else/x\"", "/somewhere/else"));
    assert!(!names_path("a/somewhere-else", "/somewhere"));
    assert!(!names_path("/a/somewhere/b", "/somewhere"));
}
