//! The health protocol of gRPC: its one question and its one answer, as bytes.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/health-checking.md>, framed as in
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.

use crate::address::decoded;
use crate::answer::Answer;

/// Where the question goes.
pub(crate) const PATH: &str = "/grpc.health.v1.Health/Check";

/// What a server says of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It does not know.
    Unknown,
    /// It serves.
    Serving,
    /// It does not.
    NotServing,
    /// There is no such service.
    NoSuchService,
    /// A number that the protocol does not have.
    Other(u64),
}

impl std::fmt::Display for Health {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown => out.write_str("UNKNOWN"),
            Self::Serving => out.write_str("SERVING"),
            Self::NotServing => out.write_str("NOT_SERVING"),
            Self::NoSuchService => out.write_str("SERVICE_UNKNOWN"),
            Self::Other(number) => write!(out, "the unknown status {number}"),
        }
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// 0 when it went well.
    pub(crate) code: u32,
    /// What the server says about it.
    pub(crate) message: String,
}

impl Status {
    /// The word for the code:
    /// <https://github.com/grpc/grpc/blob/master/doc/statuscodes.md>.
    pub(crate) fn word(&self) -> &'static str {
        const WORDS: [&str; 17] = [
            "OK",
            "CANCELLED",
            "UNKNOWN",
            "INVALID_ARGUMENT",
            "DEADLINE_EXCEEDED",
            "NOT_FOUND",
            "ALREADY_EXISTS",
            "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED",
            "FAILED_PRECONDITION",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
            "UNAUTHENTICATED",
        ];
        let index = usize::try_from(self.code).unwrap_or(usize::MAX);
        WORDS
            .get(index)
            .copied()
            .unwrap_or("a code that gRPC does not have")
    }

    /// Whether it says that this caller may not know, or not now, which is not that the service is
    /// ill: PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNAUTHENTICATED.
    pub(crate) fn is_about_the_caller(&self) -> bool {
        matches!(self.code, 7 | 8 | 16)
    }
}

/// The question for the health of a service, framed.
pub(crate) fn question(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    // The default is not sent: field 1 is left out when it is empty.
    if !service.is_empty() {
        message.push(0x0a);
        varint(service.len() as u64, &mut message);
        message.extend_from_slice(service.as_bytes());
    }
    let mut framed = vec![0];
    framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
    framed.append(&mut message);
    framed
}

/// How a call ended whose status is no number: UNKNOWN, as clients of gRPC take it.
const UNREADABLE: u32 = 2;

/// How the call ended: in the trailers, or in the headers when there was no message at all.
pub(crate) fn status(answer: &Answer) -> Option<Status> {
    let both = [&answer.trailers, &answer.headers];
    both.into_iter().find_map(|fields| {
        let field = |name: &str| {
            let mut fields = fields.iter();
            fields
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let status = field("grpc-status")?.trim();
        let Ok(code) = status.parse() else {
            let message = format!("`grpc-status` is `{}`", crate::answer::shown(status, 60));
            return Some(Status {
                code: UNREADABLE,
                message,
            });
        };
        let message = decoded(field("grpc-message").unwrap_or_default());
        Some(Status {
            code,
            message: crate::answer::shown(&message, 200),
        })
    })
}

/// What the one message of the answer says. `Err` says why it says nothing.
pub(crate) fn health(body: &[u8]) -> Result<Health, &'static str> {
    let Some((flag, rest)) = body.split_first() else {
        return Err("has no message");
    };
    if *flag != 0 {
        return Err("has a compressed message, which was not asked for");
    }
    let (length, message) = rest.split_first_chunk::<4>().ok_or("ends in the middle")?;
    let length = u32::from_be_bytes(*length) as usize;
    if message.len() != length {
        return Err("has a message of another length than it says");
    }
    // A status of 0 is the default, and is not sent.
    let mut found = 0;
    let mut rest = message;
    while !rest.is_empty() {
        let tag = take_varint(&mut rest).ok_or(BROKEN)?;
        let value = field(tag & 7, &mut rest).ok_or(BROKEN)?;
        if tag == 0x08 {
            found = value;
        }
    }
    Ok(match found {
        0 => Health::Unknown,
        1 => Health::Serving,
        2 => Health::NotServing,
        3 => Health::NoSuchService,
        other => Health::Other(other),
    })
}

const BROKEN: &str = "has a message that is none of the health protocol";

/// Takes a field of this wire type, and gives its value when it is a number:
/// <https://protobuf.dev/programming-guides/encoding/>.
fn field(wire_type: u64, rest: &mut &[u8]) -> Option<u64> {
    match wire_type {
        0 => take_varint(rest),
        1 => skip(8, rest),
        2 => {
            let length = take_varint(rest)?;
            skip(usize::try_from(length).ok()?, rest)
        }
        5 => skip(4, rest),
        _ => None,
    }
}

fn skip(length: usize, rest: &mut &[u8]) -> Option<u64> {
    *rest = rest.get(length..)?;
    Some(0)
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    // Ten bytes hold 64 bits; the last of them only one.
    for shift in (0..70).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        let bits = u64::from(byte & 0x7f);
        number |= bits
            .checked_shl(shift)
            .filter(|shifted| shifted >> shift == bits)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(headers: &[(&str, &str)], trailers: &[(&str, &str)]) -> Answer {
        let owned = |fields: &[(&str, &str)]| {
            let owned = fields.iter();
            owned
                .map(|(key, value)| ((*key).into(), (*value).into()))
                .collect()
        };
        Answer {
            headers: owned(headers),
            trailers: owned(trailers),
            ..Answer::default()
        }
    }

    #[test]
    fn the_question_is_framed_as_the_protocol_has_it() {
        assert_eq!(question(""), [0, 0, 0, 0, 0]);
        assert_eq!(question("ab"), [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        let long = question(&"a".repeat(300));
        assert_eq!(long[..8], [0, 0, 0, 1, 47, 0x0a, 0xac, 0x02]);
    }

    #[test]
    fn the_answer_is_one_number_among_fields_that_may_be_added() {
        for (body, wanted) in [
            (&[0, 0, 0, 0, 2, 8, 1][..], Health::Serving),
            (&[0, 0, 0, 0, 2, 8, 2], Health::NotServing),
            (&[0, 0, 0, 0, 2, 8, 3], Health::NoSuchService),
            (&[0, 0, 0, 0, 0], Health::Unknown),
            (&[0, 0, 0, 0, 3, 8, 0x80, 1], Health::Other(128)),
            (&[0, 0, 0, 0, 6, 0x12, 2, 9, 9, 8, 1], Health::Serving),
        ] {
            assert_eq!(health(body), Ok(wanted), "{body:?}");
        }
        for body in [
            &[][..],
            &[0, 0, 0],
            &[1, 0, 0, 0, 2, 8, 1],
            &[0, 0, 0, 0, 3, 8, 1],
            &[0, 0, 0, 0, 2, 8, 1, 0],
            &[0, 0, 0, 0, 2, 8, 0x80],
            &[0, 0, 0, 0, 2, 0x0b, 1],
            &[0, 0, 0, 0, 3, 0x12, 9, 1],
        ] {
            assert!(health(body).is_err(), "{body:?}");
        }
    }

    #[test]
    fn the_status_is_in_the_trailers_or_in_the_headers() {
        let found = status(&answer(&[], &[("grpc-status", "0")]));
        assert_eq!(found.map(|status| status.code), Some(0));
        let fields = [
            ("grpc-status", "12"),
            ("grpc-message", "no%20such%0Athing%"),
        ];
        let found = status(&answer(&fields, &[])).expect("has a status");
        assert_eq!(
            (found.word(), &*found.message),
            ("UNIMPLEMENTED", "no such thing%")
        );
        assert_eq!(status(&answer(&[], &[])), None);
        let ok = &[("grpc-status", "0")];
        let odd = status(&answer(ok, &[("grpc-status", "x14")])).expect("has a status");
        assert_eq!(
            (odd.word(), &*odd.message),
            ("UNKNOWN", "`grpc-status` is `x14`")
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            body in proptest::collection::vec(any::<u8>(), 0..60),
            message in proptest::collection::vec(any::<u8>(), 0..30),
            text in ".{0,30}",
        ) {
            let _ = health(&body);
            let framed = [&[0, 0, 0, 0, message.len() as u8][..], &message].concat();
            let _ = health(&framed);
            let _ = decoded(&text);
        }

        #[test]
        fn a_number_is_read_as_it_was_written(number: u64) {
            let mut bytes = Vec::new();
            varint(number, &mut bytes);
            prop_assert_eq!(take_varint(&mut &bytes[..]), Some(number));
        }
    }
}
