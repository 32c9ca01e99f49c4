//! The new release is not slower than the current one, and fails no more often.

use crate::contrast::Contrast;
use crate::facts::{Compared, Facts};
use crate::figures::{milliseconds, ms, percent};
use crate::judged::{self, Judged};
use crate::plan::{ComparePlan, DeltaLimit};
use crate::spread::Decided;
use shared::check::Check;
use shared::config::Delta;
use shared::verdict::{Finding, Outcome, Severity};
use std::collections::BTreeMap;

pub(crate) const CHECK: Check<Facts> = Check {
    id: "compare",
    title: "the new release is hardly slower than the current one and fails no more often",
    why: "on a shared runner the same code takes 6 ms today and 270 ms tomorrow; asked in pairs, \
          both releases meet the same moment, and what is left of the difference is the release",
    fix: "look for what the new release does more per request: queries, calls, a cold cache; when \
          the reason names a number of pairs, raise `budget` to it",
    severity: Severity::Error,
    run: check,
};

/// An instrument that shakes by more than this part of the limit cannot tell.
const LARGEST_PART: f64 = 1.0;

fn check(facts: &Facts) -> Outcome {
    judged::each(
        &facts.probes.compare,
        "compare",
        |plan, compared, judged| match compared.current_counts.of(&facts.release) {
            0 => judge(plan, compared, judged),
            same => judged.open(format!(
                "`{}`: {same} of {} answers of the current release came from {} itself, so there \
                 is nothing to compare with",
                plan.name,
                compared.current_counts.total(),
                facts.release.version
            )),
        },
    )
}

fn judge(plan: &ComparePlan, compared: &Compared, judged: &mut Judged) {
    let contrast = Contrast::of(compared, plan);
    let name = &plan.name;
    if let Some(why) = contrast.unfit() {
        return judged.open(format!("`{name}`: {why} ({})", ways(compared)));
    }
    if let Some(why) = &compared.stopped {
        judged.open(format!("`{name}` was ended before it was decided: {why}"));
    }
    errors(plan, &contrast, judged);
    for limit in &plan.limits {
        times(plan, compared, &contrast, limit, judged);
    }
}

/// How the current release failed, each way with its number.
fn ways(compared: &Compared) -> String {
    let mut ways = BTreeMap::new();
    for way in compared
        .pairs
        .iter()
        .filter_map(|pair| pair.current.end.failure())
    {
        *ways.entry(way).or_insert(0_u64) += 1;
    }
    let ways: Vec<String> = ways
        .iter()
        .map(|(way, count)| format!("{way}: {count}"))
        .collect();
    ways.join(", ")
}

fn errors(plan: &ComparePlan, contrast: &Contrast, judged: &mut Judged) {
    let (name, limit) = (&plan.name, percent(plan.errors.fraction()));
    let (new, current) = (contrast.only_new_failed, contrast.only_current_failed);
    let seen = format!(
        "`{name}`: only the new release failed in {new} of {} pairs, only the current one in \
         {current}",
        contrast.pairs
    );
    let most = percent(contrast.most_failures());
    let sure = percent(contrast.confidence());
    match contrast.errors(plan) {
        Decided::Kept => judged.holds(format!(
            "{seen}, so at {sure} confidence it fails at most {most} more often (limit {limit})"
        )),
        Decided::Broken => {
            let chance = percent(contrast.chance());
            let least = percent(contrast.least_failures(0));
            let message = format!(
                "{seen}, which chance alone brings in {chance} of all cases, so at {sure} \
                 confidence it fails at least {least} more often (limit {limit})"
            );
            judged.wrong(finding(
                plan,
                message,
                format!("{new} to {current}"),
                format!("at most {limit} of the pairs"),
            ));
        }
        Decided::Open(_) if contrast.most_failures() <= plan.errors.fraction() => {
            judged.open(format!(
                "{seen}, but {} kept connections to the new one ended when a request had just been \
                 sent, which was sent again: either it dies of requests, or it ends connections \
                 without saying so (`Connection: close`)",
                contrast.cut
            ));
        }
        Decided::Open(needed) => judged.open(format!(
            "{seen}, so it may fail up to {most} more often ({sure} confidence, limit {limit}); {}",
            judged::enough(needed, "pairs")
        )),
    }
}

fn times(
    plan: &ComparePlan,
    compared: &Compared,
    contrast: &Contrast,
    limit: &DeltaLimit,
    judged: &mut Judged,
) {
    let found = contrast.found(limit);
    let shown = |value: f64| difference(value, limit);
    let bound = |bound: Option<f64>| bound.map_or_else(|| "unknown".to_owned(), shown);
    let seen = format!(
        "`{}`: the {} of the difference is {} ({} interval {} to {}), limit {}, {} pairs",
        plan.name,
        limit.word(),
        shown(found.value),
        percent(contrast.confidence()),
        bound(found.lower),
        bound(found.upper),
        limit.under,
        contrast.compared()
    );
    match contrast.times(limit) {
        Decided::Kept => judged.holds(seen),
        // Failed requests are slower than any limit; they are a finding of their own already.
        Decided::Broken if found.value.is_infinite() && judged.has_findings() => {}
        Decided::Broken => match doubt(plan, compared) {
            Some(doubt) => judged.open(format!("{seen}, but {doubt}")),
            None => {
                let expected = format!("under {}", limit.under);
                judged.wrong(finding(plan, seen, shown(found.value), expected));
            }
        },
        Decided::Open(needed) => judged.open(format!(
            "{seen}: the limit lies inside the interval; {}",
            judged::enough(needed, "pairs")
        )),
    }
}

/// Why a difference may be the instrument's own. What shakes both sides alike cancels, so it must
/// shake by as much as the limit.
fn doubt(plan: &ComparePlan, compared: &Compared) -> Option<String> {
    let limit = milliseconds(plan.finest()?);
    let jitter = compared.calibration?.jitter();
    (jitter > LARGEST_PART * limit).then(|| {
        format!(
            "this machine shakes by {} without any service (99th percentile)",
            ms(jitter)
        )
    })
}

/// `+1.2 ms`, `-3 %`.
fn difference(value: f64, limit: &DeltaLimit) -> String {
    let sign = if value < 0.0 { "-" } else { "+" };
    if value.is_infinite() {
        return "without end".into();
    }
    let shown = match limit.under {
        Delta::Time(_) => ms(value.abs()),
        Delta::Part(_) => format!("{:.1} %", value.abs() * 100.0),
    };
    format!("{sign}{shown}")
}

fn finding(plan: &ComparePlan, message: String, observed: String, expected: String) -> Finding {
    Finding::new(message)
        .on(&plan.new.url.shown)
        .compared(observed, expected)
        .reproduce(&plan.reproduce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Calibration, Fact};
    use crate::sample::{compare_fact, counts, facts};

    fn outcome(fact: Fact<ComparePlan, Compared>) -> Outcome {
        let mut facts = facts();
        facts.probes.compare = vec![fact];
        check(&facts)
    }

    fn reason(fact: Fact<ComparePlan, Compared>) -> String {
        match outcome(fact) {
            Outcome::Unknown { reason } => reason,
            other => panic!("should be unknown, not {other:?}"),
        }
    }

    #[test]
    fn equal_releases_pass_with_both_figures() {
        assert_eq!(
            outcome(compare_fact(&[(100, 12.5, 200, 12.0, 200)])),
            Outcome::Pass {
                evidence: vec![
                    "`pages`: only the new release failed in 0 of 100 pairs, only the current one \
                     in 0, so at 95 % confidence it fails at most 2.951 % more often (limit 5 %)"
                        .into(),
                    "`pages`: the median of the difference is +0.5 ms (95 % interval +0.5 ms to \
                     +0.5 ms), limit 20ms, 100 pairs"
                        .into(),
                ]
            }
        );
    }

    #[test]
    fn a_slower_release_fails() {
        let message = "`pages`: the median of the difference is +30 ms (95 % interval +30 ms to \
                       +30 ms), limit 20ms, 100 pairs";
        assert_eq!(
            outcome(compare_fact(&[(100, 42.0, 200, 12.0, 200)])),
            Outcome::fail(
                Finding::new(message)
                    .on("http://h/pages")
                    .compared("+30 ms", "under 20ms")
                    .reproduce("curl http://h/pages; curl http://old/pages")
            )
        );
    }

    #[test]
    fn a_release_that_fails_more_often_fails_once() {
        let fact = compare_fact(&[(40, 12.0, 200, 12.0, 200), (60, 1.0, 500, 12.0, 200)]);
        let Outcome::Fail { findings } = outcome(fact) else {
            panic!("60 to 0 is no chance");
        };
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].message.starts_with(
                "`pages`: only the new release failed in 60 of 100 pairs, only the current one in 0"
            ),
            "{}",
            findings[0].message
        );
    }

    #[test]
    fn the_release_itself_is_nothing_to_compare_with() {
        let against = |said: &[(&str, u64)]| {
            let mut fact = compare_fact(&[(100, 12.0, 200, 12.0, 200)]);
            if let Ok(compared) = &mut fact.seen {
                compared.current_counts = counts(said, &[]);
            }
            fact
        };
        let other = outcome(against(&[("1.0.0", 105)]));
        assert!(matches!(other, Outcome::Pass { .. }), "{other:?}");
        assert_eq!(
            reason(against(&[("1.0.0", 95), ("v1.1.0", 10)])),
            "`pages`: 10 of 105 answers of the current release came from 1.1.0 itself, so there is \
             nothing to compare with"
        );
    }

    #[test]
    fn connections_that_end_when_a_request_was_just_sent_leave_it_open() {
        let mut fact = compare_fact(&[(100, 12.0, 200, 12.0, 200)]);
        if let Ok(compared) = &mut fact.seen {
            compared.cut = 30;
        }
        let why = reason(fact);
        assert!(
            why.contains("but 30 kept connections to the new one ended"),
            "{why}"
        );
    }

    #[test]
    fn what_is_undecided_is_unknown_with_the_number_that_would_decide() {
        let why = reason(compare_fact(&[
            (52, 12.0, 200, 12.0, 200),
            (48, 42.0, 200, 12.0, 200),
        ]));
        assert!(
            why.contains("the limit lies inside the interval; about"),
            "{why}"
        );
        assert!(why.contains("pairs would decide"), "{why}");
    }

    #[test]
    fn a_machine_that_shakes_by_the_limit_itself_cannot_tell() {
        let mut fact = compare_fact(&[(100, 42.0, 200, 12.0, 200)]);
        if let Ok(compared) = &mut fact.seen {
            compared.calibration = Some(Calibration {
                timer: 25.0,
                ..Calibration::default()
            });
        }
        let why = reason(fact);
        assert!(why.contains("this machine shakes by 25 ms"), "{why}");
    }

    #[test]
    fn a_current_release_that_fails_and_an_end_before_time_are_unknown() {
        let why = reason(compare_fact(&[(100, 12.0, 200, 1.0, 503)]));
        assert!(
            why.contains("the current release failed in 100 of 100 pairs")
                && why.ends_with("nothing to compare with (5xx: 100)"),
            "{why}"
        );
        let mut fact = compare_fact(&[(100, 12.0, 200, 12.0, 200)]);
        if let Ok(compared) = &mut fact.seen {
            compared.stopped = Some("it rained".into());
        }
        assert_eq!(
            reason(fact),
            "`pages` was ended before it was decided: it rained"
        );
    }

    #[test]
    fn what_was_not_asked_is_unknown_and_what_is_not_there_skipped() {
        let mut fact = compare_fact(&[]);
        fact.seen = Err("not asked, because it rained".into());
        assert_eq!(reason(fact), "not asked, because it rained");
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `compare` is configured")
        );
    }

    #[test]
    fn a_difference_has_a_sign_and_a_unit() {
        let plan = crate::sample::compare_plan();
        let time = plan.limits[0];
        let part = DeltaLimit {
            under: Delta::Part(shared::config::Share::percent(10.0)),
            ..time
        };
        assert_eq!(difference(-1.25, &time), "-1.2 ms");
        assert_eq!(difference(0.031, &part), "+3.1 %");
        assert_eq!(difference(f64::INFINITY, &time), "without end");
    }
}
