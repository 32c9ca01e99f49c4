//! Messages of the DevTools protocol over a WebSocket: commands with an answer, and events.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use shared::error::{Error, Result};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Longer messages are not what we ask for: the largest is the source of a page.
const LONGEST_MESSAGE: usize = 32 << 20;

/// An open connection to a browser.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: WebSocketStream<TcpStream>,
    last: u64,
}

/// A command that is sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Command {
    /// Which page or worker it is for; none for the browser itself.
    pub(crate) session: Option<String>,
    /// `Page.navigate`.
    pub(crate) method: &'static str,
    /// What it takes.
    pub(crate) parameters: Value,
}

/// What the browser says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// The answer to a command of this number.
    Answer(u64, std::result::Result<Value, String>),
    /// Something happened.
    Event(Event),
}

/// Something happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Event {
    /// To which page or worker.
    pub(crate) session: Option<String>,
    /// `Page.loadEventFired`.
    pub(crate) method: String,
    /// What is known of it.
    pub(crate) parameters: Value,
}

impl Command {
    /// For the browser itself.
    pub(crate) fn browser(method: &'static str, parameters: Value) -> Self {
        Self {
            session: None,
            method,
            parameters,
        }
    }

    /// For a page or worker.
    pub(crate) fn session(session: &str, method: &'static str, parameters: Value) -> Self {
        Self {
            session: Some(session.to_owned()),
            method,
            parameters,
        }
    }
}

impl Connection {
    /// Opens a connection to a browser on this machine.
    pub(super) async fn open(port: u16, path: &str) -> Result<Self> {
        let unfit = |error: &dyn std::fmt::Display| {
            Error::unavailable(format!(
                "the browser does not speak on its port {port}: {error}"
            ))
        };
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        let stream = stream.map_err(|error| unfit(&error))?;
        // Commands are small, and each waits for its answer.
        let _ = stream.set_nodelay(true);
        let config = WebSocketConfig::default()
            .max_message_size(Some(LONGEST_MESSAGE))
            .max_frame_size(Some(LONGEST_MESSAGE));
        let url = format!("ws://127.0.0.1:{port}{path}");
        let opened = tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await;
        let (socket, _) = opened.map_err(|error| unfit(&error))?;
        Ok(Self { socket, last: 0 })
    }

    /// Sends a command; its answer comes with the number that is given back.
    pub(super) async fn send(&mut self, command: Command) -> Result<u64> {
        self.last += 1;
        let mut message = json!({
            "id": self.last,
            "method": command.method,
            "params": command.parameters,
        });
        if let Some(session) = command.session {
            message["sessionId"] = session.into();
        }
        let sent = self.socket.send(Message::text(message.to_string())).await;
        sent.map_err(|error| broken(&error))?;
        Ok(self.last)
    }

    /// What the browser says next.
    pub(super) async fn next(&mut self) -> Result<Said> {
        loop {
            match self.socket.next().await {
                None => return Err(Error::unavailable("the browser has ended")),
                Some(Err(error)) => return Err(broken(&error)),
                Some(Ok(Message::Text(text))) => {
                    if let Some(said) = said(&text) {
                        return Ok(said);
                    }
                }
                // The protocol is text; the library answers pings by itself.
                Some(Ok(_)) => {}
            }
        }
    }
}

fn broken(error: &dyn std::fmt::Display) -> Error {
    Error::unavailable(format!("the connection to the browser broke: {error}"))
}

/// Reads one message; none when it is neither an answer nor an event.
fn said(text: &str) -> Option<Said> {
    let mut message: Value = serde_json::from_str(text).ok()?;
    if let Some(id) = message.get("id").and_then(Value::as_u64) {
        let answer = match message.get("error") {
            None => Ok(message
                .get_mut("result")
                .map(Value::take)
                .unwrap_or_default()),
            Some(error) => {
                let words = error.get("message").and_then(Value::as_str);
                Err(crate::answer::shown(words.unwrap_or("no reason"), 200))
            }
        };
        return Some(Said::Answer(id, answer));
    }
    let method = message.get("method")?.as_str()?.to_owned();
    let session = message.get("sessionId").and_then(Value::as_str);
    Some(Said::Event(Event {
        session: session.map(str::to_owned),
        method,
        parameters: message
            .get_mut("params")
            .map(Value::take)
            .unwrap_or_default(),
    }))
}

/// A text within a value; empty when there is none.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_errors_and_events_are_told_apart() {
        assert_eq!(
            said(r#"{"id":3,"result":{"a":1}}"#),
            Some(Said::Answer(3, Ok(json!({"a": 1}))))
        );
        assert_eq!(
            said(r#"{"id":4,"error":{"code":-32000,"message":"No target"}}"#),
            Some(Said::Answer(4, Err("No target".into())))
        );
        assert_eq!(
            said(r#"{"method":"Page.loadEventFired","params":{},"sessionId":"S"}"#),
            Some(Said::Event(Event {
                session: Some("S".into()),
                method: "Page.loadEventFired".into(),
                parameters: json!({}),
            }))
        );
        assert_eq!(said("[]"), None);
        assert_eq!(said("{"), None);
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(text in "(?s).{0,200}", id: u64) {
            let _ = said(&text);
            let _ = said(&format!(r#"{{"id":{id},"result":{text:?}}}"#));
        }
    }
}
