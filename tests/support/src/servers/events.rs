//! A server of events that does one thing wrong, on a loopback port of its own.

use crate::Result;
use crate::servers::raw::{RawServer, head};
use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// What a server of events does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventsManner {
    /// Sends three events `tick` with ids, in all three forms of line ends, and waits.
    Good,
    /// Sends the same as `text/html`.
    Html,
    /// Answers 404.
    Missing,
    /// Never answers.
    Silent,
    /// Sends the head and nothing else, as a proxy that buffers does.
    Buffered,
    /// Sends one event and ends.
    Ends,
    /// Sends other data.
    Wrong,
    /// Sends a line without an end.
    Endless,
    /// Sends comments without an end.
    Comments,
    /// Sends a byte every 50 ms.
    Drip,
    /// Sends a chunk whose size is no number.
    Garbage,
    /// Sends an event that is no UTF-8, then the good ones.
    Bytes,
}

/// A running server; ends when it is dropped.
pub struct EventServer(RawServer);

impl EventServer {
    /// Serves on a free port.
    pub fn start(manner: EventsManner) -> Result<Self> {
        RawServer::start(move |stream| drop(serve(stream, manner))).map(Self)
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.0.port()
    }
}

const GOOD: &[u8] = b"\xef\xbb\xbf: hello\n\nretry: 500\nevent: tick\nid: 1\ndata: {\"n\":1}\n\n\
    event: tick\r\nid: 2\r\ndata: {\"n\":2}\r\n\r\nevent: other\ndata: x\n\n\
    event: tick\rid: 3\rdata: {\"n\":\rdata: 3}\r\r\n";

fn serve(mut stream: TcpStream, manner: EventsManner) -> std::io::Result<()> {
    if head(&mut BufReader::new(stream.try_clone()?)).is_none() {
        return Ok(());
    }
    let mut begin = |kind: &str| {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncache-control: no-cache\r\n\
             transfer-encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes())
    };
    match manner {
        EventsManner::Silent => return RawServer::wait(&stream),
        EventsManner::Missing => {
            let answer = "HTTP/1.1 404 x\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
            return stream.write_all(answer.as_bytes());
        }
        EventsManner::Html => begin("text/html")?,
        EventsManner::Good
        | EventsManner::Buffered
        | EventsManner::Ends
        | EventsManner::Wrong
        | EventsManner::Endless
        | EventsManner::Comments
        | EventsManner::Drip
        | EventsManner::Garbage
        | EventsManner::Bytes => begin("text/event-stream; charset=utf-8")?,
    }
    body(&mut stream, manner)?;
    RawServer::wait(&stream)
}

fn body(stream: &mut TcpStream, manner: EventsManner) -> std::io::Result<()> {
    match manner {
        EventsManner::Missing | EventsManner::Silent | EventsManner::Buffered => Ok(()),
        EventsManner::Garbage => stream.write_all(b"zz\r\nevent: tick\n\n"),
        EventsManner::Ends => {
            chunk(stream, b"event: tick\ndata: {\"n\":1}\n\n")?;
            stream.write_all(b"0\r\n\r\n")
        }
        EventsManner::Wrong => chunk(
            stream,
            b"event: tick\ndata: none\n\nevent: tick\ndata: {\"n\":\"many\"}\n\n",
        ),
        EventsManner::Endless => loop {
            chunk(stream, &[b'x'; 16 << 10])?;
        },
        EventsManner::Comments => loop {
            chunk(stream, &b": keep-alive\n\n".repeat(1 << 10))?;
        },
        EventsManner::Drip => {
            let text: Vec<u8> = (GOOD.iter())
                .flat_map(|byte| [b"1\r\n".as_slice(), &[*byte], b"\r\n"].concat())
                .collect();
            RawServer::drip(stream, &text, Duration::from_millis(50))
        }
        EventsManner::Bytes => {
            chunk(stream, b"event: tick\ndata: \xff\xfe\x00\n\n")?;
            chunk(stream, GOOD)
        }
        EventsManner::Good | EventsManner::Html => chunk(stream, GOOD),
    }
}

fn chunk(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(format!("{:x}\r\n", bytes.len()).as_bytes())?;
    stream.write_all(bytes)?;
    stream.write_all(b"\r\n")
}
