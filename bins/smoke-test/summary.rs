//! The run in words and figures, for people.

use crate::facts::{Facts, HttpOutcome, LoadFact, Measured};
use crate::figures::{Figures, milliseconds, ms, percent};
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
    let count = facts.http.len() + facts.load.len();
    let probes = match count {
        0 => "no probe was asked".to_owned(),
        1 => "1 probe holds".to_owned(),
        count => format!("{count} probes hold"),
    };
    let series = facts.load.iter().filter_map(|load| {
        let measured = load.measured.as_ref().ok()?;
        Some((
            Figures::of(measured, &load.plan).p95,
            milliseconds(load.plan.p95),
        ))
    });
    // Of several series, the one that comes closest to its limit.
    let closest = series.max_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
    match closest {
        Some((p95, limit)) => format!("{probes}, p95 {} (limit {})", ms(p95), ms(limit)),
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
    let tables = [timeline(facts), probes(facts), load(facts)];
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
    let columns = [
        "probe", "request", "status", "time", "limit", "attempts", "release",
    ];
    let mut table = Table::new("Probes", &columns);
    for fact in &facts.http {
        let (status, time) = match &fact.outcome {
            HttpOutcome::Answered(answer) => (answer.status.to_string(), ms(answer.milliseconds)),
            HttpOutcome::Silent(no_answer) => (no_answer.at.word().to_owned(), "-".into()),
            HttpOutcome::NotAsked(_) => ("not asked".into(), "-".into()),
        };
        table.row([
            fact.plan.name.clone(),
            format!("{} {}", fact.plan.method, fact.plan.path),
            status,
            time,
            fact.plan.expectations.within.to_string(),
            fact.attempts.to_string(),
            fact.said.clone().unwrap_or_else(|| "-".into()),
        ]);
    }
    table
}

fn load(facts: &Facts) -> Table {
    let columns = [
        "load",
        "sent",
        "ok",
        "errors",
        "429",
        "p50",
        "p95 (95 % interval)",
        "limit",
        "max",
        "service p95",
        "rate",
        "lateness p95",
    ];
    let mut table = Table::new("Load", &columns);
    for fact in &facts.load {
        if let Ok(measured) = &fact.measured {
            table.row(load_row(fact, measured));
        }
    }
    table
}

fn load_row(fact: &LoadFact, measured: &Measured) -> [String; 12] {
    let figures = Figures::of(measured, &fact.plan);
    let bound = |bound: Option<f64>| bound.map_or_else(|| "?".to_owned(), ms);
    let (lower, upper) = figures.interval;
    let errors = match figures.failed() {
        0 => "0".to_owned(),
        failed => {
            let share = percent(failed as f64 / figures.judged as f64);
            format!("{failed} ({share}): {}", figures.listed_failures())
        }
    };
    [
        fact.plan.name.clone(),
        format!(
            "{} + {} to warm up",
            measured.samples.len(),
            fact.plan.warm_up
        ),
        figures.well.to_string(),
        errors,
        figures.turned_away.to_string(),
        ms(figures.p50),
        format!("{} ({} to {})", ms(figures.p95), bound(lower), bound(upper)),
        ms(milliseconds(fact.plan.p95)),
        ms(figures.slowest),
        ms(figures.service_p95),
        format!("{:.1}/s of {}/s", measured.achieved, fact.plan.per_second),
        ms(figures.lateness),
    ]
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
        facts.http = vec![sample::http_fact(200, "{}"), sample::http_fact(200, "{}")];
        facts.load = vec![sample::load_fact(&[(300, 12.0, 200)])];
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
        assert_eq!(titles, ["Probes", "Load"]);
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
    fn a_no_says_the_first_finding() {
        let mut facts = sample::facts();
        facts.http = vec![sample::http_fact(500, ""), sample::http_fact(404, "")];
        assert_eq!(
            summary(&facts).headline,
            "staging does not hold as 1.1.0: `health` answered 500, not 200 (1 attempt) \
             (and 1 more)"
        );
    }

    #[test]
    fn an_unknown_says_its_reason() {
        let mut facts = sample::facts();
        facts.http = vec![sample::http_fact(200, "")];
        facts.identities[0].counts = sample::counts(&[], &[("without an answer (refused)", 5)]);
        assert_eq!(
            summary(&facts).headline,
            "staging could not be judged as 1.1.0: only 0 of 5 fresh connections to `web` said a \
             release: 5 without an answer (refused)"
        );
    }
}
