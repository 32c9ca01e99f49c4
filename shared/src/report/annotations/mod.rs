//! Annotations: what GitHub shows beside the run and beside the lines of a pull request.

mod command;

pub(in crate::report) use command::{Spelling, without_commands};
pub use command::{command, end_group, group, mask, neutralize};

use super::plain::{cut, plain, plain_line};
use super::reading::{Standing, findings, reasons, state, worst_first};
use crate::journal::State;
use crate::receipt::Receipt;
use crate::verdict::{Finding, Outcome, Place, Record, Verdict};

// The runner drops what is beyond, and counts UTF-16 units: `_maxCountPerIssueType` and
// `_maxIssueMessageLength` in
// <https://github.com/actions/runner/blob/main/src/Runner.Worker/ExecutionContext.cs>.
const MOST_PER_LEVEL: usize = 10;
const LONGEST_MESSAGE: usize = 4096;
// <https://docs.github.com/en/rest/checks/runs>: a longer title is refused.
const LONGEST_TITLE: usize = 255;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

struct Annotation<'a> {
    level: Level,
    title: String,
    place: Option<&'a Place>,
    message: String,
}

/// The annotations of a run: at most ten of each level, the worst first; when there are more, the
/// tenth says how many.
pub fn annotations(receipt: &Receipt) -> Vec<String> {
    let mut all: Vec<Annotation<'_>> = unsettled(receipt).into_iter().collect();
    for (standing, record) in worst_first(receipt) {
        if let Some(level) = level(standing, record) {
            all.extend(of_record(receipt, standing, record, level));
        }
    }
    let is_red = all
        .iter()
        .any(|annotation| annotation.level == Level::Error);
    if receipt.verdict != Verdict::Pass && !is_red {
        all.insert(0, headline(receipt));
    }
    [Level::Error, Level::Warning, Level::Notice]
        .into_iter()
        .flat_map(|level| {
            let of_level: Vec<_> = all.iter().filter(|one| one.level == level).collect();
            limited(level, &of_level)
        })
        .collect()
}

fn limited(level: Level, all: &[&Annotation<'_>]) -> Vec<String> {
    if all.len() <= MOST_PER_LEVEL {
        return all.iter().map(|annotation| line(annotation)).collect();
    }
    let shown = MOST_PER_LEVEL - 1;
    let mut lines: Vec<String> = all[..shown]
        .iter()
        .map(|annotation| line(annotation))
        .collect();
    let left = all.len() - shown;
    let message = format!("{left} more like these are in the step summary");
    lines.push(command(level.word(), &[("title", "and more")], &message));
    lines
}

fn line(annotation: &Annotation<'_>) -> String {
    // The older `##[` form is looked for in the whole line, ours included.
    let title = cut(&neutralize(&plain_line(&annotation.title)), LONGEST_TITLE);
    let message = cut(&neutralize(&plain(&annotation.message)), LONGEST_MESSAGE);
    let (mut file, mut at, mut column) = (String::new(), String::new(), String::new());
    if let Some(Place::File {
        path,
        line,
        column: from,
    }) = annotation.place
    {
        file = neutralize(&plain_line(path));
        // A column without a line is dropped by the runner, and a line 0 shows nowhere.
        if *line > 0 {
            at = line.to_string();
            column = if *from > 0 {
                from.to_string()
            } else {
                String::new()
            };
        }
    }
    let properties = [
        ("file", &*file),
        ("line", &*at),
        ("col", &*column),
        ("title", &*title),
    ];
    command(annotation.level.word(), &properties, &message)
}

fn level(standing: Standing, record: &Record) -> Option<Level> {
    match standing {
        Standing::Fail | Standing::Unknown => Some(Level::Error),
        Standing::Warning if matches!(record.outcome, Outcome::Fail { .. }) => Some(Level::Warning),
        Standing::Waived if matches!(record.outcome, Outcome::Pass { .. }) => None,
        Standing::Warning | Standing::Waived => Some(Level::Notice),
        Standing::Pass | Standing::Skipped => None,
    }
}

fn of_record<'a>(
    receipt: &Receipt,
    standing: Standing,
    record: &'a Record,
    level: Level,
) -> Vec<Annotation<'a>> {
    let word = standing.word();
    let title = format!(
        "{word} {}/{} on {}",
        receipt.gate, record.check, receipt.environment
    );
    let annotation = |place, message| Annotation {
        level,
        title: title.clone(),
        place,
        message,
    };
    let found = findings(record)
        .iter()
        .map(|finding| annotation(finding.place.as_ref(), finding_text(finding, record)));
    let reasoned = reasons(record).into_iter().map(|reason| {
        annotation(
            None,
            format!("{}: {reason}{}", record.title, labelled("fix", &record.fix)),
        )
    });
    found.chain(reasoned).collect()
}

/// The most important first, because the end is what is cut.
fn finding_text(finding: &Finding, record: &Record) -> String {
    let mut text = finding.message.clone();
    if let Some(Place::Url(url)) = &finding.place {
        text.push_str(&labelled("at", url));
    }
    let parts = [
        ("observed", &finding.observed),
        ("expected", &finding.expected),
    ];
    for (label, part) in parts {
        text.push_str(&labelled(label, part.as_deref().unwrap_or_default()));
    }
    if let Some(waived) = &record.waived {
        let until = format!("{} by {}: {}", waived.until, waived.owner, waived.reason);
        text.push_str(&labelled("waived until", &until));
    }
    text.push_str(&labelled("fix", &record.fix));
    text.push_str(&labelled(
        "reproduce",
        finding.reproduce.as_deref().unwrap_or_default(),
    ));
    text
}

fn labelled(label: &str, text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("\n{label}: {text}")
    }
}

fn unsettled<'a>(receipt: &Receipt) -> Option<Annotation<'a>> {
    let mut message = receipt.summary.headline.clone();
    for effect in receipt
        .effects
        .iter()
        .filter(|effect| effect.state != State::Finished)
    {
        let (word, meaning) = state(effect);
        let change = &effect.effect;
        message.push_str(&format!(
            "\n{word}: {} {}: {meaning}",
            change.name, change.subject
        ));
    }
    (!receipt.settled).then(|| Annotation {
        level: Level::Error,
        title: format!("UNSETTLED {} on {}", receipt.gate, receipt.environment),
        place: None,
        message,
    })
}

fn headline<'a>(receipt: &Receipt) -> Annotation<'a> {
    let word = super::reading::word(receipt);
    Annotation {
        level: Level::Error,
        title: format!("{word} {} on {}", receipt.gate, receipt.environment),
        place: None,
        message: receipt.summary.headline.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{runner, sample};
    use proptest::prelude::*;

    fn read(line: &str) -> runner::Command {
        runner::command(line).expect("is a command")
    }

    #[test]
    fn each_level_says_ten_things_at_most_and_then_how_many_more() {
        let mut receipt = sample::many_failures(25, "too slow");
        assert_eq!(annotations(&receipt).len(), 10);
        let last = read(&annotations(&receipt)[9]);
        assert_eq!(last.data, "16 more like these are in the step summary");
        for record in &mut receipt.records {
            record.severity = crate::verdict::Severity::Warning;
        }
        receipt.verdict = Verdict::Pass;
        let lines = annotations(&receipt);
        assert_eq!(lines.len(), 10);
        assert!(lines.iter().all(|line| read(line).name == "warning"));
        assert_eq!(annotations(&sample::many_failures(10, "x")).len(), 10);
        assert_eq!(
            read(&annotations(&sample::many_failures(10, "x"))[9]).properties["title"],
            "FAIL canary-promote/check-9 on production"
        );
    }

    #[test]
    fn a_message_is_cut_as_the_runner_counts() {
        for text in ["a".repeat(9000), "é".repeat(9000), "😀".repeat(9000)] {
            for line in annotations(&sample::many_failures(1, &text)) {
                let units = read(&line).data.encode_utf16().count();
                assert!((4095..=4096).contains(&units), "{units}");
            }
        }
    }

    #[test]
    fn a_place_is_a_property_only_when_it_is_a_file() {
        let lines = annotations(&sample::failed_canary());
        let warning = read(
            lines
                .iter()
                .find(|line| line.starts_with("::warning"))
                .expect("is there"),
        );
        assert_eq!(warning.properties["file"], "sluicegate.yml");
        assert_eq!(
            (&*warning.properties["line"], &*warning.properties["col"]),
            ("48", "12")
        );
        assert!(!read(&lines[0]).properties.contains_key("file"));
        assert!(
            read(&lines[0])
                .data
                .contains("\nat: https://prometheus.example/")
        );
        assert!(lines.iter().all(|line| !line.contains("endLine")));
    }

    #[test]
    fn a_run_that_is_not_green_always_has_an_error() {
        for receipt in [
            sample::unknown(),
            sample::unsettled(),
            sample::failed_canary(),
        ] {
            assert!(annotations(&receipt)[0].starts_with("::error "));
        }
        assert!(annotations(&sample::passed()).is_empty());
        let lines = annotations(&sample::unsettled());
        assert!(
            read(&lines[0])
                .data
                .contains("failed: set-weight production/web")
        );
    }

    proptest! {
        #[test]
        fn every_annotation_is_one_command_whatever_stands_in_it(text in runner::foreign_text()) {
            for line in annotations(&sample::hostile(&text)) {
                prop_assert!(!line.contains(['\n', '\r']) && !line.contains("##["));
                prop_assert!(["error", "warning", "notice"].contains(&&*read(&line).name));
            }
        }
    }
}
