//! Whether a limit lets go again, and no sooner than it says.

use super::finding;
use crate::facts::{Again, Recovery};
use crate::judged::Judged;
use crate::plan::RateLimitPlan;

/// Judges whether requests were answered again.
pub(super) fn judge(plan: &RateLimitPlan, recovery: &Recovery, judged: &mut Judged) {
    let name = &plan.name;
    let longest = (plan.window.duration() + plan.margin()).as_secs_f64();
    match recovery {
        Recovery::NotAsked => {}
        Recovery::TooLong(seconds) if *seconds > longest => {
            let message = format!(
                "the 429 of `{name}` names {seconds:.0} s, and its window is {}: whoever follows it \
                 is turned away for longer than the limit counts (or set `recovery: false`)",
                plan.window
            );
            let observed = format!("{seconds:.0} s");
            let expected = format!("at most {}", plan.window);
            judged.wrong(finding(plan, message, observed, expected));
        }
        Recovery::TooLong(seconds) => judged.holds(format!(
            "`{name}`: whether it answers again was not waited for: {seconds:.0} s are longer \
             than the `recovery_within` of {}",
            plan.recovery.unwrap_or(plan.window)
        )),
        Recovery::After(seconds) => {
            judged.holds(format!(
                "`{name}` answered again {seconds:.1} s after its last 429"
            ));
        }
        Recovery::Never { waited, named } => {
            let message = format!(
                "`{name}` still turned requests away {waited:.1} s after its last 429, which \
                 named {named:.0} s"
            );
            let expected = format!("an answer after {named:.0} s");
            judged.wrong(finding(
                plan,
                message,
                format!("429 after {waited:.1} s"),
                expected,
            ));
        }
        Recovery::Other(status @ 500..) => {
            let message =
                format!("`{name}` answered {status} when it was asked whether it answers again");
            let expected = "an answer as before the limit".to_owned();
            judged.wrong(finding(plan, message, status.to_string(), expected));
        }
        Recovery::Other(status) => judged.open(format!(
            "`{name}` answered {status} when it was asked whether it answers again"
        )),
        Recovery::Silent(no_answer) => judged.open(format!(
            "`{name}` had no answer when it was asked whether it answers again: {}",
            no_answer.reason
        )),
    }
}

/// Judges a second burst. Two whole limits pass in less than a window where one window ends between
/// them; then the 429 of the second names the end of another whole window.
pub(super) fn again(plan: &RateLimitPlan, again: Again, judged: &mut Judged) {
    let (name, limit, window) = (&plan.name, plan.limit, plan.window);
    let Again {
        passed,
        seconds,
        named,
    } = again;
    let seen = format!("`{name}` let {passed} more requests pass {seconds:.1} s after the first");
    let length = window.duration().as_secs_f64();
    let is_new_window = named.is_some_and(|named| seconds + named >= length);
    if passed < plan.least() {
        judged.holds(format!("{seen}, a part of its limit"));
    } else if seconds >= length || is_new_window {
        judged.holds(format!("{seen}, in a new window"));
    } else {
        judged.open(format!(
            "{seen}, in one window of {window}, whose limit is {limit}: either a window ended in \
             between, or it is shorter than declared; run it again"
        ));
    }
}
