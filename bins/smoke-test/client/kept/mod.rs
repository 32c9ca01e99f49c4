//! A connection that is kept and asked again and again with `GET` over HTTP/1.1. Bodies are read to
//! their end and dropped: what counts is how long it took, the status, and who answered.

pub(crate) mod body;
pub(crate) mod head;
mod line;

pub(crate) use line::{Line, Questions, Silence};

use super::connect::Stream;
use crate::answer::{Break, NoAnswer};
use body::Fed;
use head::{Body, Head};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::Instant;

/// What is read at once.
const BUFFER: usize = 16 << 10;
/// Longer heads are refused: a header bomb must not fill the memory.
const LONGEST_HEAD: usize = 64 << 10;
/// Longer bodies are no answer to a probe.
const LONGEST_BODY: u64 = 64 << 20;
/// Interim answers (`100 Continue`, `103 Early Hints`) before the real one.
const MOST_INTERIM: u32 = 16;
/// The end of a kept connection that crosses a request on its way takes no longer than one more way
/// there and back, and this for two busy machines.
const CROSSING: Duration = Duration::from_millis(5);

/// An open connection.
#[derive(Debug)]
pub(super) struct Kept {
    stream: Stream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    is_used: bool,
    connecting: Duration,
    sent: Instant,
}

/// A whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The status code.
    pub(crate) status: u16,
    /// Whether the connection may be used again.
    is_kept: bool,
}

/// Why a connection did not bring an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It had been closed since it was last used, before anything was sent.
    Stale,
    /// It was closed when a request had just been sent: it may have ended before the request came,
    /// or because of it.
    Cut,
    /// It broke off.
    At(Break),
    /// More came than an answer has.
    Endless,
}

impl Kept {
    /// Over a connection that was just opened, which took so long.
    pub(super) fn new(stream: Stream, connecting: Duration) -> Self {
        Self {
            stream,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            is_used: false,
            connecting,
            sent: Instant::now(),
        }
    }

    /// Sends the bytes of a request and reads its answer.
    pub(super) async fn ask(
        &mut self,
        request: &[u8],
        watched: &[String],
        said: &mut Option<Vec<u8>>,
    ) -> Result<Reply, Failure> {
        if self.is_used && self.is_over().await {
            return Err(Failure::Stale);
        }
        self.sent = Instant::now();
        if let Err(error) = self.write(request).await {
            return Err(match NoAnswer::of_io(&error).at {
                // What cannot even be written had been closed before.
                Break::Closed if self.is_used => Failure::Stale,
                at => Failure::At(at),
            });
        }
        let head = self.head(watched, said).await?;
        self.body(head.body).await?;
        self.is_used = true;
        // Bytes after the answer belong to no request.
        let is_kept = head.is_kept && self.start == self.end;
        Ok(Reply {
            status: head.status,
            is_kept,
        })
    }

    async fn write(&mut self, request: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(request).await?;
        // TLS may hold records back; without it there is nothing to do.
        self.stream.flush().await
    }

    /// Whether the other side has ended the connection, or sent what was not asked for. It takes no
    /// system call unless something came.
    async fn is_over(&mut self) -> bool {
        let (stream, buffer) = (&mut self.stream, &mut self.buffer);
        poll_fn(|context| {
            let mut buffer = ReadBuf::new(buffer);
            let read = Pin::new(&mut *stream).poll_read(context, &mut buffer);
            Poll::Ready(read.is_ready())
        })
        .await
    }

    async fn head(
        &mut self,
        watched: &[String],
        said: &mut Option<Vec<u8>>,
    ) -> Result<Head, Failure> {
        (self.start, self.end) = (0, 0);
        let mut is_first = true;
        let mut interim = 0;
        loop {
            if self.start == self.end || is_first {
                self.fill(is_first).await?;
                is_first = false;
            }
            let bytes = &self.buffer[self.start..self.end];
            match head::read(bytes, watched, said).map_err(Failure::At)? {
                // `101` means another protocol, which was not asked for: RFC 9110, section 15.2.2.
                Some(Head { status: 101, .. }) => return Err(Failure::At(Break::Protocol)),
                Some(head) if head.status < 200 => {
                    self.start += head.length;
                    interim += 1;
                    *said = None;
                    if interim > MOST_INTERIM {
                        return Err(Failure::Endless);
                    }
                }
                Some(head) => {
                    self.start += head.length;
                    return Ok(head);
                }
                None if self.end - self.start >= LONGEST_HEAD => return Err(Failure::Endless),
                None => self.fill(false).await?,
            }
        }
    }

    async fn body(&mut self, body: Body) -> Result<(), Failure> {
        let mut reader = body::Reader::new(body);
        let mut total = 0_u64;
        loop {
            let bytes = &self.buffer[self.start..self.end];
            let (taken, fed) = reader.feed(bytes).map_err(Failure::At)?;
            total += taken as u64;
            self.start += taken;
            if fed == Fed::Done {
                return Ok(());
            }
            if total > LONGEST_BODY {
                return Err(Failure::Endless);
            }
            if !self.fill_or_end().await? {
                let is_whole = body == Body::Closed;
                return if is_whole {
                    Ok(())
                } else {
                    Err(Failure::At(Break::Closed))
                };
            }
        }
    }

    async fn fill(&mut self, is_first: bool) -> Result<(), Failure> {
        match self.read().await {
            Ok(0) => Err(self.ended(is_first)),
            Ok(_) => Ok(()),
            Err(error) => Err(self.broken(&error, is_first)),
        }
    }

    async fn fill_or_end(&mut self) -> Result<bool, Failure> {
        match self.read().await {
            Ok(count) => Ok(count > 0),
            // Many servers end TLS without saying so.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(self.broken(&error, false)),
        }
    }

    /// Reads what there is; what was used up before makes room.
    async fn read(&mut self) -> std::io::Result<usize> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.end == self.buffer.len() {
                self.buffer.resize(LONGEST_HEAD.max(self.end + BUFFER), 0);
            }
        }
        let count = self.stream.read(&mut self.buffer[self.end..]).await?;
        self.end += count;
        Ok(count)
    }

    /// What an error of the socket means.
    fn broken(&self, error: &std::io::Error, is_first: bool) -> Failure {
        match NoAnswer::of_io(error).at {
            Break::Closed => self.ended(is_first),
            at => Failure::At(at),
        }
    }

    /// What the end of the connection means. A server that had the request for longer than its own
    /// end could have been on its way has worked on it, and died.
    fn ended(&self, is_first: bool) -> Failure {
        let crossing = 2 * self.connecting + CROSSING;
        if is_first && self.is_used && self.sent.elapsed() <= crossing {
            Failure::Cut
        } else {
            Failure::At(Break::Closed)
        }
    }
}
