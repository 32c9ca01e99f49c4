//! Everything that reads what a server or somebody else's file says, beneath libFuzzer: no bytes
//! may make it panic, hang or fill the memory. `cargo xtask fuzz` builds and runs it.

use crate::client::hello;
use crate::client::kept::{body, head};
use crate::dns::{self, Question};
use crate::fields::cache_control::CacheControl;
use crate::fields::cookie::Cookie;
use crate::fields::strict_transport::StrictTransport;
use crate::fields::{content_security, encoding, permissions};
use crate::{certificate, compose, event_stream, grpc, init, page, redis};
use shared::config::{ContentEncoding, RecordType};

/// Each reader of foreign input; the first byte of an input chooses one.
const READERS: [fn(&[u8]); 17] = [
    |bytes| drop(certificate::Certificate::parse(bytes)),
    |bytes| drop(redis::resp::parse(bytes)),
    dns_message,
    |bytes| drop(grpc::health(bytes)),
    |bytes| drop(hello::heard(bytes)),
    |bytes| drop(head::read(bytes, &["x".to_owned()], &mut None)),
    chunks,
    |bytes| drop(event_stream::Parser::default().read(bytes)),
    |bytes| drop(encoding::decoded(ContentEncoding::Gzip, bytes)),
    |bytes| drop(page::references(bytes, "https://h/")),
    |bytes| text(bytes, |text| drop(Cookie::parse(text))),
    |bytes| {
        text(bytes, |text| {
            drop(CacheControl::parse(text).contradictions())
        })
    },
    |bytes| text(bytes, policies),
    |bytes| {
        text(bytes, |text| {
            drop((StrictTransport::parse(text), permissions::parse(text)))
        })
    },
    |bytes| {
        text(bytes, |text| {
            drop(shared::exposition::Exposition::parse(text))
        })
    },
    |bytes| text(bytes, init::try_all),
    |bytes| text(bytes, composed),
];

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Some((&first, rest)) = input.split_first() {
        READERS[usize::from(first) % READERS.len()](rest);
    }
});

fn text(bytes: &[u8], reader: impl FnOnce(&str)) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        reader(text);
    }
}

fn dns_message(bytes: &[u8]) {
    let question = Question {
        name: "www.example".to_owned(),
        kind: RecordType::Mx,
        is_recursive: true,
    };
    drop(dns::read(bytes, 7, &question));
}

/// In pieces, because the reader keeps its place.
fn chunks(bytes: &[u8]) {
    let mut reader = body::Reader::new(head::Body::Chunked);
    for piece in bytes.chunks(7) {
        if reader.feed(piece).is_err() {
            return;
        }
    }
}

fn policies(value: &str) {
    let policies = content_security::Policies::parse(&[value]);
    let _ = policies.allows("script-src", "'self'");
}

fn composed(document: &str) {
    if let Ok(value) = shared::config::yaml_value(document, "compose.yml") {
        drop(compose::services(&value, &|_| Ok(None)));
    }
}
