//! Every TLS port sends what clients need to follow its certificate, and nothing else.

use crate::certificate::Certificate;
use crate::chain::{self, Fault};
use crate::expectations::Found;
use crate::facts::{Aged, ChainView, Facts, Sent, Trust};
use crate::judged;
use crate::reproduce;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "chain",
    title: "every certificate that clients need is sent, in order, and no other",
    why: "browsers fetch a missing intermediate by themselves, so it goes unnoticed until an app, a \
          webhook or another service cannot connect",
    fix: "have the server send the whole chain (`fullchain.pem`): the certificate first, then each \
          one that signed the one before",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.tls, "tls", |plan, seen, judged| {
        for view in seen.views(plan) {
            if let Some(silence) = view.door.silence() {
                judged.open(format!("`{}` {silence}", view.name));
            }
            for chain in view.chains() {
                let mut found = Found::default();
                judge(&chain, &mut found);
                let command = reproduce::chain(&chain.reproduce);
                judged.say(&chain.name, &plan.shown, &command, found);
            }
        }
        if let Some(why) = &seen.left_out {
            judged.open(format!("`{}`: {}", plan.name, why.reason));
        }
    })
}

fn judge(seen: &ChainView<'_>, found: &mut Found) {
    let sent = seen.sent;
    let readable = sent.readable();
    let chain: Vec<Certificate> = readable.iter().map(|(_, one)| (*one).clone()).collect();
    let order = order(&chain);
    for (place, why) in (sent.certificates.iter().enumerate())
        .filter_map(|(place, one)| Some((place, one.as_ref().err()?)))
    {
        let message = format!("sends {}, which cannot be read: {why}", sent.place(place));
        found.wrong(message, why, "a certificate (X.509)");
    }
    for (index, fault) in chain::faults(&chain) {
        let (place, certificate) = readable[index];
        let label = format!("{} (`{}`)", sent.place(place), certificate.subject_shown());
        let why = match fault {
            Fault::Twice => "which it has sent before",
            Fault::Unrelated => "which has nothing to do with the first",
            Fault::Misplaced => "which stands before what it signed",
        };
        found.wrong(
            format!("sends {label}, {why}"),
            &order,
            "the chain, in order, once",
        );
    }
    // The dates of the first belong to it alone; what stands behind it must not break the path.
    for (place, certificate) in readable.into_iter().skip(1) {
        let label = format!("{} (`{}`)", sent.place(place), certificate.subject_shown());
        match seen.door.aged(certificate, 0) {
            Aged::Well => {}
            Aged::Wrong(why) => {
                found.wrong(format!("sends {label}, which {why}"), &order, "valid now");
            }
            Aged::Open(why) => found.unknown.push(format!("sends {label}, which {why}")),
        }
    }
    path(sent, &chain, &order, found);
}

fn path(sent: &Sent, chain: &[Certificate], order: &str, found: &mut Found) {
    let wanted = "a path to a certificate that this machine trusts";
    match &sent.trust {
        Trust::Path => {
            let count = match chain.len() {
                1 => "1 certificate is sent".to_owned(),
                count => format!("{count} certificates are sent"),
            };
            found
                .evidence
                .push(format!("{count}, and the path is whole: {order}"));
        }
        Trust::None(_) => {
            let why = broken(chain);
            found.wrong(format!("sends no whole path: {why}"), order, wanted);
        }
        Trust::NeverTogether => {
            found
                .unknown
                .push("has certificates that are never valid at the same time".into());
        }
        Trust::Unfit(why) => found
            .unknown
            .push(format!("has a path that cannot be followed: {why}")),
        Trust::NoRoots(why) => found
            .unknown
            .push(format!("cannot be judged: {}", why.reason)),
    }
}

/// Where the path ends.
fn broken(chain: &[Certificate]) -> String {
    let Some(last) = chain::last(chain) else {
        return "its certificates sign each other in a circle".into();
    };
    let (subject, issuer) = (last.subject_shown(), last.issuer_shown());
    match chain.first() {
        Some(first) if last.is_own_issuer() && first == last => {
            format!("`{subject}` is signed by itself, and this machine does not trust it")
        }
        _ if last.is_own_issuer() => {
            format!("it leads to `{subject}`, which this machine does not trust")
        }
        _ => format!(
            "`{issuer}`, which signed `{subject}`, was not sent, and this machine does not trust it"
        ),
    }
}

/// The subjects in the order in which they were sent.
fn order(chain: &[Certificate]) -> String {
    let subjects = chain.iter().map(|one| format!("`{}`", one.subject_shown()));
    subjects.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Door;
    use crate::sample::facts;
    use crate::sample::tls::{certificate, silence, with};

    fn outcome(change: impl FnOnce(&mut Door)) -> Outcome {
        let mut facts = facts();
        facts.probes.tls.push(with(|_, seen| change(seen)));
        check(&facts)
    }

    fn findings(names: &[(&str, &str)], trust: Trust) -> Vec<String> {
        let outcome = outcome(|seen| {
            let certificates = names
                .iter()
                .map(|(subject, issuer)| certificate(subject, issuer));
            seen.sent.certificates = certificates.map(Ok).collect();
            seen.sent.trust = trust;
        });
        match outcome {
            Outcome::Fail { findings } => findings.into_iter().map(|found| found.message).collect(),
            other => panic!("it should fail, not {other:?}"),
        }
    }

    fn untrusted() -> Trust {
        Trust::None("UnknownIssuer".into())
    }

    #[test]
    fn a_whole_path_passes_in_its_order() {
        assert_eq!(
            outcome(|_| {}),
            Outcome::pass(
                "`site`: 2 certificates are sent, and the path is whole: `CN=a.example`, `CN=R1`"
            )
        );
    }

    #[test]
    fn where_a_path_ends_is_named() {
        assert_eq!(
            findings(&[("CN=a", "CN=R1")], untrusted()),
            [
                "`site` sends no whole path: `CN=R1`, which signed `CN=a`, was not sent, and this \
              machine does not trust it"
            ]
        );
        assert_eq!(
            findings(&[("CN=a", "CN=a")], untrusted()),
            [
                "`site` sends no whole path: `CN=a` is signed by itself, and this machine does not \
              trust it"
            ]
        );
        assert_eq!(
            findings(&[("CN=a", "CN=X"), ("CN=X", "CN=X")], untrusted()),
            ["`site` sends no whole path: it leads to `CN=X`, which this machine does not trust"]
        );
        assert_eq!(
            findings(&[("CN=a", "CN=b"), ("CN=b", "CN=a")], untrusted()),
            ["`site` sends no whole path: its certificates sign each other in a circle"]
        );
    }

    #[test]
    fn what_is_sent_besides_or_in_disorder_is_found() {
        assert_eq!(
            findings(
                &[("CN=a", "CN=R1"), ("CN=R1", "CN=X"), ("CN=Z", "CN=X")],
                Trust::Path
            ),
            ["`site` sends certificate 3 of 3 (`CN=Z`), which has nothing to do with the first"]
        );
        assert_eq!(
            findings(
                &[("CN=a", "CN=R1"), ("CN=X", "CN=X"), ("CN=R1", "CN=X")],
                Trust::Path
            ),
            ["`site` sends certificate 2 of 3 (`CN=X`), which stands before what it signed"]
        );
        assert_eq!(
            findings(
                &[("CN=a", "CN=R1"), ("CN=R1", "CN=X"), ("CN=R1", "CN=X")],
                Trust::Path
            ),
            ["`site` sends certificate 3 of 3 (`CN=R1`), which it has sent before"]
        );
    }

    #[test]
    fn two_ways_up_from_one_issuer_are_no_disorder() {
        let outcome = outcome(|seen| {
            let names = [
                ("CN=a", "CN=R1"),
                ("CN=R1", "CN=X"),
                ("CN=R1", "CN=Y"),
                ("CN=Y", "CN=Z"),
            ];
            let certificates = names.map(|(subject, issuer)| Ok(certificate(subject, issuer)));
            seen.sent.certificates = certificates.into();
        });
        assert_eq!(outcome.word(), "pass", "{outcome:?}");
    }

    #[test]
    fn an_expired_intermediate_is_found_and_an_expired_leaf_is_not_its_business() {
        let expired = |seen: &mut Door, place: usize| {
            if let Ok(one) = &mut seen.sent.certificates[place] {
                one.until = "2026-11-01T00:00:00Z".parse().expect("is a time");
            }
        };
        assert_eq!(outcome(|seen| expired(seen, 1)).word(), "fail");
        assert_eq!(outcome(|seen| expired(seen, 0)).word(), "pass");
    }

    #[test]
    fn what_cannot_be_read_fails_and_what_was_not_seen_is_unknown() {
        let unreadable = outcome(|seen| seen.sent.certificates[1] = Err("bad length".into()));
        assert_eq!(unreadable.word(), "fail");
        assert_eq!(outcome(silence).word(), "unknown");
        assert_eq!(
            outcome(|seen| seen.sent.trust = Trust::NeverTogether).word(),
            "unknown"
        );
        assert_eq!(
            outcome(|seen| seen.sent.trust = Trust::Unfit("x".into())).word(),
            "unknown"
        );
        assert_eq!(check(&facts()).word(), "skipped");
    }
}
