//! What a PostgreSQL server said.

use crate::answer::NoAnswer;
use serde_json::Value;

/// What a PostgreSQL server said.
#[derive(Debug)]
pub(crate) struct DatabaseSeen {
    /// How often it was connected to.
    pub(crate) attempts: u32,
    /// What was said, or why nothing was.
    pub(crate) said: Result<DatabaseSaid, DatabaseRefusal>,
}

/// Why a server said nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DatabaseRefusal {
    /// There was no answer.
    Silent(NoAnswer),
    /// It said no.
    Refused(Refusal),
    /// TLS was demanded, and it has none.
    Plain,
}

/// What a server refused, in its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    pub(crate) code: String,
    /// Its message.
    pub(crate) message: String,
}

/// What was said.
#[derive(Clone, Debug, Default)]
pub(crate) struct DatabaseSaid {
    /// `150018` is 15.18.
    pub(crate) version: u32,
    /// `current_database()`.
    pub(crate) database: String,
    /// `current_user`.
    pub(crate) user: String,
    /// What that role may do, itself or as a member of another.
    pub(crate) role: RoleSaid,
    /// The roles that it is a member of; none for superusers, who are of all.
    pub(crate) member_of: Option<String>,
    /// Whether it replays another server.
    pub(crate) in_recovery: bool,
    /// The protocol and the cipher of the server's own end; none when it is not encrypted there.
    pub(crate) tls: Option<String>,
    /// How far it is behind, or why that was not said; none when it was not asked.
    pub(crate) lag: Option<Result<Lag, Refusal>>,
    /// What the further question found, or why nothing; none when it was not asked.
    pub(crate) query: Option<Result<Found, Refusal>>,
    /// When it was said, by this machine's clock.
    pub(crate) received: jiff::Timestamp,
    /// How long all of it took, in milliseconds.
    pub(crate) milliseconds: f64,
}

/// What a role may do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RoleSaid {
    /// Everything.
    pub(crate) superuser: bool,
    /// Read what row level security hides.
    pub(crate) bypass_rls: bool,
    /// Create databases.
    pub(crate) create_database: bool,
    /// Create roles.
    pub(crate) create_role: bool,
    /// Replicate the server.
    pub(crate) replication: bool,
    /// Do with the database or with tables in it what owners may.
    pub(crate) owner: bool,
}

/// How far a server in recovery is behind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lag {
    /// Bytes that it has received and not yet replayed; none when it has received nothing.
    pub(crate) bytes: Option<u64>,
    /// How long ago the transaction was committed that it has replayed last.
    pub(crate) seconds: Option<f64>,
    /// Whether it is connected to the server that it replays.
    pub(crate) is_receiving: bool,
}

/// What a question found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// How many rows, up to 10000.
    pub(crate) rows: u64,
    /// The first value of the first row; none when there is no row.
    pub(crate) value: Option<Value>,
}
