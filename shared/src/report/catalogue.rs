//! The checks of a gate, for `--list-checks`, `--explain` and `CHECKS.md`.

use super::Format;
use super::summary::{cell, inline};
use crate::check::Entry;
use crate::error::{Error, Result};
use crate::verdict::Severity;

/// The checks in their order: aligned text, JSON, or Markdown.
pub fn list(entries: &[Entry], format: Format) -> Result<String> {
    match format {
        Format::Text => Ok(text(entries)),
        Format::Json => serde_json::to_string_pretty(entries)
            .map(|text| text + "\n")
            .map_err(|error| Error::unavailable("could not encode the checks").source(error)),
        Format::Markdown => Ok(table(entries)),
        Format::Sarif | Format::Junit | Format::Html => {
            Err(Error::config("`--list-checks` has no such format")
                .hint("use `--format text`, `json` or `markdown`"))
        }
    }
}

/// Everything about one check.
pub fn explain(entry: &Entry) -> String {
    format!(
        "{} ({})\n\n  {}\n\nwhy: {}\nfix: {}\n",
        entry.id,
        word(entry.severity),
        entry.title,
        entry.why,
        entry.fix
    )
}

/// The section of one gate in `CHECKS.md`.
pub fn markdown(gate: &str, entries: &[Entry]) -> String {
    format!("## {}\n\n{}", inline(gate), table(entries))
}

fn table(entries: &[Entry]) -> String {
    let mut text = String::from("| check | severity | what must hold | why | fix |\n");
    text.push_str("|---|---|---|---|---|\n");
    for entry in entries {
        text.push_str(&format!(
            "| `{}` | {} | {} | {} | {} |\n",
            entry.id,
            word(entry.severity),
            cell(entry.title),
            cell(entry.why),
            cell(entry.fix)
        ));
    }
    text
}

fn text(entries: &[Entry]) -> String {
    let widest = entries
        .iter()
        .map(|entry| entry.id.len())
        .max()
        .unwrap_or(0);
    entries
        .iter()
        .map(|entry| {
            format!(
                "{:<widest$}  {:<7}  {}\n",
                entry.id,
                word(entry.severity),
                entry.title
            )
        })
        .collect()
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRIES: [Entry; 2] = [
        Entry {
            id: "error-share",
            title: "the canary fails no more often than stable",
            why: "a release that fails more often | hurts",
            fix: "read the log",
            severity: Severity::Error,
        },
        Entry {
            id: "steps",
            title: "the last step reaches 100 %",
            why: "because",
            fix: "add a step",
            severity: Severity::Warning,
        },
    ];

    #[test]
    fn the_list_is_aligned() {
        assert_eq!(
            list(&ENTRIES, Format::Text).expect("is text"),
            "error-share  error    the canary fails no more often than stable\n\
             steps        warning  the last step reaches 100 %\n"
        );
    }

    #[test]
    fn the_list_is_an_array_for_machines() {
        let text = list(&ENTRIES, Format::Json).expect("is JSON");
        let json: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
        assert_eq!(json[1]["id"], "steps");
        assert_eq!(json[0]["severity"], "error");
    }

    #[test]
    fn a_format_that_the_list_does_not_have_is_refused() {
        for format in [Format::Sarif, Format::Junit, Format::Html] {
            let error = list(&ENTRIES, format).expect_err("has no such format");
            assert_eq!(error.kind(), crate::error::Kind::Config);
        }
    }

    #[test]
    fn a_check_is_explained_with_its_why_and_fix() {
        let text = explain(&ENTRIES[1]);
        assert_eq!(
            text,
            "steps (warning)\n\n  the last step reaches 100 %\n\nwhy: because\nfix: add a step\n"
        );
    }

    #[test]
    fn a_pipe_does_not_break_the_table() {
        let text = markdown("canary-promote", &ENTRIES);
        assert!(text.starts_with("## canary-promote\n\n| check |"));
        assert!(text.contains("more often \\| hurts"));
    }
}
