//! What the times of a series come to, and what they decide.

mod instrument;

pub(crate) use instrument::is_too_much_turned_away;

use crate::facts::{End, Measured, Sample};
use crate::plan::{Limit, LoadPlan, Of};
use crate::spread::{Decided, Spread};
use crate::statistics::{lower_bound, needed_for_share, upper_bound};
use std::collections::BTreeMap;

/// How sure every statement about a series is: two-sided for a percentile, and one-sided for a
/// share of failures, because only one side of it is ever asked about.
pub(crate) const CONFIDENCE: f64 = 0.95;
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
    /// How many kept connections ended when a request had just been sent over them.
    pub(crate) cut: u64,
    /// From the moment each was due.
    pub(crate) response: Spread,
    /// From the moment each was sent.
    pub(crate) service: Spread,
    /// The 95th percentile of how late the requests were sent.
    pub(crate) lateness: f64,
    /// How sure every statement is.
    pub(crate) confidence: f64,
}

impl Figures {
    /// Reckons with everything that was sent.
    pub(crate) fn of(measured: &Measured, plan: &LoadPlan) -> Self {
        Self {
            cut: measured.cut,
            ..Self::of_some(measured.samples.iter(), plan.confidence())
        }
    }

    /// Reckons with one stage.
    pub(crate) fn of_stage(measured: &Measured, plan: &LoadPlan, stage: usize) -> Self {
        let samples = measured.samples.iter();
        let samples = samples.filter(|sample| usize::from(sample.stage) == stage);
        Self::of_some(samples, plan.confidence())
    }

    fn of_some<'a>(samples: impl Iterator<Item = &'a Sample> + Clone, confidence: f64) -> Self {
        let lateness = samples.clone().map(|sample| f64::from(sample.lateness));
        let lateness = Spread::of(lateness);
        let is_turned_away = |sample: &&Sample| sample.end == End::Status(429);
        let turned_away = samples.clone().filter(is_turned_away).count() as u64;
        let judged = samples.filter(|sample| !is_turned_away(sample));
        let mut failures: BTreeMap<&'static str, u64> = BTreeMap::new();
        for class in judged.clone().filter_map(|sample| sample.end.failure()) {
            *failures.entry(class).or_default() += 1;
        }
        let times = |time: fn(&Sample) -> f64| {
            Spread::of(judged.clone().map(|sample| match sample.end.failure() {
                None => time(sample),
                Some(_) => f64::INFINITY,
            }))
        };
        let response = times(Sample::response);
        Self {
            judged: response.count(),
            well: response.count() - failures.values().sum::<u64>(),
            failures,
            turned_away,
            cut: 0,
            service: times(|sample| sample.service.into()),
            lateness: if lateness.count() == 0 {
                0.0
            } else {
                lateness.value(0.95)
            },
            response,
            confidence,
        }
    }

    /// How many failed.
    pub(crate) fn failed(&self) -> u64 {
        self.judged - self.well
    }

    /// Between these two lies the true share of failures; each with the confidence.
    pub(crate) fn share_of_failures(&self) -> (f64, f64) {
        (
            lower_bound(self.failed(), self.judged, self.confidence),
            upper_bound(self.failed(), self.judged, self.confidence),
        )
    }

    /// Whether the times stay under a limit.
    pub(crate) fn times(&self, limit: &Limit) -> Decided {
        let under = milliseconds(limit.under);
        match limit.of {
            Of::Response(share) => self.response.is_under(under, share, self.confidence),
            Of::Service(share) => self.service.is_under(under, share, self.confidence),
            Of::Slowest if self.judged == 0 => Decided::Open(None),
            Of::Slowest if self.slowest() < under => Decided::Kept,
            Of::Slowest => Decided::Broken,
        }
    }

    /// The longest time; one that failed has no end.
    pub(crate) fn slowest(&self) -> f64 {
        if self.failed() > 0 {
            f64::INFINITY
        } else {
            self.response.largest()
        }
    }

    /// Whether few enough fail.
    pub(crate) fn errors(&self, plan: &LoadPlan) -> Decided {
        let limit = plan.errors.fraction();
        let (least, most) = self.share_of_failures();
        if self.judged > 0 && most <= limit {
            match self.uncounted(limit) {
                None => Decided::Kept,
                Some(_) => {
                    let (without, all) = (self.failed() + self.turned_away, self.all());
                    Decided::Open(needed_for_share(without, all, limit, self.confidence))
                }
            }
        } else if least > limit {
            Decided::Broken
        } else {
            let (failed, judged) = (self.failed(), self.judged);
            Decided::Open(needed_for_share(failed, judged, limit, self.confidence))
        }
    }

    /// Why few failures are no proof that few enough fail: what was not counted as one could be.
    pub(crate) fn uncounted(&self, limit: f64) -> Option<String> {
        let (failed, turned_away, cut) = (self.failed(), self.turned_away, self.cut);
        let most = upper_bound(failed + turned_away, self.all(), self.confidence);
        if turned_away > 0 && most > limit {
            return Some(format!(
                "{turned_away} more were turned away by a rate limit (429), and with them up to {} \
                 may fail; send fewer per second, or exempt this client",
                percent(most)
            ));
        }
        let least = lower_bound(failed + cut.min(self.well), self.judged, self.confidence);
        (cut > 0 && least > limit).then(|| {
            format!(
                "{cut} kept connections ended when a request had just been sent, which was sent \
                 again: either the service dies of requests, or it ends connections without saying \
                 so (`Connection: close`)"
            )
        })
    }

    /// How many were sent, not to warm up.
    fn all(&self) -> u64 {
        self.judged + self.turned_away
    }

    /// Whether more requests could change what is said: something is open and nothing is broken.
    pub(crate) fn is_open(&self, measured: &Measured, plan: &LoadPlan) -> bool {
        let mut all: Vec<Decided> = plan.limits.iter().map(|limit| self.times(limit)).collect();
        all.push(self.errors(plan));
        self.unfit(measured, plan).is_none()
            && !all.contains(&Decided::Broken)
            && all
                .iter()
                .any(|decided| matches!(decided, Decided::Open(_)))
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

/// `87 %`.
pub(crate) fn whole_percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
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
    use crate::facts::{Calibration, Pace};
    use crate::sample::{load_plan, measured};
    use shared::config::Span;

    fn figures(answers: &[(usize, f64, u16)]) -> (Figures, LoadPlan) {
        let plan = load_plan();
        (Figures::of(&measured(answers), &plan), plan)
    }

    #[test]
    fn fast_answers_keep_every_limit() {
        let (figures, plan) = figures(&[(299, 12.0, 200), (1, 40.0, 204)]);
        assert_eq!(
            (figures.judged, figures.well, figures.failed()),
            (300, 300, 0)
        );
        let response = &figures.response;
        assert_eq!(
            (
                response.value(0.5),
                response.value(0.95),
                response.largest()
            ),
            (12.0, 12.0, 40.0)
        );
        assert_eq!(figures.times(&plan.limits[0]), Decided::Kept);
        assert_eq!(figures.errors(&plan), Decided::Kept);
        let slowest = |under| Limit {
            of: Of::Slowest,
            under: Span::milliseconds(under),
        };
        assert_eq!(figures.times(&slowest(41)), Decided::Kept);
        assert_eq!(figures.times(&slowest(40)), Decided::Broken);
        let service = Limit {
            of: Of::Service(0.95),
            under: Span::milliseconds(10),
        };
        assert_eq!(figures.times(&service), Decided::Broken);
    }

    #[test]
    fn slow_answers_break_the_limit_and_those_around_it_leave_it_open() {
        let (slow, plan) = figures(&[(270, 12.0, 200), (30, 600.0, 200)]);
        assert_eq!(slow.times(&plan.limits[0]), Decided::Broken);
        let seen = measured(&[(288, 12.0, 200), (12, 600.0, 200)]);
        let between = Figures::of(&seen, &plan);
        let Decided::Open(Some(needed)) = between.times(&plan.limits[0]) else {
            panic!("4 % over the limit in 300 requests prove nothing");
        };
        assert!((1000..5000).contains(&needed), "{needed}");
        assert!(between.is_open(&seen, &plan));
        assert!(!slow.is_open(&seen, &plan));
    }

    #[test]
    fn a_fast_error_is_slower_than_any_limit() {
        let (figures, plan) = figures(&[(270, 12.0, 200), (30, 0.1, 500)]);
        assert!(figures.response.value(0.95).is_infinite());
        assert_eq!(figures.response.largest(), 12.0);
        assert_eq!(figures.times(&plan.limits[0]), Decided::Broken);
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
    fn the_slowest_of_a_series_with_a_failure_has_no_end() {
        let (figures, _) = figures(&[(480, 12.0, 200), (20, 2000.0, 504)]);
        let slowest = Limit {
            of: Of::Slowest,
            under: Span::seconds(10),
        };
        assert_eq!(figures.times(&slowest), Decided::Broken);
        assert_eq!(ms(figures.slowest()), "without end");
    }

    #[test]
    fn what_was_not_counted_as_a_failure_leaves_it_open_where_it_would_matter() {
        let (one, plan) = figures(&[(499, 12.0, 200), (1, 1.0, 429)]);
        assert_eq!(one.errors(&plan), Decided::Kept);
        let (twenty, plan) = figures(&[(480, 12.0, 200), (20, 1.0, 429)]);
        assert!(matches!(twenty.errors(&plan), Decided::Open(Some(_))));
        let why = twenty.uncounted(0.01).expect("4 % were turned away");
        assert!(why.starts_with("20 more were turned away"), "{why}");
        let (mut cut, plan) = figures(&[(500, 12.0, 200)]);
        cut.cut = 3;
        assert_eq!(cut.errors(&plan), Decided::Kept);
        cut.cut = 50;
        assert!(matches!(cut.errors(&plan), Decided::Open(_)));
        let why = cut.uncounted(0.01).expect("a tenth was cut");
        assert!(why.starts_with("50 kept connections ended"), "{why}");
    }

    #[test]
    fn requests_that_a_slow_service_kept_from_being_sent_are_its_own_slowness() {
        let mut plan = load_plan();
        plan.connections = 4;
        let unsent = |time| {
            let mut seen = measured(&[(300, time, 200)]);
            seen.unsent = 100;
            (Figures::of(&seen, &load_plan()), seen)
        };
        let (slow, seen) = unsent(1000.0);
        assert_eq!(slow.unfit(&seen, &plan), None);
        assert_eq!(slow.times(&plan.limits[0]), Decided::Broken);
        let (fast, seen) = unsent(12.0);
        assert!(fast.unfit(&seen, &plan).is_some());
    }

    #[test]
    fn several_looks_make_each_of_them_stricter() {
        let mut plan = load_plan();
        let seen = measured(&[(299, 12.0, 200)]);
        assert_eq!(Figures::of(&seen, &plan).errors(&plan), Decided::Kept);
        plan.budget = Some(1000);
        assert!(matches!(
            Figures::of(&seen, &plan).errors(&plan),
            Decided::Open(_)
        ));
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
            (sample.lateness, sample.wait) = (51.0, 51.0);
        }
        let why = Figures::of(&late, &plan)
            .unfit(&late, &plan)
            .expect("51 ms is late");
        assert!(why.starts_with("the generator was the bottleneck"), "{why}");
        for sample in &mut late.samples {
            (sample.lateness, sample.wait) = (49.0, 49.0);
        }
        let figures = Figures::of(&late, &plan);
        assert_eq!(figures.unfit(&late, &plan), None);
        // The response is 49 ms later than the answer of the service.
        assert_eq!(
            (figures.response.value(0.95), figures.service.value(0.95)),
            (61.0, 12.0)
        );
    }

    #[test]
    fn waiting_for_a_connection_is_the_services_own_slowness() {
        let plan = load_plan();
        let mut waiting = measured(&[(300, 12.0, 200)]);
        waiting
            .samples
            .iter_mut()
            .for_each(|sample| sample.wait = 800.0);
        let figures = Figures::of(&waiting, &plan);
        assert_eq!(figures.unfit(&waiting, &plan), None);
        assert_eq!(figures.times(&plan.limits[0]), Decided::Broken);
    }

    #[test]
    fn what_shakes_or_is_busy_is_in_doubt() {
        let plan = load_plan();
        let mut seen = measured(&[(300, 12.0, 200)]);
        assert_eq!(Figures::doubt(&seen, &plan), None);
        seen.instrument.processor = 0.9;
        let why = Figures::doubt(&seen, &plan).expect("90 % is busy");
        assert!(why.contains("it used 90 % of its core"), "{why}");
        seen.instrument.calibration = Some(Calibration {
            timer: 60.0,
            echo: 0.1,
            slowest_echo: 1.0,
        });
        let why = Figures::doubt(&seen, &plan).expect("60 ms is more than 50 ms");
        assert!(why.contains("shakes by 60 ms"), "{why}");
    }

    #[test]
    fn a_stage_is_reckoned_alone() {
        let plan = load_plan();
        let mut seen = measured(&[(100, 12.0, 200), (100, 30.0, 500)]);
        seen.samples
            .iter_mut()
            .skip(100)
            .for_each(|sample| sample.stage = 1);
        seen.stages = vec![Pace::default(); 2];
        assert_eq!(Figures::of_stage(&seen, &plan, 0).well, 100);
        assert_eq!(Figures::of_stage(&seen, &plan, 1).failed(), 100);
        assert_eq!(Figures::of_stage(&seen, &plan, 2).judged, 0);
    }

    #[test]
    fn nothing_sent_decides_nothing() {
        let (figures, plan) = figures(&[]);
        assert_eq!(figures.times(&plan.limits[0]), Decided::Open(None));
        assert_eq!(figures.errors(&plan), Decided::Open(None));
        assert_eq!(ms(figures.response.value(0.95)), "without end");
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
