//! Every mail server greets, and agrees on TLS.

use crate::facts::Facts;
use crate::facts::smtp::{SmtpFault, SmtpSeen};
use crate::figures::ms;
use crate::judged::{self, Judged};
use crate::plan::SmtpPlan;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "smtp",
    title: "every mail server greets, and agrees on TLS where it must",
    why: "mail that cannot be sent is noticed by nobody who would have received it; and a server \
          whose certificate is wrong is left by careful senders, or used without TLS by the others",
    fix: "hold the conversation with the command of the finding; an unknown may mean that the \
          network of this machine does not let port 25 out, as most clouds do",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.smtp, "smtp", judge)
}

fn judge(plan: &SmtpPlan, seen: &SmtpSeen, judged: &mut Judged) {
    let (name, address, time) = (&plan.name, plan.address(), ms(seen.milliseconds));
    let done = seen.done.join(", ");
    let wrong = |message: String, observed: String, expected: String| {
        Finding::new(message)
            .on(format!("smtp://{address}"))
            .compared(observed, expected)
            .reproduce(&plan.reproduce)
    };
    match &seen.fault {
        None => judged.holds(format!("`{name}`: {address} {done} ({time})")),
        Some(SmtpFault::Unconnected(why)) => {
            judged.open(format!(
                "`{name}` has no connection to {address}: {}",
                why.reason
            ));
        }
        Some(SmtpFault::Broken(why)) => {
            let reason = &why.reason;
            let before = match seen.done.last() {
                Some(done) => format!("{done}, and then"),
                None => "said nothing and".into(),
            };
            judged.open(format!("`{name}`: {address} {before} broke off: {reason}"));
        }
        Some(SmtpFault::Slow(waited)) => {
            let within = plan.within;
            judged.wrong(wrong(
                format!("`{name}`: {address} did not send {waited} in time"),
                format!("nothing after {time}"),
                format!("{waited}, and the rest, within {within}"),
            ));
        }
        Some(SmtpFault::Wrong { observed, expected }) => judged.wrong(wrong(
            format!("`{name}`: {address} sent {observed} instead of {expected}"),
            observed.clone(),
            (*expected).to_owned(),
        )),
        Some(SmtpFault::Untrusted(why)) => judged.wrong(wrong(
            format!(
                "`{name}`: {address} is not trusted after STARTTLS: {}",
                why.reason
            ),
            why.reason.clone(),
            "an agreement on TLS with a certificate that this machine trusts".into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::facts::Fact;
    use crate::plan::host::Host;
    use crate::sample::facts;
    use shared::config::Span;
    use shared::secret::Secret;

    fn outcome(done: &[&str], fault: Option<SmtpFault>) -> Outcome {
        let mut facts = facts();
        facts.probes.smtp = vec![Fact {
            plan: SmtpPlan {
                name: "mail".into(),
                host: Host {
                    real: Secret::plain("h"),
                    shown: "h".into(),
                },
                port: 25,
                has_starttls: true,
                within: Span::seconds(5),
                reproduce: "openssl s_client".into(),
            },
            seen: Ok(SmtpSeen {
                done: done.iter().map(|text| (*text).into()).collect(),
                fault,
                milliseconds: 12.0,
            }),
        }];
        check(&facts)
    }

    fn fails(message: &str, observed: &str, expected: &str) -> Outcome {
        Outcome::fail(
            Finding::new(message)
                .on("smtp://h:25")
                .compared(observed, expected)
                .reproduce("openssl s_client"),
        )
    }

    #[test]
    fn a_whole_conversation_passes_with_what_was_said() {
        assert_eq!(
            outcome(
                &["greeted with `220 h`", "agreed on TLSv1.3 after STARTTLS"],
                None
            ),
            Outcome::pass(
                "`mail`: h:25 greeted with `220 h`, agreed on TLSv1.3 after STARTTLS (12 ms)"
            )
        );
    }

    #[test]
    fn a_wrong_word_fails_with_it() {
        let fault = SmtpFault::Wrong {
            observed: "`554 no`".into(),
            expected: "a greeting with 220",
        };
        assert_eq!(
            outcome(&[], Some(fault)),
            fails(
                "`mail`: h:25 sent `554 no` instead of a greeting with 220",
                "`554 no`",
                "a greeting with 220"
            )
        );
    }

    #[test]
    fn a_certificate_that_is_not_trusted_fails() {
        let fault = SmtpFault::Untrusted(NoAnswer::new(Break::Tls, "expired"));
        assert_eq!(
            outcome(&["greeted"], Some(fault)),
            fails(
                "`mail`: h:25 is not trusted after STARTTLS: expired",
                "expired",
                "an agreement on TLS with a certificate that this machine trusts"
            )
        );
    }

    #[test]
    fn a_server_that_does_not_speak_in_time_fails() {
        assert_eq!(
            outcome(&[], Some(SmtpFault::Slow("a greeting"))),
            fails(
                "`mail`: h:25 did not send a greeting in time",
                "nothing after 12 ms",
                "a greeting, and the rest, within 5s"
            )
        );
    }

    #[test]
    fn no_connection_and_a_broken_one_are_unknown() {
        let refused = NoAnswer::new(Break::Refused, "refused");
        assert_eq!(
            outcome(&[], Some(SmtpFault::Unconnected(refused))),
            Outcome::unknown("`mail` has no connection to h:25: refused")
        );
        let reset = NoAnswer::new(Break::Closed, "reset");
        assert_eq!(
            outcome(&[], Some(SmtpFault::Broken(reset.clone()))),
            Outcome::unknown("`mail`: h:25 said nothing and broke off: reset")
        );
        assert_eq!(
            outcome(&["greeted with `220 h`"], Some(SmtpFault::Broken(reset))),
            Outcome::unknown("`mail`: h:25 greeted with `220 h`, and then broke off: reset")
        );
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `smtp` is configured")
        );
    }
}
