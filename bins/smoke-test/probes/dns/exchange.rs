//! One question and its answer: over UDP, and over TCP when the answer does not fit.

use super::Asking;
use crate::answer::{Break, NoAnswer};
use crate::client::milliseconds;
use crate::dns::{Code, Question, Read, Reply, query, read};
use crate::facts::dns::ServerSeen;
use futures_util::StreamExt as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout_at};

/// A datagram may be lost, and a server may fail once.
const ATTEMPTS: u32 = 3;
/// Without an extension that we do not use, no answer is longer: RFC 1035, section 4.2.1. What is
/// longer is read as far as this, and so is garbage.
const LONGEST_DATAGRAM: usize = 4096;
/// So many wrong answers to one question are a flood.
const MOST_FOREIGN: usize = 64;
/// So many servers are asked at once.
const TOGETHER: usize = 16;

/// A name server, and how it is shown.
pub(super) struct Server {
    /// Where it is.
    pub(super) address: Result<SocketAddr, NoAnswer>,
    /// `ns1.example (192.0.2.1:53)`.
    pub(super) shown: String,
}

impl Asking<'_> {
    /// Asks one resolver after the other until one knows.
    pub(super) async fn resolve(&self, question: &Question) -> ServerSeen {
        let shown = |address: &SocketAddr| address.to_string();
        self.attempt(self.resolvers, question, shown).await
    }

    /// Asks every server.
    pub(super) async fn each(&self, servers: &[Server], question: &Question) -> Vec<ServerSeen> {
        let asked = servers.iter().map(async |server| match &server.address {
            Ok(address) => {
                let shown = |_: &SocketAddr| server.shown.clone();
                self.attempt(&[*address], question, shown).await
            }
            Err(why) => ServerSeen {
                server: server.shown.clone(),
                reply: Err(why.clone()),
                milliseconds: 0.0,
                attempts: 0,
            },
        });
        let asked = futures_util::stream::iter(asked);
        asked.buffered(TOGETHER).collect().await
    }

    async fn attempt(
        &self,
        servers: &[SocketAddr],
        question: &Question,
        shown: impl Fn(&SocketAddr) -> String,
    ) -> ServerSeen {
        let start = Instant::now();
        let mut attempts = 0;
        loop {
            let server = servers[attempts as usize % servers.len()];
            let patience = self.left() / (ATTEMPTS - attempts);
            attempts += 1;
            let reply = self.once(server, question, patience).await;
            let is_known = match &reply {
                Ok(reply) => !matches!(reply.code, Code::Failed(_)),
                Err(no_answer) => !may_pass(no_answer.at),
            };
            let is_over = attempts >= ATTEMPTS || self.left().is_zero();
            if is_known || is_over {
                return ServerSeen {
                    server: shown(&server),
                    reply,
                    milliseconds: milliseconds(start.elapsed()),
                    attempts,
                };
            }
        }
    }

    async fn once(
        &self,
        server: SocketAddr,
        question: &Question,
        patience: Duration,
    ) -> Result<Reply, NoAnswer> {
        self.allow().await?;
        let deadline = Instant::now() + patience;
        let unfit = |reason: &str| NoAnswer::new(Break::Machine, reason);
        let id = getrandom::u32().map_err(|error| unfit(&error.to_string()))?;
        let id = (id & 0xffff) as u16;
        let message = query(id, question).ok_or_else(|| unfit("the name cannot be asked for"))?;
        match over_udp(server, &message, id, question, deadline).await? {
            Some(reply) => Ok(reply),
            // The whole answer takes a connection, and the time of all attempts.
            None => over_tcp(server, &message, id, question, self.deadline.get()).await,
        }
    }

    /// Takes a question from the allowance of the run. Servers have as long as before, however
    /// long that makes it wait.
    async fn allow(&self) -> Result<(), NoAnswer> {
        let left = self.left();
        self.client.allow().await?;
        let deadline = self.deadline.get();
        self.deadline.set(deadline.max(Instant::now() + left));
        Ok(())
    }

    fn left(&self) -> Duration {
        self.deadline
            .get()
            .saturating_duration_since(Instant::now())
    }
}

/// Whether the next attempt may be answered.
fn may_pass(at: Break) -> bool {
    at.may_pass() || at == Break::Protocol
}

/// None when the answer is to be had over TCP.
async fn over_udp(
    server: SocketAddr,
    message: &[u8],
    id: u16,
    question: &Question,
    deadline: Instant,
) -> Result<Option<Reply>, NoAnswer> {
    let broken = |error: std::io::Error| NoAnswer::of_io(&error);
    let local: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    // Of a port of its own each time, which whoever forges answers has to guess: RFC 5452. A
    // connected socket takes datagrams of the server alone.
    let socket = UdpSocket::bind(local).await.map_err(broken)?;
    socket.connect(server).await.map_err(broken)?;
    socket.send(message).await.map_err(broken)?;
    let mut bytes = [0; LONGEST_DATAGRAM];
    let mut foreign = 0;
    while foreign < MOST_FOREIGN {
        let Ok(received) = timeout_at(deadline, socket.recv(&mut bytes)).await else {
            break;
        };
        let length = received.map_err(broken)?;
        match read(&bytes[..length], id, question) {
            Read::Reply(reply) => return Ok(Some(reply)),
            Read::Truncated => return Ok(None),
            Read::Foreign | Read::Garbage => foreign += 1,
        }
    }
    Err(if foreign == 0 {
        NoAnswer::new(Break::Timeout, "no answer in time")
    } else {
        let reason = format!("{foreign} datagrams came, none of them an answer to the question");
        NoAnswer::new(Break::Protocol, reason)
    })
}

async fn over_tcp(
    server: SocketAddr,
    message: &[u8],
    id: u16,
    question: &Question,
    deadline: Instant,
) -> Result<Reply, NoAnswer> {
    let exchange = async {
        let mut stream = TcpStream::connect(server).await?;
        // Each message follows its length: RFC 1035, section 4.2.2. In one packet, since some
        // servers read no further than the first.
        let length = u16::try_from(message.len()).map_err(std::io::Error::other)?;
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend_from_slice(message);
        stream.write_all(&bytes).await?;
        let mut answer = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    };
    let answer = match timeout_at(deadline, exchange).await {
        Ok(answer) => answer.map_err(|error: std::io::Error| {
            let why = NoAnswer::of_io(&error);
            NoAnswer::new(why.at, format!("over TCP: {}", why.reason))
        })?,
        Err(_) => return Err(NoAnswer::new(Break::Timeout, "over TCP: no answer in time")),
    };
    match read(&answer, id, question) {
        Read::Reply(reply) => Ok(reply),
        Read::Truncated | Read::Foreign | Read::Garbage => {
            let reason = "over TCP: what came is no answer to the question";
            Err(NoAnswer::new(Break::Protocol, reason))
        }
    }
}
