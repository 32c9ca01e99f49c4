//! canary-promote: put this release on this environment, step by step, while the evidence holds.

mod checks;
mod facts;
mod ground;
mod judge;
mod metrics;
mod observation;
mod plan;
mod reconcile;
mod rollout;
mod story;

use facts::{Facts, Task};
use plan::Plan;
use shared::check::Check;
use shared::config;
use shared::error::Result;
use shared::gate::{Context, Gate, Step};
use shared::receipt::Summary;
use shared::service::Service;
use shared::verdict::{Exit, Record};
use std::process::ExitCode;

struct CanaryPromote;

#[derive(clap::Args)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Copy, clap::Subcommand)]
enum Command {
    /// Put the release on the environment (the default)
    Run,
    /// Show the weight, what runs where, and whether a run is open; change nothing
    Status,
    /// Take the canary back, whatever the evidence says
    Abort,
    /// Finish or undo what another run left half changed
    Reconcile,
}

impl Gate for CanaryPromote {
    const GATE: config::Gate = config::Gate::CanaryPromote;
    const ABOUT: &'static str =
        "Put a release on an environment, step by step, while the evidence holds";
    type Arguments = Arguments;
    type Plan = (Task, Plan);
    type Facts = Facts;

    fn command(arguments: &Arguments) -> &'static str {
        match arguments.command {
            None | Some(Command::Run) => "run",
            Some(Command::Status) => "status",
            Some(Command::Abort) => "abort",
            Some(Command::Reconcile) => "reconcile",
        }
    }

    fn needs_release(arguments: &Arguments) -> bool {
        Self::command(arguments) == "run"
    }

    fn needs_receipts(arguments: &Arguments) -> bool {
        Self::command(arguments) == "run"
    }

    fn checks() -> &'static [Check<Facts>] {
        &checks::CHECKS
    }

    async fn show(context: &mut Context, arguments: &Arguments) -> Result<Option<Summary>> {
        match arguments.command {
            Some(Command::Status) => story::status(context).await.map(Some),
            None | Some(Command::Run | Command::Abort | Command::Reconcile) => Ok(None),
        }
    }

    async fn plan(context: &mut Context, arguments: &Arguments) -> Result<(Task, Plan)> {
        let services = Service::all(context)?;
        context.ledger()?;
        match arguments.command {
            Some(Command::Abort) => Ok((Task::Abort, plan::retreat(&services))),
            Some(Command::Reconcile) => Ok((Task::Reconcile, plan::retreat(&services))),
            None | Some(Command::Run | Command::Status) => {
                let canary = &context.config.document.canary;
                let release = context.release()?;
                let plan = plan::promotion(canary, &services, release, &context.config.file)?;
                Ok((Task::Run, plan))
            }
        }
    }

    fn steps(plan: &(Task, Plan)) -> Vec<Step> {
        plan.1.steps.clone()
    }

    async fn run(context: &mut Context, (task, plan): &(Task, Plan)) -> Result<Facts> {
        match task {
            Task::Run => {
                rollout::Rollout::prepare(context, plan)
                    .await?
                    .run(context)
                    .await
            }
            Task::Abort | Task::Reconcile => reconcile::run(context, *task).await,
        }
    }

    fn summary(context: &Context, facts: &Facts, _: &[Record], exit: Exit) -> Summary {
        story::of(context.environment.as_str(), facts, exit)
    }

    fn detail(facts: &Facts) -> serde_json::Value {
        serde_json::json!({
            "previous": facts.previous,
            "steps": facts.steps,
            "metrics": facts.metrics,
            "exposed": facts.exposed,
        })
    }
}

fn main() -> ExitCode {
    shared::gate::main::<CanaryPromote>()
}
