//! Limits of requests hold, say when to come back, and let go again.

mod recovery;

use crate::answer::Answer;
use crate::expectations::{headers, json};
use crate::facts::{BurstCounts, Facts, LEAST_TRIED, RateLimited, Spoofed};
use crate::figures::ms;
use crate::judged::{self, Judged};
use crate::plan::RateLimitPlan;
use crate::told::{self, Return, comes_back};
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "rate-limit",
    title: "requests beyond the limit are turned away, and answered again later",
    why: "a limit that is configured and not enforced, or counted per replica, or by a header that \
          anybody can make up, stops nobody; one that never lets go stops everybody",
    fix: "compare the counts of the finding with the limiter's settings: where it counts (each \
          replica or one store), by what (the address that the proxy saw, not `X-Forwarded-For` \
          as it came), and which paths it covers",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.rate_limit, "rate-limit", judge)
}

fn judge(plan: &RateLimitPlan, seen: &RateLimited, judged: &mut Judged) {
    let name = &plan.name;
    let counts = seen.counts(&plan.status);
    let BurstCounts { sent, broken, .. } = counts;
    if broken > 0 {
        let message = format!("`{name}` answered {broken} of {sent} requests with 5xx, not 429");
        judged.wrong(finding(
            plan,
            message,
            format!("{broken} with 5xx"),
            "429".into(),
        ));
    }
    if let Some(status) = counts.other {
        let statuses: Vec<String> = plan.status.iter().map(u16::to_string).collect();
        let wanted = statuses.join(" or ");
        judged.open(format!(
            "`{name}` answered {status}, which is neither {wanted} nor 429"
        ));
    }
    if let Some(no_answer) = counts.silent {
        let reason = &no_answer.reason;
        judged.open(format!(
            "`{name}` left requests of the burst without an answer: {reason}"
        ));
    }
    let is_whole = broken == 0 && counts.other.is_none() && counts.silent.is_none();
    match (counts.first, &seen.refused) {
        (Some(first), Some(refused)) => {
            amount(plan, seen, &counts, first, judged);
            announced(plan, seen, judged);
            said_besides(plan, refused, judged);
        }
        _ if is_whole => unlimited(plan, seen, &counts, judged),
        _ => {}
    }
    if let Some(spoofed) = &seen.spoofed {
        made_up(plan, *spoofed, judged);
    }
    recovery::judge(plan, &seen.recovery, judged);
    if let Some(again) = seen.again {
        recovery::again(plan, again, judged);
    }
}

/// How many passed before the first was turned away.
fn amount(
    plan: &RateLimitPlan,
    seen: &RateLimited,
    counts: &BurstCounts<'_>,
    first: usize,
    judged: &mut Judged,
) {
    let (name, limit, window) = (&plan.name, plan.limit, plan.window);
    let (sent, passed, before) = (counts.sent, counts.passed, seen.before);
    let rule = format!("limit {limit} in {window}");
    if passed == 0 {
        return judged.open(format!(
            "`{name}` turned away the very first requests ({rule}): somebody else, or the {before} \
             requests that this run had sent before, used it up; run it again after {window}"
        ));
    }
    // Whatever this run has sent before may have counted as well.
    let least = u64::from(limit.saturating_sub(plan.tolerance)).saturating_sub(before);
    if (passed as u64) < least && !plan.is_shared {
        let message = format!(
            "`{name}` turned requests away after {passed} ({rule}, {before} sent before): the \
             limit is lower than declared, or others use it up (then set `shared: true`)"
        );
        let expected = format!("at least {least} answered");
        return judged.wrong(finding(
            plan,
            message,
            format!("{passed} answered"),
            expected,
        ));
    }
    // What explains a few that are missing does not prove a limit of which hardly any was seen.
    let few = u64::from(limit.saturating_sub(plan.tolerance)) / 2;
    if (passed as u64) < few && !plan.is_shared {
        return judged.open(format!(
            "`{name}` turned requests away after {passed} ({rule}), and whether the {before} \
             requests that this run had sent before count as well cannot be seen: give it a token \
             of its own in `headers`, or set `shared: true`"
        ));
    }
    if passed as u64 > u64::from(plan.burst()) {
        return judged.open(format!(
            "`{name}` let {passed} of {sent} requests pass ({rule}): either a window ended in \
             between, or the limit is higher; run it again"
        ));
    }
    judged.holds(format!(
        "`{name}`: {passed} of {sent} requests passed and {} were turned away, the first as \
         number {first} ({rule}, {before} sent before), in {}",
        counts.refused,
        ms(seen.milliseconds)
    ));
}

/// Nothing was turned away.
fn unlimited(
    plan: &RateLimitPlan,
    seen: &RateLimited,
    counts: &BurstCounts<'_>,
    judged: &mut Judged,
) {
    let (name, limit, window) = (&plan.name, plan.limit, plan.window);
    let (sent, time) = (counts.sent, ms(seen.milliseconds));
    if seen.milliseconds >= window.duration().as_secs_f64() * 1000.0 {
        return judged.open(format!(
            "`{name}` took {time} to answer {sent} requests, longer than the window of {window}, \
             so its limit could not be reached"
        ));
    }
    let message = format!(
        "`{name}` turned away none of {sent} requests in {time} (limit {limit} in {window})"
    );
    judged.wrong(finding(
        plan,
        message,
        format!("{sent} answered"),
        format!("429 after {limit}"),
    ));
}

/// What it says of its limit, and of when to come back.
fn announced(plan: &RateLimitPlan, seen: &RateLimited, judged: &mut Judged) {
    let name = &plan.name;
    let Some(refused) = &seen.refused else {
        return;
    };
    match comes_back(refused) {
        Return::In(seconds, header) => {
            judged.holds(format!("`{name}`: `{header}` names {seconds} s"));
        }
        Return::Unsaid if plan.is_told => {
            let message = format!(
                "`{name}` does not say when to come back: its 429 has no `Retry-After` (or set \
                 `retry_after: false`)"
            );
            let (observed, expected) = ("no such header", "`Retry-After: 30`");
            judged.wrong(finding(plan, message, observed.into(), expected.into()));
        }
        Return::Unsaid => {}
        Return::Meaningless(value, header) => {
            let message = format!(
                "`{name}` sends `{header}: {value}`, which is neither seconds nor a date to come"
            );
            judged.wrong(finding(
                plan,
                message,
                value,
                "seconds, or a date to come".into(),
            ));
        }
    }
    let first = seen.passed.as_ref().unwrap_or(refused);
    let shown = told::headers(first);
    if !shown.is_empty() {
        judged.holds(format!("`{name}` says {}", shown.join(", ")));
    }
    if let Some((said, header)) = told::limit(first)
        && said != u64::from(plan.limit)
    {
        let limit = plan.limit;
        let message = format!("`{name}` says by `{header}` that its limit is {said}, not {limit}");
        judged.wrong(finding(plan, message, said.to_string(), limit.to_string()));
    }
}

/// What the file expects of a 429 besides.
fn said_besides(plan: &RateLimitPlan, refused: &Answer, judged: &mut Judged) {
    let name = &plan.name;
    let of_headers = headers::judge(&plan.refusal, refused);
    let of_json = if plan.refusal.json.is_empty() {
        Default::default()
    } else {
        json::judge(&plan.refusal, refused)
    };
    for found in [of_headers, of_json] {
        for evidence in found.evidence {
            judged.holds(format!("the 429 of `{name}`: {evidence}"));
        }
        for reason in found.unknown {
            judged.open(format!("the 429 of `{name}` {reason}"));
        }
        for wrong in found.wrong {
            let message = format!("the 429 of `{name}` {}", wrong.message);
            judged.wrong(finding(plan, message, wrong.observed, wrong.expected));
        }
    }
}

/// One that passes is what a limiter gives back in the meantime; all of them are new counts.
fn made_up(plan: &RateLimitPlan, spoofed: Spoofed, judged: &mut Judged) {
    let name = &plan.name;
    let Spoofed {
        tried,
        passed,
        plain_passed,
        other,
    } = spoofed;
    let seen = format!("{passed} of {tried} requests with a made-up `X-Forwarded-For`");
    if tried < LEAST_TRIED {
        let other = other.map_or_else(String::new, |status| format!(", others with {status}"));
        judged.open(format!(
            "`{name}` let through or turned away only {tried} requests with a made-up address{other}"
        ));
    } else if spoofed.is_undecided() {
        judged.open(format!(
            "`{name}` let {seen} pass, and {plain_passed} plain ones: its limit was no longer \
             reached"
        ));
    } else if passed <= 1 {
        judged.holds(format!("`{name}` let {seen} pass"));
    } else {
        let message = format!(
            "`{name}` let {seen} pass while it turned plain ones away: whoever makes one up is \
             not limited"
        );
        let observed = format!("{passed} of {tried} passed");
        judged.wrong(finding(plan, message, observed, "429 for all".into()));
    }
}

fn finding(plan: &RateLimitPlan, message: String, observed: String, expected: String) -> Finding {
    Finding::new(message)
        .on(&plan.request.url.shown)
        .compared(observed, expected)
        .reproduce(&plan.reproduce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::facts::{Again, Fact, Recovery};
    use crate::sample::{self, facts};
    use shared::config::Span;

    /// So many that pass, and so many that are turned away, of a limit of 100.
    fn seen(passed: usize, refused: usize) -> RateLimited {
        let ok = std::iter::repeat_n(Ok(200), passed);
        let mut turned_away = sample::answer(429, "{}");
        turned_away
            .headers
            .push(("retry-after".into(), "30".into()));
        RateLimited {
            before: 6,
            burst: ok.chain(std::iter::repeat_n(Ok(429), refused)).collect(),
            milliseconds: 500.0,
            passed: (passed > 0).then(|| sample::answer(200, "")),
            refused: (refused > 0).then_some(turned_away),
            spoofed: None,
            recovery: Recovery::NotAsked,
            again: None,
        }
    }

    fn outcome_with(seen: RateLimited, change: impl Fn(&mut RateLimitPlan)) -> Outcome {
        let mut plan = sample::rate_limit_plan();
        change(&mut plan);
        let mut facts = facts();
        facts.probes.rate_limit.push(Fact {
            plan,
            seen: Ok(seen),
        });
        check(&facts)
    }

    fn outcome(seen: RateLimited) -> Outcome {
        outcome_with(seen, |_| {})
    }

    fn message(outcome: Outcome) -> String {
        match outcome {
            Outcome::Fail { findings } => findings[0].message.clone(),
            other => panic!("should fail, not {other:?}"),
        }
    }

    fn reason(outcome: Outcome) -> String {
        match outcome {
            Outcome::Unknown { reason } => reason,
            other => panic!("should be unknown, not {other:?}"),
        }
    }

    fn spoofed(passed: u32, plain_passed: u32) -> RateLimited {
        RateLimited {
            spoofed: Some(Spoofed {
                tried: 5,
                passed,
                plain_passed,
                other: None,
            }),
            ..seen(100, 10)
        }
    }

    #[test]
    fn a_limit_that_holds_tells_and_lets_go_passes() {
        let mut seen = spoofed(0, 1);
        seen.recovery = Recovery::After(30.25);
        if let Some(passed) = &mut seen.passed {
            passed
                .headers
                .push(("x-ratelimit-limit".into(), "100".into()));
        }
        assert_eq!(
            outcome(seen),
            Outcome::Pass {
                evidence: vec![
                    "`api`: 100 of 110 requests passed and 10 were turned away, the first as \
                     number 101 (limit 100 in 1m, 6 sent before), in 500 ms"
                        .into(),
                    "`api`: `Retry-After` names 30 s".into(),
                    "`api` says `x-ratelimit-limit: 100`".into(),
                    "`api` let 0 of 5 requests with a made-up `X-Forwarded-For` pass".into(),
                    "`api` answered again 30.2 s after its last 429".into(),
                ]
            }
        );
    }

    #[test]
    fn no_429_at_all_fails() {
        assert_eq!(
            outcome(seen(220, 0)),
            Outcome::fail(
                Finding::new("`api` turned away none of 220 requests in 500 ms (limit 100 in 1m)")
                    .on("http://h/api")
                    .compared("220 answered", "429 after 100")
                    .reproduce("seq 110 | xargs curl")
            )
        );
    }

    #[test]
    fn a_burst_that_outlasts_the_window_is_unknown() {
        let mut slow = seen(220, 0);
        slow.milliseconds = 61_000.0;
        assert!(reason(outcome(slow)).contains("longer than the window of 1m"));
    }

    #[test]
    fn a_lower_limit_fails_unless_others_share_it() {
        let early = message(outcome(seen(60, 50)));
        assert!(
            early.contains("after 60 (limit 100 in 1m, 6 sent before)"),
            "{early}"
        );
        let shared = outcome_with(seen(60, 50), |plan| plan.is_shared = true);
        assert!(matches!(shared, Outcome::Pass { .. }), "{shared:?}");
        // 100 - 10 that are tolerated - 6 sent before.
        assert!(matches!(outcome(seen(84, 26)), Outcome::Pass { .. }));
        assert!(matches!(outcome(seen(83, 27)), Outcome::Fail { .. }));
    }

    #[test]
    fn a_limit_that_is_used_up_or_seems_higher_is_unknown() {
        assert!(reason(outcome(seen(0, 20))).contains("turned away the very first requests"));
        assert!(reason(outcome(seen(150, 70))).contains("or the limit is higher"));
    }

    #[test]
    fn errors_in_place_of_429_fail_and_other_ends_are_unknown() {
        let mut broken = seen(100, 5);
        broken.burst.extend([Ok(503), Ok(500)]);
        assert_eq!(
            message(outcome(broken)),
            "`api` answered 2 of 107 requests with 5xx, not 429"
        );
        let mut other = seen(100, 5);
        other.burst.push(Ok(404));
        assert!(reason(outcome(other)).contains("answered 404, which is neither 200 nor 429"));
        let mut silent = seen(100, 0);
        silent
            .burst
            .push(Err(NoAnswer::new(Break::Closed, "reset")));
        assert!(reason(outcome(silent)).contains("without an answer: reset"));
    }

    #[test]
    fn a_429_must_say_when_to_come_back() {
        let told = |value: Option<&str>| {
            let mut seen = seen(100, 10);
            if let Some(refused) = &mut seen.refused {
                refused.headers.clear();
                let value = value.map(|value| ("retry-after".to_owned(), value.to_owned()));
                refused.headers.extend(value);
            }
            seen
        };
        assert!(message(outcome(told(None))).contains("has no `Retry-After`"));
        let soon = message(outcome(told(Some("soon"))));
        assert_eq!(
            soon,
            "`api` sends `Retry-After: soon`, which is neither seconds nor a date to come"
        );
        let untold = outcome_with(told(None), |plan| plan.is_told = false);
        assert!(matches!(untold, Outcome::Pass { .. }));
    }

    #[test]
    fn a_limit_that_says_another_number_fails() {
        let mut seen = seen(100, 10);
        if let Some(passed) = &mut seen.passed {
            passed
                .headers
                .push(("x-ratelimit-limit".into(), "60".into()));
        }
        assert_eq!(
            message(outcome(seen)),
            "`api` says by `X-RateLimit-Limit` that its limit is 60, not 100"
        );
    }

    #[test]
    fn what_the_file_expects_of_a_429_is_judged() {
        let expecting = |body: &str| {
            let mut seen = seen(100, 10);
            seen.refused = seen.refused.map(|refused| Answer {
                body: body.into(),
                ..refused
            });
            outcome_with(seen, |plan| {
                plan.refusal
                    .json
                    .push(sample::selected("$.retryAfter", "60"));
            })
        };
        assert!(matches!(
            expecting(r#"{"retryAfter":60}"#),
            Outcome::Pass { .. }
        ));
        assert_eq!(
            message(expecting(r#"{"retryAfter":1}"#)),
            "the 429 of `api` has 1 at `$['retryAfter']`, which must be 60"
        );
    }

    #[test]
    fn a_made_up_address_that_opens_a_new_count_fails() {
        assert!(message(outcome(spoofed(5, 0))).contains("whoever makes one up is not limited"));
        assert!(matches!(outcome(spoofed(1, 1)), Outcome::Pass { .. }));
        assert!(reason(outcome(spoofed(5, 5))).contains("no longer reached"));
        assert!(reason(outcome(spoofed(3, 0))).contains("no longer reached"));
    }

    #[test]
    fn a_recovery_is_seen_missed_or_said_not_to_be_waited_for() {
        let with = |recovery| RateLimited {
            recovery,
            ..seen(100, 10)
        };
        let never = Recovery::Never {
            waited: 45.0,
            named: 30.0,
        };
        assert!(
            message(outcome(with(never))).contains("45.0 s after its last 429, which named 30 s")
        );
        let silent = Recovery::Silent(NoAnswer::new(Break::Closed, "reset"));
        assert!(reason(outcome(with(silent))).contains("no answer when it was asked"));
        let Outcome::Pass { evidence } = outcome_with(with(Recovery::TooLong(900.0)), |plan| {
            plan.recovery = Some(Span::seconds(90));
            plan.window = Span::seconds(900);
        }) else {
            panic!("it holds otherwise");
        };
        assert!(
            evidence
                .iter()
                .any(|line| line.contains("was not waited for: 900 s"))
        );
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `rate-limit` is configured")
        );
    }

    #[test]
    fn too_few_that_earlier_requests_may_explain_are_unknown() {
        let few = || RateLimited {
            before: 60,
            ..seen(40, 70)
        };
        let why = reason(outcome(few()));
        assert!(
            why.contains("whether the 60 requests that this run had sent before count"),
            "{why}"
        );
        let shared = outcome_with(few(), |plan| plan.is_shared = true);
        assert!(matches!(shared, Outcome::Pass { .. }), "{shared:?}");
    }

    #[test]
    fn a_made_up_address_that_gets_an_error_proves_nothing() {
        let mut refused = spoofed(0, 0);
        refused.spoofed = Some(Spoofed {
            other: Some(500),
            ..Spoofed::default()
        });
        let why = reason(outcome(refused));
        assert!(
            why.ends_with("only 0 requests with a made-up address, others with 500"),
            "{why}"
        );
    }

    #[test]
    fn a_whole_limit_that_passes_twice_in_one_window_is_unknown() {
        let again = |passed, seconds, named| {
            outcome(RateLimited {
                recovery: Recovery::After(1.0),
                again: Some(Again {
                    passed,
                    seconds,
                    named,
                }),
                ..seen(100, 10)
            })
        };
        let why = reason(again(100, 2.0, Some(1.0)));
        assert!(
            why.contains("let 100 more requests pass 2.0 s after the first, in one window of 1m"),
            "{why}"
        );
        reason(again(110, 2.0, None));
        // A little at a time is given back; a window that ended in between begins a whole new one.
        for (passed, named) in [(3, Some(1.0)), (100, Some(59.0))] {
            let held = again(passed, 2.0, named);
            assert!(matches!(held, Outcome::Pass { .. }), "{held:?}");
        }
    }

    #[test]
    fn a_return_far_beyond_the_window_fails_and_an_error_is_no_429() {
        let with = |recovery| {
            outcome(RateLimited {
                recovery,
                ..seen(100, 10)
            })
        };
        let long = message(with(Recovery::TooLong(86_400.0)));
        assert!(long.contains("names 86400 s"), "{long}");
        let broken = message(with(Recovery::Other(500)));
        assert!(broken.contains("answered 500"), "{broken}");
        let other = reason(with(Recovery::Other(404)));
        assert!(other.contains("answered 404"), "{other}");
    }
}
