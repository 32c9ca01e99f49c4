//! Every TLS port speaks today's versions, refuses the old ones, and agrees on what it must.

use crate::answer::NoAnswer;
use crate::expectations::Found;
use crate::facts::{Agreed, Door, Facts, Heard, NO_VERSION, Shown};
use crate::judged;
use crate::plan::{MODERN, TlsPlan, TlsVersion};
use crate::reproduce;
use rustls::AlertDescription;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};
use std::cmp::Ordering;

pub(crate) const CHECK: Check<Facts> = Check {
    id: "tls-versions",
    title: "TLS 1.2 or 1.3 is spoken, and old versions are refused",
    why: "TLS 1.0 and 1.1 are broken and forbidden (RFC 8996), and a server that still speaks them \
          lets an attacker on the way choose them",
    fix: "set the versions in the server (nginx: `ssl_protocols TLSv1.2 TLSv1.3;`) and reload it",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.tls, "tls", |plan, seen, judged| {
        for view in seen.views(plan) {
            let mut say = |command: &str, found: Found| {
                judged.say(&view.name, &plan.shown, command, found);
            };
            say(&view.reproduce, spoken(plan, view.door));
            for version in &plan.refuse {
                let command = reproduce::version(&view.reproduce, *version);
                say(&command, refused(*version, view.door));
            }
            if !plan.alpn.is_empty() {
                let command = reproduce::alpn(&view.reproduce, &plan.offer.protocols);
                say(&command, protocol(plan, view.door));
            }
            if let Some(wanted) = plan.tickets {
                let command = reproduce::version(&view.reproduce, TlsVersion::Tls12);
                say(&command, ticket(wanted, view.door));
            }
        }
        if let Some(why) = &seen.left_out {
            judged.open(format!("`{}`: {}", plan.name, why.reason));
        }
    })
}

/// What must be spoken.
fn spoken(plan: &TlsPlan, seen: &Door) -> Found {
    let mut found = Found::default();
    let agreed = [&seen.first, &seen.second].map(|shown| shown.agreed.as_ref());
    let [first, second] = agreed.map(Result::ok);
    let Some(agreed) = first.or(second) else {
        nothing_agreed(&seen.first, &mut found);
        return found;
    };
    found.evidence.push(format!("agrees on {}", words(agreed)));
    for version in MODERN {
        let name = version.name();
        let is_required = plan.require.contains(&version);
        match seen.speaks(version) {
            Some(true) => found.evidence.push(format!("speaks {name}")),
            Some(false) if is_required => {
                let message = format!("does not speak {name}");
                found.wrong(message, format!("agreed on {}", agreed.version), name);
            }
            None if is_required => found.unknown.push(format!("may or may not speak {name}")),
            Some(false) | None => {}
        }
    }
    found
}

fn nothing_agreed(first: &Shown, found: &mut Found) {
    let Err(why) = &first.agreed else {
        return;
    };
    if why.alert == Some(NO_VERSION) {
        let observed = alert(NO_VERSION);
        found.wrong(
            "speaks neither TLSv1.2 nor TLSv1.3",
            observed,
            "TLSv1.2 or TLSv1.3",
        );
    } else {
        let (attempts, reason) = (judged::attempts(first.attempts), &why.no_answer.reason);
        found
            .unknown
            .push(format!("agreed on no TLS ({attempts}): {reason}"));
    }
}

fn words(agreed: &Agreed) -> String {
    let Agreed {
        version,
        suite,
        protocol,
    } = agreed;
    let protocol = protocol.as_deref().map_or("no ALPN".into(), |name| {
        format!("ALPN `{}`", crate::answer::shown(name, 40))
    });
    format!("{version} with {suite}, {protocol}")
}

/// What must be refused. To agree is a fault whatever else is known; a refusal is evidence only
/// where something else was agreed on.
fn refused(version: TlsVersion, seen: &Door) -> Found {
    let mut found = Found::default();
    let name = version.name();
    let by_hand = match version {
        TlsVersion::Tls10 | TlsVersion::Tls11 => seen.answer(version),
        // The library offers those as well.
        TlsVersion::Tls12 | TlsVersion::Tls13 => None,
    };
    match by_hand {
        Some(Ok(heard)) => answered(version, heard, seen, &mut found),
        Some(Err(why)) => unanswered(name, why, &mut found),
        None => match seen.speaks(version) {
            Some(true) => found.wrong(format!("speaks {name}"), name, "a refusal"),
            Some(false) if seen.control() => found.evidence.push(format!("refuses {name}")),
            Some(false) | None => found.unknown.push(format!("may or may not speak {name}")),
        },
    }
    found
}

fn answered(version: TlsVersion, heard: &Heard, seen: &Door, found: &mut Found) {
    let name = version.name();
    let how = match heard {
        Heard::Hello {
            version: agreed, ..
        } => {
            return agreed_on(version, *agreed, found);
        }
        Heard::Other(text) => {
            let message = format!("answered an offer of {name} with `{text}`, which is no TLS");
            return found.unknown.push(message);
        }
        Heard::Alert(code) => alert(*code),
        Heard::Closed => "the connection was closed".into(),
    };
    if seen.control() {
        found.evidence.push(format!("refuses {name}: {how}"));
    } else {
        found.unknown.push(format!(
            "refused {name} ({how}), and agreed on nothing else, so that is no evidence"
        ));
    }
}

/// A server takes the newest version that it knows up to the one that is offered.
fn agreed_on(version: TlsVersion, agreed: u16, found: &mut Found) {
    let name = version.name();
    let observed = format!("a ServerHello of version {agreed:#06x}");
    let expected = "an alert or a closed connection";
    match agreed.cmp(&version.number()) {
        Ordering::Equal => found.wrong(format!("still speaks {name}"), observed, expected),
        Ordering::Less => {
            let message = format!("answers an offer of {name} with an even older version");
            found.wrong(message, observed, expected);
        }
        Ordering::Greater => {
            found.unknown.push(format!(
                "answered an offer of {name} with version {agreed:#06x}"
            ));
        }
    }
}

fn unanswered(name: &str, why: &NoAnswer, found: &mut Found) {
    let reason = &why.reason;
    found
        .unknown
        .push(format!("did not say whether it speaks {name}: {reason}"));
}

fn alert(code: u8) -> String {
    format!("alert {code}, {:?}", AlertDescription::from(code))
}

/// What must be agreed on by ALPN.
fn protocol(plan: &TlsPlan, seen: &Door) -> Found {
    let mut found = Found::default();
    let wanted = plan.alpn.join(" or ");
    let Ok(agreed) = &seen.first.agreed else {
        found
            .unknown
            .push(format!("may or may not agree on {wanted} by ALPN"));
        return found;
    };
    match &agreed.protocol {
        Some(protocol) if plan.alpn.contains(protocol) => {
            found
                .evidence
                .push(format!("agrees on `{protocol}` by ALPN"));
        }
        protocol => {
            let observed = match protocol {
                Some(protocol) => format!("`{}`", crate::answer::shown(protocol, 40)),
                None => "no protocol".into(),
            };
            let message = format!("agrees on {observed} by ALPN, not on {wanted}");
            found.wrong(message, observed, wanted);
        }
    }
    found
}

/// Whether a session ticket is given in TLS 1.2.
fn ticket(wanted: bool, seen: &Door) -> Found {
    let mut found = Found::default();
    let gives = match seen.answer(TlsVersion::Tls12) {
        Some(Ok(Heard::Hello { gives_ticket, .. })) => Some(*gives_ticket),
        Some(Ok(Heard::Alert(_) | Heard::Closed | Heard::Other(_)) | Err(_)) | None => {
            // Without TLS 1.2 there is no ticket in it.
            (seen.control() && seen.speaks(TlsVersion::Tls12) == Some(false)).then_some(false)
        }
    };
    let says = |gives| {
        if gives {
            "gives a session ticket"
        } else {
            "gives no session ticket"
        }
    };
    match gives {
        Some(gives) if gives == wanted => {
            found.evidence.push(format!("{} in TLSv1.2", says(gives)));
        }
        Some(gives) => found.wrong(
            format!("{} in TLSv1.2", says(gives)),
            says(gives),
            says(wanted),
        ),
        None => found
            .unknown
            .push("may or may not give session tickets in TLSv1.2".into()),
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Break;
    use crate::sample::facts;
    use crate::sample::tls::{at_two, disagreed, shown, silence, with};
    use shared::verdict::Finding;

    fn outcome(change: impl FnOnce(&mut TlsPlan, &mut Door)) -> Outcome {
        let mut facts = facts();
        facts.probes.tls.push(with(change));
        check(&facts)
    }

    fn hello(version: u16, gives_ticket: bool) -> Result<Heard, NoAnswer> {
        Ok(Heard::Hello {
            version,
            gives_ticket,
        })
    }

    fn message(outcome: Outcome) -> String {
        match outcome {
            Outcome::Fail { findings } => findings[0].message.clone(),
            other => panic!("it should fail, not {other:?}"),
        }
    }

    fn reason(outcome: Outcome) -> String {
        match outcome {
            Outcome::Unknown { reason } => reason,
            other => panic!("it should be unknown, not {other:?}"),
        }
    }

    #[test]
    fn today_is_spoken_and_the_past_is_refused() {
        let outcome = outcome(|_, seen| seen.heard[1].1 = Ok(Heard::Closed));
        assert_eq!(
            outcome,
            Outcome::Pass {
                evidence: vec![
                    "`site`: agrees on TLSv1.3 with TLS13_AES_256_GCM_SHA384, ALPN `h2`".into(),
                    "`site`: speaks TLSv1.2".into(),
                    "`site`: speaks TLSv1.3".into(),
                    "`site`: refuses TLSv1: alert 70, ProtocolVersion".into(),
                    "`site`: refuses TLSv1.1: the connection was closed".into(),
                ]
            }
        );
    }

    #[test]
    fn an_old_version_that_is_spoken_fails_even_when_nothing_else_is() {
        let fails = outcome(|_, seen| seen.heard[0].1 = hello(0x0301, false));
        assert_eq!(
            fails,
            Outcome::fail(
                Finding::new("`site` still speaks TLSv1")
                    .on("a.example:443")
                    .compared(
                        "a ServerHello of version 0x0301",
                        "an alert or a closed connection"
                    )
                    .reproduce(
                        "openssl s_client -connect a.example:443 -servername a.example -tls1 \
                         -cipher DEFAULT@SECLEVEL=0 </dev/null"
                    )
            )
        );
        let alone = outcome(|_, seen| {
            silence(seen);
            seen.heard[0].1 = hello(0x0300, false);
        });
        assert_eq!(
            message(alone),
            "`site` answers an offer of TLSv1 with an even older version"
        );
    }

    #[test]
    fn a_refusal_without_its_control_is_unknown() {
        let outcome = outcome(|_, seen| {
            silence(seen);
            seen.heard[0].1 = Ok(Heard::Alert(40));
        });
        let reason = reason(outcome);
        assert!(
            reason.contains(
                "`site` refused TLSv1 (alert 40, HandshakeFailure), and agreed on nothing else"
            ),
            "{reason}"
        );
        assert!(
            reason.contains("agreed on no TLS (1 attempt): no answer within 5 s"),
            "{reason}"
        );
    }

    #[test]
    fn silence_and_other_protocols_are_unknown() {
        let late = NoAnswer::new(Break::Timeout, "no answer within 5 s");
        let silent = outcome(|_, seen| seen.heard[0].1 = Err(late));
        assert_eq!(
            reason(silent),
            "`site` did not say whether it speaks TLSv1: no answer within 5 s"
        );
        let other = outcome(|_, seen| seen.heard[0].1 = Ok(Heard::Other("HTTP/1.1 400".into())));
        assert_eq!(
            reason(other),
            "`site` answered an offer of TLSv1 with `HTTP/1.1 400`, which is no TLS"
        );
        let odd = outcome(|_, seen| seen.heard[0].1 = hello(0x0303, false));
        assert_eq!(
            reason(odd),
            "`site` answered an offer of TLSv1 with version 0x0303"
        );
    }

    #[test]
    fn what_the_library_does_not_agree_on_may_be_spoken_all_the_same() {
        let by_hand = |heard: Result<Heard, NoAnswer>, change: fn(&mut TlsPlan)| {
            outcome(move |plan, seen| {
                change(plan);
                seen.second = disagreed(Some(40), Break::Tls, "alert");
                seen.heard.push((TlsVersion::Tls12, heard));
            })
        };
        let refuse: fn(&mut TlsPlan) = |plan| plan.refuse = [TlsVersion::Tls12].into();
        let require: fn(&mut TlsPlan) = |plan| plan.require = [TlsVersion::Tls12].into();
        assert_eq!(
            message(by_hand(hello(0x0303, false), refuse)),
            "`site` speaks TLSv1.2"
        );
        assert_eq!(by_hand(hello(0x0303, false), require).word(), "pass");
        assert_eq!(by_hand(Ok(Heard::Alert(40)), refuse).word(), "pass");
        assert_eq!(
            reason(by_hand(Ok(Heard::Other("x".into())), refuse)),
            "`site` may or may not speak TLSv1.2"
        );
    }

    #[test]
    fn every_address_is_judged_and_named() {
        let mut facts = facts();
        facts
            .probes
            .tls
            .push(at_two(|seen| seen.heard[0].1 = hello(0x0301, false)));
        let outcome = check(&facts);
        let Outcome::Fail { findings } = &outcome else {
            panic!("it should fail, not {outcome:?}");
        };
        assert_eq!(
            findings[0].message,
            "`site` at `192.0.2.2` still speaks TLSv1"
        );
    }

    #[test]
    fn a_server_of_the_past_alone_fails() {
        let outcome = outcome(|plan, seen| {
            silence(seen);
            plan.refuse.clear();
            seen.first = disagreed(Some(70), Break::Tls, "alert");
        });
        assert_eq!(
            message(outcome),
            "`site` speaks neither TLSv1.2 nor TLSv1.3"
        );
    }

    #[test]
    fn what_is_required_must_be_spoken() {
        let old = outcome(|plan, seen| {
            plan.require = [TlsVersion::Tls13].into();
            seen.first = shown("TLSv1.2");
        });
        assert_eq!(message(old), "`site` does not speak TLSv1.3");
        let new = outcome(|plan, seen| {
            plan.require = [TlsVersion::Tls12].into();
            seen.second = disagreed(Some(70), Break::Tls, "alert");
        });
        assert_eq!(message(new), "`site` does not speak TLSv1.2");
        let unclear = outcome(|plan, seen| {
            plan.require = [TlsVersion::Tls12].into();
            seen.second = disagreed(None, Break::Timeout, "late");
        });
        assert_eq!(reason(unclear), "`site` may or may not speak TLSv1.2");
    }

    #[test]
    fn one_of_todays_versions_may_be_refused_as_well() {
        let refuse = |plan: &mut TlsPlan| plan.refuse = [TlsVersion::Tls12].into();
        let spoken = outcome(|plan, _| refuse(plan));
        assert_eq!(message(spoken), "`site` speaks TLSv1.2");
        let refused = outcome(|plan, seen| {
            refuse(plan);
            seen.second = disagreed(Some(70), Break::Tls, "alert");
        });
        assert_eq!(refused.word(), "pass", "{refused:?}");
    }

    #[test]
    fn the_protocol_must_be_agreed_on() {
        let wanted = |plan: &mut TlsPlan| plan.alpn = vec!["h2".into()];
        assert_eq!(outcome(|plan, _| wanted(plan)).word(), "pass");
        let other = outcome(|plan, seen| {
            wanted(plan);
            if let Ok(agreed) = &mut seen.first.agreed {
                agreed.protocol = Some("http/1.1".into());
            }
        });
        assert_eq!(
            message(other),
            "`site` agrees on `http/1.1` by ALPN, not on h2"
        );
        let none = outcome(|plan, seen| {
            wanted(plan);
            if let Ok(agreed) = &mut seen.first.agreed {
                agreed.protocol = None;
            }
        });
        assert_eq!(
            message(none),
            "`site` agrees on no protocol by ALPN, not on h2"
        );
    }

    #[test]
    fn a_ticket_must_be_given_or_not() {
        let ticket = |gives: bool| {
            outcome(move |plan, seen| {
                plan.tickets = Some(false);
                seen.heard.push((TlsVersion::Tls12, hello(0x0303, gives)));
            })
        };
        assert_eq!(
            message(ticket(true)),
            "`site` gives a session ticket in TLSv1.2"
        );
        assert_eq!(ticket(false).word(), "pass");
        let without = outcome(|plan, seen| {
            plan.tickets = Some(false);
            seen.second = disagreed(Some(70), Break::Tls, "alert");
            seen.heard.push((TlsVersion::Tls12, Ok(Heard::Alert(70))));
        });
        assert_eq!(without.word(), "pass", "{without:?}");
        let unclear = outcome(|plan, seen| {
            plan.tickets = Some(false);
            seen.heard.push((TlsVersion::Tls12, Ok(Heard::Closed)));
        });
        assert_eq!(
            reason(unclear),
            "`site` may or may not give session tickets in TLSv1.2"
        );
    }

    #[test]
    fn no_probe_is_skipped() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `tls` is configured")
        );
    }
}
