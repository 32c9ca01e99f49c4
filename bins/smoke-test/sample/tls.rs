//! A TLS port at which everything holds.

use crate::address::server_name;
use crate::address::{Address, Endpoint};
use crate::answer::{Answer, Asked, Break, NoAnswer};
use crate::certificate::{Certificate, Key, Signature};
use crate::facts::{Agreed, Clear, Door, Fact, Heard, HttpsSeen, Sent, Shown, TlsSeen, Trust};
use crate::plan::Offer;
use crate::plan::{HttpsPlan, Request, TlsPlan, TlsVersion};
use shared::config::Span;
use std::time::Duration;

pub(crate) fn certificate(subject: &str, issuer: &str) -> Certificate {
    let time = |text: &str| text.parse().expect("is a time");
    Certificate {
        subject: subject.into(),
        issuer: issuer.into(),
        names: vec!["a.example".into()],
        from: time("2026-11-01T00:00:00Z"),
        until: time("2027-02-19T00:00:00Z"),
        key: Key {
            name: "P-256".into(),
            is_strong: true,
        },
        signature: Signature {
            name: "ecdsa-with-SHA256".into(),
            is_strong: true,
        },
        is_for_servers: true,
        version: 3,
        fingerprint: "abcd".into(),
    }
}

pub(crate) fn shown(version: &str) -> Shown {
    Shown {
        attempts: 1,
        chain: vec![b"x".to_vec().into()],
        proof: Some(Ok(())),
        is_stapled: false,
        agreed: Ok(Agreed {
            version: version.into(),
            suite: "TLS13_AES_256_GCM_SHA384".into(),
            protocol: Some("h2".into()),
        }),
    }
}

/// A handshake that came to nothing.
pub(crate) fn disagreed(alert: Option<u8>, at: Break, reason: &str) -> Shown {
    let mut shown = Shown {
        chain: Vec::new(),
        proof: None,
        agreed: Err(NoAnswer::new(at, reason).into()),
        ..shown("")
    };
    if let Err(why) = &mut shown.agreed {
        why.alert = alert;
    }
    shown
}

/// A server that never answers.
pub(crate) fn silence(seen: &mut Door) {
    let late = NoAnswer::new(Break::Timeout, "no answer within 5 s");
    seen.first = disagreed(None, late.at, &late.reason);
    seen.second = seen.first.clone();
    seen.sent.certificates.clear();
    for (_, heard) in &mut seen.heard {
        *heard = Err(late.clone());
    }
}

pub(crate) fn tls_fact() -> Fact<TlsPlan, TlsSeen> {
    with(|_, _| {})
}

/// An address at which everything holds.
pub(crate) fn door(ip: &str) -> Door {
    let old = [TlsVersion::Tls10, TlsVersion::Tls11];
    Door {
        ip: ip.parse().expect("is an address"),
        now: "2026-11-21T00:00:00Z".parse().expect("is a time"),
        ahead: None,
        first: shown("TLSv1.3"),
        sent: Sent {
            certificates: vec![
                Ok(certificate("CN=a.example", "CN=R1")),
                Ok(certificate("CN=R1", "CN=X1")),
            ],
            covered: vec![("a.example".into(), true)],
            trust: Trust::Path,
        },
        second: shown("TLSv1.2"),
        second_sent: None,
        heard: old.map(|version| (version, Ok(Heard::Alert(70)))).into(),
    }
}

/// A host with two addresses, at the first of which everything holds.
pub(crate) fn at_two(change: impl FnOnce(&mut Door)) -> Fact<TlsPlan, TlsSeen> {
    let mut fact = tls_fact();
    let mut second = door("192.0.2.2");
    change(&mut second);
    if let Ok(seen) = &mut fact.seen {
        seen.doors.push(second);
    }
    fact
}

pub(crate) fn with(change: impl FnOnce(&mut TlsPlan, &mut Door)) -> Fact<TlsPlan, TlsSeen> {
    let name = server_name("a.example").expect("is a name");
    let old = [TlsVersion::Tls10, TlsVersion::Tls11];
    let mut plan = TlsPlan {
        name: "site".into(),
        shown: "a.example:443".into(),
        offer: Offer {
            at: Endpoint::default(),
            name: name.clone(),
            versions: rustls::ALL_VERSIONS,
            protocols: vec!["h2".into(), "http/1.1".into()],
            within: Duration::from_secs(5),
        },
        names: vec![("a.example".into(), name)],
        min_days: 14,
        require: [].into(),
        refuse: old.into(),
        alpn: Vec::new(),
        issuer: None,
        tickets: None,
        clock: None,
        reproduce: "openssl s_client -connect a.example:443 -servername a.example".into(),
    };
    let mut seen = door("192.0.2.1");
    change(&mut plan, &mut seen);
    Fact {
        plan,
        seen: Ok(TlsSeen {
            doors: vec![seen],
            left_out: None,
        }),
    }
}

pub(crate) fn asked(status: u16, headers: &[(&str, &str)]) -> Asked {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Asked {
        attempts: 1,
        answer: Ok(Answer {
            headers: headers.iter().map(owned).collect(),
            ..super::answer(status, "")
        }),
    }
}

/// An address at which plain HTTP leads to HTTPS.
pub(crate) fn https_fact(
    change: impl FnOnce(&mut HttpsPlan, &mut HttpsSeen),
) -> Fact<HttpsPlan, HttpsSeen> {
    let request = |url: &str| {
        let address = Address::parse(url, url).expect("is an address");
        Request::get(address.at("/").expect("is a path"), Span::seconds(5))
    };
    let mut plan = HttpsPlan {
        name: "site".into(),
        secure: request("https://a.example"),
        clear: request("http://a.example"),
        statuses: vec![301, 308],
        hsts: None,
        reproduce_secure: "curl https".into(),
        reproduce_clear: "curl http".into(),
    };
    let mut seen = HttpsSeen {
        secure: asked(200, &[("strict-transport-security", "max-age=31536000")]),
        clear: Clear::Open(asked(301, &[("location", "https://a.example/")]).into()),
    };
    change(&mut plan, &mut seen);
    Fact {
        plan,
        seen: Ok(seen),
    }
}
