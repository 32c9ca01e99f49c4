//! What came back from one request, and why nothing came back.

use shared::error::{Error, one_line};

/// What came back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Names in lower case, and values.
    pub(crate) headers: Vec<(String, String)>,
    /// At most 4 MiB of it.
    pub(crate) body: Vec<u8>,
    /// Whether the body was longer than what was read.
    pub(crate) is_cut: bool,
    /// From the start of the request to the last byte read.
    pub(crate) milliseconds: f64,
}

impl From<shared::http::Answer> for Answer {
    fn from(answer: shared::http::Answer) -> Self {
        Self {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
            is_cut: answer.is_cut,
            milliseconds: answer.elapsed.as_secs_f64() * 1000.0,
        }
    }
}

/// At which point a request without an answer broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// Nobody listens there.
    Refused,
    /// The connection ended in the middle.
    Closed,
    /// Nothing, or not everything, came in time.
    Timeout,
    /// The name of the host means nothing here.
    Name,
    /// There was no agreement on TLS, or its certificate is not trusted.
    Tls,
    /// This machine has no more sockets or ports.
    Machine,
    /// Anything else.
    Other,
}

impl Break {
    /// Whether the same request may well be answered a moment later.
    pub(crate) fn may_pass(self) -> bool {
        match self {
            Self::Refused | Self::Closed | Self::Timeout => true,
            Self::Name | Self::Tls | Self::Machine | Self::Other => false,
        }
    }

    /// One or two words for timelines and tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Closed => "connection broken",
            Self::Timeout => "timeout",
            Self::Name => "unknown host",
            Self::Tls => "TLS failed",
            Self::Machine => "no socket left here",
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

// The shared client tells the reason only in words: these are those of the standard library, hyper
// and rustls. Words that are not here only cost a repetition, never a verdict.
const WORDS: [(&str, Break); 14] = [
    ("no answer within", Break::Timeout),
    ("connection refused", Break::Refused),
    ("reset by peer", Break::Closed),
    ("broken pipe", Break::Closed),
    ("connection closed", Break::Closed),
    ("end of file", Break::Closed),
    ("unexpected eof", Break::Closed),
    ("failed to lookup address", Break::Name),
    ("too many open files", Break::Machine),
    ("cannot assign requested address", Break::Machine),
    ("certificate", Break::Tls),
    ("handshake", Break::Tls),
    ("corrupt message", Break::Tls),
    ("timed out", Break::Timeout),
];

impl NoAnswer {
    /// Reads the kind from the words of an error; its place, which may hold credentials, is left out.
    pub(crate) fn of(error: &Error) -> Self {
        let reason = one_line(error.message());
        let lower = reason.to_lowercase();
        let found = WORDS.iter().find(|(word, _)| lower.contains(word));
        Self {
            at: found.map_or(Break::Other, |(_, at)| *at),
            reason,
        }
    }
}

/// A foreign text on one line and not too long, to be put into a sentence.
pub(crate) fn shown(text: &str, longest: usize) -> String {
    // A few bytes more than needed, so that a huge body is not folded whole.
    let most = text.len().min(longest.saturating_mul(8));
    let end = (0..=most)
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    let line = one_line(&text[..end]);
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
    fn the_words_of_an_error_tell_its_kind() {
        for (words, at) in [
            ("Connection refused (os error 111)", Break::Refused),
            ("Connection reset by peer (os error 104)", Break::Closed),
            ("connection closed before message completed", Break::Closed),
            ("no answer within 5 s", Break::Timeout),
            (
                "failed to lookup address information: Name or service not known",
                Break::Name,
            ),
            ("invalid peer certificate: Expired", Break::Tls),
            ("Too many open files (os error 24)", Break::Machine),
            ("invalid HTTP version parsed", Break::Other),
        ] {
            let error = Error::unavailable(words).at("http://user:password@host/");
            let no_answer = NoAnswer::of(&error);
            assert_eq!(no_answer.at, at, "{words}");
            assert_eq!(no_answer.reason, words);
        }
    }

    #[test]
    fn only_what_may_pass_is_asked_again() {
        let may_pass: Vec<Break> = [
            Break::Refused,
            Break::Closed,
            Break::Timeout,
            Break::Name,
            Break::Tls,
            Break::Machine,
            Break::Other,
        ]
        .into_iter()
        .filter(|at| at.may_pass())
        .collect();
        assert_eq!(may_pass, [Break::Refused, Break::Closed, Break::Timeout]);
    }

    #[test]
    fn a_foreign_text_is_one_short_line() {
        assert_eq!(shown("a\r\n\u{1b}[31mb", 20), "a [31mb");
        assert_eq!(shown("abcdef", 3), "abc…");
        assert_eq!(shown("abc", 3), "abc");
        assert_eq!(shown(&"ä".repeat(1000), 2), "ää…");
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
