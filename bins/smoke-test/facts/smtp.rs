//! What was seen of a mail server.

use crate::answer::NoAnswer;

/// How far the conversation came, and what ended it when it was too early.
#[derive(Clone, Debug)]
pub(crate) struct SmtpSeen {
    /// Each step that went well, as a sentence's part: `greeted`, `offers STARTTLS`.
    pub(crate) done: Vec<String>,
    /// What ended it too early.
    pub(crate) fault: Option<SmtpFault>,
    /// How long it took, in milliseconds.
    pub(crate) milliseconds: f64,
}

/// What ends a conversation too early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SmtpFault {
    /// There was no connection: it may be the network of this machine.
    Unconnected(NoAnswer),
    /// It broke off in the middle.
    Broken(NoAnswer),
    /// The time was over before this came.
    Slow(&'static str),
    /// This came where something else had to.
    Wrong {
        /// What came.
        observed: String,
        /// What had to come.
        expected: &'static str,
    },
    /// There was no agreement on TLS, or the certificate is not trusted.
    Untrusted(NoAnswer),
}
