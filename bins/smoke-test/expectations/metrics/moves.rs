//! Counters that go up between two readings.

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

/// Judges whether counters went up between two readings.
pub(crate) fn moves(
    plan: &FamilyPlan,
    readings: (&Exposition, &Exposition),
    sent: u32,
    found: &mut Found,
) {
    let (before, after) = readings;
    let shown = plan.shown();
    let Some((kind, _)) = after.find(&plan.name) else {
        let message = format!("has no metric `{}` to move{}", plan.name, near(plan, after));
        return found.wrong(message, "no such metric", shown);
    };
    if kind == Kind::Gauge {
        let message = format!("has `{}` as a gauge, and only counters move", plan.name);
        return found.wrong(message, "gauge", "counter");
    }
    if process(before) != process(after) {
        let reason =
            format!("had two readings of `{shown}` from two processes, which cannot be compared");
        return found.unknown.push(reason);
    }
    let (old, new) = (values(plan, before), values(plan, after));
    let is_lower = old
        .iter()
        .any(|(series, value)| new.get(series).is_none_or(|now| now < value));
    if is_lower {
        let reason = format!(
            "had `{shown}` lower in the second reading: it was restarted, or another member answered"
        );
        return found.unknown.push(reason);
    }
    let total =
        |values: &BTreeMap<Series, f64>| values.values().fold(0.0, |sum, value| sum + value);
    let (was, is) = (total(&old), total(&new));
    let requests = if sent == 1 {
        "1 request".into()
    } else {
        format!("{sent} requests")
    };
    if is > was {
        let message = format!("`{shown}` went from {was} to {is} with {requests}");
        found.evidence.push(message);
    } else {
        let message = format!("has `{shown}` at {is} before and after {requests}");
        found.wrong(message, format!("{was} and {is}"), "a higher value");
    }
}

/// Whether all has moved, or reading again would not show it.
pub(crate) fn has_moved(moves: &[FamilyPlan], first: &Asked, second: &Asked) -> bool {
    let read = |asked: &Asked| {
        let answer = asked.answer.as_ref().ok()?;
        exposition(answer, &mut Found::default())
    };
    let (Some(first), Some(second)) = (read(first), read(second)) else {
        return true;
    };
    let mut found = Found::default();
    for plan in moves {
        self::moves(plan, (&first, &second), 1, &mut found);
    }
    found.wrong.is_empty()
}

fn process(exposition: &Exposition) -> Option<f64> {
    let (_, samples) = exposition.find(PROCESS)?;
    samples.first().map(|sample| sample.value)
}

fn values(plan: &FamilyPlan, exposition: &Exposition) -> BTreeMap<Series, f64> {
    let Some((kind, samples)) = exposition.find(&plan.name) else {
        return BTreeMap::new();
    };
    let samples = counted(kind, &with_labels(&samples, &plan.labels));
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
        let mut found = Found::default();
        let readings = (parsed(before), parsed(after));
        moves(&counter(), (&readings.0, &readings.1), 5, &mut found);
        found
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
        let reason = "had `a_total` lower in the second reading: it was restarted, or another \
                      member answered";
        assert_eq!(found.unknown, [reason]);
        let found = moved(
            "a_total 3\nprocess_start_time_seconds 1",
            "a_total 9\nprocess_start_time_seconds 2",
        );
        let reason = "had two readings of `a_total` from two processes, which cannot be compared";
        assert_eq!(found.unknown, [reason]);
        assert_eq!(found.wrong, []);
    }
}
