//! The handshake of a WebSocket, and whether its answer is one: RFC 6455, section 4.1.

use crate::answer::{Answer, NoAnswer};
use crate::client::{Client, milliseconds};
use crate::facts::Upgrade;
use crate::plan::Request;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// Longer messages break the connection.
const LONGEST_MESSAGE: usize = 1 << 20;

/// An open WebSocket.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// What came of a handshake.
pub(super) enum Handshake {
    /// It is open.
    Open(Box<Socket>, Upgrade),
    /// It is not.
    Failed(Upgrade),
}

/// Asks for a WebSocket, again where nothing was answered; how often, and what came of it.
pub(super) async fn open(client: &Client, request: &Request) -> (u32, Handshake) {
    let (attempts, opened) = client.persist(async || once(client, request).await).await;
    let opened = opened.unwrap_or_else(|silence| Handshake::Failed(Upgrade::Silent(silence)));
    (attempts, opened)
}

async fn once(client: &Client, request: &Request) -> Result<Handshake, NoAnswer> {
    client.allow().await?;
    let start = Instant::now();
    let deadline = start + request.within.duration();
    let late = |_| NoAnswer::late(request.within);
    let key = generate_key();
    let keyed = request.clone().with("sec-websocket-key", &key);
    let opened = timeout_at(deadline, client.open(&keyed)).await;
    let opened = opened.map_err(late)??;
    if opened.head.status != 101 {
        let head = opened.head.clone();
        // The page says why; when it does not end in time, the status alone has to do.
        let page = timeout_at(deadline, opened.page()).await;
        let page = page.ok().and_then(Result::ok).unwrap_or(head);
        return Ok(Handshake::Failed(Upgrade::Refused(Box::new(page))));
    }
    if let Some(fault) = fault(&opened.head, request, &derive_accept_key(key.as_bytes())) {
        return Ok(Handshake::Failed(Upgrade::Broken(fault)));
    }
    let upgrade = Upgrade::Open {
        milliseconds: milliseconds(start.elapsed()),
        protocol: opened.head.header("sec-websocket-protocol"),
    };
    let stream = timeout_at(deadline, opened.upgraded()).await;
    let stream = stream.map_err(late)??;
    let config = WebSocketConfig::default()
        .max_message_size(Some(LONGEST_MESSAGE))
        .max_frame_size(Some(LONGEST_MESSAGE))
        .read_buffer_size(16 << 10);
    let socket = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
    Ok(Handshake::Open(Box::new(socket), upgrade))
}

/// What a 101 lacks to be the answer to a handshake.
fn fault(head: &Answer, request: &Request, accept: &str) -> Option<String> {
    let has = |name: &str, token: &str| {
        let values = head.header(name).unwrap_or_default();
        values
            .split(',')
            .any(|value| value.trim().eq_ignore_ascii_case(token))
    };
    if !has("upgrade", "websocket") {
        return Some("without `Upgrade: websocket`".into());
    }
    if !has("connection", "upgrade") {
        return Some("without `Connection: Upgrade`".into());
    }
    match head.header("sec-websocket-accept") {
        None => return Some("without `Sec-WebSocket-Accept`".into()),
        Some(value) if value.trim() != accept => {
            return Some("with a `Sec-WebSocket-Accept` that does not fit the key".into());
        }
        Some(_) => {}
    }
    if let Some(extensions) = head.header("sec-websocket-extensions") {
        let extensions = crate::answer::shown(&extensions, 60);
        return Some(format!(
            "with the extension `{extensions}`, which was not asked for"
        ));
    }
    let asked = request
        .shown
        .iter()
        .find(|header| header.name == "sec-websocket-protocol");
    match (asked, head.header("sec-websocket-protocol")) {
        (Some(asked), None) => Some(format!("without the subprotocol `{}`", asked.raw)),
        (Some(asked), Some(agreed)) if agreed.trim() != asked.raw => {
            let agreed = crate::answer::shown(&agreed, 60);
            Some(format!(
                "with the subprotocol `{agreed}`, not `{}`",
                asked.raw
            ))
        }
        (None, Some(agreed)) => {
            let agreed = crate::answer::shown(&agreed, 60);
            Some(format!(
                "with the subprotocol `{agreed}`, which was not asked for"
            ))
        }
        (Some(_), Some(_)) | (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{answer, request};
    use proptest::prelude::*;

    fn head(headers: &[(&str, &str)]) -> Answer {
        let mut head = answer(101, "");
        let headers = headers.iter();
        head.headers = headers
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        head
    }

    const RIGHT: [(&str, &str); 3] = [
        ("upgrade", "WebSocket"),
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ];

    fn of(headers: &[(&str, &str)], protocol: Option<&str>) -> Option<String> {
        let mut asked = request("/ws");
        if let Some(protocol) = protocol {
            asked = asked.with("sec-websocket-protocol", protocol);
        }
        // The key and the answer to it in RFC 6455, section 1.3.
        let accept = derive_accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
        fault(&head(headers), &asked, &accept)
    }

    #[test]
    fn the_answer_of_the_standard_is_one() {
        assert_eq!(of(&RIGHT, None), None);
        let agreed = [RIGHT.as_slice(), &[("sec-websocket-protocol", "chat")]].concat();
        assert_eq!(of(&agreed, Some("chat")), None);
    }

    #[test]
    fn whatever_is_missing_is_named() {
        for (index, words) in ["Upgrade: websocket", "Connection: Upgrade", "Accept"]
            .iter()
            .enumerate()
        {
            let mut headers = RIGHT.to_vec();
            headers.remove(index);
            assert!(
                of(&headers, None).is_some_and(|fault| fault.contains(words)),
                "{words}"
            );
        }
        let with = |name, value| [RIGHT.as_slice(), &[(name, value)]].concat();
        for (headers, protocol, words) in [
            (
                RIGHT.to_vec(),
                Some("chat"),
                "without the subprotocol `chat`",
            ),
            (
                with("sec-websocket-protocol", "x"),
                Some("chat"),
                "`x`, not `chat`",
            ),
            (with("sec-websocket-protocol", "x"), None, "not asked for"),
            (
                with("sec-websocket-extensions", "permessage-deflate"),
                None,
                "not asked for",
            ),
        ] {
            let fault = of(&headers, protocol).unwrap_or_default();
            assert!(fault.contains(words), "{fault}");
        }
        let mut wrong = RIGHT;
        wrong[2].1 = "AAAA";
        assert!(of(&wrong, None).is_some_and(|fault| fault.contains("does not fit")));
    }

    proptest! {
        #[test]
        fn no_headers_make_it_panic(name in "(upgrade|connection|sec-websocket-.{0,10})", value in ".{0,30}") {
            let _ = of(&[(&name, &value)], Some("chat"));
        }
    }
}
