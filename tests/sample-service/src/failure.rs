//! Why the service did not start, and the exit code that says so.

/// The two reasons not to start.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The artifact or the environment is wrong: exit 2.
    Input(String),
    /// The machine does not allow it, for example because the port is in use: exit 1.
    Machine(String),
}

impl Failure {
    /// The one line that is printed.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Input(message) | Self::Machine(message) => message,
        }
    }

    /// The exit code of the process.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) => 2,
            Self::Machine(_) => 1,
        }
    }
}
