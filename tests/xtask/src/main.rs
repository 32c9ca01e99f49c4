//! The tasks of this repository: `cargo xtask demo`, `test`, `generate`, `bench`, `fuzz`, `prove-smoke`.

mod bench;
mod build;
mod demo;
mod fuzz;
mod generate;
mod prove;
mod test;

use clap::Parser;
use std::process::ExitCode;

/// The tasks of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Take releases from staging to production through all five gates, on this machine
    Demo,
    /// Install what is missing, then run every test; what is behind `--` goes to `cargo test`
    Test {
        /// For `cargo test`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Write what is generated: CHECKS.md and sluicegate.schema.json
    Generate,
    /// Run smoke-test against good and bad servers: every check must turn green, and red
    ProveSmoke,
    /// Feed smoke-test's readers of foreign input with what libFuzzer makes up; needs nightly Rust
    Fuzz {
        /// How long, in seconds
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Measure speed and size against peers, in a release build
    Bench {
        /// Only what smoke-test does many times at once; builds nothing else
        #[arg(long)]
        smoke: bool,
    },
}

/// What a task ends with; the error is one line.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Demo => demo::run(),
        Task::Test { arguments } => test::run(&arguments),
        Task::Generate => generate::run(),
        Task::ProveSmoke => prove::run(),
        Task::Fuzz { seconds } => fuzz::run(seconds),
        Task::Bench { smoke: false } => bench::run(),
        Task::Bench { smoke: true } => bench::smoke_test(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
