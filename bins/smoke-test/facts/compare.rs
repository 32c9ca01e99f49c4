//! What pairs of requests saw.

use super::load::{Calibration, End};
use crate::counts::Counts;

/// Pairs of requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compared {
    /// In the order in which they were asked.
    pub(crate) pairs: Vec<Pair>,
    /// How good the instrument was before.
    pub(crate) calibration: Option<Calibration>,
    /// Why it was ended before it was decided.
    pub(crate) stopped: Option<String>,
    /// Which release the answers of the new one came from.
    pub(crate) counts: Counts,
    /// The same of the current one, by the headers of the new one.
    pub(crate) current_counts: Counts,
    /// How many kept connections to the new one ended when a request had just been sent.
    pub(crate) cut: u64,
    /// How often it was judged.
    pub(crate) looks: u32,
}

/// The same request to both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    /// To the new release.
    pub(crate) new: Timed,
    /// To the current one.
    pub(crate) current: Timed,
    /// Whether the new one was asked first.
    pub(crate) is_new_first: bool,
}

/// One request of a pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timed {
    /// To the last byte of its answer, in milliseconds.
    pub(crate) time: f64,
    /// What came back.
    pub(crate) end: End,
}

impl Timed {
    /// Whether it was answered well.
    pub(crate) fn is_well(&self) -> bool {
        self.end.failure().is_none()
    }
}
