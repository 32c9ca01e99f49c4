//! The flags that all five binaries have.

use crate::check::Selection;
use crate::report::Format;
use std::path::PathBuf;

/// The flags that all five binaries have.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// The configuration
    #[arg(
        long,
        global = true,
        default_value = "sluicegate.yml",
        value_name = "FILE"
    )]
    pub config: PathBuf,
    /// The environment to work on; may be left out when there is only one
    #[arg(long, short, global = true, value_name = "NAME")]
    pub environment: Option<String>,
    /// A service to work on; repeat for several; all when left out
    #[arg(long, global = true, value_name = "NAME")]
    pub service: Vec<String>,
    /// The release: a tag, a branch or a commit; the checked-out commit when left out
    #[arg(long, global = true, value_name = "REF")]
    pub release: Option<String>,
    /// Print every call that would be made, and change nothing
    #[arg(long, global = true)]
    pub plan: bool,
    /// What standard output gets
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub format: Format,
    /// Where the receipt goes [default: .sluicegate/receipts/<environment>/<binary>.json]
    #[arg(long, global = true, value_name = "PATH")]
    pub receipt: Option<PathBuf>,
    /// A receipt that must hold, besides those that the configuration requires
    #[arg(long, global = true, value_name = "PATH", num_args = 1..)]
    pub require: Vec<PathBuf>,
    /// Run only this check; repeat for several; the receipt then does not stand for the gate
    #[arg(long, global = true, value_name = "ID")]
    pub only: Vec<String>,
    /// Leave this check out; repeat for several; the receipt then does not stand for the gate
    #[arg(long, global = true, value_name = "ID")]
    pub skip: Vec<String>,
    /// List the checks, and stop
    #[arg(long, global = true)]
    pub list_checks: bool,
    /// Say what a check is about, and stop
    #[arg(long, global = true, value_name = "ID")]
    pub explain: Option<String>,
    /// Exit 0 when the answer is no; never hides a wrong configuration or an unsettled change
    #[arg(long, global = true)]
    pub advisory: bool,
    /// Colour on standard output and error
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub color: Colour,
    /// Say more; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say only errors on standard error
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Common {
    /// Which checks were asked for.
    pub fn selection(&self) -> Selection {
        Selection {
            only: self.only.clone(),
            skip: self.skip.clone(),
        }
    }

    /// Whether a stream gets colour: <https://no-color.org>.
    pub fn is_coloured(&self, is_terminal: bool) -> bool {
        let is_declined = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => is_terminal && !is_declined(),
        }
    }
}
