//! Does this environment, running this release, answer correctly and fast enough?

#![cfg_attr(fuzzing, no_main)]
#![cfg_attr(fuzzing, allow(dead_code))]

mod address;
mod answer;
mod browser;
mod caching;
mod certificate;
mod chain;
mod checks;
mod client;
mod compose;
mod contrast;
mod counts;
mod cross_origin;
mod detail;
mod dns;
mod event_stream;
mod expectations;
mod facts;
mod fields;
mod figures;
#[cfg(fuzzing)]
mod fuzz;
mod grpc;
mod histogram;
mod init;
mod judged;
mod page;
mod plan;
mod predicate;
mod probes;
mod profile;
mod redis;
mod reproduce;
#[cfg(test)]
mod sample;
mod scatter;
mod sensitive;
mod spread;
mod statistics;
mod summary;
mod template;
mod timeline;
mod told;

use client::Client;
use facts::Facts;
use plan::Plan;
use shared::check::Check;
use shared::error::{Error, Result};
use shared::gate::{Context, Gate, Step};
use shared::receipt::Summary;
use shared::verdict::{Exit, Record};
use std::process::ExitCode;
use std::time::Duration;

/// How long journeys have to clean up when the run is asked to stop: well inside the 7.5 s that
/// GitHub gives a cancelled step.
const CLEAN_UP: Duration = Duration::from_secs(5);

struct SmokeTest;

#[derive(Debug, clap::Args)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Init(init::Arguments),
}

impl Gate for SmokeTest {
    const GATE: shared::config::Gate = shared::config::Gate::SmokeTest;
    const ABOUT: &'static str =
        "Does this environment, running this release, answer correctly and fast enough?";
    type Arguments = Arguments;
    type Plan = Plan;
    type Facts = Facts;

    fn write(arguments: &Arguments) -> Result<Option<String>> {
        match &arguments.command {
            Some(Command::Init(arguments)) => init::written(arguments).map(Some),
            None => Ok(None),
        }
    }

    fn checks() -> &'static [Check<Facts>] {
        &checks::CHECKS
    }

    async fn plan(context: &mut Context, _arguments: &Arguments) -> Result<Plan> {
        plan::of(context)
    }

    fn steps(plan: &Plan) -> Vec<Step> {
        plan::steps(plan)
    }

    async fn run(context: &mut Context, plan: &Plan) -> Result<Facts> {
        let mut interrupt = context.interrupt.clone();
        let client = Client::new(context, plan);
        let mut gathering = std::pin::pin!(facts::gather(&client, plan));
        tokio::select! {
            facts = &mut gathering => return Ok(facts),
            () = interrupt.wait() => {}
        }
        if client.has_journeys() {
            // They have seen the interrupt as well, and remove what they made.
            let ended = tokio::time::timeout(CLEAN_UP, gathering).await;
            if let Some(left) = left_behind(ended.ok().as_ref()) {
                return Err(Error::unsettled(format!(
                    "the run was asked to stop, and {left}"
                )));
            }
        }
        Err(Error::unavailable(
            "the run was asked to stop before it had an answer",
        ))
    }

    fn summary(_context: &Context, facts: &Facts, records: &[Record], _exit: Exit) -> Summary {
        summary::of(facts, records)
    }

    fn detail(facts: &Facts) -> serde_json::Value {
        detail::of(facts)
    }
}

/// What journeys may have left behind, as far as they came to their end.
fn left_behind(facts: Option<&Facts>) -> Option<String> {
    let Some(facts) = facts else {
        let seconds = CLEAN_UP.as_secs();
        return Some(format!(
            "after {seconds} s a journey had not cleaned up: it may have left something behind"
        ));
    };
    let mut journeys = facts.probes.journey.iter();
    let left = journeys.find(|fact| {
        let seen = fact.seen.as_ref();
        seen.is_ok_and(|seen| seen.may_have_left(&fact.plan))
    })?;
    let name = &left.plan.name;
    Some(format!(
        "the journey `{name}` may have left something behind: its clean-up did not come to its end"
    ))
}

#[cfg(not(fuzzing))]
fn main() -> ExitCode {
    shared::gate::main::<SmokeTest>()
}
