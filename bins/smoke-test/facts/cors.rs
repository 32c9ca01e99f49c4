//! What pages of other origins were answered.

use crate::answer::Asked;

/// What pages of other origins were answered.
#[derive(Debug)]
pub(crate) struct CorsSeen {
    /// The origin that must be allowed.
    pub(crate) allowed: Exchange,
    /// Those that must not be, in the order of the plan.
    pub(crate) denied: Vec<Exchange>,
}

/// What one origin was answered.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Before the request.
    pub(crate) preflight: Asked,
    /// To the request itself, when it was sent.
    pub(crate) actual: Option<Asked>,
}
