//! The figures of one run, from what the page says of itself.

use super::script::Looked;
use crate::facts::Visit;

/// A task that none follows within this time was the last one before the page was at rest.
/// Lighthouse waits 5 s: <https://github.com/WICG/time-to-interactive>; with five runs a gate would
/// then wait half a minute for each page.
pub(super) const QUIET: f64 = 2000.0;
/// Shifts belong together when less than this lies between them, in milliseconds …
const SHIFT_GAP: f64 = 1000.0;
/// … and for no longer than this: <https://web.dev/articles/cls>
const SHIFT_WINDOW: f64 = 5000.0;

/// Writes down what the page said. `is_at_rest` tells whether it then had no long task for
/// [`QUIET`].
pub(super) fn write(looked: &Looked, is_at_rest: bool, visit: &mut Visit) {
    visit.first_paint = looked.first_paint.and_then(time);
    visit.largest_paint = looked.largest_paint.and_then(time);
    visit.largest_element = crate::answer::shown(&looked.largest_element, 160);
    visit.shift = looked.shifts.as_deref().map(largest_shift);
    visit.missing.clone_from(&looked.missing);
    visit.has_element = looked.has_element;
    visit.interactive = match (&looked.tasks, visit.first_paint) {
        (Some(tasks), Some(first)) => {
            let ready = last_task_end(tasks, first).max(looked.parsed);
            time(ready).filter(|_| is_at_rest).or(Some(f64::INFINITY))
        }
        (None, _) | (_, None) => None,
    };
}

/// How long the page has had no long task, in milliseconds; none when it does not tell.
pub(super) fn rest(looked: &Looked) -> Option<f64> {
    let ends = looked
        .tasks
        .as_ref()?
        .iter()
        .map(|(start, length)| start + length);
    let last = ends.fold(
        looked.first_paint.unwrap_or(0.0).max(looked.parsed),
        f64::max,
    );
    Some(looked.now - last)
}

fn time(value: f64) -> Option<f64> {
    (value.is_finite() && value >= 0.0).then_some(value)
}

/// When the last task ended that was not yet preceded by a quiet time.
fn last_task_end(tasks: &[(f64, f64)], first_paint: f64) -> f64 {
    let mut sorted = tasks.to_vec();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut ready = first_paint;
    for (start, length) in sorted {
        if start - ready >= QUIET {
            break;
        }
        ready = ready.max(start + length);
    }
    ready
}

/// The largest sum of shifts that belong together.
fn largest_shift(shifts: &[(f64, f64)]) -> f64 {
    let mut sorted = shifts.to_vec();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut largest, mut sum): (f64, f64) = (0.0, 0.0);
    let mut window: Option<(f64, f64)> = None;
    for (at, value) in sorted {
        let start = match window {
            Some((start, last)) if at - last < SHIFT_GAP && at - start < SHIFT_WINDOW => start,
            Some(_) | None => {
                sum = 0.0;
                at
            }
        };
        window = Some((start, at));
        sum += value;
        largest = largest.max(sum);
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn looked(tasks: &[(f64, f64)]) -> Looked {
        Looked {
            now: 9000.0,
            first_paint: Some(300.0),
            largest_paint: Some(800.0),
            parsed: 350.0,
            shifts: Some(vec![]),
            tasks: Some(tasks.to_vec()),
            ..Looked::default()
        }
    }

    fn interactive(tasks: &[(f64, f64)], is_at_rest: bool) -> Option<f64> {
        let mut visit = Visit::default();
        write(&looked(tasks), is_at_rest, &mut visit);
        visit.interactive
    }

    #[test]
    fn a_page_can_react_after_the_last_task_before_a_quiet_time() {
        assert_eq!(interactive(&[], true), Some(350.0));
        assert_eq!(interactive(&[(100.0, 60.0)], true), Some(350.0));
        assert_eq!(
            interactive(&[(2000.0, 90.0), (400.0, 200.0)], true),
            Some(2090.0)
        );
        // Two seconds of rest lie between; what comes then does not count.
        assert_eq!(
            interactive(&[(400.0, 200.0), (2601.0, 90.0)], true),
            Some(600.0)
        );
        assert_eq!(interactive(&[(400.0, 200.0)], false), Some(f64::INFINITY));
    }

    #[test]
    fn without_a_paint_there_is_no_figure() {
        let mut visit = Visit::default();
        let blank = Looked {
            first_paint: None,
            ..looked(&[])
        };
        write(&blank, true, &mut visit);
        assert_eq!((visit.first_paint, visit.interactive), (None, None));
    }

    #[test]
    fn shifts_are_added_up_within_a_window() {
        assert_eq!(largest_shift(&[]), 0.0);
        assert_eq!(
            largest_shift(&[(0.0, 0.25), (900.0, 0.25), (1800.0, 0.5)]),
            1.0
        );
        assert_eq!(largest_shift(&[(0.0, 0.25), (1000.0, 0.5)]), 0.5);
        let endless: Vec<(f64, f64)> = (0..20).map(|n| (f64::from(n) * 500.0, 0.125)).collect();
        assert_eq!(largest_shift(&endless), 1.25);
    }

    #[test]
    fn rest_is_counted_from_the_last_task() {
        assert_eq!(rest(&looked(&[(400.0, 100.0)])), Some(8500.0));
        assert_eq!(rest(&looked(&[])), Some(8650.0));
    }

    proptest! {
        #[test]
        fn no_numbers_make_it_panic(
            tasks in prop::collection::vec((any::<f64>(), any::<f64>()), 0..9),
            first: f64,
        ) {
            let mut visit = Visit::default();
            let said = Looked {
                first_paint: Some(first),
                shifts: Some(tasks.clone()),
                ..looked(&tasks)
            };
            write(&said, true, &mut visit);
            let _ = rest(&said);
        }
    }
}
