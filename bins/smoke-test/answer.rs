//! What came back from one request, and why nothing came back.

use crate::fields::encoding::{self, Undecoded};
use shared::config::Span;
use shared::error::one_line;
use shared::secret::{known, redact};
use std::net::SocketAddr;

/// No more of a body is read, nor unpacked; what is judged is what was read.
pub(crate) const LONGEST_BODY: usize = 4 << 20;

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

/// A body that came compressed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed {
    /// As it was sent.
    pub(crate) bytes: Vec<u8>,
    /// Whether more than that was sent.
    pub(crate) is_cut: bool,
    /// Why it could not be unpacked; the words follow the name of a probe.
    pub(crate) fault: Option<String>,
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

    /// How its body was packed, in lower case; none for `identity`, which means nothing was done.
    pub(crate) fn coding(&self) -> Option<String> {
        let said = self.header("content-encoding")?;
        let said = said.trim().to_ascii_lowercase();
        (!said.is_empty() && said != "identity").then_some(said)
    }

    /// Takes a body as it was sent. What is judged is what it unpacks to: a text that must not be
    /// there cannot be seen in what is compressed.
    pub(crate) fn take_body(&mut self, sent: Vec<u8>, is_cut: bool) {
        // The head of a body that was not sent says how it would be packed.
        let Some(coding) = self.coding().filter(|_| !sent.is_empty()) else {
            (self.body, self.is_cut) = (sent, is_cut);
            return;
        };
        let (body, rest) = match encoding::of_word(&coding) {
            Some(encoding) => encoding::beginning(encoding, &sent, LONGEST_BODY),
            None => (Vec::new(), None),
        };
        let fault = match (encoding::of_word(&coding), &rest) {
            (None, _) => Some("cannot be unpacked here".to_owned()),
            (Some(_), Some(Undecoded::Broken(why))) if !is_cut => {
                Some(format!("cannot be unpacked: {why}"))
            }
            (Some(_), Some(Undecoded::Broken(_) | Undecoded::Larger) | None) => None,
        };
        self.is_cut = is_cut || rest.is_some() || fault.is_some();
        self.body = body;
        let coding = shown(&coding, 40);
        self.packed = Some(Box::new(Packed {
            bytes: sent,
            is_cut,
            fault: fault.map(|why| format!("has a body in `{coding}` that {why}")),
        }));
    }

    /// The body as it was sent, and whether there was more of it.
    pub(crate) fn sent(&self) -> (&[u8], bool) {
        match &self.packed {
            Some(packed) => (&packed.bytes, packed.is_cut),
            None => (&self.body, self.is_cut),
        }
    }

    /// Why the body could not be unpacked; none when it was, or came as it is. The words follow
    /// the name of a probe.
    pub(crate) fn sealed(&self) -> Option<String> {
        self.packed.as_ref()?.fault.clone()
    }

    /// The body as a document. Some write a byte order mark before it, which parsers may ignore:
    /// RFC 8259, section 8.1.
    pub(crate) fn json(&self) -> serde_json::Result<serde_json::Value> {
        let body = self.body.strip_prefix(b"\xef\xbb\xbf");
        serde_json::from_slice(body.unwrap_or(&self.body))
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
    use std::io::Write as _;

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

    fn answer(coding: &str) -> Answer {
        Answer {
            headers: vec![("content-encoding".into(), coding.into())],
            ..Answer::default()
        }
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let compression = flate2::Compression::default();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), compression);
        encoder.write_all(plain).expect("memory can be written");
        encoder.finish().expect("memory can be written")
    }

    #[test]
    fn a_compressed_body_is_judged_as_what_it_unpacks_to() {
        for coding in ["gzip", "X-GZip"] {
            let mut answer = answer(coding);
            let packed = gzip(b"a Traceback");
            answer.take_body(packed.clone(), false);
            assert_eq!(
                (&answer.body[..], answer.is_cut),
                (&b"a Traceback"[..], false)
            );
            assert_eq!(
                (answer.sent(), answer.sealed()),
                ((&packed[..], false), None)
            );
        }
        for coding in ["", "identity", "gzip"] {
            let mut answer = answer(coding);
            answer.take_body(Vec::new(), false);
            assert!(!answer.is_cut && answer.packed.is_none(), "{coding}");
        }
    }

    #[test]
    fn what_cannot_be_unpacked_whole_proves_nothing() {
        let mut foreign = answer("br");
        foreign.take_body(b"Traceback".to_vec(), false);
        assert!(foreign.is_cut && foreign.body.is_empty());
        let why = "has a body in `br` that cannot be unpacked here";
        assert_eq!(foreign.sealed().as_deref(), Some(why));
        let mut broken = answer("gzip");
        broken.take_body(b"Traceback".to_vec(), false);
        let why = broken.sealed().expect("it is no gzip");
        assert!(
            why.starts_with("has a body in `gzip` that cannot be unpacked: "),
            "{why}"
        );
        let whole = gzip(b"a page of some length, a page of some length");
        let mut cut = answer("gzip");
        cut.take_body(whole[..whole.len() - 9].to_vec(), true);
        assert!(cut.is_cut && cut.sealed().is_none());
        let mut bomb = answer("gzip");
        bomb.take_body(gzip(&vec![0; LONGEST_BODY + 1]), false);
        assert_eq!((bomb.body.len(), bomb.is_cut), (LONGEST_BODY, true));
        assert!(!bomb.sent().1 && bomb.sealed().is_none());
    }

    #[test]
    fn a_byte_order_mark_before_a_document_is_ignored() {
        let mut answer = Answer::default();
        answer.take_body(b"\xef\xbb\xbf{\"a\":1}".to_vec(), false);
        assert_eq!(answer.json().expect("is a document")["a"], 1);
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body: Vec<u8>, coding in "(gzip|deflate|br|gzip, br)") {
            let mut answer = answer(&coding);
            answer.take_body(body, false);
            prop_assert!(answer.body.len() <= LONGEST_BODY);
        }

        #[test]
        fn no_text_is_shown_longer_than_asked(text in "(?s).{0,300}", longest in 0usize..50) {
            let line = shown(&text, longest);
            prop_assert!(line.chars().count() <= longest + 1);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
