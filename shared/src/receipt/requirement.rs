//! Whether a receipt that a gate needs is there and holds; anything else fails closed.

use super::{Receipt, Relied};
use crate::config::Gate;
use crate::release::{Digest, Release};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A receipt that must hold, and what it must say.
#[derive(Clone, Debug)]
pub struct Required {
    /// Where it is.
    pub path: PathBuf,
    /// Whose it must be; any gate's when it was named by `--require` alone.
    pub gate: Option<Gate>,
    /// Which environment it must be about; any when it was named by `--require` alone.
    pub environment: Option<String>,
}

/// The run that needs receipts.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    /// The project's name.
    pub project: &'a str,
    /// The release it is about.
    pub release: &'a Release,
    /// The configuration that holds.
    pub config: &'a Digest,
    /// The services it works on.
    pub services: Vec<String>,
    /// Which services run in each environment.
    pub placed: BTreeMap<String, Vec<String>>,
    /// The time by its clock.
    pub now: jiff::Timestamp,
}

/// Verifies one receipt against the release and configuration of this run.
///
/// # Errors
/// The reason in words; the receipt then counts as missing.
pub fn verify(required: &Required, reader: &Reader<'_>) -> Result<Relied, String> {
    let (receipt, digest) = Receipt::read(&required.path).map_err(|error| error.to_string())?;
    if let Some(why) = objection(&receipt, required, reader) {
        return Err(format!("{}: {why}", required.path.display()));
    }
    Ok(Relied {
        gate: receipt.gate,
        environment: receipt.environment,
        path: required.path.display().to_string(),
        digest,
    })
}

fn objection(receipt: &Receipt, required: &Required, reader: &Reader<'_>) -> Option<String> {
    let release = reader.release;
    if required.gate.is_some_and(|gate| gate != receipt.gate) {
        return Some(format!("it is a receipt of {}", receipt.gate));
    }
    if receipt.command != receipt.gate.main_command() {
        return Some(format!(
            "it is a receipt of `{} {}`",
            receipt.gate, receipt.command
        ));
    }
    if let Some(environment) = &required.environment
        && *environment != receipt.environment
    {
        return Some(format!("it is about `{}`", receipt.environment));
    }
    if receipt.project != reader.project {
        return Some(format!("it is about the project `{}`", receipt.project));
    }
    match &receipt.release {
        None => return Some("it is about no release".into()),
        Some(other) if other.commit != release.commit => {
            return Some(format!("it is about commit {}", other.commit.short()));
        }
        Some(other) if other.artifacts != release.artifacts => {
            return Some("it is about another artifact of this commit".into());
        }
        Some(_) => {}
    }
    if receipt.config.digest != *reader.config {
        return Some("it was made under another configuration".into());
    }
    if !receipt.settled {
        return Some("its changes were neither finished nor undone".into());
    }
    if receipt.partial {
        return Some("checks were left out by `--only` or `--skip`".into());
    }
    if !receipt.is_passed() {
        return Some(format!("its verdict is {}", receipt.verdict.word()));
    }
    uncovered(receipt, reader).or_else(|| freshness(receipt, reader.now))
}

/// A run with `--service` says nothing about the other services. Those of the reader count that run
/// where the receipt was made; when none of them does, all that do.
fn uncovered(receipt: &Receipt, reader: &Reader<'_>) -> Option<String> {
    let placed = reader.placed.get(&receipt.environment)?;
    let is_wanted = |service: &&String| reader.services.contains(service);
    let is_any_wanted = placed.iter().any(|service| is_wanted(&service));
    let mut needed = placed
        .iter()
        .filter(|service| !is_any_wanted || is_wanted(service));
    let missing = needed.find(|service| !receipt.services.contains(service))?;
    Some(format!("it says nothing about `{missing}` (`--service`)"))
}

fn freshness(receipt: &Receipt, now: jiff::Timestamp) -> Option<String> {
    // Clocks of two runners may differ by this much, in seconds.
    const SKEW: i64 = 120;
    let parse = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let (Some(finished), Some(expires)) = (parse(&receipt.finished), parse(&receipt.expires))
    else {
        return Some("its times do not parse".into());
    };
    if finished.as_second() > now.as_second() + SKEW {
        return Some(format!("it was made in the future, {finished}"));
    }
    (expires <= now).then(|| format!("it expired at {expires}"))
}
