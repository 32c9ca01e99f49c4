//! What single requests and journeys saw.

use crate::answer::{Asked, Phases};
use crate::plan::{JourneyPlan, StepPlan};

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

impl JourneySeen {
    /// Whether something may be left of it: a step that changes something was not refused, and the
    /// clean-up did not come to its end.
    pub(crate) fn may_have_left(&self, plan: &JourneyPlan) -> bool {
        let mut steps = plan.steps.iter().zip(&self.steps);
        let mut cleanup = plan.cleanup.iter().zip(&self.cleanup);
        let has_changed = steps.any(|(step, came)| {
            let StepSeen::Asked { asked, .. } = came else {
                return false;
            };
            let is_done = match &asked.answer {
                Ok(answer) => !(400..500).contains(&answer.status),
                Err(no_answer) => no_answer.at.may_have_arrived(),
            };
            is_done && !step.http.request.is_safe()
        });
        has_changed && cleanup.any(|(step, came)| !is_right(step, came))
    }
}

fn is_right(step: &StepPlan, came: &StepSeen) -> bool {
    let right = &step.http.expectations.status;
    match came {
        StepSeen::Asked { asked, .. } => {
            let answer = asked.answer.as_ref();
            answer.is_ok_and(|answer| right.contains(&answer.status))
        }
        StepSeen::NotReached(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::sample::{answer, step};

    fn came(answer: Result<crate::answer::Answer, NoAnswer>) -> StepSeen {
        StepSeen::Asked {
            asked: Box::new(Asked {
                attempts: 1,
                answer,
            }),
            missing: Vec::new(),
        }
    }

    #[test]
    fn a_change_without_its_clean_up_may_have_left_something() {
        let mut make = step("make", &[201]);
        make.http.request.method = "POST".into();
        let plan = JourneyPlan {
            name: "entries".into(),
            steps: vec![make],
            cleanup: vec![step("remove", &[204])],
        };
        let left = |made: StepSeen, removed: StepSeen| {
            let seen = JourneySeen {
                steps: vec![made],
                cleanup: vec![removed],
            };
            seen.may_have_left(&plan)
        };
        let status = |status| came(Ok(answer(status, "")));
        let silent = |at| came(Err(NoAnswer::new(at, "none")));
        let unasked = || StepSeen::NotReached("`id` was never captured".into());
        assert!(!left(status(201), status(204)));
        assert!(!left(status(403), unasked()));
        assert!(!left(silent(Break::Refused), unasked()));
        assert!(!left(unasked(), unasked()));
        assert!(left(status(201), unasked()));
        assert!(left(status(201), status(500)));
        assert!(left(status(500), unasked()));
        assert!(left(silent(Break::Timeout), unasked()));
    }
}
