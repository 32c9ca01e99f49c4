//! What a series of requests saw.

use crate::answer::Break;
use crate::client::Silence;
use crate::counts::Counts;

/// A series of requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// Those that are judged, in the order in which they ended.
    pub(crate) samples: Vec<Sample>,
    /// How many were sent to warm up.
    pub(crate) warm_up: u64,
    /// How many were not sent because this machine fell too far behind.
    pub(crate) unsent: u64,
    /// How fast the judged ones were sent.
    pub(crate) pace: Pace,
    /// The same for each stage; one more for what was sent to decide after all.
    pub(crate) stages: Vec<Pace>,
    /// The most that were open at once.
    pub(crate) most_open: usize,
    /// How many connections were found closed by the server, and opened again.
    pub(crate) reopened: u64,
    /// How many of them when a request had just been sent.
    pub(crate) cut: u64,
    /// How many requests had to wait for the allowance of the environment.
    pub(crate) held_back: u64,
    /// Why it was stopped before its end.
    pub(crate) stopped: Option<String>,
    /// How good the instrument was.
    pub(crate) instrument: Instrument,
    /// Which release the answers came from, those to warm up included.
    pub(crate) counts: Counts,
    /// The address that the host's name was resolved to.
    pub(crate) peer: Option<String>,
    /// How often it was judged.
    pub(crate) looks: u32,
}

/// How fast requests were sent, and should have been; times in seconds since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pace {
    /// How many were sent.
    pub(crate) sent: u64,
    /// How many were due and never sent.
    pub(crate) unsent: u64,
    /// When the first and the last of them were due.
    pub(crate) due: Option<(f64, f64)>,
    /// When the first and the last of them were sent.
    pub(crate) at: Option<(f64, f64)>,
}

impl Pace {
    /// One more was sent.
    pub(crate) fn add(&mut self, due: f64, at: f64) {
        self.sent += 1;
        self.owe(due);
        self.at = Some(widened(self.at, at));
    }

    /// One more was due and never sent.
    pub(crate) fn miss(&mut self, due: f64) {
        self.unsent += 1;
        self.owe(due);
    }

    fn owe(&mut self, due: f64) {
        self.due = Some(widened(self.due, due));
    }

    /// How many were sent each second.
    pub(crate) fn achieved(&self) -> f64 {
        rate(self.sent, self.at)
    }

    /// How many should have been sent each second.
    pub(crate) fn planned(&self) -> f64 {
        rate(self.sent + self.unsent, self.due)
    }

    /// The part of the planned rate that was sent; none when there were too few for a rate.
    pub(crate) fn share(&self) -> Option<f64> {
        let planned = self.planned();
        (planned > 0.0).then(|| (self.achieved() / planned).min(1.0))
    }
}

fn widened(span: Option<(f64, f64)>, time: f64) -> (f64, f64) {
    let (first, last) = span.unwrap_or((time, time));
    (first.min(time), last.max(time))
}

/// So many in this time: one less than there are, because it begins with the first of them.
fn rate(count: u64, span: Option<(f64, f64)>) -> f64 {
    match span {
        Some((first, last)) if last > first && count > 1 => (count - 1) as f64 / (last - first),
        Some(_) | None => 0.0,
    }
}

/// One request of a series; times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// From the moment it was due to the moment this machine got around to it.
    pub(crate) lateness: f32,
    /// From the moment it was due to the moment it was sent: a connection may have had to come free.
    pub(crate) wait: f32,
    /// From the moment it was sent to the last byte of its answer.
    pub(crate) service: f32,
    /// What came back.
    pub(crate) end: End,
    /// In which stage it was due.
    pub(crate) stage: u8,
}

impl Sample {
    /// From the moment it was due to the last byte of its answer, so that a request which had to
    /// queue behind a slow one is as slow as a user would see it.
    pub(crate) fn response(&self) -> f64 {
        f64::from(self.wait) + f64::from(self.service)
    }
}

/// What came back from one request of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// This status.
    Status(u16),
    /// Nothing.
    Silent(Break),
    /// More than an answer has.
    Endless,
}

impl End {
    /// The class of a request that failed.
    pub(crate) fn failure(self) -> Option<&'static str> {
        match self {
            Self::Status(200..=299) => None,
            Self::Status(500..) => Some("5xx"),
            Self::Status(400..=499) => Some("4xx"),
            // A redirect is not followed, so what was measured is not the page.
            Self::Status(300..=399) => Some("3xx"),
            Self::Status(_) => Some("1xx"),
            Self::Silent(at) => Some(at.word()),
            Self::Endless => Some("endless"),
        }
    }
}

impl From<Silence> for End {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::At(at) => Self::Silent(at),
            Silence::Endless => Self::Endless,
        }
    }
}

/// How good the instrument was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Instrument {
    /// What it does without any service, measured before the series.
    pub(crate) calibration: Option<Calibration>,
    /// The part of one core that it used while the series ran.
    pub(crate) processor: f64,
}

/// What the instrument does without any service; times in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Calibration {
    /// The 99th percentile of how late a timer rings.
    pub(crate) timer: f64,
    /// The median of an echo over a local connection.
    pub(crate) echo: f64,
    /// Its 99th percentile.
    pub(crate) slowest_echo: f64,
}

impl Calibration {
    /// How far a time may be off that has nothing to do with the service.
    pub(crate) fn jitter(&self) -> f64 {
        self.timer.max(self.slowest_echo - self.echo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_what_was_sent_of_what_was_due() {
        let mut pace = Pace::default();
        for number in 0..11 {
            let due = f64::from(number) * 0.1;
            pace.add(due, due * 2.0);
        }
        assert!((pace.planned() - 10.0).abs() < 1e-9);
        assert!((pace.achieved() - 5.0).abs() < 1e-9);
        assert!(pace.share().is_some_and(|share| (share - 0.5).abs() < 1e-9));
        pace.miss(1.1);
        assert!(pace.planned() > 9.9 && pace.unsent == 1);
        assert_eq!(Pace::default().share(), None);
    }

    #[test]
    fn every_end_but_success_has_a_class() {
        let classes = [101, 204, 301, 429, 503].map(|status| End::Status(status).failure());
        let expected = [Some("1xx"), None, Some("3xx"), Some("4xx"), Some("5xx")];
        assert_eq!(classes, expected);
        assert_eq!(End::Silent(Break::Timeout).failure(), Some("timeout"));
        assert_eq!(End::Endless.failure(), Some("endless"));
    }
}
