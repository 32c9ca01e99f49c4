//! The gate's own mutation test: for each kind of probe a server that keeps it, and one that
//! breaks it in every way that its checks look at.

mod access;
mod data;
mod headers;
mod load;
mod network;
mod page;
mod proven;
mod run;
mod tls;
mod web;

pub use proven::proven;
pub use run::{Base, Verdicts, catalogue, run};

use crate::Result;
use std::any::Any;

/// Whether a server is as its probe expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// Every check of the case passes.
    Good,
    /// Every check of the case fails.
    Bad,
}

/// One probe, or a few that belong together, with the servers for them.
pub struct Case {
    /// The checks that pass against the good servers and fail against the bad ones.
    pub checks: &'static [&'static str],
    /// Starts the servers.
    pub start: fn(Quality) -> Result<Started>,
}

/// Running servers and the configuration that fits them. The same names are used for both
/// qualities, so that one configuration differs from the other only in ports.
pub struct Started {
    /// Lines for the environment, in YAML without indentation: `addresses`, `caches`, … each as
    /// `key: {name: value}`; equal keys of several cases are merged.
    pub environment: Vec<(&'static str, String)>,
    /// The probes, each a YAML value on one line: `http: {name: …}`.
    pub probes: Vec<String>,
    /// Variables of the process: names and values.
    pub variables: Vec<(&'static str, String)>,
    /// Files beside the configuration: names and contents.
    pub files: Vec<(&'static str, String)>,
    /// Certificates (PEM) that the run must trust.
    pub trusted: Vec<String>,
    /// What keeps the servers running.
    pub running: Box<dyn Any>,
}

/// Every case.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(web::cases());
    cases.push(headers::CASE);
    cases.extend(access::cases());
    cases.push(tls::case());
    cases.extend(network::CASES);
    cases.extend(data::cases());
    cases.push(page::case());
    cases.push(load::series());
    cases.push(load::comparison());
    cases
}
