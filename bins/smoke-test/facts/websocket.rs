//! What was seen of a WebSocket.

use crate::answer::{Answer, NoAnswer};

/// What was seen of a WebSocket.
#[derive(Clone, Debug)]
pub(crate) struct Talked {
    /// How often the handshake was tried.
    pub(crate) attempts: u32,
    /// What came of it.
    pub(crate) upgrade: Upgrade,
    /// What was said over it; none when it was not opened.
    pub(crate) talk: Option<Talk>,
    /// What came of the handshake of a foreign page.
    pub(crate) foreign: Option<Upgrade>,
    /// What came of one more handshake of its own page after that; none when it decides nothing.
    pub(crate) again: Option<Upgrade>,
}

/// What came of a handshake.
#[derive(Clone, Debug)]
pub(crate) enum Upgrade {
    /// It is open.
    Open {
        /// How long that took.
        milliseconds: f64,
        /// The subprotocol that was agreed on.
        protocol: Option<String>,
    },
    /// It was answered with something else than 101.
    Refused(Box<Answer>),
    /// It was answered with 101 and without what belongs to it; the words say what is wrong.
    Broken(String),
    /// It was not answered.
    Silent(NoAnswer),
}

/// What was said over it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Talk {
    /// The texts that came until one was right.
    pub(crate) frames: Vec<Frame>,
    /// Why no more of them came; none when one was right or none was waited for.
    pub(crate) silence: Option<NoAnswer>,
    /// How long a ping took to be answered, in milliseconds.
    pub(crate) pong: Option<Result<f64, NoAnswer>>,
    /// How it ended.
    pub(crate) end: Option<Result<(), NoAnswer>>,
}

/// A text that came.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// All of it.
    pub(crate) text: String,
    /// When it came.
    pub(crate) received: jiff::Timestamp,
}
