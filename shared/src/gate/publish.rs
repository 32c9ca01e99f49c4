//! Hands the receipt to everyone who waits for it; none of it can change the verdict.

use super::{Context, Step, plan};
use crate::error::{Error, Result};
use crate::output;
use crate::receipt::{Receipt, Summary, default_path};
use crate::report::{self, Appearance, Format};
use crate::verdict::{Exit, Outcome, Record, Verdict};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

/// Where the receipt goes.
pub(super) fn receipt_path(context: &Context, command: &str) -> PathBuf {
    context.common.receipt.clone().unwrap_or_else(|| {
        default_path(
            &context.config.root,
            context.environment.as_str(),
            context.gate,
            command,
        )
    })
}

/// Has the platform mask the secrets that are known so far.
pub(super) fn mask(context: &Context) -> Result<()> {
    if context.actions.is_none() {
        return Ok(());
    }
    let commands: Vec<String> = crate::secret::known()
        .iter()
        .filter_map(|secret| report::annotations::mask(secret.expose()))
        .collect();
    output::commands(&commands)
}

/// Tells of a run that ended without a receipt; returns how it ends.
pub(super) fn failure(error: &Error, exit: Exit) -> Exit {
    output::error(error);
    let lookup = |name: &str| std::env::var(name).ok();
    if let Some(actions) = report::actions::Actions::from_environment(&lookup) {
        let text = crate::secret::redact(&error.to_string());
        let annotation = report::annotations::command("error", &[("title", exit.word())], &text);
        let told = actions.publish_without_receipt(exit, &text);
        for problem in [told, output::commands(&[annotation])]
            .into_iter()
            .filter_map(Result::err)
        {
            output::error(&problem);
        }
    }
    exit
}

/// Prints what a command that only shows something has to show.
pub(super) fn show(context: &Context, summary: &Summary) -> Result<()> {
    output::report(&match context.common.format {
        Format::Json => json(summary)?,
        Format::Text | Format::Markdown | Format::Sarif | Format::Junit | Format::Html => {
            report::shown(summary, &appearance(context))
        }
    })
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    let text = serde_json::to_string_pretty(value);
    let text =
        text.map_err(|error| Error::unavailable("could not encode the report").source(error))?;
    Ok(text + "\n")
}

/// Prints the plan.
pub(super) fn plan(context: &Context, steps: &[Step]) -> Result<()> {
    output::report(&match context.common.format {
        Format::Json => json(steps)?,
        Format::Text | Format::Markdown | Format::Sarif | Format::Junit | Format::Html => {
            let text = plan::text(context.gate.name(), context.environment.as_str(), steps);
            report::annotations::neutralize(&text)
        }
    })
}

fn appearance(context: &Context) -> Appearance {
    let is_terminal = std::io::stdout().is_terminal();
    Appearance {
        is_coloured: context.common.is_coloured(is_terminal),
        width: None,
        is_verbose: context.common.verbose > 0,
    }
}

/// Writes the receipt, the report and what the platform wants; returns how the run ends.
pub(super) fn everything(context: &Context, receipt: Receipt, path: &Path) -> Result<Exit> {
    let mut exit = receipt.exit;
    let mut problems = Vec::new();
    let digest = match receipt.write(path) {
        Ok(digest) => Some(digest),
        Err(error) => {
            problems.push(error);
            None
        }
    };
    // What the run itself has read is a secret too.
    problems.extend(mask(context).err());
    if let (Some(actions), Some(digest)) = (&context.actions, &digest) {
        problems.extend(actions.publish(&receipt, path, digest));
        if let Err(error) = output::commands(&report::annotations::annotations(&receipt)) {
            problems.push(error);
        }
    }
    let printed = report::render(context.common.format, &receipt, &appearance(context))
        .and_then(|text| output::report(&text));
    if let Err(error) = printed {
        problems.push(error);
    }
    for problem in &problems {
        output::error(problem);
    }
    // A pass that nobody could read or verify is none; a no stays a no.
    if !problems.is_empty() && exit == Exit::Pass {
        exit = Exit::Unknown;
    }
    Ok(exit)
}

/// The words of a run that did not get as far as its own.
pub(super) fn plain_summary(context: &Context, records: &[Record], settled: bool) -> Summary {
    let reason = records.iter().find_map(|record| match &record.outcome {
        Outcome::Unknown { reason } => Some(reason.clone()),
        Outcome::Pass { .. } | Outcome::Fail { .. } | Outcome::Skipped { .. } => None,
    });
    let state = if settled {
        "nothing is left half changed"
    } else {
        "a change is neither finished nor undone"
    };
    let reason = reason.unwrap_or_else(|| Verdict::of(records).word().to_owned());
    let left = context.left_unsettled().ok().flatten();
    let next = left.map(|left| left.remedy(context.environment.as_str()));
    Summary {
        headline: format!(
            "{} did not come to an answer; {state}: {reason}",
            context.gate
        ),
        next: next.into_iter().collect(),
        tables: Vec::new(),
    }
}
