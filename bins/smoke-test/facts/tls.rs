//! What a port showed that speaks TLS.

mod view;

pub(crate) use view::ChainView;

use crate::answer::{Break, NoAnswer};
use crate::certificate::Certificate;
use crate::plan::TlsVersion;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use std::net::IpAddr;

/// What a host showed that speaks TLS: at each of its addresses.
#[derive(Debug, Default)]
pub(crate) struct TlsSeen {
    /// What each address showed.
    pub(crate) doors: Vec<Door>,
    /// Why some of its addresses, or all, were not asked.
    pub(crate) left_out: Option<NoAnswer>,
}

/// What one address showed.
#[derive(Debug)]
pub(crate) struct Door {
    /// The address.
    pub(crate) ip: IpAddr,
    /// When it showed it, by this machine's clock.
    pub(crate) now: Timestamp,
    /// So many seconds the server's clock is ahead, where it tells the time.
    pub(crate) ahead: Option<i64>,
    /// The first handshake: what clients of today get.
    pub(crate) first: Shown,
    /// The certificates of it.
    pub(crate) sent: Sent,
    /// A handshake that offers TLS 1.2 only.
    pub(crate) second: Shown,
    /// The certificates of that one, where they are others.
    pub(crate) second_sent: Option<Sent>,
    /// What was answered to each version that was offered by hand.
    pub(crate) heard: Vec<(TlsVersion, Result<Heard, NoAnswer>)>,
}

/// The certificates of a handshake.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Each of them, read; `Err` says why one cannot be.
    pub(crate) certificates: Vec<Result<Certificate, String>>,
    /// Whether the first one is for each of the names.
    pub(crate) covered: Vec<(String, bool)>,
    /// Whether this machine trusts them.
    pub(crate) trust: Trust,
}

/// What is wrong with the dates of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Aged {
    /// Nothing.
    Well,
    /// This.
    Wrong(String),
    /// It depends on whose clock is right.
    Open(String),
}

/// Clocks that differ by less than this are the same.
const SAME_TIME: u64 = 60;

impl Door {
    /// What is wrong with the dates of a certificate, by both clocks.
    pub(crate) fn aged(&self, certificate: &Certificate, min_days: u32) -> Aged {
        let here = certificate.aged(self.now, min_days);
        let Some(difference) = self.difference() else {
            return here.map_or(Aged::Well, Aged::Wrong);
        };
        let ahead = jiff::SignedDuration::from_secs(self.ahead.unwrap_or_default());
        let there = self.now.saturating_add(ahead).unwrap_or(self.now);
        match (here, certificate.aged(there, min_days)) {
            (None, None) => Aged::Well,
            (Some(here), Some(_)) => Aged::Wrong(here),
            (Some(wrong), None) => Aged::Open(format!(
                "{wrong} by this machine's clock only: {difference}"
            )),
            (None, Some(wrong)) => {
                Aged::Open(format!("{wrong} by the server's clock only: {difference}"))
            }
        }
    }

    /// By how much both clocks differ, in words; none when they agree or one is not known.
    pub(crate) fn difference(&self) -> Option<String> {
        let ahead = self.ahead?;
        let seconds = ahead.unsigned_abs();
        let way = if ahead < 0 { "behind" } else { "ahead of" };
        (seconds > SAME_TIME)
            .then(|| format!("the server's clock is {seconds} s {way} this machine's"))
    }

    /// Why there is no certificate to judge; it follows the name of the probe.
    pub(crate) fn silence(&self) -> Option<String> {
        if !self.first.chain.is_empty() {
            return None;
        }
        let attempts = crate::judged::attempts(self.first.attempts);
        let reason = match &self.first.agreed {
            Err(why) => why.no_answer.reason.as_str(),
            Ok(_) => "it agreed on TLS without one",
        };
        Some(format!("showed no certificate ({attempts}): {reason}"))
    }

    /// Whether a version is spoken; none when it cannot be told.
    pub(crate) fn speaks(&self, version: TlsVersion) -> Option<bool> {
        let agreed = |shown: &Shown| {
            let agreed = shown.agreed.as_ref().ok();
            agreed.map(|agreed| agreed.version == version.name())
        };
        match version {
            // It is offered together with 1.2, and a server takes the newest that it knows.
            TlsVersion::Tls13 => agreed(&self.first),
            TlsVersion::Tls12 => match agreed(&self.second) {
                Some(speaks) => Some(speaks),
                None if agreed(&self.first) == Some(true) => Some(true),
                // The library offers no CBC, so that others may well agree where it does not.
                None => match self.answer(version) {
                    Some(Ok(heard)) => heard.speaks(version),
                    Some(Err(_)) => None,
                    None => self.second.refuses_version().then_some(false),
                },
            },
            TlsVersion::Tls10 | TlsVersion::Tls11 => None,
        }
    }

    /// What was answered to a version that was offered by hand.
    pub(crate) fn answer(&self, version: TlsVersion) -> Option<&Result<Heard, NoAnswer>> {
        let mut heard = self.heard.iter();
        let found = heard.find(|(offered, _)| *offered == version);
        found.map(|(_, answer)| answer)
    }

    /// Whether TLS was agreed on at all: without it, no refusal is evidence.
    pub(crate) fn control(&self) -> bool {
        self.first.agreed.is_ok() || self.second.agreed.is_ok()
    }
}

impl Sent {
    /// The certificates that can be read, each with its place.
    pub(crate) fn readable(&self) -> Vec<(usize, &Certificate)> {
        let all = self.certificates.iter().enumerate();
        all.filter_map(|(place, one)| Some((place, one.as_ref().ok()?)))
            .collect()
    }

    /// `certificate 2 of 3`.
    pub(crate) fn place(&self, place: usize) -> String {
        format!("certificate {} of {}", place + 1, self.certificates.len())
    }
}

/// What a server showed.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// How often it was asked.
    pub(crate) attempts: u32,
    /// Its certificates, in the order in which they were sent; none when it never came to that.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// Whether it proved that it has the key; none when it never came to that.
    pub(crate) proof: Option<Result<(), String>>,
    /// Whether it sent an answer of OCSP with them.
    pub(crate) is_stapled: bool,
    /// What was agreed on, or why nothing was.
    pub(crate) agreed: Result<Agreed, Disagreed>,
}

impl Shown {
    /// Whether a server said that it does not speak the version, and not merely disagreed.
    pub(crate) fn refuses_version(&self) -> bool {
        let disagreed = self.agreed.as_ref().err();
        disagreed.is_some_and(|why| why.alert == Some(NO_VERSION))
    }

    /// Whether anything listened there that could have shown something.
    pub(crate) fn is_reached(&self) -> bool {
        let at = self.agreed.as_ref().err().map(|why| why.no_answer.at);
        match at {
            Some(
                Break::Refused
                | Break::Unreachable
                | Break::Name
                | Break::Machine
                | Break::Private
                | Break::Allowance,
            ) => false,
            None
            | Some(Break::Closed | Break::Timeout | Break::Tls | Break::Protocol | Break::Other) => {
                true
            }
        }
    }
}

/// What was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// `TLSv1.3`.
    pub(crate) version: String,
    /// The cipher suite.
    pub(crate) suite: String,
    /// The protocol, by ALPN.
    pub(crate) protocol: Option<String>,
}

/// Why nothing was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Disagreed {
    /// The alert that the server sent, if any.
    pub(crate) alert: Option<u8>,
    /// In words.
    pub(crate) no_answer: NoAnswer,
}

/// What a server answers to an offer of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A ServerHello: it agrees.
    Hello {
        /// The version that it chose, as on the wire.
        version: u16,
        /// Whether it will give a session ticket: RFC 5077, section 3.2.
        gives_ticket: bool,
    },
    /// It refuses with this alert: RFC 8446, section 6.
    Alert(u8),
    /// It closes the connection.
    Closed,
    /// It speaks something else; the start of it.
    Other(String),
}

/// The alerts with which a server refuses every version, cipher suite or strength that is offered:
/// RFC 8446, section 6.2.
pub(crate) const NO_VERSION: u8 = 70;
const NO_AGREEMENT: u8 = 40;
const TOO_WEAK: u8 = 71;

impl Heard {
    /// Whether it is about the version alone, whatever else was offered.
    pub(crate) fn is_of_version(&self) -> bool {
        *self == Self::Alert(NO_VERSION)
    }

    /// Whether it is a refusal that need not be about what was offered. OpenSSL 3 sends an internal
    /// error where its security level forbids the version.
    pub(crate) fn may_have_any_reason(&self) -> bool {
        match self {
            Self::Alert(code) => !matches!(*code, NO_VERSION | NO_AGREEMENT | TOO_WEAK),
            Self::Closed => true,
            Self::Hello { .. } | Self::Other(_) => false,
        }
    }

    /// Whether the version is spoken, by an answer to the offer of all cipher suites that was not
    /// given for any other reason.
    pub(crate) fn speaks(&self, version: TlsVersion) -> Option<bool> {
        match self {
            Self::Hello { version: heard, .. } if *heard > version.number() => None,
            Self::Hello { version: heard, .. } => Some(*heard == version.number()),
            Self::Alert(_) | Self::Closed => Some(false),
            Self::Other(_) => None,
        }
    }
}

/// Whether a path leads to a certificate that this machine trusts; dates and purposes left aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// It does.
    Path,
    /// The certificates are never valid at the same time, so it cannot be told.
    NeverTogether,
    /// A certificate on the way is of a kind that no client takes.
    Unfit(String),
    /// It does not.
    None(String),
    /// This machine trusts no certificate at all.
    NoRoots(NoAnswer),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_of_what_was_offered_or_may_have_any_reason() {
        let of_any_reason = |heard: Heard| heard.may_have_any_reason();
        for code in [40, 70, 71] {
            assert!(!of_any_reason(Heard::Alert(code)), "{code}");
        }
        for code in [0, 80, 112] {
            assert!(of_any_reason(Heard::Alert(code)), "{code}");
        }
        assert!(of_any_reason(Heard::Closed));
    }

    #[test]
    fn a_newer_version_than_was_offered_and_another_protocol_say_nothing() {
        let hello = |version| Heard::Hello {
            version,
            gives_ticket: false,
        };
        let twelve = TlsVersion::Tls12;
        assert_eq!(hello(0x0303).speaks(twelve), Some(true));
        assert_eq!(hello(0x0301).speaks(twelve), Some(false));
        assert_eq!(hello(0x0304).speaks(twelve), None);
        assert_eq!(Heard::Other("SSH".into()).speaks(twelve), None);
        assert_eq!(Heard::Alert(40).speaks(twelve), Some(false));
    }
}
