//! Why a statement did not succeed, and whether that is certain.

use shared::error::Error;
use shared::postgres::describe;
use tokio_postgres::error::ErrorPosition;

/// Why a statement did not succeed.
#[derive(Debug)]
pub(super) struct Failure {
    /// What kind of end it was.
    pub(super) kind: FailureKind,
    /// PostgreSQL's words with their SQLSTATE, or ours.
    pub(super) message: String,
    /// The character of the statement's text, from 1, that PostgreSQL points at.
    pub(super) position: Option<usize>,
}

/// Why a statement did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// A lock was not free in time (55P03).
    LockTimeout,
    /// It took too long (57014).
    Timeout,
    /// The run was asked to stop.
    Interrupted,
    /// PostgreSQL said no.
    Refused,
    /// No answer came: whether it happened is not known.
    Lost,
}

/// Stands in the reason of an effect when its end is not known.
pub(super) const LOST: &str = "no answer came";

impl Failure {
    /// No answer came.
    pub(super) fn lost(why: impl std::fmt::Display) -> Self {
        Self {
            kind: FailureKind::Lost,
            message: format!("{LOST}: {why}"),
            position: None,
        }
    }

    /// The run was asked to stop.
    pub(super) fn interrupted() -> Self {
        let message = "the run was asked to stop".into();
        Self {
            kind: FailureKind::Interrupted,
            message,
            position: None,
        }
    }

    /// What the driver's error means.
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        let Some(server) = error.as_db_error() else {
            return Self::lost(describe(error));
        };
        let kind = match server.code().code() {
            "55P03" => FailureKind::LockTimeout,
            "57014" => FailureKind::Timeout,
            // The server is going down, or has ended this connection: 57P01 to 57P05, and 08xxx.
            code if code.starts_with("57P") || code.starts_with("08") => FailureKind::Lost,
            _ => FailureKind::Refused,
        };
        let message = match kind {
            FailureKind::Lost => format!("{LOST}: {}", describe(error)),
            _ => describe(error),
        };
        let position = match server.position() {
            Some(ErrorPosition::Original(position)) => usize::try_from(*position).ok(),
            Some(ErrorPosition::Internal { .. }) | None => None,
        };
        Self {
            kind,
            message,
            position,
        }
    }

    /// As the journal keeps it.
    pub(super) fn error(&self) -> Error {
        Error::unavailable(self.message.clone())
    }
}
