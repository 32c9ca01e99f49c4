//! The commands and their flags.

/// The flags and commands of migrate-gate.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Command {
    /// Judge the pending migrations; writes to no database
    Check,
    /// Judge the pending migrations, back up, apply and read back
    Apply {
        /// Run a no-transaction file that broke off again from its first statement, because what
        /// it had done was undone by hand
        #[arg(long, value_name = "VERSION")]
        restart: Option<String>,
    },
    /// Show which migrations the database has
    Status,
}

impl Command {
    /// The command as it is typed.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Apply { .. } => "apply",
            Self::Status => "status",
        }
    }
}
