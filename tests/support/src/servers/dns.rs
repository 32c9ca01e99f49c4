//! A name server, over UDP and TCP on one port, that says what it is told to say.
//!
//! It writes its messages byte by byte (RFC 1035), so that no library is tested against itself.

mod record;

pub use record::Record;

use super::Stopper;
use crate::{Error, Result};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What came.
#[derive(Clone, Debug)]
pub struct Query {
    /// From 1, over UDP and TCP.
    pub number: u64,
    /// The message's id.
    pub id: u16,
    /// The name, in lower case and without its last dot.
    pub name: String,
    /// The type: 1 for A, 2 for NS, …
    pub kind: u16,
    /// Whether the server shall ask others.
    pub is_recursive: bool,
    /// Whether it came over TCP.
    pub is_tcp: bool,
    question: Vec<u8>,
}

/// What is said.
#[derive(Clone, Debug)]
pub enum Said {
    /// These bytes, whatever they are; over TCP behind their length.
    Bytes(Vec<u8>),
    /// These datagrams one after the other; over TCP the first alone.
    Each(Vec<Vec<u8>>),
    /// Nothing.
    Nothing,
}

/// The flags of an answer that the server knows itself, without an error.
pub const AUTHORITATIVE: u16 = 0x8580;
/// The flags of an answer from memory, without an error.
pub const REMEMBERED: u16 = 0x8180;
/// To be added: the answer is cut off.
pub const TRUNCATED: u16 = 0x0200;
/// To be added: the server failed.
pub const SERVER_FAILURE: u16 = 2;
/// To be added: there is no such name.
pub const NO_SUCH_NAME: u16 = 3;

impl Query {
    /// An answer to it with these flags.
    pub fn answer(&self, flags: u16, records: &[Record]) -> Said {
        Said::Bytes(self.message(flags, records))
    }

    /// The same as bytes.
    pub fn message(&self, flags: u16, records: &[Record]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in [self.id, flags, 1, records.len() as u16, 0, 0] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.question);
        for record in records {
            record.write(&mut bytes);
        }
        bytes
    }

    /// The records of a zone that answer it: those of its name and type, and an alias with what it
    /// stands for; no such name when the zone has nothing of that name.
    pub fn of_zone(&self, zone: &[Record]) -> Said {
        let of = |owner: &str, kind: u16| -> Vec<Record> {
            let is_of = |record: &&Record| record.owner == owner && record.kind == kind;
            zone.iter().filter(is_of).cloned().collect()
        };
        const ALIAS: u16 = 5;
        let mut owner = self.name.clone();
        let mut found = of(&owner, self.kind);
        while self.kind != ALIAS && found.len() < 8 {
            let Some(alias) = of(&owner, ALIAS).into_iter().next() else {
                break;
            };
            owner = unwritten(&alias.data);
            found.push(alias);
            found.extend(of(&owner, self.kind));
        }
        let below = format!(".{}", self.name);
        let is_known =
            |record: &Record| record.owner == self.name || record.owner.ends_with(&below);
        let code = if zone.iter().any(is_known) {
            0
        } else {
            NO_SUCH_NAME
        };
        self.answer(AUTHORITATIVE | code, &found)
    }
}

type Answer = dyn Fn(&Query) -> Said + Send + Sync;

/// A running name server; ends when it is dropped.
pub struct DnsServer {
    address: SocketAddr,
    queries: Arc<AtomicU64>,
    _stopper: Stopper,
}

impl DnsServer {
    /// Serves on a port of its own.
    pub fn start(answer: impl Fn(&Query) -> Said + Send + Sync + 'static) -> Result<Self> {
        let (udp, tcp) = both()?;
        let address = tcp.local_addr().map_err(cannot)?;
        let answer: Arc<Answer> = Arc::new(answer);
        let queries = Arc::new(AtomicU64::new(0));
        let stopper = Stopper::new(address);
        let (own, counted, is_over) = (answer.clone(), queries.clone(), stopper.flag());
        udp.set_read_timeout(Some(Duration::from_millis(50)))
            .map_err(cannot)?;
        std::thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                datagram(&udp, &*own, &counted);
            }
        });
        let (counted, is_over) = (queries.clone(), stopper.flag());
        std::thread::spawn(move || {
            for stream in tcp.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                if let Ok(stream) = stream {
                    let _ = connection(stream, &*answer, &counted);
                }
            }
        });
        Ok(Self {
            address,
            queries,
            _stopper: stopper,
        })
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many queries came.
    pub fn queries(&self) -> u64 {
        self.queries.load(Ordering::SeqCst)
    }
}

fn cannot(why: std::io::Error) -> Error {
    Error::new(format!("cannot serve names: {why}"))
}

/// The same port of both.
fn both() -> Result<(UdpSocket, TcpListener)> {
    let mut last = None;
    for _ in 0..20 {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(cannot)?;
        match UdpSocket::bind(tcp.local_addr().map_err(cannot)?) {
            Ok(udp) => return Ok((udp, tcp)),
            Err(why) => last = Some(why),
        }
    }
    Err(last.map_or_else(|| Error::new("cannot serve names"), cannot))
}

fn datagram(udp: &UdpSocket, answer: &Answer, queries: &AtomicU64) {
    let mut bytes = [0; 2048];
    let Ok((length, from)) = udp.recv_from(&mut bytes) else {
        return;
    };
    let Some(query) = read(&bytes[..length], queries, false) else {
        return;
    };
    let messages = match answer(&query) {
        Said::Bytes(message) => vec![message],
        Said::Each(messages) => messages,
        Said::Nothing => Vec::new(),
    };
    for message in messages {
        let _ = udp.send_to(&message, from);
    }
}

fn connection(mut stream: TcpStream, answer: &Answer, queries: &AtomicU64) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes)?;
    let Some(query) = read(&bytes, queries, true) else {
        return Ok(());
    };
    let message = match answer(&query) {
        Said::Bytes(message) => message,
        Said::Each(messages) => messages.into_iter().next().unwrap_or_default(),
        // The client waits until it gives up.
        Said::Nothing => return stream.read(&mut length).map(drop),
    };
    let length = (message.len() as u16).to_be_bytes();
    stream.write_all(&[&length[..], &message].concat())
}

fn read(bytes: &[u8], queries: &AtomicU64, is_tcp: bool) -> Option<Query> {
    let id = u16::from_be_bytes(*bytes.first_chunk()?);
    let rest = bytes.get(12..)?;
    let end = rest.iter().position(|byte| *byte == 0)? + 1;
    let question = rest.get(..end + 4)?;
    Some(Query {
        number: queries.fetch_add(1, Ordering::SeqCst) + 1,
        id,
        name: unwritten(rest),
        kind: u16::from_be_bytes([question[end], question[end + 1]]),
        is_recursive: bytes[2] & 1 == 1,
        is_tcp,
        question: question.to_vec(),
    })
}

fn unwritten(bytes: &[u8]) -> String {
    let mut labels = Vec::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first() {
        let Some((label, after)) = after.split_at_checked(usize::from(*length)) else {
            break;
        };
        if label.is_empty() {
            break;
        }
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        rest = after;
    }
    labels.join(".")
}
