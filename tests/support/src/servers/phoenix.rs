//! Channels as Phoenix has them, over a WebSocket on a loopback port of its own.

use crate::Result;
use crate::servers::raw::{RawServer, head, header};
use serde_json::{Value, json};
use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Message, WebSocket};

/// A running server; ends when it is dropped.
pub struct PhoenixServer(RawServer);

impl PhoenixServer {
    /// Lets in who has this key in `x-api-key`, and answers each message with this status: `ok` or
    /// `error`.
    pub fn start(key: &'static str, status: &'static str) -> Result<Self> {
        RawServer::start(move |stream| drop(serve(stream, key, status))).map(Self)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.0.port()
    }
}

fn serve(mut stream: TcpStream, key: &str, status: &str) -> std::io::Result<()> {
    let Some(head) = head(&mut BufReader::new(stream.try_clone()?)) else {
        return Ok(());
    };
    let asked = header(&head, "sec-websocket-key").unwrap_or_default();
    if asked.is_empty() || header(&head, "x-api-key").as_deref() != Some(key) {
        let refusal = "HTTP/1.1 403 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        return stream.write_all(refusal.as_bytes());
    }
    let accept = derive_accept_key(asked.as_bytes());
    stream.write_all(
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
        .as_bytes(),
    )?;
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, None);
    while let Ok(message) = socket.read() {
        if let Message::Text(text) = message {
            let reply = reply(&text, status).to_string();
            let _ = socket.send(Message::text(reply));
        }
    }
    Ok(())
}

/// <https://hexdocs.pm/phoenix/writing_a_channels_client.html>
fn reply(text: &str, status: &str) -> Value {
    let asked: Value = serde_json::from_str(text).unwrap_or_default();
    json!({
        "topic": asked["topic"],
        "event": "phx_reply",
        "payload": {"status": status, "response": {}},
        "ref": asked["ref"],
    })
}
