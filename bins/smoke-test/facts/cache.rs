//! An answer, and what came back when a cache would have asked again.

use crate::answer::Asked;
use crate::plan::Request;

/// An answer, and what came back when a cache would have asked again.
#[derive(Debug)]
pub(crate) struct CacheSeen {
    /// The answer without a condition.
    pub(crate) first: Asked,
    /// The answers with one.
    pub(crate) conditional: Vec<Conditional>,
}

/// A request with a condition, and its answer.
#[derive(Debug)]
pub(crate) struct Conditional {
    /// What the condition is made of.
    pub(crate) validator: Validator,
    /// What was sent.
    pub(crate) request: Request,
    /// What came back.
    pub(crate) asked: Asked,
}

/// What a condition is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Validator {
    /// The `ETag` of the first answer.
    Tag(String),
    /// Its `Last-Modified`.
    Date(String),
    /// A tag that no page has.
    Foreign,
}
