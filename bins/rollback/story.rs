//! A rollback in words and tables, for people.

use crate::facts::Facts;
use shared::error::Result;
use shared::gate::Context;
use shared::place;
use shared::receipt::{Summary, Table};
use shared::verdict::Exit;

/// What happened.
pub fn of(environment: &str, facts: &Facts, exit: Exit) -> Summary {
    let mut summary = Summary {
        headline: headline(environment, facts),
        next: next(environment, facts, exit),
        tables: Vec::new(),
    };
    if let Some(done) = &facts.done {
        summary.tables.push(place::table(&done.places));
    }
    summary
}

fn headline(environment: &str, facts: &Facts) -> String {
    let bad = match &facts.bad {
        Some(bad) => bad.version.to_string(),
        None => "what ran".into(),
    };
    let Ok(target) = &facts.target else {
        return format!("{environment} was not touched: there is no release to go back to");
    };
    let target = &target.entry.release.version;
    match &facts.done {
        None => format!("{environment} was not touched: {target} cannot be put back as things are"),
        Some(done) => match (&done.problem, done.answers.good == done.answers.asked) {
            (Some(problem), _) => {
                format!("{environment} is HALF CHANGED between {bad} and {target}: {problem}")
            }
            (None, true) if !done.was_needed => {
                format!("{environment} runs {target} already and answers well; nothing was changed")
            }
            (None, true) => format!(
                "{environment} is back on {target} after {:.1} s in place of {bad}, and answers well",
                done.seconds
            ),
            (None, false) => format!(
                "{environment} is back on {target} and STILL SICK: {} of {} answers were good",
                done.answers.good, done.answers.asked
            ),
        },
    }
}

fn next(environment: &str, facts: &Facts, exit: Exit) -> Vec<String> {
    match (exit, &facts.done) {
        (Exit::Pass, _) => Vec::new(),
        (_, None) => vec!["read the findings above; nothing was changed".into()],
        (_, Some(done)) if done.problem.is_some() => {
            vec![format!("remove the cause, then run `rollback --environment {environment}` again: it goes on where it stopped")]
        }
        (_, Some(_)) => vec!["the release is back, so the cause is elsewhere: look at the database, the network, the load".into()],
    }
}

/// What `list` shows.
pub async fn list(context: &Context) -> Result<Summary> {
    let ledger = context.ledger()?;
    let entries = ledger.entries().await?;
    let columns = [
        "release", "commit", "when", "who", "schema", "state", "note",
    ];
    let mut table = Table::new(
        format!("releases of {}, the oldest first", context.environment),
        &columns,
    );
    for entry in &entries {
        table.row([
            entry.release.version.to_string(),
            entry.release.commit.short().to_owned(),
            entry.at.clone(),
            entry.actor.clone(),
            entry.schema_version.clone(),
            entry.state.word().to_owned(),
            entry.note.clone(),
        ]);
    }
    let choice = crate::choice::choose(&entries, None, &[]);
    let headline = match choice.target {
        Ok(target) => format!("a rollback now would put {} back", target.entry.release),
        Err(why) => format!("a rollback now has no target: {why}"),
    };
    Ok(Summary {
        headline,
        next: Vec::new(),
        tables: vec![table],
    })
}
