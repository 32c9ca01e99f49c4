//! What plain HTTP and HTTPS answered at the same host.

use crate::answer::{Asked, NoAnswer};

/// What plain HTTP and HTTPS answered at the same host.
#[derive(Debug)]
pub(crate) struct HttpsSeen {
    /// The answer over HTTPS.
    pub(crate) secure: Asked,
    /// What there is on the port for plain HTTP.
    pub(crate) clear: Clear,
}

/// What there is on the port for plain HTTP.
#[derive(Debug)]
pub(crate) enum Clear {
    /// It cannot be connected to.
    Shut(NoAnswer),
    /// It can, and this is its answer.
    Open(Box<Asked>),
}
