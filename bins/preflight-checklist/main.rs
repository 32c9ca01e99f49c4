//! `preflight-checklist`: may we start? Variables, tools, databases, disk, repository.

mod checks;
mod facts;
mod placeholder;
mod plan;
mod rules;
mod summary;
mod url;
mod version;

use facts::{Facts, Sources};
use shared::check::Check;
use shared::config;
use shared::error::{Error, Result};
use shared::gate::{Context, Gate, Step};
use shared::progress::Progress;
use shared::receipt::Summary;
use shared::verdict::{Exit, Record};
use std::process::ExitCode;
use std::time::Duration;

struct Preflight;

// Not a doc comment: it would become the binary's description.
#[derive(clap::Args)]
struct Arguments {}

impl Gate for Preflight {
    const GATE: config::Gate = config::Gate::PreflightChecklist;
    const ABOUT: &'static str = "May we start? Looks at variables, tools, databases, disk and \
                                 repository; changes nothing";
    type Arguments = Arguments;
    type Plan = Sources;
    type Facts = Facts;

    fn checks() -> &'static [Check<Facts>] {
        &checks::CHECKS
    }

    async fn plan(context: &mut Context, _: &Arguments) -> Result<Sources> {
        Sources::open(context)
    }

    fn steps(plan: &Sources) -> Vec<Step> {
        plan.steps()
    }

    async fn run(context: &mut Context, plan: &Sources) -> Result<Facts> {
        let mut progress = Progress::start("looking");
        let mut interrupt = context.interrupt.clone();
        let gathering = Facts::gather(context, plan);
        tokio::pin!(gathering);
        loop {
            tokio::select! {
                facts = &mut gathering => return Ok(facts),
                () = interrupt.wait() => {
                    return Err(Error::unavailable("the run was asked to stop before it had looked"));
                }
                () = tokio::time::sleep(Duration::from_secs(1)) => {
                    progress.tell("waiting for programs, databases and filesystems");
                }
            }
        }
    }

    fn summary(context: &Context, facts: &Facts, records: &[Record], _: Exit) -> Summary {
        summary::of(context, facts, records)
    }

    fn detail(facts: &Facts) -> serde_json::Value {
        summary::detail(facts)
    }
}

fn main() -> ExitCode {
    shared::gate::main::<Preflight>()
}
