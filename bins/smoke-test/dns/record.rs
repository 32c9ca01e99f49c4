//! Records in one way of writing, so that equal ones are equal texts.

use core::net::{Ipv4Addr, Ipv6Addr};
use shared::config::RecordType;

/// The one way of writing a record that a person wrote. `Err` says what such a record looks like.
pub(crate) fn canonical(kind: RecordType, text: &str) -> Result<String, &'static str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |word: &str| word.parse::<u16>().ok();
    match (kind, &words[..]) {
        (RecordType::A, [ip]) => ip
            .parse::<Ipv4Addr>()
            .map(|ip| ip.to_string())
            .map_err(|_| "an IPv4 address"),
        (RecordType::A, _) => Err("an IPv4 address"),
        (RecordType::Aaaa, [ip]) => ip
            .parse::<Ipv6Addr>()
            .map(|ip| ip.to_string())
            .map_err(|_| "an IPv6 address"),
        (RecordType::Aaaa, _) => Err("an IPv6 address"),
        (RecordType::Cname | RecordType::Ns | RecordType::Ptr, [host]) => {
            written(host).ok_or("a name")
        }
        (RecordType::Cname | RecordType::Ns | RecordType::Ptr, _) => Err("a name"),
        (RecordType::Mx, [preference, host]) => number(preference)
            .zip(written(host))
            .map(|(preference, host)| format!("{preference} {host}"))
            .ok_or("`10 mail.example.com`"),
        (RecordType::Mx, _) => Err("`10 mail.example.com`"),
        (RecordType::Srv, [priority, weight, port, host]) => {
            let numbers = [priority, weight, port].map(|word| number(word));
            match (numbers, written(host)) {
                ([Some(priority), Some(weight), Some(port)], Some(host)) => {
                    Ok(format!("{priority} {weight} {port} {host}"))
                }
                _ => Err("`0 5 443 host.example.com`"),
            }
        }
        (RecordType::Srv, _) => Err("`0 5 443 host.example.com`"),
        (RecordType::Caa, [flags, tag, ..]) => {
            let value = text.splitn(3, char::is_whitespace).nth(2);
            let value = value.unwrap_or_default().trim().trim_matches('"');
            let flags = flags.parse::<u8>().map_err(|_| CAA)?;
            Ok(caa(flags, tag, value))
        }
        (RecordType::Caa, _) => Err(CAA),
        (RecordType::Txt, _) => Ok(text.to_owned()),
    }
}

const CAA: &str = "`0 issue \"letsencrypt.org\"`";

/// A name that a person wrote; only the root has an empty label: RFC 1035, section 3.1.
fn written(host: &str) -> Option<String> {
    let bare = host.strip_suffix('.').unwrap_or(host);
    let is_name = host == "." || bare.split('.').all(|label| !label.is_empty());
    is_name.then(|| name(host))
}

/// Names are equal in any case: RFC 4343.
pub(super) fn name(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    match text.strip_suffix('.') {
        Some("") | None if text.is_empty() || text == "." => ".".into(),
        Some(bare) => bare.to_owned(),
        None => text,
    }
}

/// The tag is equal in any case: RFC 8659, section 4.1.
pub(super) fn caa(flags: u8, tag: &str, value: &str) -> String {
    format!("{flags} {} \"{value}\"", tag.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use RecordType::{A, Aaaa, Caa, Cname, Mx, Ns, Ptr, Srv, Txt};
    use proptest::prelude::*;

    #[test]
    fn equal_records_are_equal_texts() {
        for (kind, text, wanted) in [
            (A, " 192.0.2.1 ", "192.0.2.1"),
            (Aaaa, "2001:DB8:0:0::1", "2001:db8::1"),
            (Cname, "WWW.Example.", "www.example"),
            (Ns, "ns1.example", "ns1.example"),
            (Ptr, ".", "."),
            (Mx, "10  Mail.example.", "10 mail.example"),
            (Mx, "0 .", "0 ."),
            (Srv, "0 5 443 h.example.", "0 5 443 h.example"),
            (
                Caa,
                "0 Issue letsencrypt.org",
                "0 issue \"letsencrypt.org\"",
            ),
            (
                Caa,
                "0 issue \"ca.example; account=1\"",
                "0 issue \"ca.example; account=1\"",
            ),
            (Caa, "0 issue \";\"", "0 issue \";\""),
            (Txt, "v=spf1  -all", "v=spf1  -all"),
        ] {
            assert_eq!(canonical(kind, text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_no_such_record_can_be_is_refused() {
        for (kind, text) in [
            (A, "::1"),
            (A, "192.0.2"),
            (A, ""),
            (Aaaa, "192.0.2.1"),
            (Cname, "a b"),
            (Cname, "a.."),
            (Ns, ".."),
            (Mx, "10 a..b"),
            (Mx, "mail.example"),
            (Mx, "x mail.example"),
            (Srv, "0 5 h.example"),
            (Srv, "0 5 99999 h.example"),
            (Caa, "letsencrypt.org"),
            (Caa, "999 issue a"),
        ] {
            assert!(canonical(kind, text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_canonical_stays_so(text in ".{0,30}") {
            for kind in [A, Aaaa, Caa, Cname, Mx, Ns, Ptr, Srv, Txt] {
                if let Ok(once) = canonical(kind, &text) {
                    prop_assert_eq!(canonical(kind, &once), Ok(once.clone()));
                }
            }
        }
    }
}
