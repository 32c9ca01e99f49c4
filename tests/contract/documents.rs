//! Documents name only what is there, and their tables say what the code says.

use crate::action;
use crate::repository::{files, read, root};
use shared::verdict::Exit;
use std::collections::{BTreeMap, BTreeSet};

const DOCUMENTS: [&str; 4] = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "README.md",
    "docs/smoke-test.md",
];

/// Files that documents name although they are not of this repository, and whose they are.
const ELSEWHERE: [(&str, &str); 3] = [
    ("sluicegate.yml", "the project's that uses Sluicegate"),
    (".sluicegate/", "the project's that uses Sluicegate"),
    ("target/", "made by a build"),
];

/// The blocks of that language.
pub fn fenced(document: &str, language: &str) -> Vec<String> {
    let mut blocks = document.split("\n```").skip(1).step_by(2);
    let of_language = |block: &str| {
        block
            .strip_prefix(&format!("{language}\n"))
            .map(str::to_owned)
    };
    blocks.by_ref().filter_map(of_language).collect()
}

/// What stands in backticks outside of blocks.
fn quoted(document: &str) -> Vec<String> {
    let prose: Vec<&str> = document.split("\n```").step_by(2).collect();
    let prose = prose.join("\n");
    prose
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn looks_like_a_path(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./<>*-".contains(c);
    let endings = [".rs", ".md", ".yml", ".toml", ".json", ".sh", ".mjs"];
    let has_shape = text.contains('/') || endings.iter().any(|ending| text.ends_with(ending));
    has_shape && !text.starts_with('/') && text.chars().all(is_plain)
}

/// Whether a file or folder of the repository, or of one of its binaries, has that name.
fn is_there(text: &str, files: &[String]) -> bool {
    let wanted: Vec<&str> = text.trim_end_matches('/').split('/').collect();
    let matches = |parts: &[&str]| {
        let is_one = |(wanted, part): (&&str, &&str)| is_named(wanted, part);
        let is_complete =
            parts.len() == wanted.len() && !text.ends_with('/') || parts.len() > wanted.len();
        is_complete && wanted.iter().zip(parts).all(is_one)
    };
    files.iter().any(|file| {
        let parts: Vec<&str> = file.split('/').collect();
        let in_binary = parts.starts_with(&["bins"]) && parts.len() > 2 && matches(&parts[2..]);
        let is_bare_name = wanted.len() == 1 && !text.ends_with('/') && parts.ends_with(&wanted);
        matches(&parts) || in_binary || is_bare_name
    })
}

/// `<id>.rs` and `*.rs` stand for any name.
fn is_named(wanted: &str, name: &str) -> bool {
    let hole = match (wanted.find('<'), wanted.rfind('>')) {
        (Some(start), Some(end)) if start < end => Some((start, end + 1)),
        _ => wanted.find('*').map(|start| (start, start + 1)),
    };
    match hole {
        Some((start, end)) => name.starts_with(&wanted[..start]) && name.ends_with(&wanted[end..]),
        None => wanted == name,
    }
}

#[test]
fn every_path_that_a_document_names_exists() {
    let files = files();
    let (mut missing, mut seen) = (Vec::new(), 0);
    for document in DOCUMENTS {
        for text in quoted(&read(document)) {
            let is_elsewhere = ELSEWHERE
                .iter()
                .any(|(name, _)| text == *name || name.ends_with('/') && text.starts_with(name));
            if !looks_like_a_path(&text) || is_elsewhere {
                continue;
            }
            seen += 1;
            if !is_there(&text, &files) {
                missing.push(format!("{document}: `{text}`"));
            }
        }
    }
    assert!(seen > 20, "only {seen} paths were found");
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
}

#[test]
fn every_relative_link_of_a_document_leads_somewhere() {
    for document in files().iter().filter(|file| file.ends_with(".md")) {
        for link in read(document).split("](").skip(1) {
            let target = link.split([')', '#', ' ']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let folder = root().join(document);
            let folder = folder.parent().expect("a file lies in a folder");
            assert!(
                folder.join(target).exists(),
                "{document} links to `{target}`, which is not there"
            );
        }
    }
}

/// The rows of the table under that heading, by their first cell.
fn table(document: &str, heading: &str) -> BTreeMap<String, String> {
    let lines = document
        .lines()
        .skip_while(|line| !line.starts_with(&format!("| {heading} |")));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let (first, rest) = line.trim_matches('|').split_once('|')?;
        Some((
            first.replace('`', "").trim().to_owned(),
            rest.trim().to_owned(),
        ))
    };
    rows.filter_map(row).collect()
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_code() {
    let exits = [
        Exit::Pass,
        Exit::Fail,
        Exit::Config,
        Exit::Unknown,
        Exit::Unsettled,
    ];
    let expected: BTreeSet<String> = exits
        .iter()
        .map(|exit| format!("{} {}", exit.code(), exit.word()))
        .collect();
    let told: BTreeSet<String> = table(&read("README.md"), "exit").into_keys().collect();
    assert_eq!(told, expected);
}

#[test]
fn the_inputs_and_outputs_of_the_readme_are_those_of_the_action() {
    let readme = read("README.md");
    let told: BTreeSet<String> = table(&readme, "input").into_keys().collect();
    assert_eq!(told, action::names("inputs"));
    let outputs = readme
        .split("\nOutputs: ")
        .nth(1)
        .and_then(|rest| rest.split("\n\n").next());
    let told: BTreeSet<String> = quoted(outputs.expect("README.md lists the outputs"))
        .into_iter()
        .collect();
    assert_eq!(told, action::names("outputs"));
}

#[test]
fn paths_are_told_from_other_words_and_looked_for_where_they_may_be() {
    let document = "`a/b.rs` and\n```sh\n`no/path.rs`\n```\n`c` `--plan`\n";
    assert_eq!(quoted(document), ["a/b.rs", "c", "--plan"]);
    assert_eq!(fenced(document, "sh"), ["`no/path.rs`"]);
    for (text, expected) in [
        ("a/b", true),
        ("x.md", true),
        ("postgres://h/d", false),
        ("/metrics", false),
        ("a b/c", false),
    ] {
        assert_eq!(looks_like_a_path(text), expected, "{text}");
    }
    let files = [
        "action.yml".to_owned(),
        "bins/rollback/checks/target.rs".to_owned(),
    ];
    for text in [
        "action.yml",
        "bins/",
        "bins/<binary>/checks/<id>.rs",
        "checks/",
        "target.rs",
        "bins/*/checks/",
    ] {
        assert!(is_there(text, &files), "{text}");
    }
    for text in [
        "action.yaml",
        "bin/",
        "action.yml/",
        "checks/mod.rs",
        "facts.rs",
        "bins/<binary>/run/<id>.rs",
    ] {
        assert!(!is_there(text, &files), "{text}");
    }
}
