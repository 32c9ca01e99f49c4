//! What a Redis server said.

use crate::answer::NoAnswer;
use crate::redis::Reply;
use std::collections::BTreeMap;

/// What a Redis server said.
#[derive(Debug)]
pub(crate) struct RedisSeen {
    /// To `PING` from somebody without a password; none when that was not asked.
    pub(crate) anonymous: Option<Result<Reply, NoAnswer>>,
    /// To `AUTH` with a password that was made up; none when that was not asked.
    pub(crate) made_up: Option<Result<Reply, NoAnswer>>,
    /// How often it was connected to with the password.
    pub(crate) attempts: u32,
    /// What was said then.
    pub(crate) said: Result<CacheSaid, NoAnswer>,
}

/// What was said to somebody with the password, as far as it went.
#[derive(Clone, Debug, Default)]
pub(crate) struct CacheSaid {
    /// To `AUTH`; none when the URL has no password.
    pub(crate) auth: Option<Reply>,
    /// To `SELECT`; none for the first database.
    pub(crate) select: Option<Reply>,
    /// To `PING`.
    pub(crate) ping: Option<Reply>,
    /// To `INFO`, or why nothing was; none when it was not asked.
    pub(crate) info: Option<Result<BTreeMap<String, String>, String>>,
    /// To `CONFIG GET save`, or why nothing was; none when it was not asked.
    pub(crate) save: Option<Result<String, String>>,
    /// What was found of each pattern, or why nothing was.
    pub(crate) keys: Vec<Result<Sampled, String>>,
    /// How long all of it took, in milliseconds.
    pub(crate) milliseconds: f64,
}

/// Some keys of a pattern.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sampled {
    /// How long each will live, in milliseconds; none when it never expires.
    pub(crate) lives: Vec<Option<u64>>,
    /// Whether all keys of the server were looked through.
    pub(crate) is_whole: bool,
}
