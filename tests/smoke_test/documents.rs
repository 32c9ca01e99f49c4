//! What the documents say of smoke-test's configuration is so: each kind and predicate is there, and
//! every line of YAML is taken.

use crate::sandbox::{Ran, Sandbox};
use serde_json::Value;
use std::collections::BTreeSet;

/// An environment with everything that the documents' probes name.
const ENVIRONMENT: &str = "\
version: 1
project: cal
environments:
  staging:
    url: https://staging.cal.example
    addresses: {current: 'https://current.cal.example'}
    databases: {main: {url: 'postgres://smoke@db.cal.example/cal'}}
    caches: {main: {url: 'redis://:${PASSWORD}@cache.cal.example'}}
    services:
      web:
        target:
          command: {deploy: [deploy], stop: [stop], stable: ['10.0.0.1:7890'], canary: []}
services:
  web:
    identity:
      header: {name: x-release}
";
const VARIABLES: [(&str, &str); 5] = [
    ("TOKEN", "first-token-1234"),
    ("SMOKE_TOKEN", "second-token-1234"),
    ("OWNER", "third-token-1234"),
    ("STRANGER", "fourth-token-1234"),
    ("PASSWORD", "fifth-token-1234"),
];

fn read(file: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("`{file}`: {error}"))
}

/// The rows of the table under that heading: the first cell and the last, without backticks.
fn table(document: &str, heading: &str) -> Vec<(String, String)> {
    let lines = document.lines();
    let lines = lines.skip_while(|line| !line.starts_with(&format!("| {heading} |")));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let bare = |cell: &str| cell.trim().trim_matches('`').to_owned();
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        (
            bare(cells[0]),
            bare(cells.last().expect("a row has a cell")),
        )
    })
    .collect()
}

/// The YAML blocks that are a whole section.
fn sections(document: &str) -> Vec<String> {
    let blocks = document.split("\n```").skip(1).step_by(2);
    let yaml = blocks.filter_map(|block| block.strip_prefix("yaml\n"));
    yaml.filter(|block| block.starts_with("smoke:"))
        .map(str::to_owned)
        .collect()
}

fn planned(section: &str) -> Ran {
    let sandbox = Sandbox::with_file(&format!("{ENVIRONMENT}{section}"));
    sandbox.run_with(&["--plan"], &VARIABLES)
}

fn keys(object: &Value) -> BTreeSet<String> {
    let object = object.as_object().expect("has properties");
    object.keys().cloned().collect()
}

fn definition(name: &str) -> Value {
    let schema: Value = serde_json::from_str(&shared::config::json_schema()).expect("is JSON");
    schema["$defs"][name].clone()
}

#[test]
fn every_kind_of_probe_is_listed_and_its_shortest_form_is_taken() {
    let rows = table(&read("docs/smoke-test.md"), "kind");
    let kinds = definition("Probe");
    let kinds = kinds["oneOf"].as_array().expect("is an enum").iter();
    let kinds: BTreeSet<String> = kinds.flat_map(|kind| keys(&kind["properties"])).collect();
    let listed: BTreeSet<String> = rows.iter().map(|(kind, _)| kind.clone()).collect();
    assert_eq!(listed, kinds);
    let mut section = "smoke:\n  probes:\n".to_owned();
    for (kind, yaml) in &rows {
        assert!(yaml.starts_with(&format!("{kind}: {{")), "{yaml}");
        section.push_str(&format!("    - {yaml}\n"));
    }
    planned(&section).ends(0, &["smoke-test would make"]);
}

#[test]
fn every_predicate_is_listed_and_its_example_is_taken() {
    let rows = table(&read("docs/smoke-test.md"), "predicate");
    let listed: BTreeSet<String> = rows
        .iter()
        .map(|(predicate, _)| predicate.clone())
        .collect();
    assert_eq!(listed, keys(&definition("Predicates")["properties"]));
    let mut section = "smoke:\n  probes:\n".to_owned();
    for (predicate, yaml) in &rows {
        assert!(yaml.contains(&format!("{predicate}: ")), "{yaml}");
        section.push_str(&format!(
            "    - http: {{name: {predicate}, path: /, json: {{$.a: {yaml}}}}}\n"
        ));
    }
    planned(&section).ends(0, &["smoke-test would make"]);
}

#[test]
fn every_section_of_the_documents_is_taken() {
    let mut tried = 0;
    for document in ["README.md", "docs/smoke-test.md"] {
        for section in sections(&read(document)) {
            planned(&section).ends(0, &["smoke-test would make"]);
            tried += 1;
        }
    }
    assert!(tried > 1, "only {tried} sections were found");
}
