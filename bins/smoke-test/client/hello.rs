//! A ClientHello for one version of TLS only, written by hand: no library offers the old ones any
//! more. The answer is read no further than the ServerHello.

use super::Client;
use crate::answer::{Break, NoAnswer};
use crate::facts::Heard;
use crate::plan::{Offer, TlsVersion};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A ServerHello fits into one record: RFC 5246, section 6.2.1.
const LONGEST_ANSWER: usize = 5 + (1 << 14) + 2048;
/// So much of an answer that is no TLS is shown.
const LONGEST_SHOWN: usize = 40;

const RECORD_ALERT: u8 = 21;
const RECORD_HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
/// The level of an alert after which a connection may go on.
const WARNING: u8 = 1;
const EXTENSION_TICKET: u16 = 35;

/// Which cipher suites are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suites {
    /// Those of the time, in a message as short as that of a client of it.
    Usual,
    /// Every one that was ever registered and needs no key that was agreed on before.
    All,
}

impl Client {
    /// Offers one version and nothing else, once.
    pub(super) async fn hello(
        &self,
        offer: &Offer,
        version: TlsVersion,
        suites: Suites,
    ) -> Result<Heard, NoAnswer> {
        self.allow().await?;
        let Offer {
            at, name, within, ..
        } = offer;
        let hello = hello(version, name, suites)?;
        let asked = async {
            let mut stream = match self.tcp(&at.host, at.port).await {
                Ok(tcp) => tcp.stream,
                Err(why) if why.at == Break::Closed => return Ok(Heard::Closed),
                Err(why) => return Err(why),
            };
            if let Err(error) = stream.write_all(&hello).await {
                return broken(&error);
            }
            let mut bytes = Vec::new();
            loop {
                if let Some(heard) = heard(&bytes) {
                    return Ok(heard);
                }
                match stream.read_buf(&mut bytes).await {
                    Ok(0) => return Ok(ended(&bytes)),
                    Ok(_) if bytes.len() > LONGEST_ANSWER => return Ok(other(&bytes)),
                    Ok(_) => {}
                    Err(error) => return broken(&error),
                }
            }
        };
        match tokio::time::timeout(*within, asked).await {
            Ok(heard) => heard,
            Err(_) => {
                let seconds = within.as_secs_f64();
                let reason = format!("no answer within {seconds} s");
                Err(NoAnswer::new(Break::Timeout, reason))
            }
        }
    }
}

/// A reset is a refusal as well: some servers close before they have read everything.
fn broken(error: &std::io::Error) -> Result<Heard, NoAnswer> {
    let no_answer = NoAnswer::of_io(error);
    if no_answer.at == Break::Closed {
        Ok(Heard::Closed)
    } else {
        Err(no_answer)
    }
}

/// The record with the ClientHello: RFC 5246, section 7.4.1.2.
fn hello(version: TlsVersion, name: &ServerName<'_>, offered: Suites) -> Result<Vec<u8>, NoAnswer> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)
        .map_err(|error| NoAnswer::new(Break::Machine, format!("no random numbers: {error}")))?;
    let mut body = version.number().to_be_bytes().to_vec();
    body.extend(random);
    body.push(0); // No session to resume.
    let suites: Vec<u8> = suites(version, offered)
        .into_iter()
        .flat_map(u16::to_be_bytes)
        .collect();
    body.extend(long(&suites));
    body.extend([1, 0]); // No compression.
    body.extend(long(&extensions(version, name, offered)));
    let mut message = vec![1]; // ClientHello.
    message.extend(&size(body.len())[1..]);
    message.extend(body);
    // The record says 1.0 whatever is offered: RFC 5246, appendix E.1.
    let mut record = vec![RECORD_HANDSHAKE, 3, 1];
    record.extend(long(&message));
    Ok(record)
}

/// What servers of each time agree on: elliptic curves first, then RSA alone.
fn suites(version: TlsVersion, offered: Suites) -> Vec<u16> {
    // CBC with SHA-1, the one kind that 1.0 and 1.1 have: RFC 4346 and RFC 4492.
    let old = [
        0xc00a, 0xc014, 0xc009, 0xc013, 0x0039, 0x0033, 0x0035, 0x002f, 0xc008, 0xc012, 0x0016,
        0x000a,
    ];
    // AES-GCM and ChaCha20, RFC 5289 and RFC 7905.
    let new = [
        0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x009c, 0x009d,
    ];
    let is_old = matches!(version, TlsVersion::Tls10 | TlsVersion::Tls11);
    let mut suites = match is_old {
        true => old.to_vec(),
        false => [new.as_slice(), old.as_slice()].concat(),
    };
    if offered == Suites::All {
        // <https://www.iana.org/assignments/tls-parameters>: NULL, RC4, DES, IDEA, SEED, Camellia,
        // ARIA, DSS, static Diffie-Hellman and anonymous ones, and those for export.
        let old = [0x0001..=0x001b, 0x002f..=0x003a, 0x0041..=0x0046];
        let old = old.into_iter().chain([0x0084..=0x0089, 0x0096..=0x009b]);
        let old = old.chain([0xc001..=0xc019]);
        let new = [0x003b..=0x0040, 0x0067..=0x006d, 0x009c..=0x00a7];
        let new = new.into_iter().chain([0x00ba..=0x00c5, 0xc023..=0xc032]);
        let new = new.chain([0xc03c..=0xc063, 0xc072..=0xc08d, 0xc09c..=0xc0af]);
        let new = new.chain([0xcca8..=0xccaa]);
        suites.extend(old.flatten());
        suites.extend(new.flatten().filter(|_| !is_old));
        let mut seen = std::collections::BTreeSet::new();
        suites.retain(|suite| seen.insert(*suite));
    }
    suites
}

fn extensions(version: TlsVersion, name: &ServerName<'_>, offered: Suites) -> Vec<u8> {
    let mut extensions = Vec::new();
    let mut add = |kind: u16, content: Vec<u8>| {
        extensions.extend(kind.to_be_bytes());
        extensions.extend(long(&content));
    };
    // An address is no name to ask for: RFC 6066, section 3.
    if let ServerName::DnsName(name) = name {
        let mut entry = vec![0];
        entry.extend(long(name.as_ref().as_bytes()));
        add(0, long(&entry));
    }
    // P-256, P-384, P-521, X25519; uncompressed points; safe renegotiation.
    let mut curves = vec![0, 23, 0, 24, 0, 25, 0, 29];
    if offered == Suites::All {
        // X448, Brainpool, secp256k1, P-224 and P-192: RFC 8422 and RFC 7027.
        curves.extend([0, 30, 0, 26, 0, 27, 0, 28, 0, 22, 0, 21, 0, 19]);
    }
    add(10, long(&curves));
    add(11, vec![1, 0]);
    add(0xff01, vec![0]);
    if matches!(version, TlsVersion::Tls12 | TlsVersion::Tls13) {
        // ECDSA, RSA-PSS and RSA with SHA-256 to SHA-512, and both with SHA-1 last.
        let mut schemes = vec![
            4, 3, 5, 3, 6, 3, 8, 4, 8, 5, 8, 6, 4, 1, 5, 1, 6, 1, 2, 3, 2, 1,
        ];
        if offered == Suites::All {
            // Ed25519 and Ed448, and DSA with SHA-256 and SHA-1: RFC 8446, section 4.2.3.
            schemes.extend([8, 7, 8, 8, 4, 2, 2, 2]);
        }
        add(13, long(&schemes));
        // Without it some servers agree on nothing: RFC 7627, section 5.3.
        add(23, Vec::new());
        add(EXTENSION_TICKET, Vec::new());
    }
    extensions
}

/// Bytes behind their length in two bytes; all of ours are short.
fn long(bytes: &[u8]) -> Vec<u8> {
    [&size(bytes.len())[2..], bytes].concat()
}

fn size(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

/// What the bytes so far say; none when more are needed.
pub(crate) fn heard(bytes: &[u8]) -> Option<Heard> {
    let mut message = Vec::new();
    let mut rest = bytes;
    loop {
        let Some((&[kind, major, _, high, low], after)) = rest.split_first_chunk::<5>() else {
            // Another protocol is known by its first bytes.
            let is_tls = matches!(rest.first(), None | Some(&RECORD_ALERT | &RECORD_HANDSHAKE))
                && matches!(rest.get(1), None | Some(3));
            return (!is_tls).then(|| other(bytes));
        };
        if major != 3 || !matches!(kind, RECORD_ALERT | RECORD_HANDSHAKE) {
            return Some(other(bytes));
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let content = after.get(..length)?;
        if kind == RECORD_ALERT {
            match content {
                // A warning, as that the name is not known: a ServerHello may follow.
                [WARNING, _, ..] => {}
                [_, code, ..] => return Some(Heard::Alert(*code)),
                [_] | [] => return Some(other(bytes)),
            }
        } else {
            message.extend_from_slice(content);
        }
        if let Some(heard) = server_hello(&message, bytes) {
            return Some(heard);
        }
        rest = &after[length..];
    }
}

/// What bytes say after which nothing comes: a warning at the end is a refusal.
fn ended(bytes: &[u8]) -> Heard {
    match bytes {
        [] => Heard::Closed,
        [RECORD_ALERT, 3, _, 0, 2, _, code] => Heard::Alert(*code),
        _ => other(bytes),
    }
}

/// The ServerHello at the start of a handshake; none when more of it is needed.
fn server_hello(message: &[u8], bytes: &[u8]) -> Option<Heard> {
    let (&[kind, a, b, c], after) = message.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
    if kind != SERVER_HELLO || length > LONGEST_ANSWER {
        return Some(other(bytes));
    }
    let body = after.get(..length)?;
    Some(parsed(body).unwrap_or_else(|| other(bytes)))
}

/// The body of a ServerHello: RFC 5246, section 7.4.1.3.
fn parsed(body: &[u8]) -> Option<Heard> {
    let (&[major, minor], rest) = body.split_first_chunk::<2>()?;
    let rest = rest.get(32..)?;
    let (&session, rest) = rest.split_first()?;
    let rest = rest.get(usize::from(session)..)?;
    let mut rest = rest.get(3..)?; // The cipher suite and the compression.
    let mut gives_ticket = false;
    // Without extensions there is not even their length.
    rest = rest.get(2..).unwrap_or_default();
    while let Some((&[k0, k1, l0, l1], after)) = rest.split_first_chunk::<4>() {
        gives_ticket |= u16::from_be_bytes([k0, k1]) == EXTENSION_TICKET;
        rest = after.get(usize::from(u16::from_be_bytes([l0, l1]))..)?;
    }
    Some(Heard::Hello {
        version: u16::from_be_bytes([major, minor]),
        gives_ticket,
    })
}

fn other(bytes: &[u8]) -> Heard {
    let start = &bytes[..bytes.len().min(4 * LONGEST_SHOWN)];
    Heard::Other(crate::answer::shown(
        &String::from_utf8_lossy(start),
        LONGEST_SHOWN,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn server(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 1];
        body.extend([7; 32]);
        body.extend([2, 9, 9]); // A session of two bytes.
        body.extend([0xc0, 0x14, 0]);
        if !extensions.is_empty() {
            body.extend(long(extensions));
        }
        let mut message = vec![SERVER_HELLO];
        message.extend(&size(body.len())[1..]);
        message.extend(body);
        message
    }

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        [&[kind, 3, 1], long(content).as_slice()].concat()
    }

    fn name(name: &str) -> ServerName<'static> {
        ServerName::try_from(name.to_owned()).expect("is a name")
    }

    #[test]
    fn a_server_that_agrees_is_heard_even_in_pieces() {
        let hello = server(&[0xff, 1, 0, 1, 0]);
        let agreed = Heard::Hello {
            version: 0x0301,
            gives_ticket: false,
        };
        assert_eq!(
            heard(&record(RECORD_HANDSHAKE, &hello)),
            Some(agreed.clone())
        );
        let (start, end) = hello.split_at(9);
        let pieces = [
            record(RECORD_HANDSHAKE, start),
            record(RECORD_HANDSHAKE, end),
        ]
        .concat();
        assert_eq!(heard(&pieces), Some(agreed.clone()));
        assert_eq!(heard(&pieces[..pieces.len() - 1]), None);
        assert_eq!(heard(&record(RECORD_HANDSHAKE, &server(&[]))), Some(agreed));
    }

    #[test]
    fn a_promise_of_a_ticket_is_heard() {
        let hello = server(&[0xff, 1, 0, 1, 0, 0, 35, 0, 0]);
        let Some(Heard::Hello { gives_ticket, .. }) = heard(&record(RECORD_HANDSHAKE, &hello))
        else {
            panic!("it is a ServerHello");
        };
        assert!(gives_ticket);
    }

    #[test]
    fn a_warning_is_a_refusal_only_when_nothing_follows() {
        let warning = record(RECORD_ALERT, &[WARNING, 112]);
        assert_eq!(heard(&warning), None);
        assert_eq!(ended(&warning), Heard::Alert(112));
        assert_eq!(ended(&[]), Heard::Closed);
        let followed = [warning, record(RECORD_HANDSHAKE, &server(&[]))].concat();
        assert!(matches!(heard(&followed), Some(Heard::Hello { .. })));
    }

    #[test]
    fn a_refusal_and_another_protocol_are_heard() {
        assert_eq!(
            heard(&record(RECORD_ALERT, &[2, 70])),
            Some(Heard::Alert(70))
        );
        assert_eq!(
            heard(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            Some(Heard::Other("HTTP/1.1 400 Bad Request".into()))
        );
        assert_eq!(heard(b"SSH"), Some(Heard::Other("SSH".into())));
        assert_eq!(heard(b""), None);
        assert_eq!(heard(&[RECORD_HANDSHAKE, 3]), None);
    }

    #[test]
    fn a_hello_offers_its_version_and_asks_for_names_only() {
        let offered =
            hello(TlsVersion::Tls11, &name("a.example"), Suites::Usual).expect("is written");
        assert_eq!(offered[..3], [RECORD_HANDSHAKE, 3, 1]);
        assert_eq!(
            usize::from(u16::from_be_bytes([offered[3], offered[4]])),
            offered.len() - 5
        );
        assert_eq!(offered[9..11], [3, 2]);
        let has_name = |bytes: &[u8]| bytes.windows(9).any(|part| part == b"a.example");
        assert!(has_name(&offered));
        let numbered =
            hello(TlsVersion::Tls10, &name("10.0.0.1"), Suites::All).expect("is written");
        assert!(!numbered.windows(8).any(|part| part == b"10.0.0.1"));
    }

    #[test]
    fn all_suites_are_offered_once_and_those_of_todays_in_no_old_hello() {
        let old = suites(TlsVersion::Tls10, Suites::All);
        // RC4, SEED, Camellia, DSS, anonymous.
        for suite in [0x0005, 0x0096, 0x0084, 0x0032, 0x0034, 0xc019] {
            assert!(old.contains(&suite), "{suite:#06x}");
        }
        assert!(!old.contains(&0xc02b));
        let new = suites(TlsVersion::Tls12, Suites::All);
        assert!(new.contains(&0xc02b) && new.len() > old.len());
        let mut once = new.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), new.len());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, cut in 0usize..80, extensions: Vec<u8>) {
            let _ = (heard(&bytes), ended(&bytes));
            let mut hello = record(RECORD_HANDSHAKE, &server(&extensions));
            hello.truncate(cut);
            let _ = heard(&hello);
            let _ = heard(&record(RECORD_HANDSHAKE, &bytes));
            let _ = parsed(&bytes);
        }
    }
}
