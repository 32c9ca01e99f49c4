//! What a port showed that speaks TLS, certificate by certificate.

use crate::certificate::Certificate;
use crate::facts::{Door, Fact, Sent, TlsSeen};
use crate::plan::TlsPlan;
use serde_json::{Value, json};

/// What was agreed on at each address, and what each certificate says.
pub(super) fn of(fact: &Fact<TlsPlan, TlsSeen>) -> Vec<Value> {
    let name = &fact.plan.name;
    match &fact.seen {
        Ok(seen) if !seen.doors.is_empty() => {
            let doors = seen.doors.iter();
            doors.map(|one| door(name, one)).collect()
        }
        Ok(_) | Err(_) => vec![json!({ "name": name, "seen": false })],
    }
}

fn door(name: &str, seen: &Door) -> Value {
    let agreed = seen.first.agreed.as_ref().ok();
    json!({
        "name": name,
        "seen": true,
        "address": seen.ip,
        "attempts": seen.first.attempts,
        "version": agreed.map(|agreed| &agreed.version),
        "suite": agreed.map(|agreed| &agreed.suite),
        "protocol": agreed.and_then(|agreed| agreed.protocol.as_deref()),
        "is_stapled": seen.first.is_stapled,
        "clock_ahead": seen.ahead,
        "certificates": certificates(&seen.sent, seen),
        "certificates_tls12": seen.second_sent.as_ref().map(|sent| certificates(sent, seen)),
    })
}

fn certificates(sent: &Sent, seen: &Door) -> Vec<Value> {
    let all = sent.certificates.iter();
    all.map(|one| {
        one.as_ref()
            .map_or(Value::Null, |one| certificate(one, seen))
    })
    .collect()
}

fn certificate(one: &Certificate, seen: &Door) -> Value {
    json!({
        "subject": one.subject_shown(),
        "issuer": one.issuer_shown(),
        "names": one.names,
        "from": one.from,
        "until": one.until,
        "days_left": one.days_left(seen.now),
        "key": one.key.name,
        "signature": one.signature.name,
        "sha256": one.fingerprint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::tls::{tls_fact, with};

    #[test]
    fn every_certificate_is_there_and_one_that_cannot_be_read_is_null() {
        let detail = &of(&with(|_, seen| {
            seen.sent.certificates[1] = Err("bad length".into())
        }))[0];
        assert_eq!(detail["version"], "TLSv1.3");
        assert_eq!(detail["certificates"][0]["days_left"], 90);
        assert_eq!(detail["certificates"][0]["subject"], "CN=a.example");
        assert_eq!(detail["certificates"][1], Value::Null);
        let mut fact = tls_fact();
        fact.seen = Err("not asked".into());
        assert_eq!(of(&fact)[0]["seen"], false);
    }
}
