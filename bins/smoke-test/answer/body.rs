//! The body of an answer: as it was sent, and unpacked where it came compressed.

use super::{Answer, shown};
use crate::fields::encoding::{self, Undecoded};

/// No more of a body is read, nor unpacked; what is judged is what was read.
pub(crate) const LONGEST_BODY: usize = 4 << 20;

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

impl Answer {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;

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
    }
}
