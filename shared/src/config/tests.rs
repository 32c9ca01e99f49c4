//! Bad files give one clear line; the complete one of the README is read whole.

use super::*;
use crate::error::Kind;
use proptest::prelude::*;

const SMALL: &str = "\
version: 1
project: cal
environments:
  staging:
    url: http://127.0.0.1:8080
";

fn parse(text: &str) -> Result<Config> {
    Config::parse(text, "sluicegate.yml", Path::new("."))
}

fn refusal(text: &str) -> String {
    let error = parse(text).expect_err("must be refused");
    assert_eq!(error.kind(), Kind::Config);
    error.to_string()
}

#[test]
fn the_smallest_file_is_enough() {
    let config = parse(SMALL).expect("is complete");
    assert_eq!(config.document.project.as_str(), "cal");
    assert!(config.environment("staging").is_ok());
}

#[test]
fn an_unknown_key_is_refused_with_place_line_and_nearest_key() {
    let text = SMALL.replace("    url:", "    ulr:");
    assert_eq!(
        refusal(&text),
        "sluicegate.yml:5:5: there is no key `ulr` here (in `ulr: http://127.0.0.1:8080`); \
         did you mean `url`?"
    );
}

#[test]
fn an_unknown_kind_is_refused_and_never_a_default() {
    let text = format!("{SMALL}    ledger: {{flie: ledger.jsonl}}\n");
    let error = refusal(&text);
    assert!(error.starts_with("sluicegate.yml:6:"), "{error}");
    assert!(error.contains("there is no kind `flie`"), "{error}");
    assert!(error.ends_with("did you mean `file`?"), "{error}");
}

#[test]
fn a_duplicate_key_is_refused() {
    let error = refusal(&format!("{SMALL}project: again\n"));
    assert!(error.starts_with("sluicegate.yml:6:1: "), "{error}");
    assert!(error.contains("project"), "{error}");
}

#[test]
fn every_way_to_write_it_wrong_names_the_place() {
    for (text, expected) in [
        ("", "sluicegate.yml: the file is empty"),
        ("  \n\n", "sluicegate.yml: the file is empty"),
        ("version: 1\n", "the key `project` is missing"),
        ("version: [1\n", "sluicegate.yml:"),
        ("- a\n", "sluicegate.yml:1:1: "),
        ("\u{0}", "sluicegate.yml"),
    ] {
        let error = refusal(text);
        assert!(error.contains(expected), "{text:?}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
    let newer = SMALL.replace("version: 1", "version: 2");
    assert_eq!(
        refusal(&newer),
        "sluicegate.yml:1:10: version 2 is not known; this Sluicegate reads version 1"
    );
}

#[test]
fn a_value_that_is_no_quantity_is_refused_where_it_stands() {
    let error = refusal(&format!("{SMALL}canary:\n  interval: 30\n"));
    assert!(error.starts_with("sluicegate.yml:7:"), "{error}");
    assert!(error.contains("is not a duration"), "{error}");
}

#[test]
fn names_that_lead_nowhere_are_refused() {
    let error = refusal(&format!(
        "{SMALL}preflight:\n  databases: [{{name: main, version: '>=13'}}]\n"
    ));
    assert!(
        error.contains("no environment has a database `main`"),
        "{error}"
    );
    let error = refusal(&format!(
        "{SMALL}receipts: {{require: {{staging: {{smoke-test: [migrat-gate]}}}}}}\n"
    ));
    assert!(error.contains("there is no gate `migrat-gate`"), "{error}");
    assert!(error.contains("did you mean `migrate-gate`?"), "{error}");
}

#[test]
fn margins_that_could_make_one_release_both_are_refused() {
    let error = refusal(&format!(
        "{SMALL}canary: {{abort: {{ratio: 3, excess: 1%}}, promote: {{ratio: 2, excess: 1%}}}}\n"
    ));
    assert!(error.contains("one release could be both"), "{error}");
}

#[test]
fn the_digest_does_not_depend_on_layout_or_comments_but_on_every_value() {
    let digest = |text: &str| parse(text).expect("is complete").digest;
    let same = SMALL.replace("project: cal", "# a comment\nproject:   'cal'");
    assert_eq!(digest(SMALL), digest(&same));
    assert_ne!(digest(SMALL), digest(&SMALL.replace("8080", "8081")));
}

#[test]
fn files_that_cannot_be_read_are_config_errors() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let load = |path: &Path| Config::load(path).expect_err("must be refused").to_string();
    assert!(load(&folder.path().join("none.yml")).contains("--config"));
    assert!(load(folder.path()).contains("directory"));
    let path = folder.path().join("latin1.yml");
    std::fs::write(&path, b"version: 1\nproject: caf\xe9\n").expect("is writable");
    let error = load(&path);
    assert!(
        error.ends_with("latin1.yml:2:13: the file is not UTF-8"),
        "{error}"
    );
    std::fs::write(&path, vec![b'#'; 2 << 20]).expect("is writable");
    assert!(load(&path).contains("larger than 1 MiB"));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(?s).{0,120}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_damage_to_a_good_file_makes_it_panic_or_print_two_lines(
        at in 0usize..400, replacement in "(?s).{0,3}"
    ) {
        let mut text = format!("{SMALL}canary:\n  steps: [10%, 50%]\n  metrics:\n    - scrape: {{}}\n");
        let at = at % text.len();
        if text.is_char_boundary(at) {
            text.replace_range(at..=at, &replacement);
        }
        if let Err(error) = parse(&text) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }
}
