//! A rollout in words and tables, for people.

use crate::facts::{Cause, End, Facts, Step};
use crate::judge::{Counts, Decision, Interval};
use shared::error::Result;
use shared::gate::Context;
use shared::place;
use shared::receipt::{Summary, Table};
use shared::service::Service;
use shared::target::Group;
use shared::verdict::Exit;

/// What happened.
pub fn of(environment: &str, facts: &Facts, exit: Exit) -> Summary {
    let mut summary = Summary {
        headline: headline(environment, facts),
        next: next(environment, facts, exit),
        tables: Vec::new(),
    };
    if !facts.steps.is_empty() {
        summary.tables.push(steps(facts));
    }
    summary.tables.push(place::table(&facts.places));
    summary
}

fn headline(environment: &str, facts: &Facts) -> String {
    let release = &facts.release.version;
    let previous = match &facts.previous {
        Some(previous) => previous.version.to_string(),
        None => "no release".into(),
    };
    let exposed = &facts.exposed;
    let users = format!(
        "{:.0} of {:.0} canary requests failed",
        exposed.errors, exposed.requests
    );
    match &facts.end {
        End::Promoted if facts.previous.is_none() => {
            format!("{environment} runs {release}, its first release")
        }
        End::Promoted => {
            format!("{environment} runs {release}: it took over from {previous}, {users}")
        }
        End::Nothing => format!("{environment} runs {release}; nothing was left to finish or undo"),
        End::PutBack { cause } => {
            let weight = facts
                .steps
                .last()
                .map(|step| format!(" at {}", step.weight))
                .unwrap_or_default();
            let back = format!("{environment} is back on {previous} with all traffic");
            match cause {
                Cause::Worse { .. } => format!(
                    "{release} was aborted{weight} after {:.1} s: {users}; {back}",
                    exposed.seconds
                ),
                Cause::Inconclusive(why) | Cause::Asked(why) | Cause::Problem(why) => {
                    format!("{release} was taken back{weight}: {why}; {back}")
                }
            }
        }
        End::Held => format!(
            "{environment} is split between {previous} and {release}: the evidence was not enough in time"
        ),
        End::Stuck { problem, .. } => {
            format!("{environment} is HALF CHANGED between {previous} and {release}: {problem}")
        }
    }
}

fn next(environment: &str, facts: &Facts, exit: Exit) -> Vec<String> {
    let reconcile = format!("run `canary-promote reconcile --environment {environment}`");
    match &facts.end {
        End::Promoted | End::Nothing => Vec::new(),
        End::PutBack {
            cause: Cause::Worse { .. },
        } => vec![format!(
            "read the log of the canary instances for the requests that failed; {} is marked bad in the ledger",
            facts.release.version
        )],
        End::PutBack { .. } if exit == Exit::Pass => Vec::new(),
        End::PutBack { .. } => vec!["remove the cause, then promote the release again".into()],
        End::Held => vec![
            format!("to go back: run `canary-promote abort --environment {environment}`"),
            "to go on: abort, then promote again with a longer `canary.deadline`".into(),
        ],
        End::Stuck { .. } => vec![
            reconcile,
            "if that does not help, the table below says what runs where".into(),
        ],
    }
}

fn steps(facts: &Facts) -> Table {
    let columns = [
        "weight",
        "seconds",
        "metric",
        "canary errors",
        "stable errors",
        "evidence says",
    ];
    let mut table = Table::new("steps", &columns);
    for step in &facts.steps {
        for (index, metric) in facts.metrics.iter().enumerate() {
            let total = counted(step, index);
            table.row([
                step.weight.to_string(),
                format!("{:.1}", step.seconds),
                metric.name.clone(),
                rate(total.canary),
                rate(total.stable),
                match (&step.trouble, step.decision) {
                    (Some(trouble), _) => trouble.clone(),
                    (None, Decision::Abort) => "worse".into(),
                    (None, Decision::Advance) => "no worse".into(),
                    (None, Decision::Continue) => "not enough yet".into(),
                },
            ]);
        }
    }
    table
}

fn counted(step: &Step, metric: usize) -> Interval {
    let samples = step.samples.iter().filter(|sample| sample.metric == metric);
    samples.fold(Interval::default(), |sum, sample| Interval {
        canary: sum.canary + sample.interval.canary,
        stable: sum.stable + sample.interval.stable,
    })
}

fn rate(counts: Counts) -> String {
    let percent = counts
        .error_rate()
        .map_or_else(|| "-".into(), |rate| format!("{:.2} %", rate * 100.0));
    format!("{:.0} of {:.0} ({percent})", counts.errors, counts.requests)
}

/// What `status` shows.
pub async fn status(context: &mut Context) -> Result<Summary> {
    let services = Service::all(context)?;
    let mut table = Table::new(
        "what runs now",
        &["service", "canary weight", "group", "instance", "release"],
    );
    for (service, place) in services.iter().zip(Service::all_found(&services).await) {
        let weight = place
            .weight
            .map_or_else(|why| why, |weight| weight.to_string());
        for group in [Group::Stable, Group::Canary] {
            for said in service.said(group).await {
                let release = said.release.unwrap_or_else(|why| why);
                table.row([
                    place.subject.clone(),
                    weight.clone(),
                    group.name().into(),
                    said.address,
                    release,
                ]);
            }
        }
    }
    let environment = &context.environment;
    let (headline, next) = match context.left_unsettled()? {
        None => (format!("{environment}: no run is open"), Vec::new()),
        Some(left) => (
            format!(
                "{environment}: the run {} of {} began at {} and is open",
                left.run, left.gate, left.at
            ),
            vec![format!(
                "if it is no longer at work: {}",
                left.remedy(environment.as_str())
            )],
        ),
    };
    Ok(Summary {
        headline,
        next,
        tables: vec![table],
    })
}
