//! Commands and the replies to them: lines with a code, of which only the last has a space behind it.

use crate::answer::NoAnswer;
use crate::facts::smtp::SmtpFault;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// No reply of a real server is longer. A line may have 512 bytes: RFC 5321, section 4.5.3.1.5.
const LONGEST_REPLY: usize = 16 << 10;

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// Its code, three digits.
    pub(super) code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// All of it on one line.
    pub(super) fn shown(&self) -> String {
        let text = format!("{} {}", self.code, self.lines.join(", "));
        crate::answer::shown(&text, 200)
    }

    /// How many extensions an answer to EHLO names: all lines but the first.
    pub(super) fn extensions(&self) -> usize {
        self.lines.len().saturating_sub(1)
    }

    /// Whether an answer to EHLO names an extension.
    pub(super) fn has(&self, extension: &str) -> bool {
        let mut named = self.lines.iter().skip(1);
        named.any(|line| {
            let word = line.split_whitespace().next().unwrap_or_default();
            word.eq_ignore_ascii_case(extension)
        })
    }
}

/// A connection over which commands are sent.
pub(super) struct Dialogue<'a, S> {
    stream: &'a mut S,
    unread: Vec<u8>,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Dialogue<'a, S> {
    /// Over an open connection.
    pub(super) fn new(stream: &'a mut S) -> Self {
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Sends a command and reads the reply.
    pub(super) async fn ask(&mut self, command: &str) -> Result<Reply, SmtpFault> {
        let line = format!("{command}\r\n");
        let broken = |error: std::io::Error| SmtpFault::Broken(NoAnswer::of_io(&error));
        self.stream
            .write_all(line.as_bytes())
            .await
            .map_err(broken)?;
        self.stream.flush().await.map_err(broken)?;
        self.reply().await
    }

    /// Reads a reply.
    pub(super) async fn reply(&mut self) -> Result<Reply, SmtpFault> {
        loop {
            match parsed(&self.unread) {
                Parsed::Reply(reply, length) => {
                    self.unread.drain(..length);
                    return Ok(reply);
                }
                Parsed::Wrong(observed) => {
                    let expected = "a reply of SMTP";
                    return Err(SmtpFault::Wrong { observed, expected });
                }
                Parsed::Unfinished => {}
            }
            let mut bytes = [0; 1024];
            let read = self.stream.read(&mut bytes).await;
            let length = read.map_err(|error| SmtpFault::Broken(NoAnswer::of_io(&error)))?;
            if length == 0 {
                let ended = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
                return Err(SmtpFault::Broken(NoAnswer::of_io(&ended)));
            }
            self.unread.extend_from_slice(&bytes[..length]);
        }
    }

    /// Whether more came than was asked for.
    pub(super) fn has_more(&self) -> bool {
        !self.unread.is_empty()
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    /// The reply, and how many bytes it has.
    Reply(Reply, usize),
    /// More must come.
    Unfinished,
    /// It can become no reply any more; what was seen.
    Wrong(String),
}

fn parsed(bytes: &[u8]) -> Parsed {
    let wrong = || {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_REPLY)]);
        Parsed::Wrong(format!("`{}`", crate::answer::shown(&text, 100)))
    };
    let mut lines = Vec::new();
    let mut first = None;
    let mut start = 0;
    while let Some(length) = bytes[start..].iter().position(|byte| *byte == b'\n') {
        let line = &bytes[start..start + length];
        start += length + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some((code, is_last, text)) = taken_apart(line) else {
            return wrong();
        };
        // Every line of one reply has the same code: RFC 5321, section 4.2.1.
        if *first.get_or_insert(code) != code {
            return wrong();
        }
        lines.push(String::from_utf8_lossy(text).into_owned());
        if is_last {
            return Parsed::Reply(Reply { code, lines }, start);
        }
    }
    let rest = &bytes[start..];
    let looks_right = rest.iter().take(3).all(u8::is_ascii_digit);
    if !looks_right || bytes.len() > LONGEST_REPLY {
        return wrong();
    }
    Parsed::Unfinished
}

/// The code, whether it is the last line, and its text.
fn taken_apart(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (code, rest) = line.split_at_checked(3)?;
    let code = std::str::from_utf8(code).ok()?;
    let code = code
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| code.parse().ok())??;
    match rest {
        [] => Some((code, true, rest)),
        [b' ', text @ ..] => Some((code, true, text)),
        [b'-', text @ ..] => Some((code, false, text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reply(bytes: &[u8]) -> (Reply, usize) {
        match parsed(bytes) {
            Parsed::Reply(reply, length) => (reply, length),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_reply_of_several_lines_is_read_to_its_last() {
        let (hello, length) = reply(b"250-mx\r\n250-starttls\r\n250 SIZE 1\r\n221 bye\r\n");
        assert_eq!((hello.code, hello.extensions(), length), (250, 2, 34));
        assert!(hello.has("STARTTLS") && hello.has("SIZE") && !hello.has("mx"));
        assert_eq!(hello.shown(), "250 mx, starttls, SIZE 1");
        assert_eq!(reply(b"220\n").0.code, 220);
    }

    #[test]
    fn what_may_become_a_reply_is_waited_for_and_nothing_else() {
        for bytes in [&b""[..], b"2", b"220", b"220 hel", b"250-a\r\n25"] {
            assert_eq!(parsed(bytes), Parsed::Unfinished);
        }
        for bytes in [
            &b"SSH-2.0\r\n"[..],
            b"HTTP/1.1 400 Bad Request",
            b"22x hello\r\n",
            b"\xff\xfe",
            b"\r\n",
            b"250-a\r\n220 b\r\n",
            b"220_hello\r\n",
        ] {
            assert!(matches!(parsed(bytes), Parsed::Wrong(_)), "{bytes:?}");
        }
        let endless = [b"220 ".to_vec(), vec![b'a'; LONGEST_REPLY]].concat();
        assert!(matches!(parsed(&endless), Parsed::Wrong(_)));
        assert!(matches!(
            parsed(&b"220-a\r\n".repeat(3000)),
            Parsed::Wrong(_)
        ));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            like in "([0-9]{0,4}[ -]?[a-z]{0,5}\r?\n?){0,5}",
        ) {
            let _ = parsed(&bytes);
            let _ = parsed(like.as_bytes());
        }
    }
}
