//! What was seen of a stream of events.

use crate::answer::{Answer, NoAnswer};
use crate::event_stream::Event;

/// What was seen of a stream of events.
#[derive(Clone, Debug)]
pub(crate) struct Streamed {
    /// How often it was asked for.
    pub(crate) attempts: u32,
    /// What came of the last time.
    pub(crate) stream: Result<Events, NoAnswer>,
}

/// An answer that may be a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    /// Its head, and the beginning of the body when it is no stream.
    pub(crate) answer: Answer,
    /// The events that count, with when each came.
    pub(crate) events: Vec<(Event, jiff::Timestamp)>,
    /// How many others came between them.
    pub(crate) others: u64,
    /// How many bytes came.
    pub(crate) bytes: u64,
    /// From the request to the last event that counts, or to the end, in milliseconds.
    pub(crate) milliseconds: f64,
    /// Why it was not read any further.
    pub(crate) end: StreamEnd,
}

/// Why a stream was not read any further.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum StreamEnd {
    /// It is none: another status, or another type.
    #[default]
    NoStream,
    /// All the events came.
    Enough,
    /// The time was over.
    Late,
    /// The server ended it.
    Closed,
    /// A line or an event was longer than so many bytes.
    TooLong(usize),
    /// More came than is read of any stream.
    TooMuch,
    /// It broke off.
    Broken(NoAnswer),
}
