//! A page as it is, and compressed.

use crate::answer::Asked;
use crate::plan::Request;
use shared::config::ContentEncoding;

/// A page as it is, and compressed.
#[derive(Debug)]
pub(crate) struct CompressionSeen {
    /// As it is.
    pub(crate) plain: Asked,
    /// In each encoding.
    pub(crate) packed: Vec<(ContentEncoding, Request, Asked)>,
    /// As it is, after all others, to see whether it changes by itself.
    pub(crate) again: Asked,
}
