//! The flow that all five binaries share: arguments, context, plan, facts, checks, verdict,
//! receipt, report, exit.

mod arguments;
mod choice;
mod context;
mod ended;
mod interrupt;
mod plan;
mod publish;
mod receipts;

pub use arguments::{Colour, Common};
pub use context::Context;
pub use interrupt::Interrupt;
pub use plan::Step;

use crate::check::{Check, Entry};
use crate::config;
use crate::error::{Error, Kind, Result};
use crate::output;
use crate::receipt::Summary;
use crate::report;
use crate::verdict::{Exit, Record, Verdict};
use clap::{Args, CommandFactory as _, FromArgMatches as _};
use ended::Ended;
use std::process::ExitCode;

/// What one binary adds to the flow.
pub trait Gate {
    /// Which of the five.
    const GATE: config::Gate;
    /// The question it answers.
    const ABOUT: &'static str;
    /// Its own flags and commands.
    type Arguments: Args;
    /// What it would do.
    type Plan;
    /// What it found out and did.
    type Facts: 'static;

    /// The command that was given, for the receipt; empty for a binary without commands.
    fn command(_arguments: &Self::Arguments) -> &'static str {
        ""
    }

    /// For commands that need neither configuration nor environment: what they write on standard
    /// output, where the run ends.
    fn write(_arguments: &Self::Arguments) -> Result<Option<String>> {
        Ok(None)
    }

    /// Whether the checked-out commit is meant when no `--release` is given.
    fn needs_release(_arguments: &Self::Arguments) -> bool {
        true
    }

    /// Whether the required receipts must hold; not for commands that only undo.
    fn needs_receipts(_arguments: &Self::Arguments) -> bool {
        true
    }

    /// Every check of every command, in order.
    fn checks() -> &'static [Check<Self::Facts>];

    /// For commands that only show something: what to show.
    fn show(
        _context: &mut Context,
        _arguments: &Self::Arguments,
    ) -> impl Future<Output = Result<Option<Summary>>> {
        std::future::ready(Ok(None))
    }

    /// Decides what to do. May read the repository; contacts nothing. Whatever is wrong with the
    /// configuration is found here.
    fn plan(
        context: &mut Context,
        arguments: &Self::Arguments,
    ) -> impl Future<Output = Result<Self::Plan>>;

    /// The plan's calls, for `--plan`.
    fn steps(plan: &Self::Plan) -> Vec<Step>;

    /// Looks at the world, or changes it through the journal. An `Err` becomes an unknown.
    fn run(context: &mut Context, plan: &Self::Plan) -> impl Future<Output = Result<Self::Facts>>;

    /// The run in words, for people.
    fn summary(context: &Context, facts: &Self::Facts, records: &[Record], exit: Exit) -> Summary;

    /// What other gates and tools may read of the facts.
    fn detail(_facts: &Self::Facts) -> serde_json::Value {
        serde_json::Value::Null
    }
}

#[derive(clap::Parser)]
struct Cli<A: Args> {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    own: A,
}

/// The whole of a binary's `main`.
pub fn main<G: Gate>() -> ExitCode {
    output::mask_panics();
    let (common, own) = match arguments::<G>() {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    output::start_tracing(&common);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run::<G>(common, &own)),
        Err(error) => Err(Error::unavailable("could not start the runtime").source(error)),
    };
    let exit = ended.unwrap_or_else(|error| publish::failure(&error, exit_of(&error)));
    ExitCode::from(exit.code())
}

fn exit_of(error: &Error) -> Exit {
    match error.kind() {
        Kind::Config => Exit::Config,
        Kind::Unavailable => Exit::Unknown,
        Kind::Unsettled => Exit::Unsettled,
    }
}

fn arguments<G: Gate>() -> std::result::Result<(Common, G::Arguments), ExitCode> {
    let command = Cli::<G::Arguments>::command()
        .name(G::GATE.name())
        .about(G::ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .after_help("exit codes: 0 pass, 1 fail, 2 configuration, 3 unknown, 4 unsettled");
    let parsed = command
        .try_get_matches()
        .and_then(|matches| Cli::<G::Arguments>::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => Ok((cli.common, cli.own)),
        Err(error) => {
            let is_printed = error.print().is_ok();
            let is_fine = !error.use_stderr() && is_printed;
            Err(ExitCode::from(if is_fine {
                Exit::Pass.code()
            } else {
                Exit::Config.code()
            }))
        }
    }
}

/// Every check of a gate, that of its required receipts first.
pub fn catalogue<G: Gate>() -> Vec<Entry> {
    let own = G::checks().iter().map(Check::entry);
    std::iter::once(receipts::ENTRY).chain(own).collect()
}

async fn run<G: Gate>(common: Common, own: &G::Arguments) -> Result<Exit> {
    let entries = catalogue::<G>();
    if common.list_checks {
        return output::report(&report::catalogue::list(&entries, common.format)?)
            .map(|()| Exit::Pass);
    }
    if let Some(id) = &common.explain {
        return output::report(&explain(id, &entries)?).map(|()| Exit::Pass);
    }
    if let Some(text) = G::write(own)? {
        return output::report(&text).map(|()| Exit::Pass);
    }
    common.selection().validate(&entries)?;
    if common.skip.iter().any(|id| id == receipts::ENTRY.id) {
        return Err(Error::config("the check `receipts` cannot be left out")
            .hint("change `receipts.require` in the configuration, where it is reviewed"));
    }
    let started = jiff::Timestamp::now();
    let mut context = Context::new(G::GATE, common, G::needs_release(own)).await?;
    publish::mask(&context)?;
    if let Some(summary) = G::show(&mut context, own).await? {
        return publish::show(&context, &summary).map(|()| Exit::Pass);
    }
    let plan = G::plan(&mut context, own).await?;
    publish::mask(&context)?;
    if context.common.plan {
        return publish::plan(&context, &G::steps(&plan)).map(|()| Exit::Pass);
    }
    let path = publish::receipt_path(&context, G::command(own));
    crate::receipt::assert_writable(&path)?;

    let (record, relied_on) = receipts::gather(&context, G::needs_receipts(own));
    let may_start = Verdict::of(std::slice::from_ref(&record)) == Verdict::Pass
        || record.outcome.word() == "skipped";
    let facts = if may_start {
        Some(G::run(&mut context, &plan).await)
    } else {
        None
    };
    let facts = match facts {
        Some(Err(error)) if error.kind() == Kind::Config && !context.has_changed_anything() => {
            return Err(error);
        }
        other => other,
    };
    let ended = Ended {
        record,
        relied_on,
        started,
        command: G::command(own),
    };
    let receipt = ended.receipt::<G>(&context, facts.as_ref())?;
    publish::everything(&context, receipt, &path)
}

fn explain(id: &str, entries: &[Entry]) -> Result<String> {
    match entries.iter().find(|entry| entry.id == id) {
        Some(entry) => Ok(report::catalogue::explain(entry)),
        None => {
            let ids: Vec<&str> = entries.iter().map(|entry| entry.id).collect();
            Err(Error::config(format!("there is no check `{id}`"))
                .hint(config::nearest_hint(id, &ids)))
        }
    }
}
