//! Every check of every binary: its id, its file, and what `--explain` says of it.

use crate::repository::{files, printed, read};
use serde_json::Value;
use shared::config::Gate;
use std::collections::BTreeSet;

fn entries(gate: Gate) -> Vec<Value> {
    let text = printed(gate, &["--list-checks", "--format", "json"]);
    let entries: Value = serde_json::from_str(&text).expect("is JSON");
    entries.as_array().expect("is a list").clone()
}

fn word<'a>(entry: &'a Value, key: &str) -> &'a str {
    let word = entry[key].as_str().unwrap_or_default();
    assert!(!word.trim().is_empty(), "`{key}` is missing: {entry}");
    word
}

/// The file that holds the check; the required receipts are the flow's own.
fn file_of(gate: Gate, id: &str) -> String {
    match id {
        "receipts" => "shared/src/gate/receipts.rs".into(),
        _ => format!("bins/{gate}/checks/{}.rs", id.replace('-', "_")),
    }
}

#[test]
fn every_check_has_a_kebab_id_of_its_own_and_a_file_of_that_name() {
    for gate in Gate::ALL {
        let mut seen = BTreeSet::new();
        for entry in entries(gate) {
            let id = word(&entry, "id");
            let is_kebab = id.split('-').all(|part| {
                !part.is_empty()
                    && part
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            });
            assert!(is_kebab, "{gate}: `{id}` is not kebab-case");
            assert!(seen.insert(id.to_owned()), "{gate} has `{id}` twice");
            let file = file_of(gate, id);
            assert!(
                read(&file).contains(&format!("id: \"{id}\"")),
                "`{file}` is not about `{id}`"
            );
            assert!(
                matches!(word(&entry, "severity"), "error" | "warning"),
                "{entry}"
            );
        }
        assert!(seen.len() > 1, "{gate} has no checks of its own");
    }
}

#[test]
fn no_file_of_a_check_is_left_out_of_the_table() {
    let mut files_with_checks = 0;
    for file in files() {
        let parts: Vec<&str> = file.split('/').collect();
        let ["bins", binary, "checks", name] = parts[..] else {
            continue;
        };
        if !read(&file).contains("const CHECK: ") {
            continue;
        }
        files_with_checks += 1;
        let gate = Gate::ALL
            .into_iter()
            .find(|gate| gate.name() == binary)
            .expect("is one of the five");
        let id = name.trim_end_matches(".rs").replace('_', "-");
        let is_listed = entries(gate).iter().any(|entry| word(entry, "id") == id);
        assert!(
            is_listed,
            "{gate} --list-checks does not list `{id}`, which `{file}` holds"
        );
    }
    assert!(
        files_with_checks > 20,
        "only {files_with_checks} files hold a check"
    );
}

#[test]
fn explain_says_what_must_hold_why_and_what_to_do() {
    for gate in Gate::ALL {
        for entry in entries(gate) {
            let text = printed(gate, &["--explain", word(&entry, "id")]);
            for key in ["id", "title", "why", "fix", "severity"] {
                assert!(
                    text.contains(word(&entry, key)),
                    "{gate}: no {key} of {entry} in:\n{text}"
                );
            }
        }
    }
}
