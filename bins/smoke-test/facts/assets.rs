//! A page, and what it loads.

use crate::answer::Asked;
use crate::page::Kind;
use crate::plan::Request;

/// A page, and what it loads.
#[derive(Debug)]
pub(crate) struct AssetsSeen {
    /// The page.
    pub(crate) page: Asked,
    /// What it loads from its own origin, as far as it was asked.
    pub(crate) assets: Vec<Asset>,
    /// How many more it loads from there.
    pub(crate) left_out: usize,
    /// How many it loads from elsewhere.
    pub(crate) foreign: usize,
    /// What it loads over plain HTTP although it came over TLS.
    pub(crate) mixed: Vec<String>,
}

/// One thing that a page loads.
#[derive(Debug)]
pub(crate) struct Asset {
    /// What it should be.
    pub(crate) kind: Kind,
    /// What was asked.
    pub(crate) request: Request,
    /// What came back, its body left out.
    pub(crate) asked: Asked,
    /// How long the body was as it was sent, as far as it was read.
    pub(crate) bytes: usize,
    /// Whether there is nothing in it, even unpacked.
    pub(crate) is_empty: bool,
}
