//! A Redis server and what it must be.

use super::super::{Located, Name, Share, Span};
use super::default_within;
use schemars::JsonSchema;
use serde::Deserialize;

/// A Redis server and what it must be. It is only read: `PING`, `INFO`, `CONFIG GET`, `SCAN` and
/// `PTTL` are sent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedisProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `caches` is asked.
    pub cache: Located<Name>,
    /// Whether it must refuse whoever names no password.
    #[serde(default)]
    pub auth: CacheAuth,
    /// Whether it must be a master or a replica whose master is reached.
    pub role: Option<CacheRole>,
    /// The versions that will do, as in Cargo: `>=6`.
    pub version: Option<Located<String>>,
    /// What it must do when its memory is full (`maxmemory-policy`): `allkeys-lru`, `noeviction`, ….
    pub policy: Option<Located<String>>,
    /// How it must keep its data over a restart.
    pub persistence: Option<Persistence>,
    /// The largest share of its `maxmemory` that may be in use; one without `maxmemory` fails.
    pub memory: Option<Share>,
    /// Keys that must expire.
    #[serde(default)]
    pub keys: Vec<CacheKeys>,
    /// How long all of it may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// Whether whoever names no password is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CacheAuth {
    /// `PING` without a password must be refused, and so must a password that was made up.
    #[default]
    Required,
    /// It may be answered.
    Optional,
}

/// What a server is in its replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CacheRole {
    /// It takes writes.
    Master,
    /// It follows a master.
    Replica,
}

/// How data is kept over a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Persistence {
    /// Every write is appended to a file.
    Aof,
    /// A snapshot is written from time to time.
    Rdb,
    /// Not at all.
    None,
}

/// Keys that must expire.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheKeys {
    /// Which keys, as `SCAN … MATCH` takes it: `user_profile:*`.
    pub pattern: Located<String>,
    /// How long any of them may still live; one that never expires fails.
    pub ttl_at_most: Span,
    /// How many of them are looked at.
    #[serde(default = "default_sample")]
    pub sample: u32,
}

fn default_sample() -> u32 {
    20
}
