//! Messages of the DevTools protocol over two pipes: commands with an answer, and events. A port
//! would let everybody on the machine see what the visitor sees.

use serde_json::{Value, json};
use shared::error::{Error, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, ChildStdout};

/// Longer messages are not what we ask for: the largest is the source of a page.
const LONGEST_MESSAGE: usize = 32 << 20;

/// So much is read at once.
const CHUNK: usize = 64 << 10;
/// What ends each message.
const END: u8 = 0;

/// An open connection to a browser.
#[derive(Debug)]
pub(crate) struct Connection {
    commands: ChildStdin,
    messages: ChildStdout,
    /// What has come and was not taken yet, and how much of it is known to have no end.
    came: Vec<u8>,
    searched: usize,
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
    /// Over these ends of its pipes.
    pub(super) fn new(commands: ChildStdin, messages: ChildStdout) -> Self {
        Self {
            commands,
            messages,
            came: Vec::new(),
            searched: 0,
            last: 0,
        }
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
        let mut message = message.to_string().into_bytes();
        message.push(END);
        let sent = self.commands.write_all(&message).await;
        sent.map_err(|error| broken(&error))?;
        Ok(self.last)
    }

    /// What the browser says next. Nothing is lost when this is dropped before it is there.
    pub(super) async fn next(&mut self) -> Result<Said> {
        loop {
            while let Some(message) = self.take() {
                if let Some(said) = said(&message) {
                    return Ok(said);
                }
            }
            if self.came.len() > LONGEST_MESSAGE {
                return Err(broken(&"a message without an end"));
            }
            self.came.reserve(CHUNK);
            match self.messages.read_buf(&mut self.came).await {
                Ok(0) => return Err(Error::unavailable("the browser has ended")),
                Ok(_) => {}
                Err(error) => return Err(broken(&error)),
            }
        }
    }

    /// The first whole message of what has come.
    fn take(&mut self) -> Option<Vec<u8>> {
        let rest = &self.came[self.searched..];
        let Some(length) = rest.iter().position(|byte| *byte == END) else {
            self.searched = self.came.len();
            return None;
        };
        let mut message: Vec<u8> = self.came.drain(..=self.searched + length).collect();
        self.searched = 0;
        message.pop();
        Some(message)
    }
}

fn broken(error: &dyn std::fmt::Display) -> Error {
    Error::unavailable(format!("the connection to the browser broke: {error}"))
}

/// Reads one message; none when it is neither an answer nor an event.
fn said(text: &[u8]) -> Option<Said> {
    let mut message: Value = serde_json::from_slice(text).ok()?;
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
            said(br#"{"id":3,"result":{"a":1}}"#),
            Some(Said::Answer(3, Ok(json!({"a": 1}))))
        );
        assert_eq!(
            said(br#"{"id":4,"error":{"code":-32000,"message":"No target"}}"#),
            Some(Said::Answer(4, Err("No target".into())))
        );
        assert_eq!(
            said(br#"{"method":"Page.loadEventFired","params":{},"sessionId":"S"}"#),
            Some(Said::Event(Event {
                session: Some("S".into()),
                method: "Page.loadEventFired".into(),
                parameters: json!({}),
            }))
        );
        assert_eq!(said(b"[]"), None);
        assert_eq!(said(b"{"), None);
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(text in "(?s).{0,200}", id: u64) {
            let _ = said(text.as_bytes());
            let _ = said(format!(r#"{{"id":{id},"result":{text:?}}}"#).as_bytes());
        }
    }
}
