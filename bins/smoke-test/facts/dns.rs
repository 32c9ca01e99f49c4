//! What name servers said.

use crate::answer::NoAnswer;
use crate::dns::Reply;

/// What name servers said.
#[derive(Clone, Debug)]
pub(crate) struct DnsSeen {
    /// The zone that the name is in, or why it is not known; none when nobody asked.
    pub(crate) zone: Option<Result<String, NoAnswer>>,
    /// Each server that was asked.
    pub(crate) servers: Vec<ServerSeen>,
}

/// What one name server said.
#[derive(Clone, Debug)]
pub(crate) struct ServerSeen {
    /// `ns1.example (192.0.2.1:53)`, or the address alone.
    pub(crate) server: String,
    /// What it said.
    pub(crate) reply: Result<Reply, NoAnswer>,
    /// How long it took, all attempts together, in milliseconds.
    pub(crate) milliseconds: f64,
    /// How often it was asked.
    pub(crate) attempts: u32,
}
