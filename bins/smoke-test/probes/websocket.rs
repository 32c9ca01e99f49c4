//! WebSockets: the handshake, a frame each way, a ping, and the end.

mod handshake;

use super::Ask;
use crate::answer::{Break, NoAnswer};
use crate::client::{Client, milliseconds};
use crate::facts::{Frame, Talk, Talked, Upgrade};
use crate::plan::WebsocketPlan;
use futures_util::{SinkExt as _, StreamExt as _};
use handshake::{Handshake, Socket};
use shared::config::Span;
use tokio::time::{Instant, timeout, timeout_at};
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
        };
        seen.upgrade = match opened {
            Handshake::Open(socket, upgrade) => {
                seen.talk = Some(talk(self, *socket).await);
                upgrade
            }
            Handshake::Failed(upgrade) => upgrade,
        };
        if let Some((_, request)) = &self.foreign {
            let (_, opened) = handshake::open(client, request).await;
            seen.foreign = Some(match opened {
                Handshake::Open(socket, upgrade) => {
                    drop(socket);
                    upgrade
                }
                Handshake::Failed(upgrade) => upgrade,
            });
        }
        seen
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
                Some(Ok(_)) => {}
                Some(Err(tungstenite::Error::ConnectionClosed)) => return Ok(()),
                Some(Err(error)) => return Err(broken(&error)),
            }
        }
    };
    let ended = timeout(within.duration(), ended).await;
    ended.unwrap_or_else(|_| Err(NoAnswer::late(within)))
}

async fn next(socket: &mut Socket) -> Result<Message, NoAnswer> {
    match socket.next().await {
        Some(Ok(Message::Close(frame))) => {
            let code = frame.map(|frame| format!(" ({})", u16::from(frame.code)));
            let reason = format!("the server closed it{}", code.unwrap_or_default());
            Err(NoAnswer::new(Break::Closed, reason))
        }
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
