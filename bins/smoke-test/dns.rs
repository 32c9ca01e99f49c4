//! The domain name system: questions and answers as they are sent, records as they are written.

mod message;
mod record;

pub(crate) use message::{Question, Read, query, read};
pub(crate) use record::canonical;

use shared::config::RecordType;

/// What a name server says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Whether it knows.
    pub(crate) code: Code,
    /// Whether it speaks for the zone, not from its memory.
    pub(crate) is_authoritative: bool,
    /// Whether it would ask others for what it does not know.
    pub(crate) is_recursive: bool,
    /// The names that the asked one stands for, one after the other.
    pub(crate) chain: Vec<String>,
    /// The records of the last of them, sorted, each as a zone file has it.
    pub(crate) records: Vec<String>,
    /// How long the longest-lived of them may be kept, in seconds.
    pub(crate) ttl: Option<u32>,
}

/// Whether a name server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// It knows, and there may still be no record of that type.
    Known,
    /// There is no such name.
    NoSuchName,
    /// It does not say, and why.
    Failed(&'static str),
}

/// The type as people write it.
pub(crate) fn word(kind: RecordType) -> &'static str {
    match kind {
        RecordType::A => "A",
        RecordType::Aaaa => "AAAA",
        RecordType::Cname => "CNAME",
        RecordType::Mx => "MX",
        RecordType::Txt => "TXT",
        RecordType::Caa => "CAA",
        RecordType::Ns => "NS",
        RecordType::Srv => "SRV",
        RecordType::Ptr => "PTR",
    }
}

/// The name under which an address is asked for its name: RFC 1035, section 3.5, and RFC 3596,
/// section 2.5.
pub(crate) fn reverse(ip: core::net::IpAddr) -> String {
    match ip {
        core::net::IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        core::net::IpAddr::V6(ip) => {
            let digits: Vec<String> = (ip.octets().iter().rev())
                .flat_map(|byte| [byte & 15, byte >> 4])
                .map(|digit| format!("{digit:x}"))
                .collect();
            format!("{}.ip6.arpa", digits.join("."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_to_ask_for() {
        let of = |ip: &str| reverse(ip.parse().expect("is an address"));
        assert_eq!(of("192.0.2.1"), "1.2.0.192.in-addr.arpa");
        assert_eq!(
            of("2001:db8::567:89ab"),
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        );
    }
}
