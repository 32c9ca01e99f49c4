//! Which release runs now: the one whose service the pending files must not break.

use shared::gate::Context;
use shared::ledger::{Ledger, last_good};

/// Which release runs now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Live {
    /// The newest good one of the ledger.
    Release {
        /// Its version.
        version: String,
        /// When it was begun.
        since: String,
    },
    /// The ledger has no good release yet.
    NoneYet,
    /// The environment has no ledger.
    NoLedger,
    /// The ledger could not be read.
    Unreadable(String),
}

impl Live {
    /// As the subject of a sentence.
    pub fn subject(&self, environment: &str) -> String {
        match self {
            Self::Release { version, since } => {
                format!("{version}, live on {environment} since {since},")
            }
            Self::NoneYet | Self::NoLedger | Self::Unreadable(_) => "whatever runs now".into(),
        }
    }

    /// How it is known.
    pub fn evidence(&self, environment: &str) -> String {
        match self {
            Self::Release { version, since } => {
                format!("{version} is live on {environment} since {since}")
            }
            Self::NoneYet => format!("the ledger of {environment} has no good release yet"),
            Self::NoLedger => {
                format!("{environment} has no ledger: which release is live is not known")
            }
            Self::Unreadable(reason) => format!("which release is live is not known: {reason}"),
        }
    }
}

/// Reads the ledger.
pub async fn read(context: &Context) -> Live {
    if context.place().ledger.is_none() {
        return Live::NoLedger;
    }
    let entries = match Ledger::of(context) {
        Ok(ledger) => ledger.entries().await,
        Err(error) => Err(error),
    };
    match entries {
        Ok(entries) => match last_good(&entries) {
            Some(entry) => Live::Release {
                version: entry.release.version.to_string(),
                since: to_the_second(&entry.at),
            },
            None => Live::NoneYet,
        },
        Err(error) => Live::Unreadable(error.to_string()),
    }
}

fn to_the_second(at: &str) -> String {
    match at.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => at.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_release_is_whatever_runs_now() {
        for live in [
            Live::NoneYet,
            Live::NoLedger,
            Live::Unreadable("no route".into()),
        ] {
            assert_eq!(live.subject("production"), "whatever runs now");
        }
        let live = Live::Release {
            version: "1.1.0".into(),
            since: to_the_second("2026-11-20T10:00:00.123Z"),
        };
        assert_eq!(
            live.subject("production"),
            "1.1.0, live on production since 2026-11-20T10:00:00Z,"
        );
    }
}
