//! Compressed bodies, unpacked no further than a limit (RFC 9110, section 8.4.1).

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use shared::config::ContentEncoding;
use std::io::Read;

/// No page is larger: what unpacks to more is a bomb, and is not unpacked any further.
pub(crate) const LARGEST: usize = 32 << 20;

/// Why a body could not be unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undecoded {
    /// It unpacks to more than the limit.
    Larger,
    /// It is not what it says, or ends too early; in the words of the decoder.
    Broken(String),
}

/// The word for it in headers.
pub(crate) fn word(encoding: ContentEncoding) -> &'static str {
    match encoding {
        ContentEncoding::Gzip => "gzip",
        ContentEncoding::Deflate => "deflate",
    }
}

/// What a word in a header, in lower case, means. `x-gzip` is an old name: RFC 9110, section
/// 8.4.1.3.
pub(crate) fn of_word(said: &str) -> Option<ContentEncoding> {
    let all = [ContentEncoding::Gzip, ContentEncoding::Deflate];
    let said = said.strip_prefix("x-").unwrap_or(said);
    all.into_iter().find(|encoding| word(*encoding) == said)
}

/// The body as it was before it was compressed.
pub(crate) fn decoded(encoding: ContentEncoding, body: &[u8]) -> Result<Vec<u8>, Undecoded> {
    match beginning(encoding, body, LARGEST) {
        (plain, None) => Ok(plain),
        (_, Some(why)) => Err(why),
    }
}

/// At most so many bytes of it, and why that is not all of it.
pub(crate) fn beginning(
    encoding: ContentEncoding,
    body: &[u8],
    longest: usize,
) -> (Vec<u8>, Option<Undecoded>) {
    match encoding {
        ContentEncoding::Gzip => bounded(MultiGzDecoder::new(body), longest),
        ContentEncoding::Deflate => match bounded(ZlibDecoder::new(body), longest) {
            // Some servers leave out the frame of zlib: RFC 9110, section 8.4.1.2.
            framed @ (_, Some(Undecoded::Broken(_))) => {
                match bounded(DeflateDecoder::new(body), longest) {
                    (_, Some(Undecoded::Broken(_))) => framed,
                    bare => bare,
                }
            }
            framed => framed,
        },
    }
}

fn bounded(decoder: impl Read, longest: usize) -> (Vec<u8>, Option<Undecoded>) {
    let mut plain = Vec::new();
    let mut limited = decoder.take(longest as u64 + 1);
    let read = limited.read_to_end(&mut plain);
    if plain.len() > longest {
        plain.truncate(longest);
        return (plain, Some(Undecoded::Larger));
    }
    let broken = read.err().map(|error| error.to_string());
    let broken = broken.map(|why| Undecoded::Broken(shared::error::one_line(&why)));
    (plain, broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;
    use std::io::Write as _;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).expect("memory can be written");
        encoder.finish().expect("memory can be written")
    }

    #[test]
    fn both_ways_to_write_deflate_are_read() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(b"page").expect("memory can be written");
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(b"page").expect("memory can be written");
        for packed in [zlib.finish(), raw.finish()] {
            let packed = packed.expect("memory can be written");
            let plain = decoded(ContentEncoding::Deflate, &packed);
            assert_eq!(plain.as_deref(), Ok(&b"page"[..]));
        }
    }

    #[test]
    fn what_is_cut_or_wrong_is_broken() {
        let whole = gzip(b"a page of some length, a page of some length");
        let whole_and_more = [&whole[..], b"rest"].concat();
        for bytes in [&whole[..whole.len() - 9], b"<html>", &whole_and_more, b""] {
            let broken = decoded(ContentEncoding::Gzip, bytes);
            assert!(matches!(broken, Err(Undecoded::Broken(_))), "{broken:?}");
        }
    }

    #[test]
    fn a_bomb_is_stopped() {
        let bomb = gzip(&vec![0; LARGEST + 1]);
        assert!(bomb.len() < 64 << 10);
        assert_eq!(
            decoded(ContentEncoding::Gzip, &bomb),
            Err(Undecoded::Larger)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decoded(ContentEncoding::Gzip, &bytes);
            let _ = decoded(ContentEncoding::Deflate, &bytes);
        }

        #[test]
        fn what_was_packed_is_unpacked(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(decoded(ContentEncoding::Gzip, &gzip(&bytes)), Ok(bytes));
        }
    }
}
