//! What a certificate says, read from its bytes.

mod strength;

pub(crate) use strength::{Key, Signature};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;
use x509_cert::Version;
use x509_cert::der::Decode as _;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};
use x509_cert::spki::ObjectIdentifier;
use x509_cert::time::Time;

/// More names than these are not shown.
const MOST_NAMES: usize = 10;
/// A subject or a name is not shown any longer.
const LONGEST_NAME: usize = 120;

const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
const SERVER_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Whose it is, as RFC 4514 writes it.
    pub(crate) subject: String,
    /// Who signed it.
    pub(crate) issuer: String,
    /// The names and addresses that it is for.
    pub(crate) names: Vec<String>,
    /// From when it is valid.
    pub(crate) from: Timestamp,
    /// Until when it is valid.
    pub(crate) until: Timestamp,
    /// Its key.
    pub(crate) key: Key,
    /// The algorithm of its signature.
    pub(crate) signature: Signature,
    /// Whether it may be used by servers.
    pub(crate) is_for_servers: bool,
    /// 3, unless it is older than names in certificates.
    pub(crate) version: u8,
    /// The SHA-256 of the whole, in hexadecimal digits.
    pub(crate) fingerprint: String,
}

impl Certificate {
    /// Reads one; `Err` says what is wrong with the bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let parsed = x509_cert::Certificate::from_der(bytes).map_err(|error| error.to_string())?;
        let inner = &parsed.tbs_certificate;
        let date = |time: Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
            Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
        };
        Ok(Self {
            subject: inner.subject.to_string(),
            issuer: inner.issuer.to_string(),
            names: names(inner)?,
            from: date(inner.validity.not_before),
            until: date(inner.validity.not_after),
            key: strength::key(&inner.subject_public_key_info),
            signature: strength::signature(parsed.signature_algorithm.oid),
            is_for_servers: is_for_servers(inner)?,
            version: match inner.version {
                Version::V1 => 1,
                Version::V2 => 2,
                Version::V3 => 3,
            },
            fingerprint: Sha256::digest(bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        })
    }

    /// Whether it is signed by itself, as far as names tell.
    pub(crate) fn is_own_issuer(&self) -> bool {
        self.subject == self.issuer
    }

    /// How many whole days it is still valid at an instant; negative when it has expired.
    pub(crate) fn days_left(&self, now: Timestamp) -> i64 {
        (self.until.as_second() - now.as_second()).div_euclid(24 * 60 * 60)
    }

    /// What is wrong with its dates at an instant.
    pub(crate) fn aged(&self, now: Timestamp, min_days: u32) -> Option<String> {
        let (from, until, days) = (self.from, self.until, self.days_left(now));
        if until < now {
            Some(format!("expired on {until}"))
        } else if now < from {
            Some(format!("is not valid before {from}"))
        } else if days < i64::from(min_days) {
            let days = counted(days);
            Some(format!(
                "has {days} left, until {until}, and {min_days} are needed"
            ))
        } else {
            None
        }
    }

    /// All of it in a sentence, for evidence.
    pub(crate) fn described(&self, now: Timestamp) -> String {
        let days = match self.days_left(now) {
            ..0 => "expired".into(),
            days => format!("{} left", counted(days)),
        };
        format!(
            "`{}` for {}, issued by `{}`, valid until {} ({days}), {}, {}, SHA-256 fingerprint {}",
            self.subject_shown(),
            self.names_shown(),
            self.issuer_shown(),
            self.until,
            self.key.name,
            self.signature.name,
            self.fingerprint
        )
    }

    /// Its subject in a sentence.
    pub(crate) fn subject_shown(&self) -> String {
        shown(&self.subject)
    }

    /// Its issuer in a sentence.
    pub(crate) fn issuer_shown(&self) -> String {
        shown(&self.issuer)
    }

    /// Its names in a sentence.
    pub(crate) fn names_shown(&self) -> String {
        if self.names.is_empty() {
            return "none".into();
        }
        let few: Vec<String> = self.names.iter().take(MOST_NAMES).cloned().collect();
        let more = match self.names.len().saturating_sub(MOST_NAMES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{more}", few.join(", "))
    }
}

/// `1 day`, `89 days`.
fn counted(days: i64) -> String {
    match days {
        1 => "1 day".into(),
        days => format!("{days} days"),
    }
}

/// A name in a sentence: it is foreign text.
fn shown(name: &str) -> String {
    match name {
        "" => "(empty)".into(),
        name => crate::answer::shown(name, LONGEST_NAME),
    }
}

fn names(inner: &x509_cert::TbsCertificate) -> Result<Vec<String>, String> {
    let Some(SubjectAltName(names)) = extension::<SubjectAltName>(inner)? else {
        return Ok(Vec::new());
    };
    let known = names.iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(shown(name.as_str())),
        GeneralName::IpAddress(bytes) => Some(match address(bytes.as_bytes()) {
            Some(ip) => ip.to_string(),
            None => "(no address)".into(),
        }),
        GeneralName::OtherName(_)
        | GeneralName::Rfc822Name(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EdiPartyName(_)
        | GeneralName::UniformResourceIdentifier(_)
        | GeneralName::RegisteredId(_) => None,
    });
    Ok(known.collect())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

/// One that names no purpose may be used for any: RFC 5280, section 4.2.1.12.
fn is_for_servers(inner: &x509_cert::TbsCertificate) -> Result<bool, String> {
    let purposes = extension::<ExtendedKeyUsage>(inner)?;
    Ok(purposes.is_none_or(|ExtendedKeyUsage(purposes)| {
        purposes
            .iter()
            .any(|purpose| [SERVER_PURPOSE, ANY_PURPOSE].contains(purpose))
    }))
}

fn extension<'a, E>(inner: &'a x509_cert::TbsCertificate) -> Result<Option<E>, String>
where
    E: x509_cert::der::Decode<'a> + AssociatedOid,
{
    let mut extensions = inner.extensions.iter().flatten();
    let Some(found) = extensions.find(|extension| extension.extn_id == E::OID) else {
        return Ok(None);
    };
    let read = E::from_der(found.extn_value.as_bytes());
    read.map(Some).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    use support::servers::{Authority, Leaf, Served};

    fn bytes(served: support::Result<Served>) -> Vec<u8> {
        let served = served.expect("is made");
        let first = CertificateDer::from_pem_slice(served.chain[0].as_bytes());
        first.expect("is a certificate").to_vec()
    }

    fn parsed(served: support::Result<Served>) -> Certificate {
        Certificate::parse(&bytes(served)).expect("is a certificate")
    }

    fn authority() -> Authority {
        Authority::new().expect("certificates can be made")
    }

    #[test]
    fn everything_that_is_judged_is_read() {
        let leaf = Leaf::server(&["a.example", "*.a.example", "10.0.0.1", "::1"]).days_left(30);
        let certificate = parsed(authority().issue(&leaf));
        assert_eq!(certificate.subject, "CN=a.example");
        assert_eq!(certificate.issuer, "CN=Test intermediate");
        assert_eq!(
            certificate.names,
            ["a.example", "*.a.example", "10.0.0.1", "::1"]
        );
        assert_eq!(certificate.key.name, "P-256");
        assert_eq!(certificate.signature.name, "ecdsa-with-SHA256");
        assert!(certificate.key.is_strong && certificate.signature.is_strong);
        assert!(certificate.is_for_servers && !certificate.is_own_issuer());
        assert_eq!(
            (certificate.version, certificate.fingerprint.len()),
            (3, 64)
        );
        let now = Timestamp::now();
        assert_eq!(certificate.days_left(now), 30);
        assert_eq!(certificate.aged(now, 30), None);
        assert!(
            certificate
                .aged(now, 31)
                .is_some_and(|why| why.starts_with("has 30 days left"))
        );
    }

    #[test]
    fn what_is_weak_is_known() {
        let authority = authority();
        let short = parsed(authority.weak_key());
        assert_eq!(
            (short.key.name.as_str(), short.key.is_strong),
            ("RSA 1024", false)
        );
        let forgeable = parsed(authority.weak_signature());
        assert_eq!(forgeable.signature.name, "ecdsa-with-SHA1");
        assert!(!forgeable.signature.is_strong && forgeable.key.is_strong);
        let old = parsed(authority.version_one());
        assert_eq!((old.version, old.names_shown().as_str()), (1, "none"));
        assert!(!parsed(authority.client("deployer")).is_for_servers);
        assert!(parsed(Authority::self_signed()).is_own_issuer());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            random: Vec<u8>,
            changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..8),
        ) {
            let _ = Certificate::parse(&random);
            let mut bytes = bytes(Authority::self_signed());
            for (place, byte) in changes {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            if let Ok(certificate) = Certificate::parse(&bytes) {
                let _ = certificate.described(Timestamp::now());
                let _ = certificate.aged(Timestamp::now(), 14);
            }
        }
    }
}
