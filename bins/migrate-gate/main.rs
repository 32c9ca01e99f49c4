//! `migrate-gate`: is this schema change safe for what is live now, and is it applied, verified
//! and reversible?

mod checks;
mod command;
mod facts;
mod files;
mod plan;
mod run;
mod sql;
mod status;
mod summary;

use command::{Arguments, Command};
use facts::Facts;
use plan::Plan;
use shared::check::Check;
use shared::config::Gate as Which;
use shared::error::{Error, Result};
use shared::gate::{Context, Gate, Step};
use shared::receipt::Summary;
use shared::verdict::{Exit, Record};
use std::process::ExitCode;

struct MigrateGate;

impl Gate for MigrateGate {
    const GATE: Which = Which::MigrateGate;
    const ABOUT: &'static str = "Is this schema change safe for what is live now, and is it \
                                 applied, verified and reversible?";
    type Arguments = Arguments;
    type Plan = Plan;
    type Facts = Facts;

    fn command(arguments: &Arguments) -> &'static str {
        arguments.command.as_ref().map_or("", Command::word)
    }

    fn needs_release(arguments: &Arguments) -> bool {
        arguments.command != Some(Command::Status)
    }

    fn needs_receipts(arguments: &Arguments) -> bool {
        // A check changes nothing, and its receipt lets nothing through.
        matches!(arguments.command, Some(Command::Apply { .. }))
    }

    fn checks() -> &'static [Check<Facts>] {
        &checks::CHECKS
    }

    async fn show(context: &mut Context, arguments: &Arguments) -> Result<Option<Summary>> {
        if arguments.command != Some(Command::Status) || context.common.plan {
            return Ok(None);
        }
        let plan = Self::plan(context, arguments).await?;
        status::show(context, &plan).await.map(Some)
    }

    async fn plan(context: &mut Context, arguments: &Arguments) -> Result<Plan> {
        // Not clap's to demand: `--list-checks` and `--explain` need none.
        let Some(command) = &arguments.command else {
            return Err(
                Error::config("no command is given").hint("use `check`, `apply` or `status`")
            );
        };
        let config = &context.config;
        let migrations = plan::migrations(config)?;
        let shared::config::Tool::Sql { directory } = &migrations.tool;
        let address = context.database(&migrations.database.value)?.place();
        let files = files::read(&config.path(directory), directory)?;
        if let Some(backup) = &migrations.backup {
            files::assert_folder(&config.path(&backup.directory), &backup.directory)?;
        }
        plan::plan(
            config,
            context.environment.as_str(),
            address,
            command,
            files,
        )
    }

    fn steps(plan: &Plan) -> Vec<Step> {
        plan.steps()
    }

    async fn run(context: &mut Context, plan: &Plan) -> Result<Facts> {
        match plan.command {
            Command::Apply { .. } => run::apply(context, plan).await,
            Command::Check | Command::Status => Ok(facts::gather(context, plan).await),
        }
    }

    fn summary(_: &Context, facts: &Facts, records: &[Record], exit: Exit) -> Summary {
        summary::summary(facts, records, exit)
    }

    fn detail(facts: &Facts) -> serde_json::Value {
        summary::detail(facts)
    }
}

fn main() -> ExitCode {
    shared::gate::main::<MigrateGate>()
}
