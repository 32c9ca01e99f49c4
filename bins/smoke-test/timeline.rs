//! What an environment answered while it was waited for, equal neighbours folded into one.

use crate::answer::Break;
use shared::release::Release;

/// So many stretches are kept; beyond them those in the middle are left out and counted.
const MOST_STRETCHES: usize = 40;
/// So many are still read in their order.
const MOST_IN_ORDER: usize = 8;

/// What one attempt saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Observation {
    /// Which service was asked, when there are several.
    pub(crate) service: Option<String>,
    /// What it said.
    pub(crate) seen: Seen,
}

/// What one attempt saw of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// No answer.
    Nothing(Break),
    /// An answer, and the release that it names or the reason why it names none.
    Answer(u16, Result<String, String>),
    /// What a command says of the release, or why it says nothing.
    Told(Result<String, String>),
}

impl Seen {
    /// Whether the release answered. A server error does not count, even when it names the
    /// release: it may be starting.
    pub(crate) fn is_of(&self, release: &Release) -> bool {
        match self {
            Self::Answer(status, Ok(told)) => *status < 500 && release.is_named_by(told),
            Self::Told(Ok(told)) => release.is_named_by(told),
            Self::Answer(_, Err(_)) | Self::Told(Err(_)) | Self::Nothing(_) => false,
        }
    }
}

impl std::fmt::Display for Observation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(service) = &self.service {
            write!(out, "{service}: ")?;
        }
        match &self.seen {
            Seen::Nothing(at) => out.write_str(at.word()),
            Seen::Answer(status, Ok(release)) => write!(out, "{status} as {release}"),
            Seen::Answer(status, Err(_)) => write!(out, "{status} without a release"),
            Seen::Told(Ok(release)) => write!(out, "{release} by its command"),
            Seen::Told(Err(why)) => write!(out, "no release by its command ({why})"),
        }
    }
}

/// Neighbouring attempts that saw the same.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stretch {
    /// What they saw.
    pub(crate) observation: Observation,
    /// When the first of them was answered, in milliseconds after the start.
    pub(crate) first: f64,
    /// When the last of them was.
    pub(crate) last: f64,
    /// How many they are.
    pub(crate) count: u64,
}

/// Everything that was seen, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Timeline {
    /// In order.
    pub(crate) stretches: Vec<Stretch>,
    /// How many attempts in the middle were left out.
    pub(crate) omitted: u64,
}

impl Timeline {
    /// Adds an attempt.
    pub(crate) fn push(&mut self, milliseconds: f64, observation: Observation) {
        if let Some(last) = self.stretches.last_mut()
            && last.observation == observation
        {
            last.last = milliseconds;
            last.count += 1;
            return;
        }
        if self.stretches.len() == MOST_STRETCHES {
            self.omitted += self.stretches.remove(MOST_STRETCHES / 2).count;
        }
        self.stretches.push(Stretch {
            observation,
            first: milliseconds,
            last: milliseconds,
            count: 1,
        });
    }

    /// How many attempts there were.
    pub(crate) fn attempts(&self) -> u64 {
        self.omitted
            + self
                .stretches
                .iter()
                .map(|stretch| stretch.count)
                .sum::<u64>()
    }

    /// Whether anything answered at all.
    pub(crate) fn has_answer(&self) -> bool {
        let mut seen = self
            .stretches
            .iter()
            .map(|stretch| &stretch.observation.seen);
        self.omitted > 0 || seen.any(|seen| matches!(seen, Seen::Answer(..) | Seen::Told(Ok(_))))
    }

    /// Whether a right answer was among them: of this release, and no server error.
    pub(crate) fn has(&self, release: &Release) -> bool {
        let mut stretches = self.stretches.iter();
        stretches.any(|stretch| stretch.observation.seen.is_of(release))
    }

    /// What was seen last.
    pub(crate) fn last(&self) -> Option<&Observation> {
        self.stretches.last().map(|stretch| &stretch.observation)
    }

    /// `refused (3x), 502 without a release, 200 as 1.0.0 (2x)`; what changes too often to be read
    /// in order is counted: `in turn 200 as 1.0.0 (20x), 200 as 1.1.0 (19x)`.
    pub(crate) fn listed(&self) -> String {
        let in_order = self
            .stretches
            .iter()
            .map(|one| (&one.observation, one.count));
        if self.stretches.len() <= MOST_IN_ORDER {
            return worded(in_order).join(", ");
        }
        let mut counts: Vec<(&Observation, u64)> = Vec::new();
        for (observation, count) in in_order {
            match counts.iter_mut().find(|(known, _)| *known == observation) {
                Some((_, sum)) => *sum += count,
                None => counts.push((observation, count)),
            }
        }
        let mut words = worded(counts.into_iter());
        if self.omitted > 0 {
            words.push(format!("{} more", self.omitted));
        }
        format!("in turn {}", words.join(", "))
    }
}

fn worded<'a>(seen: impl Iterator<Item = (&'a Observation, u64)>) -> Vec<String> {
    let words = seen.map(|(observation, count)| match count {
        1 => observation.to_string(),
        count => format!("{observation} ({count}x)"),
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(seen: Seen) -> Observation {
        Observation {
            service: None,
            seen,
        }
    }

    #[test]
    fn equal_neighbours_are_folded_with_times_and_counts() {
        let mut timeline = Timeline::default();
        timeline.push(1.0, seen(Seen::Nothing(Break::Refused)));
        timeline.push(50.0, seen(Seen::Nothing(Break::Refused)));
        timeline.push(120.0, seen(Seen::Answer(502, Err("no header".into()))));
        timeline.push(200.0, seen(Seen::Answer(200, Ok("1.0.0".into()))));
        assert_eq!(
            timeline.listed(),
            "refused (2x), 502 without a release, 200 as 1.0.0"
        );
        assert_eq!(
            (timeline.stretches[0].first, timeline.stretches[0].last),
            (1.0, 50.0)
        );
        assert!(timeline.has_answer());
        assert_eq!(timeline.attempts(), 4);
    }

    #[test]
    fn a_restless_environment_does_not_fill_the_memory() {
        let mut timeline = Timeline::default();
        for attempt in 0..1000_u32 {
            let release = if attempt % 2 == 0 { "1.0.0" } else { "0.9.0" };
            timeline.push(
                f64::from(attempt),
                seen(Seen::Answer(200, Ok(release.into()))),
            );
        }
        assert_eq!(timeline.stretches.len(), MOST_STRETCHES);
        assert_eq!(timeline.attempts(), 1000);
        assert_eq!(timeline.stretches[0].first, 0.0);
        assert_eq!(
            timeline.listed(),
            "in turn 200 as 1.0.0 (20x), 200 as 0.9.0 (20x), 960 more"
        );
    }
}
