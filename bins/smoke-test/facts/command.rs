//! What a suite of the project did.

/// What a suite of the project did.
#[derive(Clone, Debug)]
pub(crate) struct CommandSeen {
    /// How it ended, or why it did not: it could not be started, or was killed at its deadline.
    pub(crate) ended: Result<Ended, String>,
    /// How long it took, in milliseconds.
    pub(crate) milliseconds: f64,
}

/// How a program ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// Exit status 0.
    pub(crate) is_success: bool,
    /// `exit 3` or `signal 9`.
    pub(crate) status: String,
    /// Its standard output, masked.
    pub(crate) stdout: String,
    /// Its standard error, masked.
    pub(crate) stderr: String,
    /// Why this is not all of its standard output, when it is not.
    pub(crate) cut: Option<String>,
}
