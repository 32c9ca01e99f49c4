//! Code scanning: SARIF 2.1.0, the part of it that GitHub reads.
//!
//! <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>

mod model;

use super::plain::plain;
use super::reading::{Standing, findings, reasons, worst_first};
use crate::error::{Error, Result};
use crate::receipt::Receipt;
use crate::release::Digest;
use crate::verdict::{Exit, Finding, Outcome, Place, Record, Severity, Waived};
use model::{
    ArtifactLocation, Automation, Configuration, Driver, Invocation, Level, Location, Log,
    Notification, PhysicalLocation, Region, Rule, Run, ScanResult, Suppression, Text, Tool,
};
use std::collections::BTreeMap;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// GitHub refuses a run with more results.
const MOST_RESULTS: usize = 25_000;

/// The log with one run: a result for each finding and each unknown answer.
pub(super) fn render(receipt: &Receipt) -> Result<String> {
    let rules = rules(receipt);
    let results = results(receipt, &rules);
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            automation_details: Automation {
                id: format!("{}/{}/", receipt.gate, plain(&receipt.environment)),
            },
            invocations: [invocation(receipt, &results)],
            column_kind: "unicodeCodePoints",
            results: results.into_iter().take(MOST_RESULTS).collect(),
            tool: Tool {
                driver: Driver {
                    name: "Sluicegate",
                    version: receipt.run.tool.clone(),
                    rules,
                },
            },
        }],
    };
    serde_json::to_string_pretty(&log)
        .map(|text| text + "\n")
        .map_err(|error| Error::unavailable("could not encode the report").source(error))
}

fn text(text: &str) -> Text {
    Text { text: plain(text) }
}

fn invocation(receipt: &Receipt, results: &[ScanResult]) -> Invocation {
    let level = match receipt.exit {
        Exit::Pass => Level::Note,
        Exit::Fail | Exit::Config | Exit::Unknown | Exit::Unsettled => Level::Error,
    };
    let mut said = vec![receipt.summary.headline.clone()];
    said.extend(super::reading::caveats(receipt));
    if results.len() > MOST_RESULTS {
        said.push(format!(
            "{} results were left out",
            results.len() - MOST_RESULTS
        ));
    }
    Invocation {
        // A gate that says no has worked; one that cannot say has not.
        execution_successful: matches!(receipt.exit, Exit::Pass | Exit::Fail),
        exit_code: receipt.exit.code(),
        exit_code_description: receipt.exit.word(),
        start_time_utc: receipt.started.clone(),
        end_time_utc: receipt.finished.clone(),
        tool_execution_notifications: said
            .iter()
            .map(|line| Notification {
                level,
                message: text(line),
            })
            .collect(),
    }
}

/// One for each check, in the order of the receipt.
fn rules(receipt: &Receipt) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for record in &receipt.records {
        if rules.iter().any(|rule| rule.id == record.check) {
            continue;
        }
        rules.push(Rule {
            id: record.check.clone(),
            short_description: text(&record.title),
            help: text(if record.fix.is_empty() {
                &record.title
            } else {
                &record.fix
            }),
            default_configuration: Configuration {
                level: match record.severity {
                    Severity::Error => Level::Error,
                    Severity::Warning => Level::Warning,
                },
            },
        });
    }
    rules
}

fn results(receipt: &Receipt, rules: &[Rule]) -> Vec<ScanResult> {
    let mut seen = BTreeMap::new();
    let mut results = Vec::new();
    for (standing, record) in worst_first(receipt) {
        let Some(level) = level(standing, record) else {
            continue;
        };
        let said = findings(record)
            .iter()
            .map(|finding| (message(finding), finding.place.as_ref()));
        let reasoned = reasons(record)
            .into_iter()
            .map(|reason| (format!("{}: {reason}", record.title), None));
        for (message, place) in said.chain(reasoned) {
            results.push(ScanResult {
                rule_id: record.check.clone(),
                rule_index: rules
                    .iter()
                    .position(|rule| rule.id == record.check)
                    .unwrap_or(0),
                level,
                partial_fingerprints: fingerprint(receipt, record, &message, place, &mut seen),
                message: text(&message),
                locations: [location(receipt, place)],
                suppressions: suppressions(record),
            });
        }
    }
    results
}

fn level(standing: Standing, record: &Record) -> Option<Level> {
    let is_no = matches!(record.outcome, Outcome::Fail { .. });
    let holds = matches!(
        record.outcome,
        Outcome::Pass { .. } | Outcome::Skipped { .. }
    );
    match standing {
        Standing::Fail => Some(Level::Error),
        Standing::Unknown => Some(Level::Warning),
        Standing::Warning => Some(if is_no { Level::Warning } else { Level::Note }),
        Standing::Waived => (!holds).then_some(Level::Note),
        Standing::Pass | Standing::Skipped => None,
    }
}

fn message(finding: &Finding) -> String {
    let mut message = finding.message.clone();
    if let Some(Place::Url(url)) = &finding.place {
        message.push_str(&format!("\nat: {url}"));
    }
    for (label, part) in [
        ("observed", &finding.observed),
        ("expected", &finding.expected),
    ] {
        if let Some(part) = part {
            message.push_str(&format!("\n{label}: {part}"));
        }
    }
    message
}

fn suppressions(record: &Record) -> Vec<Suppression> {
    let one = |waived: &Waived| Suppression {
        kind: "external",
        status: "accepted",
        justification: plain(&format!(
            "{} ({}, until {})",
            waived.reason, waived.owner, waived.until
        )),
    };
    record.waived.iter().map(one).collect()
}

/// The place, or the configuration that asked for the check: a result must have a file.
fn location(receipt: &Receipt, place: Option<&Place>) -> Location {
    let (path, line, column) = match place {
        Some(Place::File { path, line, column }) => (path, *line, *column),
        Some(Place::Url(_)) | None => (&receipt.config.file, 1, 1),
    };
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation {
                uri: relative_uri(path),
                uri_base_id: "%SRCROOT%",
            },
            region: Region {
                start_line: line.max(1),
                start_column: column.max(1),
            },
        },
    }
}

fn relative_uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let path = path.trim_start_matches("./").trim_start_matches('/');
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

/// Names the same finding in the next run, although its figures and its line have changed. GitHub
/// reads this name only.
fn fingerprint(
    receipt: &Receipt,
    record: &Record,
    message: &str,
    place: Option<&Place>,
    seen: &mut BTreeMap<String, u64>,
) -> BTreeMap<&'static str, String> {
    let place = match place {
        Some(Place::File { path, .. }) => path,
        Some(Place::Url(url)) => url,
        None => "",
    };
    let sentence = message.lines().next().unwrap_or_default();
    let words: String = sentence.split(|c: char| c.is_ascii_digit()).collect();
    let parts = [
        receipt.gate.name(),
        &receipt.environment,
        &record.check,
        place,
        &words,
    ];
    let digest = Digest::of(parts.join("\0").as_bytes());
    let number = seen.entry(digest.as_str().to_owned()).or_default();
    *number += 1;
    BTreeMap::from([(
        "primaryLocationLineHash",
        format!("{}:{number}", digest.short()),
    )])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{runner, sample};
    use proptest::prelude::*;
    use serde_json::Value;

    fn run(receipt: &Receipt) -> Value {
        let text = super::render(receipt).expect("can be encoded");
        let mut log: Value = serde_json::from_str(&text).expect("is JSON");
        assert_eq!(log["version"], "2.1.0");
        assert_eq!(log["$schema"], SCHEMA);
        log["runs"][0].take()
    }

    /// What the specification and GitHub demand of every result.
    fn assert_complete(run: &Value) {
        let rules = run["tool"]["driver"]["rules"]
            .as_array()
            .expect("there are rules");
        let filled = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        assert!(filled(&run["tool"]["driver"]["name"]));
        for rule in rules {
            assert!(
                rule["shortDescription"]["text"].is_string() && rule["help"]["text"].is_string()
            );
        }
        assert!(run["invocations"][0]["executionSuccessful"].is_boolean());
        let mut fingerprints = std::collections::BTreeSet::new();
        for result in run["results"].as_array().expect("there are results") {
            let rule = &rules
                [usize::try_from(result["ruleIndex"].as_u64().expect("is there")).expect("fits")];
            assert_eq!(rule["id"], result["ruleId"]);
            assert!(
                ["error", "warning", "note"]
                    .iter()
                    .any(|level| result["level"] == *level)
            );
            assert!(result["message"]["text"].is_string());
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().expect("is there");
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
            assert!(
                uri.chars().all(is_allowed) && !uri.starts_with('/'),
                "{uri}"
            );
            assert!(place["region"]["startLine"].as_u64() >= Some(1));
            assert!(place["region"]["startColumn"].as_u64() >= Some(1));
            let print = &result["partialFingerprints"]["primaryLocationLineHash"];
            assert!(fingerprints.insert(print.to_string()), "{print} twice");
        }
    }

    #[test]
    fn a_failed_canary_has_a_result_for_each_no_and_each_unknown() {
        let run = run(&sample::failed_canary());
        assert_complete(&run);
        let results: Vec<(&str, &str, &str)> = run["results"]
            .as_array()
            .expect("there are results")
            .iter()
            .map(|result| {
                let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
                let text = |value: &'_ Value| value.as_str().map(str::to_owned);
                (text(&result["ruleId"]), text(&result["level"]), text(place))
            })
            .map(|(rule, level, uri)| {
                let kept = |text: Option<String>| &*String::leak(text.unwrap_or_default());
                (kept(rule), kept(level), kept(uri))
            })
            .collect();
        assert_eq!(
            results,
            [
                ("error-share", "error", "sluicegate.yml"),
                ("latency", "warning", "sluicegate.yml"),
                ("steps", "warning", "sluicegate.yml"),
                ("saturation", "note", "sluicegate.yml"),
                ("tls-expiry", "note", "sluicegate.yml"),
            ]
        );
        assert_eq!(run["results"][4]["suppressions"][0]["kind"], "external");
        assert_eq!(
            run["results"][2]["locations"][0]["physicalLocation"]["region"]["startLine"],
            48
        );
        assert_eq!(run["invocations"][0]["exitCode"], 1);
        assert_eq!(run["tool"]["driver"]["version"], "0.1.0");
    }

    #[test]
    fn a_run_that_could_not_look_did_not_succeed() {
        for receipt in [sample::unknown(), sample::unsettled()] {
            let run = run(&receipt);
            assert_eq!(run["invocations"][0]["executionSuccessful"], false);
            assert_eq!(
                run["invocations"][0]["toolExecutionNotifications"][0]["level"],
                "error"
            );
        }
    }

    #[test]
    fn other_figures_are_the_same_finding() {
        let print = |text: &str| {
            run(&sample::many_failures(2, text))["results"][0]["partialFingerprints"].clone()
        };
        assert_eq!(print("840 ms"), print("91 ms"));
        assert_ne!(print("840 ms"), print("840 pages"));
    }

    #[test]
    fn paths_are_relative_and_encoded() {
        assert_eq!(relative_uri("./a b/ü:c.sql"), "a%20b/%C3%BC%3Ac.sql");
        assert_eq!(relative_uri("/a\\b"), "a/b");
    }

    proptest! {
        #[test]
        fn whatever_stands_in_it_is_complete(text in runner::foreign_text()) {
            assert_complete(&run(&sample::hostile(&text)));
        }
    }
}
