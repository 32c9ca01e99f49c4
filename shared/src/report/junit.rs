//! Test reports: one suite for the run, one case for each check.

use super::plain::{plain, plain_line};
use super::reading::{Standing, caveats, findings, reasons, worst_first};
use crate::error::{Error, Result};
use crate::receipt::Receipt;
use crate::verdict::{Finding, Record, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The XML. Readers call a report red only for failures and errors in it, so a run that is not
/// green always has one.
pub(super) fn render(receipt: &Receipt) -> Result<String> {
    let suite = suite(receipt);
    let mut report = Report::new("sluicegate");
    report.time = suite.time;
    report.add_test_suite(suite);
    report
        .to_string()
        .map_err(|error| Error::unavailable("could not encode the report").source(error))
}

fn suite(receipt: &Receipt) -> TestSuite {
    let mut suite = TestSuite::new(plain_line(&format!(
        "{}/{}",
        receipt.gate, receipt.environment
    )));
    suite.set_time(Duration::try_from_secs_f64(receipt.seconds).unwrap_or_default());
    if let Ok(started) = receipt.started.parse::<jiff::Timestamp>() {
        suite
            .extra
            .insert("timestamp".into(), started.to_string().into());
    }
    suite.add_property(("verdict", receipt.verdict.word()));
    suite.add_property(("settled", if receipt.settled { "true" } else { "false" }));
    if let Some(release) = &receipt.release {
        suite.add_property(("release", release.version.as_str()));
        suite.add_property(("commit", release.commit.as_str()));
    }
    suite.add_test_cases(worst_first(receipt).into_iter().map(|(standing, record)| {
        let mut case = case(
            receipt,
            &record.title,
            &record.check,
            status(standing, record),
        );
        if standing == Standing::Pass {
            case.set_system_out(plain(&reasons(record).join("\n")));
        }
        case
    }));
    if !receipt.settled || (receipt.verdict != Verdict::Pass && is_green(&suite)) {
        suite.add_test_case(case(
            receipt,
            "the run reaches a settled pass",
            "run",
            ending(receipt),
        ));
    }
    suite
}

fn is_green(suite: &TestSuite) -> bool {
    suite.failures + suite.errors == 0
}

fn case(receipt: &Receipt, title: &str, check: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(plain_line(title), status);
    case.set_classname(plain_line(&format!("{}.{check}", receipt.gate)));
    case
}

fn status(standing: Standing, record: &Record) -> TestCaseStatus {
    let mut status = match standing {
        Standing::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Standing::Unknown => TestCaseStatus::non_success(NonSuccessKind::Error),
        // Neither red, for it does not decide, nor green, for it does not hold.
        Standing::Warning | Standing::Waived | Standing::Skipped => TestCaseStatus::skipped(),
        Standing::Pass => return TestCaseStatus::success(),
    };
    let messages: Vec<&str> = findings(record)
        .iter()
        .map(|finding| finding.message.as_str())
        .chain(reasons(record))
        .collect();
    status.set_type(standing.word().to_lowercase());
    status.set_message(plain_line(&messages.join("; ")));
    status.set_description(plain(&description(record)));
    status
}

fn description(record: &Record) -> String {
    let mut lines: Vec<String> = findings(record).iter().flat_map(finding_lines).collect();
    lines.extend(reasons(record).into_iter().map(str::to_owned));
    if let Some(waived) = &record.waived {
        lines.push(format!(
            "waived until {} by {}: {}",
            waived.until, waived.owner, waived.reason
        ));
    }
    if !record.fix.is_empty() {
        lines.push(format!("fix: {}", record.fix));
    }
    lines.join("\n")
}

fn finding_lines(finding: &Finding) -> Vec<String> {
    let place = finding.place.as_ref().map(ToString::to_string);
    let mut lines = vec![finding.message.clone()];
    for (label, part) in [
        ("at", &place),
        ("observed", &finding.observed),
        ("expected", &finding.expected),
        ("reproduce", &finding.reproduce),
    ] {
        lines.extend(part.iter().map(|part| format!("{label}: {part}")));
    }
    lines
}

fn ending(receipt: &Receipt) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    let mut lines = vec![receipt.summary.headline.clone()];
    lines.extend(caveats(receipt));
    status.set_type(super::reading::word(receipt).to_lowercase());
    status.set_message(plain_line(&receipt.summary.headline));
    status.set_description(plain(&lines.join("\n")));
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Appearance, Format, render, runner, sample};
    use proptest::prelude::*;

    fn read(receipt: &Receipt) -> Report {
        let text = render(Format::Junit, receipt, &Appearance::default()).expect("can be encoded");
        Report::deserialize_from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn each_standing_has_its_element() {
        let report = read(&sample::failed_canary());
        let suite = &report.test_suites[0];
        assert_eq!(suite.name.as_str(), "canary-promote/production");
        assert_eq!(
            (suite.tests, suite.failures, suite.errors, suite.skipped),
            (14, 1, 1, 10)
        );
        let first = &suite.test_cases[0];
        assert_eq!(
            first.name.as_str(),
            "the canary fails no more often than stable"
        );
        assert_eq!(
            first.classname.as_deref(),
            Some("canary-promote.error-share")
        );
    }

    #[test]
    fn a_run_that_is_not_green_is_red_even_without_records() {
        for receipt in [sample::unknown(), sample::unsettled()] {
            assert!(read(&receipt).errors > 0);
        }
        let mut partly = sample::passed();
        partly.settled = false;
        assert_eq!(read(&partly).errors, 1);
        let green = read(&sample::passed());
        assert_eq!((green.errors, green.failures, green.tests), (0, 0, 1));
    }

    #[test]
    fn a_pass_keeps_its_evidence() {
        let report = read(&sample::passed());
        let case = &report.test_suites[0].test_cases[0];
        assert_eq!(case.system_out.as_deref(), Some("health: 200 in 3 ms"));
    }

    #[test]
    fn a_line_that_would_be_a_command_is_still_read() {
        let report = read(&sample::hostile("a\n::error::b"));
        let case = &report.test_suites[0].test_cases[5];
        assert_eq!(
            case.classname.as_deref(),
            Some("canary-promote.a ::error::b")
        );
        assert!(
            case.system_out
                .as_deref()
                .is_some_and(|text| text.contains("\\::error::b"))
        );
    }

    fn is_legal(c: char) -> bool {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    }

    proptest! {
        #[test]
        fn whatever_stands_in_it_is_well_formed(text in runner::foreign_text()) {
            let receipt = sample::hostile(&text);
            prop_assert_eq!(read(&receipt).tests, receipt.records.len());
            let xml = super::render(&receipt).expect("can be encoded");
            prop_assert!(xml.chars().all(is_legal), "{xml:?}");
        }
    }
}
