//! rollback: put the last good release back, and prove it.

mod checks;
mod choice;
mod facts;
mod proof;
mod run;
mod story;

use facts::Facts;
use shared::check::Check;
use shared::config;
use shared::error::Result;
use shared::gate::{Context, Gate, Step};
use shared::receipt::Summary;
use shared::service::Service;
use shared::verdict::{Exit, Record};
use std::process::ExitCode;

struct Rollback;

#[derive(clap::Args)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Copy, clap::Subcommand)]
enum Command {
    /// Put the last good release back, or the one that `--release` names (the default)
    Run,
    /// Show which release was put on the environment when, and whether it was good
    List,
}

impl Gate for Rollback {
    const GATE: config::Gate = config::Gate::Rollback;
    const ABOUT: &'static str = "Put the last good release back, and prove that it worked";
    type Arguments = Arguments;
    type Plan = Vec<Step>;
    type Facts = Facts;

    fn command(arguments: &Arguments) -> &'static str {
        match arguments.command {
            None | Some(Command::Run) => "run",
            Some(Command::List) => "list",
        }
    }

    fn needs_release(_: &Arguments) -> bool {
        false
    }

    fn checks() -> &'static [Check<Facts>] {
        &checks::CHECKS
    }

    async fn show(context: &mut Context, arguments: &Arguments) -> Result<Option<Summary>> {
        match arguments.command {
            Some(Command::List) => story::list(context).await.map(Some),
            None | Some(Command::Run) => Ok(None),
        }
    }

    async fn plan(context: &mut Context, _: &Arguments) -> Result<Vec<Step>> {
        if context.common.plan {
            return run::steps(context).await;
        }
        // Everything that can be wrong with the configuration is wrong here, not half way.
        Service::all(context)?;
        context.ledger()?;
        context.url()?;
        if let Some(migrations) = &context.config.document.migrations {
            context.database(&migrations.database.value)?;
        }
        Ok(Vec::new())
    }

    fn steps(plan: &Vec<Step>) -> Vec<Step> {
        plan.clone()
    }

    async fn run(context: &mut Context, _: &Vec<Step>) -> Result<Facts> {
        run::run(context).await
    }

    fn summary(context: &Context, facts: &Facts, _: &[Record], exit: Exit) -> Summary {
        story::of(context.environment.as_str(), facts, exit)
    }

    fn detail(facts: &Facts) -> serde_json::Value {
        serde_json::json!({
            "bad": facts.bad,
            "target": facts.target.as_ref().ok().map(|target| &target.entry),
            "seconds": facts.done.as_ref().map(|done| done.seconds),
        })
    }
}

fn main() -> ExitCode {
    shared::gate::main::<Rollback>()
}
