//! A WebSocket server that does one thing wrong, on a loopback port of its own.

use crate::Result;
use crate::servers::raw::{RawServer, head, header};
use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

/// The only origin whose pages are let in.
pub const ORIGIN: &str = "https://app.example";
/// The only subprotocol.
pub const PROTOCOL: &str = "events.v1";

/// What a WebSocket server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebsocketManner {
    /// Greets, says everything again, and lets in no page but those of [`ORIGIN`].
    Good,
    /// Lets every page in.
    AnyOrigin,
    /// Answers the handshake with a page.
    Page,
    /// Answers it with 403.
    Forbidden,
    /// Answers it with 101 and another key's answer.
    WrongAccept,
    /// Agrees on another subprotocol.
    WrongProtocol,
    /// Never answers it.
    Silent,
    /// Answers it a byte at a time.
    Drip,
    /// Opens and says nothing ever again.
    Mute,
    /// Opens and sends bytes that are no frame.
    Garbage,
    /// Opens and announces a frame of exabytes, which it begins to send.
    Huge,
    /// Opens and sends frames without end, none of them the right one.
    Flood,
    /// Opens and says at once that it failed (1011).
    Fails,
    /// Opens and hangs up.
    HangsUp,
}

/// A running server; ends when it is dropped.
pub struct WebsocketServer(RawServer);

impl WebsocketServer {
    /// Serves on a free port.
    pub fn start(manner: WebsocketManner) -> Result<Self> {
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

fn serve(mut stream: TcpStream, manner: WebsocketManner) -> std::io::Result<()> {
    let Some(head) = head(&mut BufReader::new(stream.try_clone()?)) else {
        return Ok(());
    };
    let is_asked = header(&head, "upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
    if !is_asked {
        return stream.write_all(&page(426, "only WebSockets here"));
    }
    let is_ours = header(&head, "origin").is_none_or(|origin| origin == ORIGIN);
    let (mut key, mut protocol) = (accept(&head), PROTOCOL);
    match manner {
        WebsocketManner::Silent => return RawServer::wait(&stream),
        WebsocketManner::Page => return stream.write_all(&page(200, "<h1>hello</h1>")),
        WebsocketManner::Forbidden => return stream.write_all(&page(403, "no")),
        WebsocketManner::WrongAccept => key = "AAAA".into(),
        WebsocketManner::WrongProtocol => protocol = "other",
        WebsocketManner::Good
        | WebsocketManner::AnyOrigin
        | WebsocketManner::Drip
        | WebsocketManner::Mute
        | WebsocketManner::Garbage
        | WebsocketManner::Huge
        | WebsocketManner::Flood
        | WebsocketManner::Fails
        | WebsocketManner::HangsUp => {}
    }
    if !is_ours && manner != WebsocketManner::AnyOrigin {
        return stream.write_all(&page(403, "not from there"));
    }
    let answer = upgrade(&key, protocol, &head);
    if manner == WebsocketManner::Drip {
        return RawServer::drip(&mut stream, &answer, Duration::from_millis(50));
    }
    stream.write_all(&answer)?;
    open(stream, manner)
}

/// What follows the handshake.
fn open(mut stream: TcpStream, manner: WebsocketManner) -> std::io::Result<()> {
    let socket = |stream| WebSocket::from_raw_socket(stream, Role::Server, None);
    match manner {
        WebsocketManner::Mute => RawServer::wait(&stream),
        // Reserved bits and an unknown code.
        WebsocketManner::Garbage => stream.write_all(&[0xff; 64]),
        WebsocketManner::Huge => {
            stream.write_all(&[&[0x81, 127, 0x7f][..], &[0xff; 7]].concat())?;
            loop {
                stream.write_all(&[b'x'; 4096])?;
            }
        }
        WebsocketManner::Flood => {
            let mut socket = socket(stream);
            while socket.send(Message::text("noise")).is_ok() {}
            Ok(())
        }
        WebsocketManner::Fails => {
            let mut socket = socket(stream);
            let _ = socket.close(Some(CloseFrame {
                code: CloseCode::Error,
                reason: "no database".into(),
            }));
            while socket.read().is_ok() {}
            Ok(())
        }
        WebsocketManner::Good | WebsocketManner::AnyOrigin => {
            talk(&mut socket(stream));
            Ok(())
        }
        WebsocketManner::Page
        | WebsocketManner::Forbidden
        | WebsocketManner::WrongAccept
        | WebsocketManner::WrongProtocol
        | WebsocketManner::Silent
        | WebsocketManner::Drip
        | WebsocketManner::HangsUp => Ok(()),
    }
}

fn talk(socket: &mut WebSocket<TcpStream>) {
    let _ = socket.send(Message::text(r#"{"type":"welcome"}"#));
    // Pings and the goodbye are answered by reading on.
    while let Ok(message) = socket.read() {
        if let Message::Text(text) = message {
            let _ = socket.send(Message::Text(text));
        }
    }
}

fn accept(head: &str) -> String {
    derive_accept_key(
        header(head, "sec-websocket-key")
            .unwrap_or_default()
            .as_bytes(),
    )
}

fn upgrade(accept: &str, protocol: &str, head: &str) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n"
    );
    if header(head, "sec-websocket-protocol").is_some() {
        answer.push_str(&format!("Sec-WebSocket-Protocol: {protocol}\r\n"));
    }
    format!("{answer}\r\n").into_bytes()
}

fn page(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}
