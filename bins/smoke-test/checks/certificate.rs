//! The certificates of every TLS port are trusted, for its names, and valid long enough.

use crate::certificate::Certificate;
use crate::expectations::Found;
use crate::facts::Trust;
use crate::facts::{Aged, Facts, TlsSeen};
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
        let mut found = Found::default();
        match seen.silence() {
            Some(silence) => found.unknown.push(silence),
            None => judge(plan, seen, &mut found),
        }
        let command = reproduce::certificates(&plan.reproduce);
        judged.say(&plan.name, &plan.shown, &command, found);
    })
}

fn judge(plan: &TlsPlan, seen: &TlsSeen, found: &mut Found) {
    trusted(seen, found);
    named(seen, found);
    for (place, certificate) in seen.certificates.iter().enumerate() {
        let label = seen.place(place);
        match certificate {
            Ok(certificate) => one(plan, seen, (place, certificate), found),
            Err(why) => found.wrong(
                format!("sends {label}, which cannot be read: {why}"),
                why,
                "a certificate (X.509)",
            ),
        }
    }
    if let Some(Ok(first)) = seen.certificates.first() {
        purpose(first, found);
        issuer(plan, seen, first, found);
    }
    proven(seen, found);
    found.evidence.extend(seen.difference());
    let stapled = if seen.first.is_stapled { "" } else { "no " };
    found.evidence.push(format!("{stapled}OCSP answer stapled"));
}

fn trusted(seen: &TlsSeen, found: &mut Found) {
    let wanted = "a path to a certificate that this machine trusts";
    match &seen.trust {
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
fn has_own_fault(seen: &TlsSeen) -> bool {
    let is_faulty = |one: &Result<Certificate, String>| match one {
        Ok(one) => {
            one.version < 3
                || !one.key.is_strong
                || !one.signature.is_strong
                || one.aged(seen.now, 0).is_some()
        }
        Err(_) => true,
    };
    seen.certificates.iter().any(is_faulty)
}

fn named(seen: &TlsSeen, found: &mut Found) {
    let leaf = seen
        .certificates
        .first()
        .and_then(|first| first.as_ref().ok());
    let names = leaf.map_or_else(|| "unknown".into(), Certificate::names_shown);
    for (name, is_covered) in &seen.covered {
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
    seen: &TlsSeen,
    (place, certificate): (usize, &Certificate),
    found: &mut Found,
) {
    let label = seen.place(place);
    let subject = certificate.subject_shown();
    let described = certificate.described(seen.now);
    let mut wrong = |why: String, expected: &str| {
        let message = format!("sends {label} (`{subject}`), which {why}");
        found.wrong(message, &described, expected);
    };
    let open = match seen.aged(certificate, plan.min_days) {
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

fn issuer(plan: &TlsPlan, seen: &TlsSeen, first: &Certificate, found: &mut Found) {
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
fn proven(seen: &TlsSeen, found: &mut Found) {
    // A weak key or an old version keeps the proof from being looked at, and is a fault itself.
    let leaf = seen
        .certificates
        .first()
        .and_then(|first| first.as_ref().ok());
    let is_fit = leaf.is_some_and(|leaf| leaf.version == 3 && leaf.key.is_strong);
    match &seen.first.proof {
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
    use crate::sample::tls::{certificate, tls_fact, with};
    use shared::verdict::Finding;

    fn outcome(change: impl FnOnce(&mut TlsPlan, &mut TlsSeen)) -> Outcome {
        let mut facts = facts();
        facts.probes.tls.push(with(change));
        check(&facts)
    }

    fn findings(change: impl FnOnce(&mut TlsPlan, &mut TlsSeen)) -> Vec<String> {
        match outcome(change) {
            Outcome::Fail { findings } => findings.into_iter().map(|found| found.message).collect(),
            other => panic!("it should fail, not {other:?}"),
        }
    }

    fn leaf(change: impl FnOnce(&mut Certificate)) -> Vec<String> {
        findings(|_, seen| {
            let mut leaf = certificate("CN=a.example", "CN=R1");
            change(&mut leaf);
            seen.certificates[0] = Ok(leaf);
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
            seen.trust = Trust::None("invalid peer certificate: UnknownIssuer".into());
            seen.covered[0].1 = false;
            seen.first.proof = Some(Err("BadSignature".into()));
            let mut leaf = certificate("CN=a.example", "CN=R1");
            leaf.until = "2026-11-20T00:00:00Z".parse().expect("is a time");
            leaf.signature.is_strong = false;
            leaf.is_for_servers = false;
            seen.certificates = vec![Ok(leaf), Err("bad length".into())];
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
        let fails = outcome(|_, seen| seen.covered[0].1 = false);
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
            for certificate in seen.certificates.iter_mut().flatten() {
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
            seen.certificates[0] = Ok(leaf);
            seen.trust = Trust::Unfit("UnsupportedCertVersion".into());
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
            seen.trust = Trust::NoRoots(crate::answer::NoAnswer::new(
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
