//! Does this environment, running this release, answer correctly and fast enough?

mod address;
mod answer;
mod checks;
mod counts;
mod detail;
mod expectations;
mod facts;
mod figures;
mod plan;
mod probes;
mod reproduce;
#[cfg(test)]
mod sample;
mod statistics;
mod summary;
mod timeline;

use facts::Facts;
use plan::Plan;
use shared::check::Check;
use shared::error::{Error, Result};
use shared::gate::{Context, Gate, Step};
use shared::receipt::Summary;
use shared::verdict::{Exit, Record};
use std::process::ExitCode;

struct SmokeTest;

/// It has no flags of its own.
#[derive(Debug, clap::Args)]
struct NoArguments {}

impl Gate for SmokeTest {
    const GATE: shared::config::Gate = shared::config::Gate::SmokeTest;
    const ABOUT: &'static str =
        "Does this environment, running this release, answer correctly and fast enough?";
    type Arguments = NoArguments;
    type Plan = Plan;
    type Facts = Facts;

    fn checks() -> &'static [Check<Facts>] {
        &checks::CHECKS
    }

    async fn plan(context: &mut Context, _arguments: &NoArguments) -> Result<Plan> {
        plan::of(context)
    }

    fn steps(plan: &Plan) -> Vec<Step> {
        plan::steps(plan)
    }

    async fn run(context: &mut Context, plan: &Plan) -> Result<Facts> {
        let mut interrupt = context.interrupt.clone();
        tokio::select! {
            facts = facts::gather(context, plan) => Ok(facts),
            () = interrupt.wait() => {
                Err(Error::unavailable("the run was asked to stop before it had an answer"))
            }
        }
    }

    fn summary(_context: &Context, facts: &Facts, records: &[Record], _exit: Exit) -> Summary {
        summary::of(facts, records)
    }

    fn detail(facts: &Facts) -> serde_json::Value {
        detail::of(facts)
    }
}

fn main() -> ExitCode {
    shared::gate::main::<SmokeTest>()
}
