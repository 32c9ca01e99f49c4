//! WebSockets: the handshake, a frame each way, a ping, and the end.

mod handshake;

use super::Ask;
use crate::answer::{Break, NoAnswer};
use crate::client::{Client, milliseconds};
use crate::facts::{Frame, Talk, Talked, Upgrade};
use crate::plan::{Request, WebsocketPlan};
use futures_util::{SinkExt as _, StreamExt as _};
use handshake::{Handshake, Socket};
use shared::config::Span;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Bytes, Message};

/// So many frames are looked at for the right one.
const MOST_FRAMES: usize = 100;
/// So many bytes of them.
const MOST_BYTES: usize = 4 << 20;
/// What a ping says and its answer must repeat: RFC 6455, section 5.5.3.
const PING: &[u8] = b"sluicegate";

impl Ask for WebsocketPlan {
    type Seen = Talked;

    async fn ask(&self, client: &Client) -> Talked {
        let (attempts, opened) = handshake::open(client, &self.request).await;
        let mut seen = Talked {
            attempts,
            upgrade: Upgrade::Broken(String::new()),
            talk: None,
            foreign: None,
            again: None,
        };
        seen.upgrade = match opened {
            Handshake::Open(socket, upgrade) => {
                seen.talk = Some(talk(self, *socket).await);
                upgrade
            }
            Handshake::Failed(upgrade) => upgrade,
        };
        if let Some((_, request)) = &self.foreign {
            let foreign = upgrade(client, request).await;
            // A server that has enough of handshakes refuses everybody for a while.
            if matches!(foreign, Upgrade::Refused(_)) {
                seen.again = Some(upgrade(client, &self.request).await);
            }
            seen.foreign = Some(foreign);
        }
        seen
    }
}

/// A handshake alone.
async fn upgrade(client: &Client, request: &Request) -> Upgrade {
    match handshake::open(client, request).await.1 {
        Handshake::Open(socket, upgrade) => {
            drop(socket);
            upgrade
        }
        Handshake::Failed(upgrade) => upgrade,
    }
}

async fn talk(plan: &WebsocketPlan, mut socket: Socket) -> Talk {
    let within = plan.request.within.duration();
    let mut talk = Talk::default();
    if let Some(text) = &plan.send {
        let message = Message::text(text.expose());
        match timeout(within, socket.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                talk.silence = Some(broken(&error));
                return talk;
            }
            Err(_) => {
                talk.silence = Some(NoAnswer::late(plan.request.within));
                return talk;
            }
        }
    }
    if plan.expect.is_some() {
        listen(plan, &mut socket, &mut talk).await;
    }
    if plan.ping && !talk.is_over() {
        talk.pong = Some(ping(&mut socket, plan.request.within).await);
    }
    if !talk.is_over() {
        talk.end = Some(close(&mut socket, plan.request.within).await);
    }
    talk
}

impl Talk {
    /// Whether nothing more can be said.
    fn is_over(&self) -> bool {
        let is_broken = |no_answer: &NoAnswer| no_answer.at != Break::Timeout;
        self.silence.as_ref().is_some_and(is_broken)
            || matches!(&self.pong, Some(Err(no_answer)) if is_broken(no_answer))
    }
}

/// Reads texts until one is right.
async fn listen(plan: &WebsocketPlan, socket: &mut Socket, talk: &mut Talk) {
    let deadline = Instant::now() + plan.request.within.duration();
    let mut bytes = 0;
    loop {
        if talk.frames.len() >= MOST_FRAMES || bytes > MOST_BYTES {
            let reason = format!("{} frames came, none of them right", talk.frames.len());
            talk.silence = Some(NoAnswer::new(Break::Timeout, reason));
            return;
        }
        let message = match timeout_at(deadline, next(socket)).await {
            Ok(Ok(message)) => message,
            Ok(Err(no_answer)) => {
                talk.silence = Some(no_answer);
                return;
            }
            Err(_) => {
                talk.silence = Some(NoAnswer::late(plan.request.within));
                return;
            }
        };
        let text = match message {
            Message::Text(text) => text.as_str().to_owned(),
            Message::Binary(data) => String::from_utf8_lossy(&data).into_owned(),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => continue,
        };
        bytes += text.len();
        let received = jiff::Timestamp::now();
        let is_right = plan
            .expect
            .as_ref()
            .is_none_or(|expect| expect.holds(&text, received));
        talk.frames.push(Frame { text, received });
        if is_right {
            return;
        }
    }
}

async fn ping(socket: &mut Socket, within: Span) -> Result<f64, NoAnswer> {
    let start = Instant::now();
    let answered = async {
        let ping = Message::Ping(Bytes::from_static(PING));
        socket.send(ping).await.map_err(|error| broken(&error))?;
        loop {
            if let Message::Pong(data) = next(socket).await?
                && data == PING
            {
                return Ok(milliseconds(start.elapsed()));
            }
        }
    };
    let answered = timeout(within.duration(), answered).await;
    answered.unwrap_or_else(|_| Err(NoAnswer::late(within)))
}

/// Says goodbye, and waits for the other side to say it too: RFC 6455, section 7.1.4.
async fn close(socket: &mut Socket, within: Span) -> Result<(), NoAnswer> {
    let ended = async {
        socket.close(None).await.map_err(|error| broken(&error))?;
        loop {
            match socket.next().await {
                // The last message is the other side's goodbye; then there are no more.
                None => return Ok(()),
                // It had gone by itself, and its goodbye was not yet read.
                Some(Ok(Message::Close(Some(frame)))) if !is_clean(frame.code) => {
                    return Err(gone(Some(frame.code)));
                }
                Some(Ok(_)) => {}
                Some(Err(tungstenite::Error::ConnectionClosed)) => return Ok(()),
                Some(Err(error)) => return Err(broken(&error)),
            }
        }
    };
    let ended = timeout(within.duration(), ended).await;
    ended.unwrap_or_else(|_| Err(NoAnswer::late(within)))
}

/// Whether a goodbye says that nothing went wrong, or nothing at all: RFC 6455, section 7.4.1.
fn is_clean(code: CloseCode) -> bool {
    matches!(u16::from(code), 1000 | 1001 | 1005)
}

fn gone(code: Option<CloseCode>) -> NoAnswer {
    let code = code.map(|code| format!(" ({})", u16::from(code)));
    let reason = format!("the server closed it{}", code.unwrap_or_default());
    NoAnswer::new(Break::Closed, reason)
}

async fn next(socket: &mut Socket) -> Result<Message, NoAnswer> {
    match socket.next().await {
        Some(Ok(Message::Close(frame))) => Err(gone(frame.map(|frame| frame.code))),
        Some(Ok(message)) => Ok(message),
        Some(Err(error)) => Err(broken(&error)),
        None => Err(NoAnswer::new(Break::Closed, "the connection ended")),
    }
}

/// What broke a connection that was open.
fn broken(error: &tungstenite::Error) -> NoAnswer {
    match error {
        tungstenite::Error::Io(error) => NoAnswer::of_io(error),
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => {
            NoAnswer::new(Break::Closed, error.to_string())
        }
        tungstenite::Error::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => NoAnswer::new(Break::Closed, "the connection ended without a goodbye"),
        other => NoAnswer::new(Break::Protocol, other.to_string()),
    }
}
