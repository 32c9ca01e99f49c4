//! What all five gates of Sluicegate share: configuration, verdicts, journal, receipts, reports,
//! and the clients and providers that more than one of them needs.

pub mod check;
pub mod clock;
pub mod config;
pub mod error;
pub mod exposition;
pub mod file;
pub mod gate;
pub mod git;
pub mod github;
pub mod http;
pub mod identity;
pub mod journal;
pub mod ledger;
mod output;
pub mod place;
pub mod postgres;
pub mod process;
pub mod progress;
pub mod receipt;
pub mod release;
pub mod report;
pub mod schema_history;
pub mod secret;
pub mod service;
pub mod shell;
pub mod target;
pub mod tls;
pub mod traffic;
pub mod variables;
pub mod verdict;
