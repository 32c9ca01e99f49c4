//! What readings of metrics showed.

use crate::answer::Asked;

/// What readings of metrics showed.
#[derive(Debug)]
pub(crate) struct MetricsSeen {
    /// The first reading.
    pub(crate) first: Asked,
    /// What was done to move counters; none when nothing was.
    pub(crate) traffic: Option<Traffic>,
    /// What whoever is outside was told; none when nobody asked.
    pub(crate) outside: Option<Asked>,
}

/// What was done to move counters.
#[derive(Debug)]
pub(crate) struct Traffic {
    /// A second reading, before anything was sent.
    pub(crate) before: Asked,
    /// How many requests were sent.
    pub(crate) sent: u32,
    /// How many of them were answered.
    pub(crate) answered: u32,
    /// The reading after them, the last of some.
    pub(crate) after: Asked,
    /// How many readings there were after them.
    pub(crate) readings: u32,
}
