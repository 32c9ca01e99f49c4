//! Counters that go up with traffic.

use super::{counted, exposition, near, with_labels};
use crate::answer::Asked;
use crate::expectations::Found;
use crate::plan::FamilyPlan;
use shared::exposition::{Exposition, Kind, Sample};
use std::collections::BTreeMap;

/// Its value differs between any two processes.
const PROCESS: &str = "process_start_time_seconds";
/// The name of a series and its labels.
type Series = (String, Vec<String>);

/// What was read, in this order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Readings<'a> {
    /// At first.
    pub(crate) first: &'a Exposition,
    /// Right after it, before the traffic.
    pub(crate) before: &'a Exposition,
    /// After it, the last of some readings.
    pub(crate) after: &'a Exposition,
    /// How many there were after it.
    pub(crate) count: u32,
    /// How many requests of the traffic were answered.
    pub(crate) answered: u32,
}

/// What became of a counter.
enum Movement {
    /// There is nothing to compare.
    Missing,
    Gauge,
    Incomparable(String),
    /// From what to what, and how far by itself between two readings without traffic.
    Rise {
        was: f64,
        is: f64,
        by_itself: f64,
    },
}

/// Judges whether counters went up with traffic, and further than they do by themselves: a service
/// may count its readers.
pub(crate) fn moves(plan: &FamilyPlan, readings: &Readings<'_>, found: &mut Found) {
    let shown = plan.shown();
    let requests = match readings.answered {
        1 => "1 request".into(),
        answered => format!("{answered} requests"),
    };
    match movement(plan, readings) {
        Movement::Missing => {
            let near = near(plan, readings.after);
            let message = format!("has no metric `{}` to move{near}", plan.name);
            found.wrong(message, "no such metric", shown);
        }
        Movement::Gauge => {
            let message = format!("has `{}` as a gauge, and only counters move", plan.name);
            found.wrong(message, "gauge", "counter");
        }
        Movement::Incomparable(reason) => found.unknown.push(reason),
        Movement::Rise { was, is, .. } if is <= was => {
            let message = format!("has `{shown}` at {is} before and after {requests}");
            found.wrong(message, format!("{was} and {is}"), "a higher value");
        }
        Movement::Rise { was, is, by_itself } if is_beyond(was, is, by_itself, readings) => {
            let message = format!("`{shown}` went from {was} to {is} with {requests}");
            found.evidence.push(message);
        }
        Movement::Rise { was, is, by_itself } => found.unknown.push(format!(
            "had `{shown}` go from {was} to {is} with {requests}, and up by {by_itself} while it was \
             only read: what moved it cannot be told"
        )),
    }
}

/// Whether all has moved, or reading again would not show it.
pub(crate) fn has_moved(
    moves: &[FamilyPlan],
    asked: [&Asked; 3],
    count: u32,
    answered: u32,
) -> bool {
    let read = |asked: &Asked| {
        let answer = asked.answer.as_ref().ok()?;
        exposition(answer, &mut Found::default())
    };
    let [Some(first), Some(before), Some(after)] = asked.map(read) else {
        return true;
    };
    let readings = Readings {
        first: &first,
        before: &before,
        after: &after,
        count,
        answered,
    };
    moves.iter().all(|plan| match movement(plan, &readings) {
        Movement::Missing | Movement::Gauge => false,
        Movement::Incomparable(_) => true,
        Movement::Rise { was, is, by_itself } => is_beyond(was, is, by_itself, &readings),
    })
}

/// Each reading may have moved it as far as the first did, unless it went so far that every request
/// has its part in it: then others ask as well.
fn is_beyond(was: f64, is: f64, by_itself: f64, readings: &Readings<'_>) -> bool {
    let rise = is - was;
    rise > by_itself * f64::from(readings.count)
        || rise >= f64::from(readings.count) + f64::from(readings.answered)
}

fn movement(plan: &FamilyPlan, readings: &Readings<'_>) -> Movement {
    let shown = plan.shown();
    let all = [readings.first, readings.before, readings.after];
    let Some((kind, _)) = readings.after.find(&plan.name) else {
        return Movement::Missing;
    };
    if kind == Kind::Gauge {
        return Movement::Gauge;
    }
    let [first, before, after] = all.map(process);
    if first != before || before != after {
        return Movement::Incomparable(format!(
            "had readings of `{shown}` from two processes, which cannot be compared"
        ));
    }
    let [first, before, after] = all.map(|reading| values(plan, reading));
    let is_lower = |old: &BTreeMap<Series, f64>, new: &BTreeMap<Series, f64>| {
        let mut old = old.iter();
        old.any(|(series, value)| new.get(series).is_none_or(|now| now < value))
    };
    if is_lower(&first, &before) || is_lower(&before, &after) {
        return Movement::Incomparable(format!(
            "had `{shown}` lower in a later reading: it was restarted, or another member answered"
        ));
    }
    let total =
        |values: &BTreeMap<Series, f64>| values.values().fold(0.0, |sum, value| sum + value);
    let (first, was, is) = (total(&first), total(&before), total(&after));
    Movement::Rise {
        was,
        is,
        by_itself: was - first,
    }
}

fn process(exposition: &Exposition) -> Option<f64> {
    let (_, samples) = exposition.find(PROCESS)?;
    samples.first().map(|sample| sample.value)
}

fn values(plan: &FamilyPlan, exposition: &Exposition) -> BTreeMap<Series, f64> {
    let Some((kind, samples)) = exposition.find(&plan.name) else {
        return BTreeMap::new();
    };
    let samples = counted(kind, plan, &with_labels(&samples, &plan.labels));
    let key = |sample: &Sample| {
        let labels = sample.labels.iter();
        let labels = labels.map(|(name, value)| format!("{name}={value}"));
        (sample.name.clone(), labels.collect())
    };
    samples
        .into_iter()
        .map(|sample| (key(sample), sample.value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Exposition {
        Exposition::parse(text).expect("parses")
    }

    fn counter() -> FamilyPlan {
        FamilyPlan {
            name: "a_total".into(),
            ..FamilyPlan::default()
        }
    }

    #[track_caller]
    fn is_wrong(found: &Found, message: &str) {
        assert_eq!(
            found.wrong.first().map(|wrong| wrong.message.as_str()),
            Some(message)
        );
        assert_eq!(found.evidence, Vec::<String>::new());
    }

    fn moved(before: &str, after: &str) -> Found {
        read([before, before, after], 1)
    }

    fn read(texts: [&str; 3], count: u32) -> Found {
        let mut found = Found::default();
        let [first, before, after] = texts.map(parsed);
        let readings = Readings {
            first: &first,
            before: &before,
            after: &after,
            count,
            answered: 5,
        };
        moves(&counter(), &readings, &mut found);
        found
    }

    #[test]
    fn a_counter_of_its_own_readers_does_not_show_that_traffic_moves_it() {
        for (texts, count) in [
            (["a_total 1", "a_total 2", "a_total 3"], 1),
            (["a_total 1", "a_total 2", "a_total 7"], 5),
        ] {
            let found = read(texts, count);
            let words = "and up by 1 while it was only read: what moved it cannot be told";
            assert!(found.unknown[0].ends_with(words), "{:?}", found.unknown);
            assert_eq!(found.evidence, Vec::<String>::new());
        }
        let found = read(["a_total 1", "a_total 2", "a_total 8"], 1);
        assert_eq!(
            found.evidence,
            ["`a_total` went from 2 to 8 with 5 requests"]
        );
        let busy = read(["a_total 10", "a_total 52", "a_total 113"], 5);
        assert_eq!(
            busy.evidence,
            ["`a_total` went from 52 to 113 with 5 requests"]
        );
        let still = read(["a_total 1", "a_total 2", "a_total 2"], 1);
        is_wrong(&still, "has `a_total` at 2 before and after 5 requests");
    }

    #[test]
    fn a_counter_that_goes_up_is_evidence_and_one_that_stands_still_is_wrong() {
        let found = moved("a_total 3", "a_total 8");
        assert_eq!(
            found.evidence,
            ["`a_total` went from 3 to 8 with 5 requests"]
        );
        let found = moved("b 1", "a_total{x=\"1\"} 2");
        assert_eq!(
            found.evidence,
            ["`a_total` went from 0 to 2 with 5 requests"]
        );
        let message = "has `a_total` at 3 before and after 5 requests";
        is_wrong(&moved("a_total 3", "a_total 3"), message);
        is_wrong(&moved("b 1", "b 2"), "has no metric `a_total` to move");
        let gauge = "# TYPE a_total gauge\na_total 3";
        is_wrong(
            &moved(gauge, gauge),
            "has `a_total` as a gauge, and only counters move",
        );
    }

    #[test]
    fn a_counter_that_goes_down_or_another_process_is_unknown() {
        let found = moved("a_total 8", "a_total 3");
        let reason = "had `a_total` lower in a later reading: it was restarted, or another member \
                      answered";
        assert_eq!(found.unknown, [reason]);
        let found = moved(
            "a_total 3\nprocess_start_time_seconds 1",
            "a_total 9\nprocess_start_time_seconds 2",
        );
        let reason = "had readings of `a_total` from two processes, which cannot be compared";
        assert_eq!(found.unknown, [reason]);
        assert_eq!(found.wrong, []);
    }
}
