//! What single requests and journeys saw.

use crate::answer::{Asked, Phases};

/// What a single request saw.
#[derive(Clone, Debug)]
pub(crate) struct HttpSeen {
    /// The last answer: the one that is judged.
    pub(crate) asked: Asked,
    /// The redirects before it, in order.
    pub(crate) hops: Vec<Hop>,
    /// How long each part of the last exchange took, over fresh connections; only where that is
    /// judged.
    pub(crate) samples: Vec<Phases>,
    /// What came instead of one more sample: silence, or an answer that is not expected.
    pub(crate) spoilt: Option<Asked>,
}

/// One redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    /// What was asked, without secrets.
    pub(crate) url: String,
    /// How it was answered.
    pub(crate) status: u16,
    /// Where it leads, as an absolute URL; none when it does not say.
    pub(crate) location: Option<String>,
}

/// What a journey saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct JourneySeen {
    /// Each step, in order.
    pub(crate) steps: Vec<StepSeen>,
    /// Each step of the clean-up.
    pub(crate) cleanup: Vec<StepSeen>,
}

/// What came of a step.
#[derive(Clone, Debug)]
pub(crate) enum StepSeen {
    /// It was asked.
    Asked {
        /// What came of it.
        asked: Box<Asked>,
        /// Why values could not be captured.
        missing: Vec<String>,
    },
    /// It was not, because of this.
    NotReached(String),
}
