//! WebSockets open, talk and close as they should.

use crate::answer::{Break, NoAnswer, shown};
use crate::expectations::excerpt;
use crate::facts::{Facts, Talk, Talked, Upgrade};
use crate::figures::ms;
use crate::judged::{self, Judged, attempts};
use crate::plan::WebsocketPlan;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "websocket",
    title: "WebSockets open, talk and close, and not for pages of others",
    why: "a proxy that does not pass the upgrade on answers 200 or 400 to a handshake, and a \
          server that takes every origin lets any page speak as the user who looks at it",
    fix: "ask the service itself and then the proxy with the command of the finding; a proxy in \
          front must pass `Upgrade` and `Connection` on (nginx: `proxy_http_version 1.1` and \
          `proxy_set_header Upgrade $http_upgrade`)",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.websocket, "websocket", judge)
}

fn judge(plan: &WebsocketPlan, seen: &Talked, judged: &mut Judged) {
    let (name, count) = (&plan.name, attempts(seen.attempts));
    let mut evidence = Vec::new();
    match &seen.upgrade {
        Upgrade::Open {
            milliseconds,
            protocol,
        } => {
            let agreed = protocol
                .as_ref()
                .map(|agreed| format!(" with `{}`", shown(agreed, 60)));
            let (time, agreed) = (ms(*milliseconds), agreed.unwrap_or_default());
            evidence.push(format!("opened in {time}{agreed} ({count})"));
        }
        Upgrade::Refused(answer) => {
            let status = answer.status;
            let observed = format!("{status} with {}", excerpt(answer));
            let message = format!("`{name}` answered {status} to the handshake, not 101 ({count})");
            judged.wrong(finding(plan, message, &observed, "101"));
        }
        Upgrade::Broken(fault) => {
            let message = format!("`{name}` answered 101 {fault} ({count})");
            judged.wrong(finding(plan, message, fault, "101 as RFC 6455 has it"));
        }
        Upgrade::Silent(silence) if silence.at == Break::Timeout => {
            let within = plan.request.within;
            let message =
                format!("`{name}` did not open in time, and {within} are allowed ({count})");
            judged.wrong(finding(plan, message, &silence.reason, "101"));
        }
        Upgrade::Silent(silence) => judged.silent(name, seen.attempts, silence),
    }
    let is_open = !evidence.is_empty();
    if let Some(talk) = &seen.talk {
        said(plan, talk, &mut evidence, judged);
    }
    if let (Some((origin, _)), Some(upgrade)) = (&plan.foreign, &seen.foreign) {
        let is_open = is_open && matches!(seen.again, None | Some(Upgrade::Open { .. }));
        foreign(plan, origin, upgrade, is_open, &mut evidence, judged);
    }
    if !evidence.is_empty() {
        judged.holds(format!("`{name}`: {}", evidence.join(", ")));
    }
}

fn said(plan: &WebsocketPlan, talk: &Talk, evidence: &mut Vec<String>, judged: &mut Judged) {
    let name = &plan.name;
    frames(plan, talk, evidence, judged);
    match &talk.pong {
        None => {}
        Some(Ok(milliseconds)) => evidence.push(format!("pong in {}", ms(*milliseconds))),
        Some(Err(silence)) => {
            let message = format!("`{name}` did not answer a ping: {}", silence.reason);
            judged.wrong(finding(plan, message, &silence.reason, "a pong"));
        }
    }
    match &talk.end {
        None => {}
        Some(Ok(())) => evidence.push("closed cleanly".into()),
        Some(Err(silence)) => {
            let message = format!("`{name}` was not closed cleanly: {}", silence.reason);
            judged.wrong(finding(
                plan,
                message,
                &silence.reason,
                "a close frame in return",
            ));
        }
    }
}

fn frames(plan: &WebsocketPlan, talk: &Talk, evidence: &mut Vec<String>, judged: &mut Judged) {
    let (name, count) = (&plan.name, talk.frames.len());
    let last = talk.frames.last();
    let of = match count {
        0 => "no frame".to_owned(),
        1 => "1 frame".to_owned(),
        count => format!("{count} frames"),
    };
    if let Some(silence) = &talk.silence {
        judged.wrong(unsaid(plan, &of, silence));
    }
    let Some((expect, frame)) = plan.expect.as_ref().zip(last) else {
        return;
    };
    let found = expect.judge(&frame.text, frame.received);
    let is_right = found.wrong.is_empty() && found.unknown.is_empty();
    if is_right {
        evidence.push(format!("frame {count} {}", found.evidence.join(" and ")));
    }
    for wrong in found.wrong {
        let message = format!("the last frame of `{name}` {}", wrong.message);
        judged.wrong(finding(plan, message, &wrong.observed, &wrong.expected));
    }
    for reason in found.unknown {
        judged.open(format!("the last frame of `{name}` {reason}"));
    }
}

fn unsaid(plan: &WebsocketPlan, of: &str, silence: &NoAnswer) -> Finding {
    let (name, reason) = (&plan.name, &silence.reason);
    let message = if plan.expect.is_some() {
        format!("`{name}` opened and sent {of}, none of them right: {reason}")
    } else {
        format!("`{name}` opened and took no frame: {reason}")
    };
    finding(plan, message, reason, "the expected frame")
}

fn foreign(
    plan: &WebsocketPlan,
    origin: &str,
    upgrade: &Upgrade,
    is_open: bool,
    evidence: &mut Vec<String>,
    judged: &mut Judged,
) {
    let name = &plan.name;
    match upgrade {
        Upgrade::Open { .. } => {
            let message = format!("`{name}` opened for a page of `{origin}`");
            let finding = Finding::new(message)
                .on(&plan.request.url.shown)
                .compared("101", "a refusal")
                .reproduce(&plan.reproduce_foreign);
            judged.wrong(finding);
        }
        Upgrade::Refused(answer) if is_refusal(answer.status) && is_open => {
            evidence.push(format!("{} to a page of `{origin}`", answer.status));
        }
        Upgrade::Refused(answer) if is_open => judged.open(format!(
            "`{name}` answered {} to a page of `{origin}`, which is no refusal",
            answer.status
        )),
        Upgrade::Refused(answer) => judged.open(format!(
            "`{name}` answered {} to a page of `{origin}`, which says nothing as long as its own \
             page is not let in before and after",
            answer.status
        )),
        Upgrade::Broken(fault) => judged.open(format!(
            "`{name}` answered 101 {fault} to a page of `{origin}`, which is no refusal"
        )),
        Upgrade::Silent(silence) => judged.open(format!(
            "`{name}` had no answer for a page of `{origin}`: {}",
            silence.reason
        )),
    }
}

/// Whether a status may be about the origin: 408, 425 and 429 are about when it was asked.
fn is_refusal(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 408 | 425 | 429)
}

fn finding(plan: &WebsocketPlan, message: String, observed: &str, expected: &str) -> Finding {
    Finding::new(message)
        .on(&plan.request.url.shown)
        .compared(observed, expected)
        .reproduce(&plan.reproduce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Frame};
    use crate::sample::{self, facts};

    fn open() -> Upgrade {
        Upgrade::Open {
            milliseconds: 12.0,
            protocol: Some("chat".into()),
        }
    }

    fn refused(status: u16) -> Upgrade {
        Upgrade::Refused(Box::new(sample::answer(status, "no")))
    }

    fn late() -> NoAnswer {
        NoAnswer::new(Break::Timeout, "not within 5s")
    }

    fn talk(texts: &[&str]) -> Talk {
        let frame = |text: &&str| Frame {
            text: (*text).into(),
            received: jiff::Timestamp::UNIX_EPOCH,
        };
        Talk {
            frames: texts.iter().map(frame).collect(),
            silence: None,
            pong: Some(Ok(1.0)),
            end: Some(Ok(())),
        }
    }

    fn outcome(upgrade: Upgrade, talk: Option<Talk>, foreign: Upgrade) -> Outcome {
        outcome_again(upgrade, talk, foreign, Some(open()))
    }

    fn outcome_again(
        upgrade: Upgrade,
        talk: Option<Talk>,
        foreign: Upgrade,
        again: Option<Upgrade>,
    ) -> Outcome {
        let mut facts = facts();
        facts.probes.websocket.push(Fact {
            plan: sample::websocket_plan(),
            seen: Ok(Talked {
                attempts: 1,
                upgrade,
                talk,
                foreign: Some(foreign),
                again,
            }),
        });
        check(&facts)
    }

    fn messages(outcome: Outcome) -> Vec<String> {
        match outcome {
            Outcome::Fail { findings } => findings.into_iter().map(|f| f.message).collect(),
            other => panic!("should fail, not {other:?}"),
        }
    }

    #[test]
    fn a_whole_conversation_passes() {
        assert_eq!(
            outcome(open(), Some(talk(&["hello", "ok"])), refused(403)),
            Outcome::pass(
                "`events`: opened in 12 ms with `chat` (1 attempt), frame 2 is `ok`, pong in \
                 1.0 ms, closed cleanly, 403 to a page of `https://evil.example`"
            )
        );
    }

    #[test]
    fn what_is_no_upgrade_fails_with_what_came() {
        assert_eq!(
            outcome(refused(200), None, refused(403)),
            Outcome::fail(
                Finding::new("`events` answered 200 to the handshake, not 101 (1 attempt)")
                    .on("http://h/ws")
                    .compared("200 with a body of 2 bytes: `no`", "101")
                    .reproduce("curl -sS http://h/ws")
            )
        );
        let broken = Upgrade::Broken("without `Sec-WebSocket-Accept`".into());
        assert_eq!(
            messages(outcome(broken, None, refused(403))),
            ["`events` answered 101 without `Sec-WebSocket-Accept` (1 attempt)"]
        );
    }

    #[test]
    fn a_timeout_is_no_upgrade() {
        assert_eq!(
            messages(outcome(Upgrade::Silent(late()), None, refused(403))),
            ["`events` did not open in time, and 5s are allowed (1 attempt)"]
        );
    }

    #[test]
    fn each_part_of_the_conversation_can_fail() {
        let mut silent = talk(&["hello"]);
        silent.silence = Some(late());
        let first = messages(outcome(open(), Some(silent), refused(403)));
        assert_eq!(
            first,
            [
                "`events` opened and sent 1 frame, none of them right: not within 5s",
                "the last frame of `events` is `hello`, which must be \"ok\"",
            ]
        );
        let mut deaf = talk(&["ok"]);
        deaf.pong = Some(Err(late()));
        deaf.end = Some(Err(late()));
        assert_eq!(
            messages(outcome(open(), Some(deaf), refused(403))),
            [
                "`events` did not answer a ping: not within 5s",
                "`events` was not closed cleanly: not within 5s",
            ]
        );
    }

    #[test]
    fn a_page_of_others_that_is_let_in_fails() {
        assert_eq!(
            messages(outcome(open(), Some(talk(&["ok"])), open())),
            ["`events` opened for a page of `https://evil.example`"]
        );
    }

    #[test]
    fn a_refusal_of_others_needs_the_own_page_let_in() {
        let silent = Upgrade::Silent(NoAnswer::new(Break::Refused, "refused"));
        let Outcome::Unknown { reason } = outcome(silent.clone(), None, refused(403)) else {
            panic!("nothing was let in");
        };
        assert!(
            reason.contains("had no answer (1 attempt): refused"),
            "{reason}"
        );
        assert!(reason.contains("says nothing as long as"), "{reason}");
        for foreign in [refused(500), silent, Upgrade::Broken("x".into())] {
            let outcome = outcome(open(), Some(talk(&["ok"])), foreign);
            assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
        }
    }

    #[test]
    fn a_refusal_of_everybody_is_none_of_others() {
        for status in [408, 425, 429] {
            let outcome = outcome(open(), Some(talk(&["ok"])), refused(status));
            assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
        }
        let own = Some(refused(403));
        let outcome = outcome_again(open(), Some(talk(&["ok"])), refused(403), own);
        let Outcome::Unknown { reason } = outcome else {
            panic!("its own page was refused as well");
        };
        assert!(reason.contains("before and after"), "{reason}");
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `websocket` is configured")
        );
    }
}
