//! What came back from one request, and why nothing came back.

mod body;

pub(crate) use body::{LONGEST_BODY, Packed};

use shared::config::Span;
use shared::error::one_line;
use shared::secret::{known, redact};
use std::net::SocketAddr;

/// What came back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub(crate) version: String,
    /// Names in lower case, and values.
    pub(crate) headers: Vec<(String, String)>,
    /// The same of what came behind the body.
    pub(crate) trailers: Vec<(String, String)>,
    /// At most 4 MiB of it, unpacked where it came compressed.
    pub(crate) body: Vec<u8>,
    /// Whether there is more of the body than that.
    pub(crate) is_cut: bool,
    /// The body as it was sent, where it came compressed.
    pub(crate) packed: Option<Box<Packed>>,
    /// How long each part of it took.
    pub(crate) phases: Phases,
    /// Where it came from.
    pub(crate) peer: Option<SocketAddr>,
    /// When it had come, by this machine's clock.
    pub(crate) received: jiff::Timestamp,
}

/// One question, asked as often as it had to be.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// How often it was asked.
    pub(crate) attempts: u32,
    /// What came of the last time.
    pub(crate) answer: Result<Answer, NoAnswer>,
}

/// How long each part of an exchange took, in milliseconds; what did not happen is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Phases {
    /// To resolve the name.
    pub(crate) dns: Option<f64>,
    /// To open the TCP connection.
    pub(crate) connect: Option<f64>,
    /// To agree on TLS.
    pub(crate) tls: Option<f64>,
    /// From the request to the end of the head of the answer.
    pub(crate) first_byte: Option<f64>,
    /// All of it, the body included.
    pub(crate) total: f64,
}

impl Answer {
    /// Every value of a header, by its name in any case.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let same = self.headers.iter();
        let same = same.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// The values of a header as one. Several lines of one header mean their values joined by
    /// commas: RFC 9110, section 5.3.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values = self.values(name);
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// What kind of body it says it has, in lower case and without parameters.
    pub(crate) fn media_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        let kind = value.split(';').next().unwrap_or_default().trim();
        Some(kind.to_ascii_lowercase())
    }
}

/// At which point a request without an answer broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// Nobody listens there.
    Refused,
    /// No way leads there, or something on it says no.
    Unreachable,
    /// The connection ended in the middle.
    Closed,
    /// Nothing, or not everything, came in time.
    Timeout,
    /// The name of the host means nothing here.
    Name,
    /// There was no agreement on TLS, or its certificate is not trusted.
    Tls,
    /// What came is not the protocol.
    Protocol,
    /// This machine has no more sockets or ports, or no certificates.
    Machine,
    /// The address is not a public one, and others are not allowed.
    Private,
    /// The run has used up the requests it may send.
    Allowance,
    /// Anything else.
    Other,
}

impl Break {
    /// Whether the same request may well be answered a moment later.
    pub(crate) fn may_pass(self) -> bool {
        match self {
            Self::Refused | Self::Closed | Self::Timeout => true,
            Self::Unreachable
            | Self::Name
            | Self::Tls
            | Self::Protocol
            | Self::Machine
            | Self::Private
            | Self::Allowance
            | Self::Other => false,
        }
    }

    /// Whether the request may have arrived, so that what it asks for may have been done.
    pub(crate) fn may_have_arrived(self) -> bool {
        match self {
            Self::Closed | Self::Timeout | Self::Protocol | Self::Other => true,
            Self::Refused
            | Self::Unreachable
            | Self::Name
            | Self::Tls
            | Self::Machine
            | Self::Private
            | Self::Allowance => false,
        }
    }

    /// One or two words for timelines and tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Closed => "connection broken",
            Self::Timeout => "timeout",
            Self::Name => "unknown host",
            Self::Tls => "TLS failed",
            Self::Protocol => "protocol broken",
            Self::Machine => "no socket left here",
            Self::Private => "address not allowed",
            Self::Allowance => "requests used up",
            Self::Other => "no answer",
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoAnswer {
    /// Its kind.
    pub(crate) at: Break,
    /// In the words of the system.
    pub(crate) reason: String,
}

impl NoAnswer {
    /// Of a kind, in words.
    pub(crate) fn new(at: Break, reason: impl AsRef<str>) -> Self {
        Self {
            at,
            reason: one_line(reason.as_ref()),
        }
    }

    /// Not within so long.
    pub(crate) fn late(within: Span) -> Self {
        Self::new(Break::Timeout, format!("not within {within}"))
    }

    /// From the error of a socket or of TLS over it.
    pub(crate) fn of_io(error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        // Too many open files, here (24) and on the whole machine (23); no local port left (99).
        const EXHAUSTED: [i32; 3] = [23, 24, 99];
        let is_exhausted = error
            .raw_os_error()
            .is_some_and(|code| EXHAUSTED.contains(&code));
        let is_of_tls = error
            .get_ref()
            .is_some_and(|inner| inner.is::<rustls::Error>());
        let at = match error.kind() {
            _ if is_exhausted => Break::Machine,
            _ if is_of_tls => Break::Tls,
            Io::ConnectionRefused => Break::Refused,
            Io::HostUnreachable | Io::NetworkUnreachable | Io::PermissionDenied => {
                Break::Unreachable
            }
            Io::ConnectionReset
            | Io::ConnectionAborted
            | Io::BrokenPipe
            | Io::UnexpectedEof
            | Io::NotConnected => Break::Closed,
            Io::TimedOut => Break::Timeout,
            // The size of a chunk that is no number comes as invalid input.
            Io::InvalidData | Io::InvalidInput => Break::Protocol,
            _ => Break::Other,
        };
        Self::new(at, error.to_string())
    }
}

/// A foreign text on one line and not too long, to be put into a sentence. Secrets are masked
/// before it is cut: a part of one would not be recognised any more.
pub(crate) fn shown(text: &str, longest: usize) -> String {
    // A huge body is not searched whole.
    const MOST_BYTES: usize = 64 << 10;
    let end = (0..=text.len().min(MOST_BYTES))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    let mut line = one_line(&redact(&text[..end]));
    if end < text.len() {
        // What is cut here may be in the middle of a secret.
        let longest = known().iter().map(|secret| secret.expose().len()).max();
        let most = line.len().saturating_sub(longest.unwrap_or(0));
        let most = (0..=most).rev().find(|end| line.is_char_boundary(*end));
        line.truncate(most.unwrap_or(0));
    }
    let mut characters = line.chars();
    let start: String = characters.by_ref().take(longest).collect();
    if characters.next().is_some() || end < text.len() {
        format!("{start}…")
    } else {
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_error_of_a_socket_tells_its_kind() {
        let of_code = |code| NoAnswer::of_io(&std::io::Error::from_raw_os_error(code)).at;
        assert_eq!(of_code(111), Break::Refused);
        assert_eq!(of_code(104), Break::Closed);
        assert_eq!(of_code(113), Break::Unreachable);
        assert_eq!(of_code(24), Break::Machine);
        let tls = rustls::Error::DecryptError;
        let error = std::io::Error::new(std::io::ErrorKind::InvalidData, tls);
        assert_eq!(NoAnswer::of_io(&error).at, Break::Tls);
    }

    #[test]
    fn only_what_may_pass_is_asked_again() {
        assert!(Break::Refused.may_pass() && Break::Closed.may_pass());
        assert!(Break::Timeout.may_pass());
        for at in [Break::Name, Break::Tls, Break::Machine, Break::Private] {
            assert!(!at.may_pass(), "{at:?}");
        }
    }

    #[test]
    fn a_foreign_text_is_one_short_line() {
        assert_eq!(shown("a\r\n\u{1b}[31mb", 20), "a [31mb");
        assert_eq!(shown("abcdef", 3), "abc…");
        assert_eq!(shown("abc", 3), "abc");
        assert_eq!(shown(&"ä".repeat(1000), 2), "ää…");
    }

    #[test]
    fn a_secret_is_masked_before_a_text_is_cut() {
        let _secret = shared::secret::Secret::new("correct-horse-battery");
        assert_eq!(
            shown("token correct-horse-battery end", 12),
            "token *** en…"
        );
        let long = format!("{}correct-horse-battery", " ".repeat((64 << 10) - 9));
        assert_eq!(shown(&long, 200), "…");
    }

    proptest! {
        #[test]
        fn no_text_is_shown_longer_than_asked(text in "(?s).{0,300}", longest in 0usize..50) {
            let line = shown(&text, longest);
            prop_assert!(line.chars().count() <= longest + 1);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
