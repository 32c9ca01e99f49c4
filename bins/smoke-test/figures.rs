//! What the times of a series come to, and what they decide.

use crate::answer::Break;
use crate::facts::{End, Measured, Sample};
use crate::plan::LoadPlan;
use crate::statistics::{lower_bound, needed_for_percentile, needed_for_share, ranks, upper_bound};
use std::collections::BTreeMap;

/// How sure every statement about a series is: two-sided for a percentile, and one-sided for a
/// share of failures, because only one side of it is ever asked about.
pub(crate) const CONFIDENCE: f64 = 0.95;
/// Which percentile is judged.
pub(crate) const PERCENTILE: f64 = 0.95;
/// A generator that is later than this has not sent the load that was asked for.
const LARGEST_LATENESS: f64 = 20.0;
/// The same as a part of the limit, for slow services.
const LATENESS_OF_LIMIT: f64 = 0.1;
/// A series of which more than this was turned away has not put its load on the service.
const LARGEST_TURNED_AWAY: f64 = 0.05;

/// What the times of a series come to; times in milliseconds. A request that failed is slower
/// than any limit: a fast error must not make a release look fast.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// How many requests are judged: sent, not to warm up, not turned away by a rate limit.
    pub(crate) judged: u64,
    /// How many of them were answered with 2xx.
    pub(crate) well: u64,
    /// The others by class.
    pub(crate) failures: BTreeMap<&'static str, u64>,
    /// How many were turned away with 429.
    pub(crate) turned_away: u64,
    /// Of the response times.
    pub(crate) p50: f64,
    /// Of the response times.
    pub(crate) p95: f64,
    /// Between these lies the true 95th percentile of the response times.
    pub(crate) interval: (Option<f64>, Option<f64>),
    /// The slowest answer.
    pub(crate) slowest: f64,
    /// The 95th percentile from the moment each request was sent.
    pub(crate) service_p95: f64,
    /// The 95th percentile of how late the requests were sent.
    pub(crate) lateness: f64,
    /// How many stayed under the limit.
    under: u64,
}

/// What a series decides about one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    /// It is kept.
    Kept,
    /// It is broken.
    Broken,
    /// Too little was seen; about so many requests would decide, if any number would.
    Open(Option<u64>),
}

impl Figures {
    /// Reckons with everything that was sent.
    pub(crate) fn of(measured: &Measured, plan: &LoadPlan) -> Self {
        let limit = milliseconds(plan.p95);
        let is_turned_away = |sample: &&Sample| sample.end == End::Status(429);
        let turned_away = measured.samples.iter().filter(is_turned_away).count() as u64;
        let judged: Vec<&Sample> = measured
            .samples
            .iter()
            .filter(|sample| !is_turned_away(sample))
            .collect();
        let failures = classes(&judged);
        let times = |time: fn(&Sample) -> f64| {
            let time = |sample: &&Sample| match failure(sample.end) {
                None => time(sample),
                Some(_) => f64::INFINITY,
            };
            sorted(judged.iter().map(time))
        };
        let responses = times(Sample::response);
        let ranks = ranks(responses.len() as u64, PERCENTILE, CONFIDENCE);
        let at = |rank: Option<u64>| rank.and_then(|rank| ranked(&responses, rank));
        Self {
            judged: judged.len() as u64,
            well: judged.len() as u64 - failures.values().sum::<u64>(),
            failures,
            turned_away,
            p50: percentile(&responses, 0.5),
            p95: percentile(&responses, PERCENTILE),
            interval: (at(ranks.lower), at(ranks.upper)),
            slowest: slowest(&responses),
            service_p95: percentile(&times(|sample| sample.service), PERCENTILE),
            lateness: percentile(
                &sorted(measured.samples.iter().map(|sample| sample.lateness)),
                PERCENTILE,
            ),
            under: responses.iter().filter(|time| **time < limit).count() as u64,
        }
    }

    /// How many failed.
    pub(crate) fn failed(&self) -> u64 {
        self.judged - self.well
    }

    /// Between these two lies the true share of failures; each with 95 % confidence.
    pub(crate) fn share_of_failures(&self) -> (f64, f64) {
        (
            lower_bound(self.failed(), self.judged, CONFIDENCE),
            upper_bound(self.failed(), self.judged, CONFIDENCE),
        )
    }

    /// Whether 95 % stay under the limit.
    pub(crate) fn latency(&self, plan: &LoadPlan) -> Decided {
        let limit = milliseconds(plan.p95);
        match self.interval {
            (_, Some(upper)) if upper < limit => Decided::Kept,
            (Some(lower), _) if lower > limit => Decided::Broken,
            _ => Decided::Open(needed_for_percentile(
                self.under,
                self.judged,
                PERCENTILE,
                CONFIDENCE,
            )),
        }
    }

    /// Whether few enough fail.
    pub(crate) fn errors(&self, plan: &LoadPlan) -> Decided {
        let limit = plan.errors.fraction();
        let (least, most) = self.share_of_failures();
        if self.judged > 0 && most <= limit {
            Decided::Kept
        } else if least > limit {
            Decided::Broken
        } else {
            let (failed, judged) = (self.failed(), self.judged);
            Decided::Open(needed_for_share(failed, judged, limit, CONFIDENCE))
        }
    }

    /// Why the load that was asked for was not the one that was put on the service.
    pub(crate) fn unfit(&self, measured: &Measured, plan: &LoadPlan) -> Option<String> {
        let largest = LARGEST_LATENESS.max(LATENESS_OF_LIMIT * milliseconds(plan.p95));
        if let Some(count) = self.failures.get(Break::Machine.word()) {
            return Some(format!(
                "the generator was the bottleneck: {count} requests found no socket left on this \
                 machine"
            ));
        }
        if self.lateness > largest || measured.unsent > 0 {
            return Some(format!(
                "the generator was the bottleneck: it could send {:.0} of {} requests per second, \
                 the 95th percentile of how late they were is {} (at most {} will do), {} were \
                 open at once and {} were never sent",
                measured.achieved,
                plan.per_second,
                ms(self.lateness),
                ms(largest),
                measured.most_open,
                measured.unsent
            ));
        }
        let all = self.judged + self.turned_away;
        let most = (all as f64 * LARGEST_TURNED_AWAY).floor();
        (self.turned_away as f64 > most).then(|| {
            format!(
                "{} of {all} requests were turned away by a rate limit (429), so the load was \
                 never on the service; lower `per_second`, or exempt this client",
                self.turned_away
            )
        })
    }

    /// `3 5xx, 1 timeout`.
    pub(crate) fn listed_failures(&self) -> String {
        let words = self
            .failures
            .iter()
            .map(|(class, count)| format!("{count} {class}"));
        words.collect::<Vec<_>>().join(", ")
    }
}

/// The class of a request that failed.
fn failure(end: End) -> Option<&'static str> {
    match end {
        End::Status(200..=299) => None,
        End::Status(500..) => Some("5xx"),
        End::Status(400..=499) => Some("4xx"),
        // A redirect is not followed, so what was measured is not the page.
        End::Status(300..=399) => Some("3xx"),
        End::Status(_) => Some("1xx"),
        End::Silent(at) => Some(at.word()),
    }
}

fn classes(judged: &[&Sample]) -> BTreeMap<&'static str, u64> {
    let mut classes: BTreeMap<&'static str, u64> = BTreeMap::new();
    for class in judged.iter().filter_map(|sample| failure(sample.end)) {
        *classes.entry(class).or_default() += 1;
    }
    classes
}

fn slowest(times: &[f64]) -> f64 {
    times
        .iter()
        .copied()
        .filter(|time| time.is_finite())
        .fold(0.0, f64::max)
}

fn sorted(times: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    times
}

fn ranked(sorted: &[f64], rank: u64) -> Option<f64> {
    let index = usize::try_from(rank).ok()?.checked_sub(1)?;
    sorted.get(index).copied()
}

/// The smallest time that at least this part of all does not exceed; infinite for none.
fn percentile(sorted: &[f64], part: f64) -> f64 {
    let rank = (part * sorted.len() as f64).ceil().max(1.0) as u64;
    ranked(sorted, rank).unwrap_or(f64::INFINITY)
}

pub(crate) fn milliseconds(span: shared::config::Span) -> f64 {
    span.duration().as_secs_f64() * 1000.0
}

/// A time as people read it.
pub(crate) fn ms(milliseconds: f64) -> String {
    match milliseconds {
        time if !time.is_finite() => "without end".into(),
        time if time < 10.0 => format!("{time:.1} ms"),
        time => format!("{time:.0} ms"),
    }
}

/// A share as people read it.
pub(crate) fn percent(share: f64) -> String {
    let digits = if share == 0.0 || share >= 0.0001 {
        3
    } else {
        6
    };
    let text = format!("{:.digits$}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{load_plan, measured};

    fn figures(answers: &[(usize, f64, u16)]) -> (Figures, LoadPlan) {
        let plan = load_plan();
        (Figures::of(&measured(answers), &plan), plan)
    }

    #[test]
    fn fast_answers_keep_both_limits() {
        let (figures, plan) = figures(&[(299, 12.0, 200), (1, 40.0, 204)]);
        assert_eq!(
            (figures.judged, figures.well, figures.failed()),
            (300, 300, 0)
        );
        assert_eq!(
            (figures.p50, figures.p95, figures.slowest),
            (12.0, 12.0, 40.0)
        );
        assert_eq!(figures.interval, (Some(12.0), Some(12.0)));
        assert_eq!(figures.latency(&plan), Decided::Kept);
        assert_eq!(figures.errors(&plan), Decided::Kept);
    }

    #[test]
    fn slow_answers_break_the_limit_and_those_around_it_leave_it_open() {
        let (slow, plan) = figures(&[(270, 12.0, 200), (30, 600.0, 200)]);
        assert_eq!(slow.latency(&plan), Decided::Broken);
        let (between, plan) = figures(&[(288, 12.0, 200), (12, 600.0, 200)]);
        let Decided::Open(Some(needed)) = between.latency(&plan) else {
            panic!("4 % over the limit in 300 requests prove nothing");
        };
        assert!((1000..5000).contains(&needed), "{needed}");
    }

    #[test]
    fn a_fast_error_is_slower_than_any_limit() {
        let (figures, plan) = figures(&[(270, 12.0, 200), (30, 0.1, 500)]);
        assert!(figures.p95.is_infinite());
        assert_eq!(figures.slowest, 12.0);
        assert_eq!(figures.latency(&plan), Decided::Broken);
        assert_eq!(figures.errors(&plan), Decided::Broken);
        assert_eq!(figures.listed_failures(), "30 5xx");
    }

    #[test]
    fn a_few_errors_leave_it_open_with_the_number_that_would_decide() {
        let (figures, plan) = figures(&[(298, 12.0, 200), (2, 1.0, 404)]);
        let Decided::Open(Some(needed)) = figures.errors(&plan) else {
            panic!("2 of 300 do not decide about 1 %");
        };
        assert!(needed > 300, "{needed}");
    }

    #[test]
    fn requests_turned_away_are_no_failures_and_too_many_of_them_no_load() {
        let (few, plan) = figures(&[(300, 12.0, 200), (15, 1.0, 429)]);
        assert_eq!((few.judged, few.turned_away, few.failed()), (300, 15, 0));
        assert_eq!(few.unfit(&measured(&[]), &plan), None);
        let (many, plan) = figures(&[(200, 12.0, 200), (100, 1.0, 429)]);
        let why = many
            .unfit(&measured(&[]), &plan)
            .expect("a third was turned away");
        assert!(
            why.starts_with("100 of 300 requests were turned away"),
            "{why}"
        );
    }

    #[test]
    fn a_late_generator_is_no_instrument() {
        let plan = load_plan();
        let mut late = measured(&[(300, 12.0, 200)]);
        for sample in &mut late.samples {
            sample.lateness = 51.0;
        }
        let why = Figures::of(&late, &plan)
            .unfit(&late, &plan)
            .expect("51 ms is late");
        assert!(why.starts_with("the generator was the bottleneck"), "{why}");
        late.samples
            .iter_mut()
            .for_each(|sample| sample.lateness = 49.0);
        let figures = Figures::of(&late, &plan);
        assert_eq!(figures.unfit(&late, &plan), None);
        // The response is 49 ms later than the answer of the service.
        assert_eq!((figures.p95, figures.service_p95), (61.0, 12.0));
    }

    #[test]
    fn nothing_sent_decides_nothing() {
        let (figures, plan) = figures(&[]);
        assert_eq!(figures.latency(&plan), Decided::Open(None));
        assert_eq!(figures.errors(&plan), Decided::Open(None));
        assert_eq!(ms(figures.p95), "without end");
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([0.84, 12.4, 1234.0].map(ms), ["0.8 ms", "12 ms", "1234 ms"]);
        assert_eq!(
            [0.0, 0.01, 0.009_936, 0.000_012].map(percent),
            ["0 %", "1 %", "0.994 %", "0.0012 %"]
        );
    }
}
