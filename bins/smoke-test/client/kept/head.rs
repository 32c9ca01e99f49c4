//! The head of an answer: its status, how its body ends, and what it says of its release.

use crate::answer::Break;

/// Real answers have some twenty.
const MOST_HEADERS: usize = 128;

/// What the head of an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The status code.
    pub(crate) status: u16,
    /// Where the body ends.
    pub(crate) body: Body,
    /// Whether the connection may be used again.
    pub(crate) is_kept: bool,
    /// How long the head is.
    pub(crate) length: usize,
}

/// Where a body ends: RFC 9112, section 6.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// After so many bytes.
    Length(u64),
    /// With the chunk of length 0.
    Chunked,
    /// With the connection.
    Closed,
}

/// Reads the head of an answer to a `GET`, once it is there whole. What the watched headers say that
/// it has is written to `said`, with commas between what differs.
pub(crate) fn read(
    bytes: &[u8],
    watched: &[String],
    said: &mut Option<Vec<u8>>,
) -> Result<Option<Head>, Break> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Break::Protocol),
    };
    let status = response.code.ok_or(Break::Protocol)?;
    let mut seen = Seen {
        is_kept: response.version == Some(1),
        ..Seen::default()
    };
    for header in response.headers.iter() {
        seen.add(header.name, header.value)?;
        if watched.iter().any(|name| is(header.name, name)) {
            add_said(said, header.value);
        }
    }
    Ok(Some(seen.head(status, length)))
}

fn add_said(said: &mut Option<Vec<u8>>, value: &[u8]) {
    let Some(said) = said else {
        *said = Some(value.to_vec());
        return;
    };
    let mut known = said.split(|byte| *byte == b',');
    if !known.any(|known| known.trim_ascii() == value.trim_ascii()) {
        said.extend_from_slice(b", ");
        said.extend_from_slice(value);
    }
}

/// What the headers say of the body.
#[derive(Default)]
struct Seen {
    is_kept: bool,
    length: Option<u64>,
    coding: Option<Coding>,
}

#[derive(PartialEq)]
enum Coding {
    Chunked,
    Other,
}

impl Seen {
    // Called for every header of every answer, so the length of the name decides first.
    fn add(&mut self, name: &str, value: &[u8]) -> Result<(), Break> {
        match name.len() {
            10 if is(name, "connection") => {
                if lists(value, "close") {
                    self.is_kept = false;
                } else if lists(value, "keep-alive") {
                    self.is_kept = true;
                }
            }
            14 if is(name, "content-length") => {
                let length = number(value).ok_or(Break::Protocol)?;
                // Two that differ are how requests are smuggled: RFC 9112, section 11.2.
                if self.length.is_some_and(|before| before != length) {
                    return Err(Break::Protocol);
                }
                self.length = Some(length);
            }
            17 if is(name, "transfer-encoding") => {
                let last = value
                    .rsplit(|byte| *byte == b',')
                    .next()
                    .unwrap_or_default();
                let is_chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
                self.coding = Some(if is_chunked {
                    Coding::Chunked
                } else {
                    Coding::Other
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn head(self, status: u16, length: usize) -> Head {
        let body = match (status, &self.coding, self.length) {
            (100..=199 | 204 | 304, _, _) => Body::Length(0),
            (_, Some(Coding::Chunked), _) => Body::Chunked,
            (_, Some(Coding::Other), _) | (_, None, None) => Body::Closed,
            (_, None, Some(length)) => Body::Length(length),
        };
        // An answer with both is not to be trusted with a second one: RFC 9112, section 6.3.
        let has_both = self.coding.is_some() && self.length.is_some();
        Head {
            status,
            body,
            is_kept: self.is_kept && body != Body::Closed && !has_both,
            length,
        }
    }
}

fn is(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

fn lists(value: &[u8], word: &str) -> bool {
    let mut words = value.split(|byte| *byte == b',');
    words.any(|listed| listed.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

/// Digits and nothing else, so no sign.
fn number(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value.trim_ascii()).ok()?;
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(text: &str) -> Result<Option<Head>, Break> {
        read(text.as_bytes(), &[], &mut None)
    }

    fn whole(headers: &str) -> (u16, Body, bool) {
        let head = head(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n"));
        let head = head.expect("is HTTP").expect("is whole");
        (head.status, head.body, head.is_kept)
    }

    #[test]
    fn the_body_ends_as_its_headers_say() {
        for (headers, body, is_kept) in [
            ("Content-Length: 5\r\n", Body::Length(5), true),
            (
                "content-length: 5\r\ncontent-length: 5\r\n",
                Body::Length(5),
                true,
            ),
            ("Transfer-Encoding: gzip, Chunked\r\n", Body::Chunked, true),
            ("transfer-encoding: gzip\r\n", Body::Closed, false),
            ("", Body::Closed, false),
            (
                "content-length: 5\r\nconnection: x, Close\r\n",
                Body::Length(5),
                false,
            ),
            (
                "content-length: 5\r\ntransfer-encoding: chunked\r\n",
                Body::Chunked,
                false,
            ),
        ] {
            assert_eq!(whole(headers), (200, body, is_kept), "{headers}");
        }
    }

    #[test]
    fn some_statuses_have_no_body_and_old_versions_are_not_kept() {
        for status in [100, 204, 304] {
            let text = format!("HTTP/1.1 {status} x\r\ncontent-length: 9\r\n\r\n");
            let found = head(&text).expect("is HTTP").expect("is whole");
            assert_eq!((found.status, found.body), (status, Body::Length(0)));
        }
        let old = |headers: &str| {
            let text = format!("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n{headers}\r\n");
            head(&text).expect("is HTTP").expect("is whole").is_kept
        };
        assert!(!old("") && old("connection: keep-alive\r\n"));
    }

    #[test]
    fn what_is_no_head_is_refused_and_half_of_one_is_waited_for() {
        for text in [
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
            "SSH-2.0-OpenSSH\r\n",
            "HTTP/1.1 abc\r\n\r\n",
        ] {
            assert_eq!(head(text), Err(Break::Protocol), "{text}");
        }
        assert_eq!(head("HTTP/1.1 200 OK\r\ncontent-le"), Ok(None));
        assert_eq!(head(""), Ok(None));
        let many = "x: y\r\n".repeat(MOST_HEADERS + 1);
        assert_eq!(
            head(&format!("HTTP/1.1 200 OK\r\n{many}\r\n")),
            Err(Break::Protocol)
        );
    }

    #[test]
    fn all_that_the_watched_headers_say_is_heard() {
        let watched = ["x-release".to_owned(), "x-version".to_owned()];
        let mut said = None;
        let text = b"HTTP/1.1 200 OK\r\nX-Version: 2\r\nx-Release: 1.1.0\r\nx-version: 2\r\n\r\n";
        read(text, &watched, &mut said).expect("is HTTP");
        assert_eq!(said.as_deref(), Some(&b"2, 1.1.0"[..]));
        let mut silent = None;
        read(b"HTTP/1.1 200 OK\r\n\r\n", &watched, &mut silent).expect("is HTTP");
        assert_eq!(silent, None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes, &["x".to_owned()], &mut None);
        }

        #[test]
        fn no_headers_make_it_panic(lines in prop::collection::vec("[ -~]{0,30}", 0..10)) {
            let _ = head(&format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n", lines.join("\r\n")));
        }
    }
}
