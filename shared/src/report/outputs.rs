//! What the next steps of a workflow may read: lines for the file named by `GITHUB_OUTPUT`.
//!
//! The grammar is the runner's:
//! <https://github.com/actions/runner/blob/main/src/Runner.Worker/FileCommandManager.cs>.

use super::plain::{cut, plain_line};
use super::reading::{Standing, count};
use crate::config::Gate;
use crate::error::{Error, Result};
use crate::receipt::Receipt;
use crate::release::Digest;
use std::path::Path;

/// 1 MB for each job, counted in UTF-16:
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idoutputs>.
const MOST_UNITS: usize = 512 * 1024;
/// One sentence needs no more.
const LONGEST_SUMMARY: usize = 1024;

/// The outputs of a gate, by name.
pub fn entries(receipt: &Receipt, path: &Path, digest: &Digest) -> Vec<(String, String)> {
    let of = |standing| count(receipt, standing).to_string();
    let mut entries = vec![
        ("verdict", receipt.verdict.word().to_owned()),
        ("exit-code", receipt.exit.code().to_string()),
        ("settled", receipt.settled.to_string()),
        ("receipt", path.display().to_string()),
        ("receipt-digest", digest.to_string()),
        (
            "summary",
            cut(&plain_line(&receipt.summary.headline), LONGEST_SUMMARY),
        ),
        ("passed", of(Standing::Pass)),
        ("failed", of(Standing::Fail)),
        ("unknown", of(Standing::Unknown)),
        ("skipped", of(Standing::Skipped)),
    ];
    if let Some(release) = &receipt.release {
        entries.push(("release", release.version.as_str().to_owned()));
    }
    let is_safe = receipt
        .detail
        .get("rollback_safe")
        .and_then(serde_json::Value::as_str);
    if let (Gate::MigrateGate, Some(is_safe)) = (receipt.gate, is_safe) {
        entries.push(("rollback-safe", is_safe.to_owned()));
    }
    entries
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The lines for these outputs, each with a delimiter of its own from that source, so that no
/// value can close its entry and start another.
pub fn format(
    entries: &[(String, String)],
    delimiter: &mut dyn FnMut() -> Result<String>,
) -> Result<String> {
    let mut text = String::new();
    for (name, value) in entries {
        let delimiter = delimiter()?;
        if !is_name(name) || !is_name(&delimiter) {
            return Err(Error::unavailable(format!(
                "`{name}` cannot be the name of an output"
            )));
        }
        if name.contains(&delimiter) || value.contains(&delimiter) {
            return Err(Error::unavailable(format!(
                "output `{name}` contains its own delimiter"
            )));
        }
        text.push_str(&format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"));
    }
    if text.encode_utf16().count() > MOST_UNITS {
        return Err(Error::unavailable(format!(
            "the outputs exceed {MOST_UNITS} characters"
        )));
    }
    Ok(text)
}

/// A delimiter that nobody can guess: 128 random bits.
pub fn random_delimiter() -> Result<String> {
    let mut bits = [0_u8; 16];
    getrandom::fill(&mut bits).map_err(|error| {
        Error::unavailable("could not get random bits").source(error.to_string())
    })?;
    let digits: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sluicegate_{digits}"))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{runner, sample};
    use proptest::prelude::*;

    fn pairs(entries: &[(&str, &str)]) -> Vec<(String, String)> {
        entries
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    fn value<'a>(entries: &'a [(String, String)], name: &str) -> Option<&'a str> {
        entries
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    fn of(receipt: &Receipt) -> Vec<(String, String)> {
        entries(receipt, Path::new("r/canary.json"), &Digest::of(b"x"))
    }

    #[test]
    fn the_outputs_of_a_failed_canary() {
        let entries = of(&sample::failed_canary());
        for (name, expected) in [
            ("verdict", "fail"),
            ("exit-code", "1"),
            ("settled", "true"),
            ("receipt", "r/canary.json"),
            ("passed", "2"),
            ("failed", "1"),
            ("unknown", "1"),
            ("skipped", "7"),
            ("release", "1.1.0"),
        ] {
            assert_eq!(value(&entries, name), Some(expected), "{name}");
        }
        assert!(value(&entries, "receipt-digest").is_some_and(|text| text.starts_with("sha256:")));
        assert!(value(&entries, "summary").is_some_and(|text| text.starts_with("canary 1.1.0")));
        assert_eq!(value(&entries, "rollback-safe"), None);
        assert_eq!(value(&of(&sample::unknown()), "release"), None);
    }

    #[test]
    fn only_migrate_gate_says_whether_a_rollback_is_safe() {
        let mut receipt = sample::passed();
        receipt.detail = serde_json::json!({"rollback_safe": "no"});
        assert_eq!(value(&of(&receipt), "rollback-safe"), None);
        receipt.gate = Gate::MigrateGate;
        assert_eq!(value(&of(&receipt), "rollback-safe"), Some("no"));
    }

    #[test]
    fn a_value_that_contains_its_delimiter_is_refused() {
        let mut fixed = || Ok("EOF".to_owned());
        assert!(format(&pairs(&[("a", "x\nEOF\nadmin=true")]), &mut fixed).is_err());
        assert!(format(&pairs(&[("EOF", "x")]), &mut fixed).is_err());
        for name in ["", "a b", "a=b", "1a", "a\nb", "a<<b", "é"] {
            assert!(
                format(&pairs(&[(name, "x")]), &mut random_delimiter).is_err(),
                "{name:?}"
            );
        }
    }

    #[test]
    fn more_than_the_runner_takes_is_refused() {
        let fits = "é".repeat(500_000);
        assert!(format(&pairs(&[("a", &fits)]), &mut random_delimiter).is_ok());
        let too_long = "😀".repeat(270_000);
        assert!(format(&pairs(&[("a", &too_long)]), &mut random_delimiter).is_err());
    }

    #[test]
    fn no_two_delimiters_are_the_same() {
        let (one, other) = (
            random_delimiter().expect("is random"),
            random_delimiter().expect("is"),
        );
        assert_ne!(one, other);
        assert_eq!(one.len(), "sluicegate_".len() + 32);
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_the_runner_reads(
            values in proptest::collection::vec(runner::foreign_text(), 0..6)
        ) {
            let entries: Vec<_> =
                values.into_iter().map(|value| ("name-1_x".to_owned(), value)).collect();
            let text = format(&entries, &mut random_delimiter).expect("can be written");
            prop_assert_eq!(runner::outputs(&text), Ok(entries));
        }

        #[test]
        fn every_receipt_gives_outputs_that_are_read_back(text in runner::foreign_text()) {
            let entries = of(&sample::hostile(&text));
            let written = format(&entries, &mut random_delimiter).expect("can be written");
            prop_assert_eq!(runner::outputs(&written), Ok(entries));
        }
    }
}
