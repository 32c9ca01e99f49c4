//! The run in words and figures, for people.

mod load;

use crate::facts::Facts;
use crate::figures::ms;
use crate::plan::Figure;
use shared::receipt::{Summary, Table};
use shared::verdict::{Outcome, Record, Severity, Verdict};

/// Longer reasons are cut in the headline; the record has the whole.
const LONGEST_REASON: usize = 240;

/// The sentence to read at three in the morning, what to do, and the figures.
pub(crate) fn of(facts: &Facts, records: &[Record]) -> Summary {
    let verdict = Verdict::of(records);
    let (environment, version) = (&facts.environment, &facts.release.version);
    let reason = worst(records, verdict);
    let headline = match verdict {
        Verdict::Pass => format!("{environment} answers as {version}: {}", held(facts)),
        Verdict::Fail => format!("{environment} does not hold as {version}: {reason}"),
        Verdict::Unknown => {
            format!("{environment} could not be judged as {version}: {reason}")
        }
    };
    let next = match verdict {
        Verdict::Pass => Vec::new(),
        Verdict::Fail => vec![format!(
            "send nobody to {version} on {environment}: run the command of the finding, and repair \
             the release, or put the last good one back with `rollback --environment {environment}`"
        )],
        Verdict::Unknown => vec![format!(
            "take it as a no, remove the reason, and run \
             `smoke-test --environment {environment}` again"
        )],
    };
    Summary {
        headline,
        next,
        tables: tables(facts),
    }
}

/// `4 probes hold, p95 12 ms (limit 500 ms)`.
fn held(facts: &Facts) -> String {
    let count = facts.probes.asked();
    let probes = match count {
        0 => "no probe was asked".to_owned(),
        1 => "1 probe holds".to_owned(),
        count => format!("{count} probes hold"),
    };
    match load::closest(facts) {
        Some(closest) => format!("{probes}, {closest}"),
        None => probes,
    }
}

/// The first reason for a verdict that is no pass.
fn worst(records: &[Record], verdict: Verdict) -> String {
    let mut deciding = records
        .iter()
        .filter(|record| record.severity == Severity::Error && record.waived.is_none());
    let reason = deciding.find_map(|record| match (&record.outcome, verdict) {
        (Outcome::Fail { findings }, Verdict::Fail) => {
            let more = match findings.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            findings
                .first()
                .map(|finding| format!("{}{more}", cut(&finding.message)))
        }
        (Outcome::Unknown { reason }, Verdict::Unknown) => Some(cut(reason)),
        _ => None,
    });
    reason.unwrap_or_else(|| "no check passed".into())
}

fn cut(text: &str) -> String {
    crate::answer::shown(text, LONGEST_REASON)
}

fn tables(facts: &Facts) -> Vec<Table> {
    let tables = [
        timeline(facts),
        probes(facts),
        pages(facts),
        load::series(facts),
        load::stages(facts),
        load::comparisons(facts),
        load::instrument(facts),
    ];
    tables
        .into_iter()
        .filter(|table| !table.rows.is_empty())
        .collect()
}

/// Empty when the first answer was the right one: there was nothing to wait for.
fn timeline(facts: &Facts) -> Table {
    let mut table = Table::new("Until it answered", &["from", "until", "answer", "times"]);
    if facts.ready.is_ready && facts.ready.timeline.stretches.len() == 1 {
        return table;
    }
    for stretch in &facts.ready.timeline.stretches {
        table.row([
            ms(stretch.first),
            ms(stretch.last),
            stretch.observation.to_string(),
            stretch.count.to_string(),
        ]);
    }
    table
}

fn probes(facts: &Facts) -> Table {
    let columns = ["probe", "request", "status", "time", "limit", "attempts"];
    let mut table = Table::new("Requests", &columns);
    for fact in &facts.probes.http {
        let (status, time, attempts) = match &fact.seen {
            Ok(seen) => match &seen.asked.answer {
                Ok(answer) => (
                    answer.status.to_string(),
                    ms(answer.phases.total),
                    seen.asked.attempts,
                ),
                Err(no_answer) => (
                    no_answer.at.word().to_owned(),
                    "-".into(),
                    seen.asked.attempts,
                ),
            },
            Err(_) => ("not asked".into(), "-".into(), 0),
        };
        let request = &fact.plan.request;
        table.row([
            fact.plan.name.clone(),
            format!("{} {}", request.method, request.url.shown),
            status,
            time,
            fact.plan.expectations.within.to_string(),
            attempts.to_string(),
        ]);
    }
    table
}

fn pages(facts: &Facts) -> Table {
    const FIGURES: [Figure; 5] = [
        Figure::FirstContentfulPaint,
        Figure::LargestContentfulPaint,
        Figure::CumulativeLayoutShift,
        Figure::TimeToInteractive,
        Figure::Bytes,
    ];
    let mut columns = vec!["page", "run", "status"];
    columns.extend(FIGURES.map(Figure::word));
    columns.extend(["requests", "failed", "errors"]);
    let mut table = Table::new("Pages", &columns);
    for fact in &facts.probes.page {
        let runs = fact.seen.as_ref().map_or(&[][..], |visits| &visits.runs);
        for (index, visit) in runs.iter().enumerate() {
            let status = visit
                .status
                .map_or_else(|| "-".to_owned(), |status| status.to_string());
            let mut row = vec![fact.plan.name.clone(), (index + 1).to_string(), status];
            row.extend(FIGURES.map(|figure| match visit.figure(figure) {
                Some(value) => figure.shown(value),
                None => "-".into(),
            }));
            let errors = visit.console.count.saturating_add(visit.uncaught.count);
            row.extend([visit.requests, visit.failed.count, errors].map(|count| count.to_string()));
            table.row(row);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::CHECKS;
    use crate::sample;
    use shared::check::{Selection, judge};

    fn summary(facts: &Facts) -> Summary {
        of(facts, &judge(&CHECKS, facts, &Selection::default()))
    }

    #[test]
    fn a_pass_says_how_many_probes_hold_and_the_p95() {
        let mut facts = sample::facts();
        facts.probes.http = vec![sample::http_fact(200, "{}"), sample::http_fact(200, "{}")];
        facts.probes.load = vec![sample::load_fact(&[(300, 12.0, 200)])];
        let summary = summary(&facts);
        assert_eq!(
            summary.headline,
            "staging answers as 1.1.0: 3 probes hold, p95 12 ms (limit 500 ms)"
        );
        assert_eq!(summary.next, Vec::<String>::new());
        let titles: Vec<&str> = summary
            .tables
            .iter()
            .map(|table| table.title.as_str())
            .collect();
        assert_eq!(titles, ["Requests", "Load", "Instrument"]);
        for table in &summary.tables {
            assert!(
                table
                    .rows
                    .iter()
                    .all(|row| row.len() == table.columns.len())
            );
        }
    }

    #[test]
    fn stages_and_comparisons_have_tables_of_their_own() {
        let mut facts = sample::facts();
        let mut load = sample::load_fact(&[(300, 12.0, 200)]);
        if let Ok(measured) = &mut load.seen {
            measured.stages.push(measured.pace);
        }
        facts.probes.load = vec![load];
        facts.probes.compare = vec![sample::compare_fact(&[(100, 13.0, 200, 12.0, 200)])];
        let tables = summary(&facts).tables;
        let rows: Vec<_> = tables
            .iter()
            .map(|table| (table.title.as_str(), table.rows.len()))
            .collect();
        assert_eq!(
            rows,
            [
                ("Load", 1),
                ("Load by stage", 2),
                ("Compared", 1),
                ("Instrument", 2)
            ]
        );
        for table in &tables {
            assert!(
                table
                    .rows
                    .iter()
                    .all(|row| row.len() == table.columns.len())
            );
        }
        assert_eq!(tables[2].rows[0][5], "+1.0 ms (+1.0 ms to +1.0 ms)");
    }

    #[test]
    fn a_no_says_the_first_finding() {
        let mut facts = sample::facts();
        facts.probes.http = vec![sample::http_fact(500, ""), sample::http_fact(404, "")];
        assert_eq!(
            summary(&facts).headline,
            "staging does not hold as 1.1.0: `health` answered 500, not 200 (1 attempt) \
             (and 1 more)"
        );
    }

    #[test]
    fn an_unknown_says_its_reason() {
        let mut facts = sample::facts();
        facts.probes.http = vec![sample::http_fact(200, "")];
        facts.identities[0].counts = sample::counts(&[], &[("without an answer (refused)", 5)]);
        assert_eq!(
            summary(&facts).headline,
            "staging could not be judged as 1.1.0: only 0 of 5 fresh connections to `web` said a \
             release: 5 without an answer (refused)"
        );
    }
}
