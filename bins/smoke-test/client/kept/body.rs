//! Where the body of an answer ends, told from its bytes as they come.

use super::head::Body;
use crate::answer::Break;

/// The line of a chunk's length, extensions included. Nobody sends them.
const LONGEST_LINE: usize = 4 << 10;
/// All lines behind the last chunk.
const LONGEST_TRAILER: usize = 64 << 10;

/// Whether a body has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fed {
    /// It has.
    Done,
    /// More must come.
    More,
}

/// Reads a body.
#[derive(Debug)]
pub(crate) struct Reader(State);

#[derive(Clone, Copy, Debug)]
enum State {
    /// So many bytes are left.
    Length(u64),
    /// Until the connection ends.
    Closed,
    /// Digits of a chunk's length: the number so far, how many digits, and how long the line is.
    Size {
        size: u64,
        digits: u32,
        line: usize,
    },
    /// What follows the digits, up to the end of the line.
    Extension {
        size: u64,
        line: usize,
    },
    /// The bytes of a chunk.
    Data(u64),
    /// The end of line behind them: how many of its two bytes came.
    DataEnd(u8),
    /// Lines behind the last chunk: how long this one is, and all of them.
    Trailer {
        line: usize,
        all: usize,
    },
    Done,
}

impl Reader {
    /// For a body that ends like this.
    pub(crate) fn new(body: Body) -> Self {
        Self(match body {
            Body::Length(length) => State::Length(length),
            Body::Closed => State::Closed,
            Body::Chunked => State::size(),
        })
    }

    /// Takes bytes: how many of them belong to the body, and whether it has ended.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(usize, Fed), Break> {
        let mut taken = 0;
        loop {
            let rest = &bytes[taken..];
            match &mut self.0 {
                State::Done | State::Length(0) => return Ok((taken, Fed::Done)),
                State::Closed => return Ok((bytes.len(), Fed::More)),
                _ if rest.is_empty() => return Ok((taken, Fed::More)),
                State::Length(left) => taken += skip(left, rest),
                State::Data(left) => {
                    taken += skip(left, rest);
                    if *left == 0 {
                        self.0 = State::DataEnd(0);
                    }
                }
                State::Size { .. }
                | State::Extension { .. }
                | State::DataEnd(_)
                | State::Trailer { .. } => {
                    self.0 = self.0.after(rest[0])?;
                    taken += 1;
                }
            }
        }
    }
}

fn skip(left: &mut u64, bytes: &[u8]) -> usize {
    let count = usize::try_from(*left)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    *left -= count as u64;
    count
}

impl State {
    fn size() -> Self {
        Self::Size {
            size: 0,
            digits: 0,
            line: 0,
        }
    }

    /// After one more byte of what stands around the chunks: RFC 9112, section 7.1.
    fn after(self, byte: u8) -> Result<Self, Break> {
        match self {
            Self::Size { size, digits, line } => size_after(size, digits, line, byte),
            Self::Extension { line, .. } if line > LONGEST_LINE => Err(Break::Protocol),
            Self::Extension { size, line } => Ok(match (byte, size) {
                (b'\n', 0) => Self::Trailer { line: 0, all: 0 },
                (b'\n', size) => Self::Data(size),
                _ => Self::Extension {
                    size,
                    line: line + 1,
                },
            }),
            Self::DataEnd(0) if byte == b'\r' => Ok(Self::DataEnd(1)),
            Self::DataEnd(_) if byte == b'\n' => Ok(Self::size()),
            Self::DataEnd(_) => Err(Break::Protocol),
            Self::Trailer { all, .. } if all > LONGEST_TRAILER => Err(Break::Protocol),
            Self::Trailer { line, all } => Ok(match byte {
                b'\n' if line == 0 => Self::Done,
                b'\n' => Self::Trailer {
                    line: 0,
                    all: all + 1,
                },
                b'\r' => Self::Trailer { line, all: all + 1 },
                _ => Self::Trailer {
                    line: line + 1,
                    all: all + 1,
                },
            }),
            Self::Length(_) | Self::Closed | Self::Data(_) | Self::Done => Ok(self),
        }
    }
}

fn size_after(size: u64, digits: u32, line: usize, byte: u8) -> Result<State, Break> {
    if let Some(digit) = char::from(byte).to_digit(16) {
        // Sixteen digits fill the number.
        if digits == 16 {
            return Err(Break::Protocol);
        }
        return Ok(State::Size {
            size: size << 4 | u64::from(digit),
            digits: digits + 1,
            line: line + 1,
        });
    }
    let is_end = matches!(byte, b'\r' | b'\n' | b';' | b' ' | b'\t');
    if digits == 0 || !is_end {
        return Err(Break::Protocol);
    }
    State::Extension { size, line }.after(byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chunked(bytes: &[u8]) -> Result<(usize, Fed), Break> {
        Reader::new(Body::Chunked).feed(bytes)
    }

    #[test]
    fn chunks_end_with_the_empty_one_and_its_trailer() {
        for text in [
            "0\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
            "A;x=\"y\"\r\n0123456789\r\n0\r\nx: y\r\nz: 1\r\n\r\n",
            "00005 \r\nhello\r\n0;last\r\n\r\n",
            "5\nhello\r\n0\n\n",
        ] {
            let more = format!("{text}HTTP/1.1");
            assert_eq!(
                chunked(more.as_bytes()),
                Ok((text.len(), Fed::Done)),
                "{text}"
            );
            let mut reader = Reader::new(Body::Chunked);
            let single = text.bytes().map(|byte| reader.feed(&[byte])).last();
            assert_eq!(single, Some(Ok((1, Fed::Done))), "{text}");
            let half = &text.as_bytes()[..text.len() - 1];
            assert_eq!(chunked(half), Ok((half.len(), Fed::More)), "{text}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for text in [
            "\r\n",
            "-5\r\n",
            "g\r\n",
            "5\r\nhelloX",
            "fffffffffffffffff\r\n",
            "5x\r\n",
        ] {
            assert_eq!(chunked(text.as_bytes()), Err(Break::Protocol), "{text}");
        }
        let long = format!("1;{}", "x".repeat(LONGEST_LINE + 10));
        assert_eq!(chunked(long.as_bytes()), Err(Break::Protocol));
        let endless = format!("0\r\n{}", "x: y\r\n".repeat(LONGEST_TRAILER));
        assert_eq!(chunked(endless.as_bytes()), Err(Break::Protocol));
    }

    #[test]
    fn a_length_is_counted_down_and_the_end_of_a_connection_never_comes_by_bytes() {
        let mut reader = Reader::new(Body::Length(5));
        assert_eq!(reader.feed(b"hel"), Ok((3, Fed::More)));
        assert_eq!(reader.feed(b"lo, more"), Ok((2, Fed::Done)));
        assert_eq!(Reader::new(Body::Length(0)).feed(b""), Ok((0, Fed::Done)));
        assert_eq!(Reader::new(Body::Closed).feed(b"abc"), Ok((3, Fed::More)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_take_more_than_there_is(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)
        ) {
            let mut reader = Reader::new(Body::Chunked);
            for piece in pieces {
                let Ok((taken, fed)) = reader.feed(&piece) else { break };
                prop_assert!(taken <= piece.len());
                prop_assert!(fed == Fed::Done || taken == piece.len());
            }
        }

        #[test]
        fn however_it_is_cut_a_body_ends_at_the_same_byte(
            chunks in prop::collection::vec(1usize..50, 0..6), cut in 1usize..20
        ) {
            let mut text = String::new();
            for size in chunks {
                text.push_str(&format!("{size:x}\r\n{}\r\n", "x".repeat(size)));
            }
            text.push_str("0\r\n\r\n");
            let mut reader = Reader::new(Body::Chunked);
            let mut total = 0;
            for piece in text.as_bytes().chunks(cut) {
                total += reader.feed(piece).expect("is chunked").0;
            }
            prop_assert_eq!(total, text.len());
        }
    }
}
