//! What `cargo xtask generate` writes is fresh.

use crate::repository::{printed, read};
use shared::config::Gate;

const STALE: &str = "run `cargo xtask generate`";

#[test]
fn checks_md_is_what_the_binaries_list() {
    let text = read("CHECKS.md");
    let mut sections = text.split("\n## ");
    let head = sections.next().unwrap_or_default();
    assert!(head.starts_with("# Checks\n"), "{head}");
    let sections: Vec<(&str, &str)> = sections
        .map(|section| section.split_once('\n').unwrap_or((section, "")))
        .collect();
    let names: Vec<&str> = sections.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, Gate::ALL.map(Gate::name), "{STALE}");
    for (gate, (_, section)) in Gate::ALL.into_iter().zip(&sections) {
        let listed = printed(gate, &["--list-checks", "--format", "markdown"]);
        assert_eq!(section.trim(), listed.trim(), "{gate}: {STALE}");
    }
}

#[test]
fn the_schema_is_that_of_the_types() {
    assert_eq!(
        read("sluicegate.schema.json"),
        shared::config::json_schema(),
        "{STALE}"
    );
}
