//! Messages of the domain name system (RFC 1035, section 4), read without trusting one byte.

use super::record::{caa, name};
use super::{Code, Reply};
use shared::config::RecordType;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE};

/// A name that stands for a name that stands for a name …: resolvers give up at about as many.
const LONGEST_CHAIN: usize = 16;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// The whole name.
    pub(crate) name: String,
    /// The type of the records.
    pub(crate) kind: RecordType,
    /// Whether the server shall ask others.
    pub(crate) is_recursive: bool,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// The answer.
    Reply(Reply),
    /// Its beginning: the whole is to be had over TCP.
    Truncated,
    /// No answer to this question: forged, late, or of a broken server.
    Foreign,
    /// No message at all.
    Garbage,
}

/// A question as it is sent. None when the name cannot be asked for.
pub(crate) fn query(id: u16, question: &Question) -> Option<Vec<u8>> {
    let mut packet = Packet::new_query(id);
    if question.is_recursive {
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    let name = Name::new(&question.name).ok()?;
    let asked = simple_dns::Question::new(
        name,
        QTYPE::TYPE(kind(question.kind)),
        CLASS::IN.into(),
        false,
    );
    packet.questions.push(asked);
    packet.build_bytes_vec().ok()
}

/// What the bytes say to a question that was sent with this id.
pub(crate) fn read(bytes: &[u8], id: u16, question: &Question) -> Read {
    // The head is looked at by itself: what was cut off behind it may be cut in a record.
    let Some([first, second, flags, _]) = bytes.first_chunk::<4>().copied() else {
        return Read::Garbage;
    };
    let is_answer = flags & 0x80 != 0;
    if u16::from_be_bytes([first, second]) != id || !is_answer {
        return Read::Foreign;
    }
    if flags & 0x02 != 0 {
        return Read::Truncated;
    }
    let Ok(packet) = Packet::parse(bytes) else {
        return Read::Garbage;
    };
    let code = code(packet.rcode());
    let is_same = packet.questions.iter().any(|asked| {
        asked.qtype == QTYPE::TYPE(kind(question.kind))
            && is_equal(&asked.qname.to_string(), &question.name)
    });
    // Some servers leave the question out of an answer that says that they failed.
    let is_failure = packet.questions.is_empty() && matches!(code, Code::Failed(_));
    if !is_same && !is_failure {
        return Read::Foreign;
    }
    Read::Reply(collected(&packet, code, question))
}

fn collected(packet: &Packet<'_>, code: Code, question: &Question) -> Reply {
    let mut reply = Reply {
        code,
        is_authoritative: packet.has_flags(PacketFlag::AUTHORITATIVE_ANSWER),
        is_recursive: packet.has_flags(PacketFlag::RECURSION_AVAILABLE),
        chain: Vec::new(),
        records: Vec::new(),
        ttl: None,
    };
    let mut owner = name(&question.name);
    while question.kind != RecordType::Cname && reply.chain.len() < LONGEST_CHAIN {
        let next = of(packet, &owner).find_map(|record| match &record.rdata {
            RData::CNAME(target) => Some((name(&target.0.to_string()), record.ttl)),
            _ => None,
        });
        let Some((target, ttl)) = next else { break };
        reply.ttl = reply.ttl.max(Some(ttl));
        reply.chain.push(target.clone());
        owner = target;
    }
    for record in of(packet, &owner) {
        if let Some(value) = value(question.kind, &record.rdata) {
            reply.ttl = reply.ttl.max(Some(record.ttl));
            reply.records.push(value);
        }
    }
    reply.records.sort();
    reply.records.dedup();
    reply
}

/// The records of an owner.
fn of<'a>(packet: &'a Packet<'a>, owner: &str) -> impl Iterator<Item = &'a ResourceRecord<'a>> {
    let is_of = move |record: &&ResourceRecord<'_>| {
        record.class == CLASS::IN && is_equal(&record.name.to_string(), owner)
    };
    packet.answers.iter().filter(is_of)
}

fn is_equal(one: &str, other: &str) -> bool {
    name(one) == name(other)
}

/// A record as a zone file has it; none when it is of another type.
fn value(kind: RecordType, data: &RData<'_>) -> Option<String> {
    match (kind, data) {
        (RecordType::A, RData::A(a)) => Some(core::net::Ipv4Addr::from(a.address).to_string()),
        (RecordType::Aaaa, RData::AAAA(a)) => {
            Some(core::net::Ipv6Addr::from(a.address).to_string())
        }
        (RecordType::Cname, RData::CNAME(target)) => Some(name(&target.0.to_string())),
        (RecordType::Ns, RData::NS(target)) => Some(name(&target.0.to_string())),
        (RecordType::Ptr, RData::PTR(target)) => Some(name(&target.0.to_string())),
        (RecordType::Mx, RData::MX(mx)) => {
            let exchange = name(&mx.exchange.to_string());
            Some(format!("{} {exchange}", mx.preference))
        }
        (RecordType::Srv, RData::SRV(srv)) => {
            let target = name(&srv.target.to_string());
            Some(format!(
                "{} {} {} {target}",
                srv.priority, srv.weight, srv.port
            ))
        }
        (RecordType::Caa, RData::CAA(one)) => {
            let value = String::from_utf8_lossy(&one.value);
            Some(caa(one.flag, &one.tag.to_string(), &value))
        }
        (RecordType::Txt, RData::TXT(text)) => {
            let text = String::try_from(text.clone());
            Some(text.unwrap_or_else(|_| "a text that is not UTF-8".into()))
        }
        _ => None,
    }
}

fn kind(kind: RecordType) -> TYPE {
    match kind {
        RecordType::A => TYPE::A,
        RecordType::Aaaa => TYPE::AAAA,
        RecordType::Cname => TYPE::CNAME,
        RecordType::Mx => TYPE::MX,
        RecordType::Txt => TYPE::TXT,
        RecordType::Caa => TYPE::CAA,
        RecordType::Ns => TYPE::NS,
        RecordType::Srv => TYPE::SRV,
        RecordType::Ptr => TYPE::PTR,
    }
}

fn code(code: RCODE) -> Code {
    match code {
        RCODE::NoError => Code::Known,
        RCODE::NameError => Code::NoSuchName,
        RCODE::FormatError => Code::Failed("FORMERR"),
        RCODE::ServerFailure => Code::Failed("SERVFAIL"),
        RCODE::NotImplemented => Code::Failed("NOTIMP"),
        RCODE::Refused => Code::Failed("REFUSED"),
        _ => Code::Failed("a code that no answer to a question has"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn question(name: &str, kind: RecordType) -> Question {
        Question {
            name: name.into(),
            kind,
            is_recursive: true,
        }
    }

    /// An answer as a server writes it: the question, `www CNAME cal.test` and `cal.test A`, the
    /// last name as a pointer to the first.
    fn answer(id: u16, flags: u16) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in [id, flags, 1, 2, 0, 0] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(b"\x03wWw\x03cal\x04test\0\0\x01\0\x01");
        bytes.extend_from_slice(b"\xc0\x0c\0\x05\0\x01\0\0\x01\x2c\0\x02\xc0\x10");
        bytes.extend_from_slice(b"\xc0\x10\0\x01\0\x01\0\0\0\x3c\0\x04\xcb\0\x71\x07");
        bytes
    }

    #[test]
    fn a_question_is_written_as_the_standard_has_it() {
        let bytes = query(0x1234, &question("cal.test", RecordType::Caa)).expect("can be asked");
        let wanted = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03cal\x04test\0\x01\x01\0\x01";
        assert_eq!(bytes, wanted);
        let own = Question {
            is_recursive: false,
            ..question("cal.test.", RecordType::A)
        };
        let bytes = query(1, &own).expect("can be asked");
        assert_eq!(bytes[2], 0);
    }

    #[test]
    fn a_name_that_stands_for_another_is_followed() {
        let asked = question("www.CAL.test", RecordType::A);
        assert_eq!(
            read(&answer(7, 0x8180), 7, &asked),
            Read::Reply(Reply {
                code: Code::Known,
                is_authoritative: false,
                is_recursive: true,
                chain: vec!["cal.test".into()],
                records: vec!["203.0.113.7".into()],
                ttl: Some(300),
            })
        );
        let alias = question("www.cal.test", RecordType::Cname);
        // It is the answer to another question: the type is part of it.
        assert_eq!(read(&answer(7, 0x8180), 7, &alias), Read::Foreign);
    }

    #[test]
    fn what_is_not_the_answer_is_not_taken_for_it() {
        let asked = question("www.cal.test", RecordType::A);
        let other = question("cal.test", RecordType::A);
        assert_eq!(read(&answer(7, 0x8180), 8, &asked), Read::Foreign);
        assert_eq!(read(&answer(7, 0x0100), 7, &asked), Read::Foreign);
        assert_eq!(read(&answer(7, 0x8180), 7, &other), Read::Foreign);
        assert_eq!(read(&answer(7, 0x8380)[..40], 7, &asked), Read::Truncated);
        assert_eq!(read(&answer(7, 0x8180)[..40], 7, &asked), Read::Garbage);
        assert_eq!(read(b"\0", 0, &asked), Read::Garbage);
    }

    #[test]
    fn the_code_tells_no_such_name_from_no_answer() {
        let asked = question("www.cal.test", RecordType::A);
        for (flags, wanted) in [
            (0x8583, Code::NoSuchName),
            (0x8182, Code::Failed("SERVFAIL")),
            (0x8185, Code::Failed("REFUSED")),
        ] {
            let Read::Reply(reply) = read(&answer(7, flags), 7, &asked) else {
                panic!("{flags:x} is an answer");
            };
            assert_eq!(reply.code, wanted);
            assert_eq!(reply.is_authoritative, flags & 0x0400 != 0);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
            kind in 0usize..9,
        ) {
            use RecordType::{A, Aaaa, Caa, Cname, Mx, Ns, Ptr, Srv, Txt};
            let asked = question("www.cal.test", [A, Aaaa, Caa, Cname, Mx, Ns, Ptr, Srv, Txt][kind]);
            let _ = read(&bytes, 7, &asked);
            // The same behind a head that lets it be read.
            let mut plausible = answer(7, 0x8180);
            plausible[7] = 9;
            plausible.extend_from_slice(&bytes);
            let _ = read(&plausible, 7, &asked);
        }

        #[test]
        fn no_changed_byte_makes_the_reader_panic(at in 0usize..63, byte: u8) {
            let mut bytes = answer(7, 0x8180);
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = read(&bytes, 7, &question("www.cal.test", RecordType::A));
        }

        #[test]
        fn any_name_can_be_tried(name in ".{0,80}") {
            let _ = query(1, &question(&name, RecordType::A));
        }
    }
}
