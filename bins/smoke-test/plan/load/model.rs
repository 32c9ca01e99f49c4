//! When each request of a series is due, or how many users there are.

use shared::config::LoadStage;

/// How a series puts its load on a service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Model {
    /// At a rate, whether or not earlier requests were answered: requests per second.
    Open(Ramps),
    /// By users, each of whom waits for the answer and then pauses for so many seconds.
    Closed(Ramps, f64),
}

/// When a series ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Length {
    /// With so many judged requests.
    Requests(u32),
    /// After so many seconds.
    Seconds(f64),
}

/// A level that moves in straight lines.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ramps(Vec<Ramp>);

/// One straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ramp {
    seconds: f64,
    from: f64,
    to: f64,
}

impl Ramp {
    /// The area under it, up to a time.
    fn area(self, seconds: f64) -> f64 {
        if seconds.is_infinite() {
            return f64::INFINITY;
        }
        self.from * seconds + self.slope() * seconds * seconds / 2.0
    }

    fn slope(self) -> f64 {
        (self.to - self.from) / self.seconds
    }

    /// When the area under it has grown to this: the root of `from t + slope t² / 2 = area`, written
    /// so that nothing cancels.
    fn time_of(self, area: f64) -> f64 {
        let root = (self.from * self.from + 2.0 * self.slope() * area).max(0.0);
        let time = 2.0 * area / (self.from + root.sqrt());
        if time.is_finite() { time } else { 0.0 }
    }
}

impl Ramps {
    /// Always the same.
    pub(crate) fn steady(level: f64) -> Self {
        Self(vec![Ramp {
            seconds: f64::INFINITY,
            from: level,
            to: level,
        }])
    }

    /// From 0 through the stages of the file.
    pub(crate) fn of(stages: &[LoadStage], level: impl Fn(&LoadStage) -> f64) -> Self {
        let mut from = 0.0;
        let ramps = stages.iter().map(|stage| {
            let ramp = Ramp {
                seconds: stage.lasting.duration().as_secs_f64(),
                from,
                to: level(stage),
            };
            from = ramp.to;
            ramp
        });
        Self(ramps.collect())
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The highest level.
    pub(crate) fn peak(&self) -> f64 {
        let levels = self.0.iter().map(|ramp| ramp.from.max(ramp.to));
        levels.fold(0.0, f64::max)
    }

    /// How long they take together, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.0.iter().map(|ramp| ramp.seconds).sum()
    }

    /// How many requests are due up to a time, when the level is a rate.
    pub(crate) fn until(&self, mut seconds: f64) -> f64 {
        let mut area = 0.0;
        for ramp in &self.0 {
            let here = seconds.min(ramp.seconds);
            area += ramp.area(here);
            seconds -= here;
            if seconds <= 0.0 {
                break;
            }
        }
        area
    }

    /// When a request is due, counted from 0, and on which ramp; none when they end before.
    pub(crate) fn due(&self, number: u64) -> Option<(f64, usize)> {
        let (mut rest, mut before) = (number as f64, 0.0);
        for (index, ramp) in self.0.iter().enumerate() {
            let area = ramp.area(ramp.seconds);
            if rest < area {
                return Some((before + ramp.time_of(rest), index));
            }
            rest -= area;
            before += ramp.seconds;
        }
        None
    }

    /// The level at a time, and on which ramp it is; none when they have ended.
    pub(crate) fn level(&self, mut seconds: f64) -> Option<(f64, usize)> {
        for (index, ramp) in self.0.iter().enumerate() {
            if seconds < ramp.seconds {
                let level = if ramp.seconds.is_infinite() {
                    ramp.to
                } else {
                    ramp.from + ramp.slope() * seconds
                };
                return Some((level, index));
            }
            seconds -= ramp.seconds;
        }
        None
    }

    /// `30 s to 50`, for each ramp.
    pub(crate) fn describe(&self, index: usize) -> Option<String> {
        let ramp = self.0.get(index)?;
        if ramp.seconds.is_infinite() {
            return Some(format!("at {}", ramp.to));
        }
        Some(format!(
            "{} s from {} to {}",
            ramp.seconds, ramp.from, ramp.to
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use shared::config::Span;

    fn ramps(stages: &[(u64, f64)]) -> Ramps {
        let stages: Vec<LoadStage> = (stages.iter())
            .map(|(seconds, to)| LoadStage {
                lasting: Span::seconds(*seconds),
                to: Some(*to),
                users: None,
            })
            .collect();
        Ramps::of(&stages, |stage| stage.to.unwrap_or_default())
    }

    #[test]
    fn a_steady_rate_is_due_at_equal_distances() {
        let steady = Ramps::steady(50.0);
        let due: Vec<_> = (0..4).map(|number| steady.due(number)).collect();
        let expected = [0.0, 0.02, 0.04, 0.06].map(|at| Some((at, 0)));
        assert_eq!(due, expected);
        assert_eq!(steady.until(2.0), 100.0);
        assert_eq!(steady.level(1e9), Some((50.0, 0)));
    }

    #[test]
    fn a_ramp_has_the_area_of_its_triangle() {
        // 2 min up to 50, 5 min there, 2 min down.
        let ramps = ramps(&[(120, 50.0), (300, 50.0), (120, 0.0)]);
        assert_eq!(ramps.until(120.0), 3000.0);
        assert_eq!(ramps.until(540.0), 21_000.0);
        assert_eq!(ramps.until(1e6), 21_000.0);
        assert_eq!((ramps.seconds(), ramps.peak()), (540.0, 50.0));
        let (at, stage) = ramps.due(3000).expect("is in the middle");
        assert!((at - 120.0).abs() < 1e-9 && stage == 1, "{at}");
        let (at, stage) = ramps.due(750).expect("is on the first ramp");
        assert!((at - 60.0).abs() < 1e-9 && stage == 0, "{at}");
        let (at, stage) = ramps.due(20_999).expect("is the last");
        assert!(at < 540.0 && stage == 2, "{at}");
        assert_eq!(ramps.due(21_000), None);
        assert_eq!(ramps.level(60.0), Some((25.0, 0)));
        assert_eq!(ramps.level(540.0), None);
    }

    proptest! {
        #[test]
        fn requests_are_due_in_order_and_when_the_area_says(
            stages in prop::collection::vec((1u64..60, 0.0f64..200.0), 1..6)
        ) {
            let ramps = ramps(&stages);
            let total = ramps.until(f64::INFINITY).min(5000.0) as u64;
            let mut before = 0.0;
            for number in 0..total {
                let Some((at, _)) = ramps.due(number) else { break };
                prop_assert!(at >= before - 1e-9, "{number}: {at} after {before}");
                prop_assert!((ramps.until(at) - number as f64).abs() < 1e-3, "{number} at {at}");
                before = at;
            }
        }
    }
}
