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

/// The body as it was before it was compressed.
pub(crate) fn decoded(encoding: ContentEncoding, body: &[u8]) -> Result<Vec<u8>, Undecoded> {
    match encoding {
        ContentEncoding::Gzip => bounded(MultiGzDecoder::new(body)),
        ContentEncoding::Deflate => match bounded(ZlibDecoder::new(body)) {
            // Some servers leave out the frame of zlib: RFC 9110, section 8.4.1.2.
            Err(Undecoded::Broken(why)) => {
                bounded(DeflateDecoder::new(body)).map_err(|error| match error {
                    Undecoded::Larger => Undecoded::Larger,
                    Undecoded::Broken(_) => Undecoded::Broken(why),
                })
            }
            other => other,
        },
    }
}

fn bounded(decoder: impl Read) -> Result<Vec<u8>, Undecoded> {
    let mut plain = Vec::new();
    let mut limited = decoder.take(LARGEST as u64 + 1);
    limited
        .read_to_end(&mut plain)
        .map_err(|error| Undecoded::Broken(shared::error::one_line(&error.to_string())))?;
    if plain.len() > LARGEST {
        return Err(Undecoded::Larger);
    }
    Ok(plain)
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
