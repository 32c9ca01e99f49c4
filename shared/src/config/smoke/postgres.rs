//! A PostgreSQL server and what it must be.

use super::super::{Located, Name, Size, Span};
use super::{Expectation, default_within};
use schemars::JsonSchema;
use serde::Deserialize;

/// A PostgreSQL server and what it must be. Everything is asked in one read-only transaction.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `databases` is asked.
    pub database: Located<Name>,
    /// The versions that will do, as in Cargo: `>=13`.
    pub version: Option<Located<String>>,
    /// Whether the connection must be encrypted, on the way to a pooler and behind it.
    pub tls: Option<RequiredTls>,
    /// What the role that connects must be and must not be.
    #[serde(default)]
    pub role: PostgresRole,
    /// Whether the server must replay another one (`true`), or take writes (`false`).
    pub recovery: Option<bool>,
    /// On a server in recovery: how old the newest transaction that it has received and not yet
    /// replayed may be.
    pub lag_at_most: Option<Span>,
    /// On a server in recovery: how much it may have received and not yet replayed.
    pub unreplayed_at_most: Option<Size>,
    /// One more question.
    pub query: Option<Box<PostgresQuery>>,
    /// How long all of it may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// Whether a connection must be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RequiredTls {
    /// It must be, and the certificate must be valid.
    Required,
}

/// What the role that connects must be and must not be; what is not given is not asked. What it may
/// become with `SET ROLE`, as a member of another role, counts as its own.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresRole {
    /// Its name (`current_user`).
    pub name: Option<String>,
    /// Whether it is a superuser: it must not be unless this says so.
    #[serde(default)]
    pub superuser: bool,
    /// Whether row level security is bypassed for it.
    pub bypass_rls: Option<bool>,
    /// Whether it may create databases.
    pub create_database: Option<bool>,
    /// Whether it may create roles.
    pub create_role: Option<bool>,
    /// Whether it may replicate the server.
    pub replication: Option<bool>,
    /// Whether it owns the database or any table in it, itself or as a member of the owner. Row
    /// level security does not hold for owners unless it is forced.
    pub owner: Option<bool>,
}

/// One more question, whose answer is judged.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresQuery {
    /// One `SELECT`, `WITH`, `VALUES` or `TABLE`.
    pub sql: Located<String>,
    /// What must hold for the number of its rows (10000 are counted at most).
    pub rows: Option<Located<Expectation>>,
    /// What must hold for the first value of its first row.
    pub value: Option<Located<Expectation>>,
}
