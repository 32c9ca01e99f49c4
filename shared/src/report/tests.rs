//! What must hold of every format: same bytes, nothing obeyed, nothing lost.

use super::*;
use crate::verdict::Verdict;
use proptest::prelude::*;

const ALL: [Format; 6] = [
    Format::Text,
    Format::Json,
    Format::Markdown,
    Format::Sarif,
    Format::Junit,
    Format::Html,
];

fn rendered(format: Format, receipt: &Receipt) -> String {
    render(format, receipt, &Appearance::default()).expect("a receipt can be rendered")
}

fn samples() -> [Receipt; 4] {
    [
        sample::passed(),
        sample::failed_canary(),
        sample::unsettled(),
        sample::unknown(),
    ]
}

#[test]
fn the_same_receipt_gives_the_same_bytes() {
    for receipt in samples() {
        for format in ALL {
            assert_eq!(
                rendered(format, &receipt),
                rendered(format, &receipt.clone())
            );
        }
    }
}

#[test]
fn every_report_ends_its_last_line_and_leaves_no_blanks_on_the_screen() {
    for receipt in samples() {
        for format in ALL {
            assert!(rendered(format, &receipt).ends_with('\n'), "{format:?}");
        }
        let text = rendered(Format::Text, &receipt);
        assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
        assert!(!text.contains("\n\n\n"), "{text}");
    }
}

#[test]
fn the_verdict_is_a_word_in_every_format_for_people() {
    let words = ["PASS", "FAIL", "UNSETTLED", "UNKNOWN"];
    for (receipt, word) in samples().iter().zip(words) {
        assert!(rendered(Format::Text, receipt).starts_with(word));
        assert!(rendered(Format::Markdown, receipt).starts_with(&format!("## {word}: ")));
        assert!(rendered(Format::Html, receipt).contains(&format!("<h1>{word}: ")));
    }
}

#[test]
fn the_receipt_in_the_report_keeps_its_verdict_whatever_the_format() {
    for receipt in samples() {
        let before = receipt.clone();
        for format in ALL {
            rendered(format, &receipt);
        }
        assert_eq!(receipt, before);
        assert!(Verdict::of(&receipt.records) == receipt.verdict);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_line_of_any_report_is_obeyed(text in runner::foreign_text()) {
        let receipt = sample::hostile(&text);
        for format in ALL {
            let report = rendered(format, &receipt);
            prop_assert!(!runner::is_obeyed(&report), "{format:?}: {report}");
        }
        let verbose = Appearance { is_coloured: true, width: Some(40), is_verbose: true };
        let screen = render(Format::Text, &receipt, &verbose).expect("is text");
        prop_assert!(!runner::is_obeyed(&screen), "{screen}");
    }

    #[test]
    fn no_control_character_reaches_a_reader(text in runner::foreign_text()) {
        let receipt = sample::hostile(&text);
        for format in [Format::Text, Format::Markdown, Format::Junit, Format::Html] {
            let report = rendered(format, &receipt);
            let is_clean = |c: char| c == '\n' || !(c.is_control() || c == '\u{fffe}');
            prop_assert!(report.chars().all(is_clean), "{format:?}: {report:?}");
        }
    }
}
