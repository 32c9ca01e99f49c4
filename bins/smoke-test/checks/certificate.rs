//! The certificates of every TLS port are trusted, for its names, and valid long enough.

use crate::certificate::Certificate;
use crate::expectations::Found;
use crate::facts::{Aged, ChainView, Door, Facts, Sent, Trust};
use crate::judged;
use crate::plan::TlsPlan;
use crate::reproduce;
use serde_json::Value;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "certificate",
    title: "certificates are trusted, for the right names, strong, and valid long enough",
    why: "a certificate that clients refuse takes the whole service down, and one that ends in a \
          few days does so on a date that is known today",
    fix: "renew or replace the certificate that the finding names, reload the server, and find out \
          why its renewal did not do so by itself",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.tls, "tls", |plan, seen, judged| {
        for view in seen.views(plan) {
            let silences = [view.door.silence(), view.door.silence_in_12()];
            for silence in silences.into_iter().flatten() {
                judged.open(format!("`{}` {silence}", view.name));
            }
            for chain in view.chains() {
                let mut found = Found::default();
                judge(plan, &chain, &mut found);
                let command = reproduce::certificates(&chain.reproduce);
                judged.say(&chain.name, &plan.shown, &command, found);
            }
        }
        for door in seen.passed_over() {
            let reason = door.silence().unwrap_or_default();
            judged.holds(format!("`{}` at `{}` {reason}", plan.name, door.ip));
        }
        if let Some(why) = &seen.left_out {
            judged.open(format!("`{}`: {}", plan.name, why.reason));
        }
    })
}

fn judge(plan: &TlsPlan, seen: &ChainView<'_>, found: &mut Found) {
    let sent = seen.sent;
    trusted(seen, found);
    named(sent, found);
    for (place, certificate) in sent.certificates.iter().enumerate() {
        let label = sent.place(place);
        match certificate {
            Ok(certificate) => one(plan, seen, (place, certificate), found),
            Err(why) => found.wrong(
                format!("sends {label}, which cannot be read: {why}"),
                why,
                "a certificate (X.509)",
            ),
        }
    }
    if let Some(Ok(first)) = sent.certificates.first() {
        purpose(first, found);
        issuer(plan, seen.door, first, found);
    }
    proven(seen, found);
    found.evidence.extend(seen.door.difference());
    let stapled = if seen.shown.is_stapled { "" } else { "no " };
    found.evidence.push(format!("{stapled}OCSP answer stapled"));
}

fn trusted(seen: &ChainView<'_>, found: &mut Found) {
    let wanted = "a path to a certificate that this machine trusts";
    match &seen.sent.trust {
        Trust::Path => found.evidence.push("trusted by this machine".into()),
        Trust::NoRoots(why) => found
            .unknown
            .push(format!("cannot be judged: {}", why.reason)),
        Trust::None(why) => {
            found.wrong(
                format!("is not trusted by this machine: {why}"),
                why,
                wanted,
            );
        }
        // Each of those has a fault that is found by itself; only without one is this a new one.
        Trust::NeverTogether | Trust::Unfit(_) if has_own_fault(seen) => {}
        Trust::NeverTogether => found.wrong(
            "has certificates that are never valid at the same time",
            "periods without a common instant",
            wanted,
        ),
        Trust::Unfit(why) => {
            found.wrong(
                format!("has a certificate that no client takes: {why}"),
                why,
                wanted,
            );
        }
    }
}

/// Whether something else is wrong that keeps a path from being followed.
fn has_own_fault(seen: &ChainView<'_>) -> bool {
    let is_faulty = |one: &Result<Certificate, String>| match one {
        Ok(one) => {
            one.version < 3
                || !one.key.is_strong
                || !one.signature.is_strong
                || one.aged(seen.door.now, 0).is_some()
        }
        Err(_) => true,
    };
    seen.sent.certificates.iter().any(is_faulty)
}

fn named(sent: &Sent, found: &mut Found) {
    let leaf = sent
        .certificates
        .first()
        .and_then(|first| first.as_ref().ok());
    let names = leaf.map_or_else(|| "unknown".into(), Certificate::names_shown);
    for (name, is_covered) in &sent.covered {
        if *is_covered {
            found.evidence.push(format!("is for `{name}`"));
        } else {
            let message =
                format!("has a certificate that is not for `{name}` (its names: {names})");
            found.wrong(message, &names, name);
        }
    }
}

fn one(
    plan: &TlsPlan,
    seen: &ChainView<'_>,
    (place, certificate): (usize, &Certificate),
    found: &mut Found,
) {
    let label = seen.sent.place(place);
    let subject = certificate.subject_shown();
    let described = certificate.described(seen.door.now);
    let mut wrong = |why: String, expected: &str| {
        let message = format!("sends {label} (`{subject}`), which {why}");
        found.wrong(message, &described, expected);
    };
    let open = match seen.door.aged(certificate, plan.min_days) {
        Aged::Well => None,
        Aged::Wrong(why) => {
            wrong(why, &format!("valid now and for {} days", plan.min_days));
            None
        }
        Aged::Open(why) => Some(format!("sends {label} (`{subject}`), which {why}")),
    };
    if !certificate.key.is_strong {
        wrong(
            format!("has a weak key ({})", certificate.key.name),
            "RSA from 2048 bits, P-256, P-384, P-521 or Ed25519",
        );
    }
    // Nobody looks at the signature of a root: it is trusted for its place.
    let is_root = place > 0 && certificate.is_own_issuer();
    if !certificate.signature.is_strong && !is_root {
        wrong(
            format!(
                "is signed with {}, which can be forged",
                certificate.signature.name
            ),
            "SHA-256 or better",
        );
    }
    if certificate.version < 3 {
        wrong(
            format!(
                "is of X.509 version {}, without names and purposes",
                certificate.version
            ),
            "X.509 version 3",
        );
    }
    found.unknown.extend(open);
    found.evidence.push(format!("{label}: {described}"));
}

fn purpose(first: &Certificate, found: &mut Found) {
    if !first.is_for_servers {
        found.wrong(
            "has a certificate that may not be used by servers",
            "an extended key usage without `serverAuth`",
            "`serverAuth`",
        );
    }
}

fn issuer(plan: &TlsPlan, seen: &Door, first: &Certificate, found: &mut Found) {
    let Some(predicate) = &plan.issuer else {
        return;
    };
    let issuer = first.issuer_shown();
    match predicate.refuses(&Value::String(first.issuer.clone()), seen.now) {
        None => found.evidence.push(format!("the issuer is `{issuer}`")),
        Some(broken) => {
            let message = format!("has a certificate of `{issuer}`, and the issuer must {broken}");
            found.wrong(message, issuer, predicate.wanted());
        }
    }
}

/// Whether the server has the key: everybody can send the certificates of another.
fn proven(seen: &ChainView<'_>, found: &mut Found) {
    // A weak key or an old version keeps the proof from being looked at, and is a fault itself.
    let leaf = seen
        .sent
        .certificates
        .first()
        .and_then(|first| first.as_ref().ok());
    let is_fit = leaf.is_some_and(|leaf| leaf.version == 3 && leaf.key.is_strong);
    match &seen.shown.proof {
        Some(Ok(())) => found.evidence.push("the server has the key".into()),
        Some(Err(why)) if is_fit => found.wrong(
            format!("did not prove that it has the key of its certificate: {why}"),
            why,
            "a handshake signed with the key",
        ),
        Some(Err(_)) => {}
        None => found
            .unknown
            .push("ended the handshake before it proved that it has the key".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::facts;
    use crate::sample::tls::{certificate, door, tls_fact, with};
    use shared::verdict::Finding;

    fn outcome(change: impl FnOnce(&mut TlsPlan, &mut Door)) -> Outcome {
        let mut facts = facts();
        facts.probes.tls.push(with(change));
        check(&facts)
    }

    fn findings(change: impl FnOnce(&mut TlsPlan, &mut Door)) -> Vec<String> {
        match outcome(change) {
            Outcome::Fail { findings } => findings.into_iter().map(|found| found.message).collect(),
            other => panic!("it should fail, not {other:?}"),
        }
    }

    fn leaf(change: impl FnOnce(&mut Certificate)) -> Vec<String> {
        findings(|_, seen| {
            let mut leaf = certificate("CN=a.example", "CN=R1");
            change(&mut leaf);
            seen.sent.certificates[0] = Ok(leaf);
        })
    }

    #[test]
    fn a_good_certificate_passes_with_everything_that_it_says() {
        let Outcome::Pass { evidence } = outcome(|_, _| {}) else {
            panic!("it should pass");
        };
        assert_eq!(
            evidence,
            [
                "`site`: trusted by this machine",
                "`site`: is for `a.example`",
                "`site`: certificate 1 of 2: `CN=a.example` for a.example, issued by `CN=R1`, valid \
                 until 2027-02-19T00:00:00Z (90 days left), P-256, ecdsa-with-SHA256, SHA-256 \
                 fingerprint abcd",
                "`site`: certificate 2 of 2: `CN=R1` for a.example, issued by `CN=X1`, valid until \
                 2027-02-19T00:00:00Z (90 days left), P-256, ecdsa-with-SHA256, SHA-256 \
                 fingerprint abcd",
                "`site`: the server has the key",
                "`site`: no OCSP answer stapled",
            ]
        );
    }

    #[test]
    fn every_fault_is_a_finding_of_its_own_and_hides_no_other() {
        let found = findings(|plan, seen| {
            plan.issuer = Some(crate::sample::predicate("{contains: Let}"));
            seen.sent.trust = Trust::None("invalid peer certificate: UnknownIssuer".into());
            seen.sent.covered[0].1 = false;
            seen.first.proof = Some(Err("BadSignature".into()));
            let mut leaf = certificate("CN=a.example", "CN=R1");
            leaf.until = "2026-11-20T00:00:00Z".parse().expect("is a time");
            leaf.signature.is_strong = false;
            leaf.is_for_servers = false;
            seen.sent.certificates = vec![Ok(leaf), Err("bad length".into())];
        });
        assert_eq!(
            found,
            [
                "`site` is not trusted by this machine: invalid peer certificate: UnknownIssuer",
                "`site` has a certificate that is not for `a.example` (its names: a.example)",
                "`site` sends certificate 1 of 2 (`CN=a.example`), which expired on \
                 2026-11-20T00:00:00Z",
                "`site` sends certificate 1 of 2 (`CN=a.example`), which is signed with \
                 ecdsa-with-SHA256, which can be forged",
                "`site` sends certificate 2 of 2, which cannot be read: bad length",
                "`site` has a certificate that may not be used by servers",
                "`site` has a certificate of `CN=R1`, and the issuer must contain \"Let\"",
                "`site` did not prove that it has the key of its certificate: BadSignature",
            ]
        );
    }

    #[test]
    fn a_finding_says_how_to_see_it() {
        let fails = outcome(|_, seen| seen.sent.covered[0].1 = false);
        assert_eq!(
            fails,
            Outcome::fail(
                Finding::new(
                    "`site` has a certificate that is not for `a.example` (its names: a.example)"
                )
                .on("a.example:443")
                .compared("a.example", "a.example")
                .reproduce(
                    "openssl s_client -connect a.example:443 -servername a.example -showcerts \
                     </dev/null | openssl x509 -noout -text"
                )
            )
        );
    }

    #[test]
    fn days_are_counted_for_every_certificate() {
        let found = findings(|_, seen| {
            for certificate in seen.sent.certificates.iter_mut().flatten() {
                certificate.until = "2026-11-25T12:00:00Z".parse().expect("is a time");
            }
        });
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[1],
            "`site` sends certificate 2 of 2 (`CN=R1`), which has 4 days left, until \
             2026-11-25T12:00:00Z, and 14 are needed"
        );
    }

    #[test]
    fn weak_keys_and_old_versions_are_found_without_their_consequences() {
        let weak = leaf(|leaf| {
            leaf.key.is_strong = false;
            leaf.key.name = "RSA 1024".into();
        });
        assert_eq!(
            weak,
            ["`site` sends certificate 1 of 2 (`CN=a.example`), which has a weak key (RSA 1024)"]
        );
        let old = findings(|_, seen| {
            let mut leaf = certificate("CN=a.example", "CN=R1");
            leaf.version = 1;
            seen.sent.certificates[0] = Ok(leaf);
            seen.sent.trust = Trust::Unfit("UnsupportedCertVersion".into());
            seen.first.proof = Some(Err("UnsupportedCertVersion".into()));
        });
        assert_eq!(
            old,
            [
                "`site` sends certificate 1 of 2 (`CN=a.example`), which is of X.509 version 1, \
              without names and purposes"
            ]
        );
    }

    fn expired() -> Certificate {
        let mut leaf = certificate("CN=a.example", "CN=R1");
        leaf.until = "2026-11-20T00:00:00Z".parse().expect("is a time");
        leaf
    }

    #[test]
    fn another_chain_for_older_clients_is_judged_as_well() {
        let fails = outcome(|_, seen| {
            let mut other = door("192.0.2.1").sent;
            other.certificates[0] = Ok(expired());
            seen.second_sent = Some(other);
        });
        let Outcome::Fail { findings } = fails else {
            panic!("it should fail, not {fails:?}");
        };
        assert_eq!(
            findings[0].message,
            "`site` in `TLSv1.2` sends certificate 1 of 2 (`CN=a.example`), which expired on \
             2026-11-20T00:00:00Z"
        );
        let command = findings[0].reproduce.as_deref().unwrap_or_default();
        assert!(command.contains(" -tls1_2 "), "{command}");
    }

    #[test]
    fn the_chain_for_older_clients_that_was_not_seen_is_unknown() {
        use crate::answer::Break;
        use crate::sample::tls::disagreed;
        let late = outcome(|_, seen| seen.second = disagreed(None, Break::Timeout, "late"));
        assert_eq!(
            late,
            Outcome::unknown("`site` did not show the certificates of TLSv1.2: late")
        );
        let none = outcome(|_, seen| seen.second = disagreed(Some(70), Break::Tls, "alert"));
        assert_eq!(none.word(), "pass", "{none:?}");
    }

    #[test]
    fn every_address_is_judged_and_named() {
        use crate::answer::Break;
        use crate::sample::tls::{at_two, disagreed};
        let at = |change: fn(&mut Door)| {
            let mut facts = facts();
            facts.probes.tls.push(at_two(change));
            check(&facts)
        };
        let fails = at(|door| door.sent.certificates[0] = Ok(expired()));
        let Outcome::Fail { findings } = fails else {
            panic!("it should fail, not {fails:?}");
        };
        assert!(
            findings[0]
                .message
                .starts_with("`site` at `192.0.2.2` sends certificate 1 of 2"),
            "{findings:?}"
        );
        let command = findings[0].reproduce.as_deref().unwrap_or_default();
        assert!(command.contains("-connect 192.0.2.2:"), "{command}");
        let silent = at(|door| door.first = disagreed(None, Break::Timeout, "late"));
        assert_eq!(silent.word(), "unknown", "{silent:?}");
        let away = at(|door| door.first = disagreed(None, Break::Unreachable, "no route"));
        assert_eq!(away.word(), "unknown", "{away:?}");
        // Nobody gets a certificate there.
        let closed = at(|door| door.first = disagreed(None, Break::Refused, "refused"));
        assert_eq!(closed.word(), "pass", "{closed:?}");
        let no_ipv6 = at(|door| {
            door.ip = "2001:db8::1".parse().expect("is an address");
            door.first = disagreed(None, Break::Unreachable, "no route");
        });
        assert_eq!(no_ipv6.word(), "pass", "{no_ipv6:?}");
    }

    #[test]
    fn an_address_that_was_not_asked_is_unknown() {
        let mut facts = facts();
        let mut fact = tls_fact();
        if let Ok(seen) = &mut fact.seen {
            let why = "10.0.0.1 is no public address";
            seen.left_out = Some(crate::answer::NoAnswer::new(
                crate::answer::Break::Private,
                why,
            ));
        }
        facts.probes.tls.push(fact);
        assert_eq!(
            check(&facts),
            Outcome::unknown("`site`: 10.0.0.1 is no public address")
        );
    }

    #[test]
    fn a_clock_that_would_change_the_answer_makes_it_unknown() {
        let behind = outcome(|_, seen| seen.ahead = Some(100 * 24 * 3600));
        assert_eq!(behind.word(), "unknown", "{behind:?}");
        let little = outcome(|_, seen| seen.ahead = Some(3600));
        let Outcome::Pass { evidence } = little else {
            panic!("it should pass");
        };
        let difference = "`site`: the server's clock is 3600 s ahead of this machine's".to_owned();
        assert!(evidence.contains(&difference), "{evidence:?}");
    }

    #[test]
    fn nothing_to_judge_is_unknown_and_no_probe_is_skipped() {
        let silent = outcome(|_, seen| crate::sample::tls::silence(seen));
        assert_eq!(
            silent,
            Outcome::unknown("`site` showed no certificate (1 attempt): no answer within 5 s")
        );
        let refused = outcome(|_, seen| {
            seen.sent.trust = Trust::NoRoots(crate::answer::NoAnswer::new(
                crate::answer::Break::Machine,
                "this machine has no trusted certificates",
            ));
        });
        assert_eq!(
            refused,
            Outcome::unknown("`site` cannot be judged: this machine has no trusted certificates")
        );
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `tls` is configured")
        );
        let mut facts = facts();
        let mut fact = tls_fact();
        fact.seen = Err("not asked".into());
        facts.probes.tls.push(fact);
        assert_eq!(check(&facts), Outcome::unknown("not asked"));
    }
}
