//! What a limit of requests did to more of them.

use crate::answer::{Answer, NoAnswer};

/// Fewer made-up addresses that were let through or turned away show nothing.
pub(crate) const LEAST_TRIED: u32 = 3;

/// What a limit of requests did to more of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RateLimited {
    /// How many requests the run had sent before, all of which may count.
    pub(crate) before: u64,
    /// What came of each request, in the order in which they were sent; one burst, or two.
    pub(crate) burst: Vec<Result<u16, NoAnswer>>,
    /// How long it took to send them and have their answers, in milliseconds.
    pub(crate) milliseconds: f64,
    /// An answer within the limit.
    pub(crate) passed: Option<Answer>,
    /// The first answer beyond it.
    pub(crate) refused: Option<Answer>,
    /// What came of made-up addresses.
    pub(crate) spoofed: Option<Spoofed>,
    /// How it went on.
    pub(crate) recovery: Recovery,
    /// The limit once more, after it had let go sooner than its window ends.
    pub(crate) again: Option<Again>,
}

/// A second burst, after the limit had let go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Again {
    /// How many requests passed, the one that was answered again included.
    pub(crate) passed: u32,
    /// When that was over, in seconds after the first request of the first burst.
    pub(crate) seconds: f64,
    /// How many seconds its 429 named; none without one.
    pub(crate) named: Option<f64>,
}

/// What came of made-up addresses, each tried beside a plain request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spoofed {
    /// How many of either were let through or turned away.
    pub(crate) tried: u32,
    /// The status of one that was neither.
    pub(crate) other: Option<u16>,
    /// How many with a made-up address were let through.
    pub(crate) passed: u32,
    /// How many plain ones were.
    pub(crate) plain_passed: u32,
}

impl Spoofed {
    /// Whether so many plain ones were let through, too, that the limit was no longer reached.
    pub(crate) fn is_undecided(&self) -> bool {
        let (is_held, is_evaded) = (self.passed <= 1, self.passed + 1 >= self.tried);
        self.tried >= LEAST_TRIED && (self.plain_passed > 1 || !(is_held || is_evaded))
    }
}

/// Whether requests are answered again.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Recovery {
    /// Not asked for, or nothing was turned away.
    #[default]
    NotAsked,
    /// It would take so many seconds, longer than it is waited for.
    TooLong(f64),
    /// So many seconds after the last 429.
    After(f64),
    /// Still turned away so many seconds after the last 429 before the wait; so many were named.
    Never {
        /// How long was waited.
        waited: f64,
        /// How long the 429 or the window named.
        named: f64,
    },
    /// Neither turned away nor as it is within the limit.
    Other(u16),
    /// There was no answer.
    Silent(NoAnswer),
}

/// What came of a burst, counted.
#[derive(Debug, Default)]
pub(crate) struct BurstCounts<'a> {
    /// How many requests were sent.
    pub(crate) sent: usize,
    /// How many were answered as they are within the limit.
    pub(crate) passed: usize,
    /// How many were answered with 429.
    pub(crate) refused: usize,
    /// How many were answered with 5xx.
    pub(crate) broken: usize,
    /// Any other status.
    pub(crate) other: Option<u16>,
    /// Why one had no answer.
    pub(crate) silent: Option<&'a NoAnswer>,
    /// The number of the first 429, from 1.
    pub(crate) first: Option<usize>,
}

impl RateLimited {
    /// Counts a burst; `within` are the statuses of requests within the limit.
    pub(crate) fn counts(&self, within: &[u16]) -> BurstCounts<'_> {
        let mut counts = BurstCounts::default();
        for (index, end) in self.burst.iter().enumerate() {
            counts.sent += 1;
            match end {
                Ok(429) => {
                    counts.refused += 1;
                    counts.first.get_or_insert(index + 1);
                }
                Ok(status) if within.contains(status) => counts.passed += 1,
                Ok(status) if *status >= 500 => counts.broken += 1,
                Ok(status) => counts.other = Some(*status),
                Err(no_answer) => counts.silent = Some(no_answer),
            }
        }
        counts
    }
}
