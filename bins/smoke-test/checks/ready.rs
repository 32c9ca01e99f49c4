//! The environment answers as the release within the time it is given.

use crate::facts::Facts;
use crate::figures::ms;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "ready",
    title: "the environment answers as the release in time",
    why: "an answer of the old build says nothing about the new one, and a deployment that was \
          accepted is not one that runs",
    fix: "look at the timeline: an old release means that the deployment did not arrive, 502 that \
          no instance is up behind the balancer, refused that nothing listens there",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let ready = &facts.ready;
    let (address, version) = (&facts.address, &facts.release.version);
    let attempts = match ready.timeline.attempts() {
        1 => "1 attempt".to_owned(),
        count => format!("{count} attempts"),
    };
    let time = ms(ready.milliseconds);
    let seen = ready.timeline.listed();
    if ready.is_ready {
        return Outcome::pass(format!(
            "{address} answered as {version} after {time}, {attempts}: {seen}"
        ));
    }
    let deadline = ready.deadline;
    if let Some(why) = &ready.stopped {
        return Outcome::unknown(format!(
            "{address} did not answer as {version}, and was not asked any longer: {why} \
             ({attempts}: {seen})"
        ));
    }
    // Any answer shows that the environment can be reached from here; without one it may as well
    // be the network of this machine.
    if !ready.timeline.has_answer() {
        return Outcome::unknown(format!(
            "{address} never answered within {deadline}, {attempts}: {seen}"
        ));
    }
    let last = ready
        .timeline
        .last()
        .map(ToString::to_string)
        .unwrap_or_default();
    let how = if ready.timeline.has(&facts.release) {
        "settle on"
    } else {
        "answer as"
    };
    let message =
        format!("{address} did not {how} {version} within {deadline}, {attempts}: {seen}");
    Outcome::fail(
        Finding::new(message)
            .on(address)
            .compared(last, format!("an answer below 500 as {version}"))
            .reproduce(&ready.reproduce),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Break;
    use crate::sample::{facts, observed};
    use crate::timeline::Seen;

    #[test]
    fn the_release_that_answers_passes_with_the_timeline() {
        let mut facts = facts();
        facts.ready.timeline = observed(&[
            Seen::Nothing(Break::Refused),
            Seen::Answer(200, Ok("1.0.0".into())),
            Seen::Answer(200, Ok("1.1.0".into())),
        ]);
        assert_eq!(
            check(&facts),
            Outcome::pass(
                "http://h answered as 1.1.0 after 4.2 ms, 3 attempts: refused, 200 as 1.0.0, \
                 200 as 1.1.0"
            )
        );
    }

    #[test]
    fn an_old_release_until_the_end_fails() {
        let mut facts = facts();
        facts.ready.is_ready = false;
        facts.ready.timeline = observed(&[Seen::Answer(200, Ok("1.0.0".into()))]);
        assert_eq!(
            check(&facts),
            Outcome::fail(
                Finding::new(
                    "http://h did not answer as 1.1.0 within 30s, 1 attempt: 200 as 1.0.0"
                )
                .on("http://h")
                .compared("200 as 1.0.0", "an answer below 500 as 1.1.0")
                .reproduce("curl -sSi http://h/")
            )
        );
    }

    #[test]
    fn a_wait_that_was_given_up_is_unknown() {
        let mut facts = facts();
        facts.ready.is_ready = false;
        facts.ready.stopped = Some("it rained".into());
        facts.ready.timeline = observed(&[Seen::Answer(503, Err("no header".into()))]);
        assert_eq!(
            check(&facts),
            Outcome::unknown(
                "http://h did not answer as 1.1.0, and was not asked any longer: it rained \
                 (1 attempt: 503 without a release)"
            )
        );
    }

    #[test]
    fn no_answer_at_all_is_unknown() {
        let mut facts = facts();
        facts.ready.is_ready = false;
        facts.ready.timeline = observed(&[const { Seen::Nothing(Break::Refused) }; 2]);
        assert_eq!(
            check(&facts),
            Outcome::unknown("http://h never answered within 30s, 2 attempts: refused (2x)")
        );
    }
}
