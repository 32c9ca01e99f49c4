//! Streams of events tell what happens, in time.

use crate::answer::{Break, shown};
use crate::expectations::excerpt;
use crate::facts::{Events, Facts, StreamEnd, Streamed};
use crate::figures::ms;
use crate::judged::{self, Judged, attempts};
use crate::plan::SsePlan;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};
use std::collections::BTreeSet;

pub(crate) const CHECK: Check<Facts> = Check {
    id: "sse",
    title: "streams of events tell what happens, in time",
    why: "a proxy that buffers holds every event back until the stream ends, which it never does: \
          the page looks alive and shows nothing new",
    fix: "ask the service itself and then the proxy with the command of the finding; a proxy in \
          front must not buffer this path (nginx: `proxy_buffering off`)",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.sse, "sse", judge)
}

fn judge(plan: &SsePlan, seen: &Streamed, judged: &mut Judged) {
    let count = seen.attempts;
    match &seen.stream {
        Err(no_answer) if no_answer.at == Break::Timeout => {
            let (name, within) = (&plan.name, plan.request.within);
            let message = format!(
                "`{name}` was not answered in time, and {within} are allowed ({})",
                attempts(count)
            );
            judged.wrong(finding(plan, message, &no_answer.reason, &plan.wanted()));
        }
        Err(no_answer) => judged.silent(&plan.name, count, no_answer),
        Ok(events) => stream(plan, events, judged),
    }
}

fn stream(plan: &SsePlan, events: &Events, judged: &mut Judged) {
    let (name, wanted) = (&plan.name, plan.wanted());
    let (count, time) = (events.events.len(), ms(events.milliseconds));
    let few = || {
        let others = match events.others {
            0 => String::new(),
            others => format!(" and {others} of other names"),
        };
        format!("{count} of {wanted}{others}")
    };
    let wrong = |message: String, observed: String| finding(plan, message, &observed, &wanted);
    match &events.end {
        StreamEnd::NoStream => judged.wrong(no_stream(plan, events)),
        StreamEnd::Enough => {}
        StreamEnd::Late => {
            let (few, bytes) = (few(), events.bytes);
            let message = format!("`{name}` sent {few} in {time} ({bytes} bytes)");
            judged.wrong(wrong(message, few));
        }
        StreamEnd::Closed => {
            let few = few();
            judged.wrong(wrong(format!("`{name}` ended after {few} in {time}"), few));
        }
        StreamEnd::TooLong(bytes) => {
            let message = format!("`{name}` sent {bytes} bytes without the end of an event");
            judged.wrong(wrong(message, few()));
        }
        StreamEnd::TooMuch => {
            let (few, bytes) = (few(), events.bytes);
            judged.wrong(wrong(format!("`{name}` sent {few} in {bytes} bytes"), few));
        }
        StreamEnd::Broken(no_answer) if no_answer.at == Break::Protocol => {
            let (few, reason) = (few(), &no_answer.reason);
            judged.wrong(wrong(
                format!("`{name}` broke after {few}: {reason}"),
                reason.clone(),
            ));
        }
        StreamEnd::Broken(no_answer) => {
            let (few, reason) = (few(), &no_answer.reason);
            judged.open(format!("`{name}` broke off after {few}: {reason}"));
        }
    }
    let is_right = data(plan, events, judged);
    if events.end == StreamEnd::Enough && is_right {
        let ids: Vec<String> = (events.events.iter())
            .filter(|(event, _)| !event.id.is_empty())
            .map(|(event, _)| format!("`{}`", shown(&event.id, 40)))
            .take(5)
            .collect();
        let ids = if ids.is_empty() {
            String::new()
        } else {
            format!(", ids {}", ids.join(", "))
        };
        let names = named(plan, events);
        judged.holds(format!("`{name}` sent {wanted} in {time}{names}{ids}"));
    }
}

/// The names of events where any will do: one of them may be that of an error.
fn named(plan: &SsePlan, events: &Events) -> String {
    let names = events.events.iter().map(|(event, _)| event.name.as_str());
    let names: BTreeSet<&str> = names.filter(|name| *name != "message").collect();
    if plan.event.is_some() || names.is_empty() {
        return String::new();
    }
    let names = names.iter().take(5);
    let names: Vec<String> = names.map(|name| format!("`{}`", shown(name, 40))).collect();
    format!(", named {}", names.join(", "))
}

/// Whether the data of every event is right.
fn data(plan: &SsePlan, events: &Events, judged: &mut Judged) -> bool {
    let mut is_right = true;
    let Some(expect) = &plan.data else {
        return is_right;
    };
    for (index, (event, received)) in events.events.iter().enumerate() {
        let found = expect.judge(&event.data, *received);
        let number = index + 1;
        for reason in &found.unknown {
            is_right = false;
            judged.open(format!("event {number} of `{}` {reason}", plan.name));
        }
        for wrong in found.wrong {
            is_right = false;
            let message = format!("event {number} of `{}` {}", plan.name, wrong.message);
            judged.wrong(finding(plan, message, &wrong.observed, &wrong.expected));
        }
    }
    is_right
}

fn no_stream(plan: &SsePlan, events: &Events) -> Finding {
    let answer = &events.answer;
    let (name, status) = (&plan.name, answer.status);
    let kind = answer.media_type();
    let kind = kind.map_or("no type".into(), |kind| format!("`{}`", shown(&kind, 60)));
    let message = if status == 200 {
        format!("`{name}` answered with {kind}, not `text/event-stream`")
    } else {
        format!("`{name}` answered {status}, not 200")
    };
    let observed = format!("{status} with {kind} and {}", excerpt(answer));
    finding(plan, message, &observed, "200 with `text/event-stream`")
}

fn finding(plan: &SsePlan, message: String, observed: &str, expected: &str) -> Finding {
    Finding::new(message)
        .on(&plan.request.url.shown)
        .compared(observed, expected)
        .reproduce(&plan.reproduce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::NoAnswer;
    use crate::event_stream::Event;
    use crate::facts::Fact;
    use crate::sample::{self, facts};

    fn events(data: &[&str], end: StreamEnd) -> Events {
        let event = |(index, data): (usize, &&str)| Event {
            name: "tick".into(),
            data: (*data).into(),
            id: (index + 1).to_string(),
        };
        let events = data.iter().enumerate().map(event);
        Events {
            answer: sample::answer(200, ""),
            events: events
                .map(|event| (event, jiff::Timestamp::UNIX_EPOCH))
                .collect(),
            others: 0,
            bytes: 77,
            milliseconds: 12.0,
            end,
        }
    }

    fn outcome(stream: Result<Events, NoAnswer>) -> Outcome {
        let mut facts = facts();
        facts.probes.sse.push(Fact {
            plan: sample::sse_plan(),
            seen: Ok(Streamed {
                attempts: 1,
                stream,
            }),
        });
        check(&facts)
    }

    fn message(outcome: Outcome) -> String {
        match outcome {
            Outcome::Fail { findings } => findings[0].message.clone(),
            other => panic!("should fail, not {other:?}"),
        }
    }

    #[test]
    fn enough_events_pass_with_their_ids() {
        assert_eq!(
            outcome(Ok(events(&["ok", "ok"], StreamEnd::Enough))),
            Outcome::pass("`ticks` sent 2 events `tick` in 12 ms, ids `1`, `2`")
        );
    }

    #[test]
    fn where_any_event_will_do_its_name_is_said() {
        let mut facts = facts();
        let mut plan = sample::sse_plan();
        plan.event = None;
        facts.probes.sse.push(Fact {
            plan,
            seen: Ok(Streamed {
                attempts: 1,
                stream: Ok(events(&["ok", "ok"], StreamEnd::Enough)),
            }),
        });
        assert_eq!(
            check(&facts),
            Outcome::pass("`ticks` sent 2 events in 12 ms, named `tick`, ids `1`, `2`")
        );
    }

    #[test]
    fn each_way_to_fail_has_its_own_words() {
        for (end, words) in [
            (
                StreamEnd::Late,
                "sent 1 of 2 events `tick` in 12 ms (77 bytes)",
            ),
            (StreamEnd::Closed, "ended after 1 of 2 events `tick`"),
            (
                StreamEnd::TooLong(1 << 20),
                "1048576 bytes without the end of an event",
            ),
            (StreamEnd::TooMuch, "sent 1 of 2 events `tick` in 77 bytes"),
            (
                StreamEnd::Broken(NoAnswer::new(Break::Protocol, "invalid chunk size")),
                "broke after 1 of 2 events `tick`: invalid chunk size",
            ),
            (
                StreamEnd::NoStream,
                "answered with no type, not `text/event-stream`",
            ),
        ] {
            let message = message(outcome(Ok(events(&["ok"], end))));
            assert!(message.contains(words), "{message}");
        }
        let mut missing = events(&[], StreamEnd::NoStream);
        missing.answer.status = 404;
        assert_eq!(
            message(outcome(Ok(missing))),
            "`ticks` answered 404, not 200"
        );
        let late = NoAnswer::new(Break::Timeout, "not within 5s");
        assert!(message(outcome(Err(late))).contains("was not answered in time, and 5s"));
    }

    #[test]
    fn wrong_data_fails_with_the_number_of_the_event() {
        let message = message(outcome(Ok(events(&["ok", "no"], StreamEnd::Enough))));
        assert_eq!(message, "event 2 of `ticks` is `no`, which must be \"ok\"");
    }

    #[test]
    fn a_broken_connection_is_unknown() {
        let broken = NoAnswer::new(Break::Closed, "reset by peer");
        let end = StreamEnd::Broken(broken.clone());
        assert_eq!(
            outcome(Ok(events(&["ok"], end))),
            Outcome::unknown("`ticks` broke off after 1 of 2 events `tick`: reset by peer")
        );
        assert!(matches!(outcome(Err(broken)), Outcome::Unknown { .. }));
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `sse` is configured")
        );
    }
}
