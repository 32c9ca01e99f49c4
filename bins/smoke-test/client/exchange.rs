//! One request and its answer over an open connection, HTTP/1.1 or HTTP/2.

use super::connect::{Connected, Stream};
use super::{Client, milliseconds};
use crate::answer::{Answer, Break, LONGEST_BODY, NoAnswer, Phases};
use crate::plan::{Protocol, Request};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use tokio::time::Instant;

/// More headers than these are refused by the parser: a header bomb must not fill the memory.
const LARGEST_HEADERS: usize = 64 << 10;

/// An answer whose head has come.
pub(super) struct Begun {
    /// The head, and the body as it comes.
    pub(super) response: hyper::Response<Incoming>,
    /// How long each part took so far.
    pub(super) phases: Phases,
    /// When the request was sent.
    pub(super) start: Instant,
    /// Where it comes from.
    pub(super) peer: SocketAddr,
}

/// Sends a request and reads its answer, at most 4 MiB of it.
pub(super) async fn send(
    connected: Connected,
    request: &Request,
    client: &Client,
) -> Result<Answer, NoAnswer> {
    let mut begun = begin(connected, request, client).await?;
    let mut answer = head(&begun);
    let body = begun.response.body_mut();
    let read = read(body, LONGEST_BODY).await?;
    answer.trailers = read.trailers;
    let before = [answer.phases.dns, answer.phases.connect, answer.phases.tls];
    let before: f64 = before.into_iter().flatten().sum();
    answer.phases.total = before + milliseconds(begun.start.elapsed());
    answer.received = jiff::Timestamp::now();
    answer.take_body(read.bytes, read.is_cut);
    Ok(answer)
}

/// Sends a request and waits for the head of its answer.
pub(super) async fn begin(
    connected: Connected,
    request: &Request,
    client: &Client,
) -> Result<Begun, NoAnswer> {
    let Connected {
        stream,
        peer,
        mut phases,
        protocol,
    } = connected;
    let is_http2 = protocol.as_deref() == Some("h2") || request.protocol == Protocol::Http2;
    let message = message(request, client, is_http2)?;
    let start = Instant::now();
    let response = if is_http2 {
        over_http2(stream, message).await?
    } else {
        over_http1(stream, message).await?
    };
    phases.first_byte = Some(milliseconds(start.elapsed()));
    Ok(Begun {
        response,
        phases,
        start,
        peer,
    })
}

/// An answer without its body.
pub(super) fn head(begun: &Begun) -> Answer {
    let response = &begun.response;
    Answer {
        status: response.status().as_u16(),
        version: format!("{:?}", response.version()),
        headers: texts(response.headers()),
        phases: begun.phases,
        peer: Some(begun.peer),
        received: jiff::Timestamp::now(),
        ..Answer::default()
    }
}

/// What was read of a body.
pub(super) struct Body {
    /// At most as much as was asked for.
    pub(super) bytes: Vec<u8>,
    /// Whether there was more.
    pub(super) is_cut: bool,
    /// What came behind it.
    pub(super) trailers: Vec<(String, String)>,
}

/// So much of a body, and what comes behind it.
pub(super) async fn read(incoming: &mut Incoming, longest: usize) -> Result<Body, NoAnswer> {
    let mut body = Body {
        bytes: Vec::new(),
        is_cut: false,
        trailers: Vec::new(),
    };
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| silence(&error))?;
        let Some(data) = frame.data_ref() else {
            body.trailers
                .extend(frame.trailers_ref().map(texts).unwrap_or_default());
            continue;
        };
        let room = longest - body.bytes.len();
        body.bytes.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            body.is_cut = true;
            break;
        }
    }
    Ok(body)
}

/// Names in lower case, and values.
fn texts(headers: &hyper::HeaderMap) -> Vec<(String, String)> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    };
    headers.iter().map(text).collect()
}

type Message = hyper::Request<Full<Bytes>>;

async fn over_http1(
    stream: Stream,
    message: Message,
) -> Result<hyper::Response<Incoming>, NoAnswer> {
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_buf_size(LARGEST_HEADERS);
    let (mut sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| silence(&error))?;
    tokio::spawn(connection.with_upgrades());
    sender
        .send_request(message)
        .await
        .map_err(|error| silence(&error))
}

async fn over_http2(
    stream: Stream,
    message: Message,
) -> Result<hyper::Response<Incoming>, NoAnswer> {
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    builder.max_header_list_size(LARGEST_HEADERS as u32);
    let (mut sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| silence(&error))?;
    tokio::spawn(connection);
    sender
        .send_request(message)
        .await
        .map_err(|error| silence(&error))
}

fn message(request: &Request, client: &Client, is_http2: bool) -> Result<Message, NoAnswer> {
    let unfit = |error: &dyn std::fmt::Display| {
        NoAnswer::new(
            Break::Other,
            format!("the request cannot be written: {error}"),
        )
    };
    let url = &request.url;
    // HTTP/2 has the host in the address of the request: RFC 9113, section 8.3.1.
    let address = if is_http2 {
        let scheme = if url.endpoint.is_secure {
            "https"
        } else {
            "http"
        };
        format!(
            "{scheme}://{}{}",
            url.endpoint.authority(),
            url.target.expose()
        )
    } else {
        url.target.expose().to_owned()
    };
    let mut message = hyper::Request::builder()
        .method(request.method.as_str())
        .uri(address)
        .body(Full::new(request.body.clone()))
        .map_err(|error| unfit(&error))?;
    let headers = message.headers_mut();
    if !is_http2 {
        let host =
            HeaderValue::from_str(&url.endpoint.authority()).map_err(|error| unfit(&error))?;
        headers.insert(HOST, host);
    }
    let agent = HeaderValue::from_str(client.agent()).map_err(|error| unfit(&error))?;
    headers.insert(USER_AGENT, agent);
    let run = HeaderValue::from_str(client.run()).map_err(|error| unfit(&error))?;
    headers.insert(HeaderName::from_static("x-sluicegate-run"), run);
    if let Some(credentials) = &url.credentials {
        let value = HeaderValue::from_str(credentials.expose()).map_err(|error| unfit(&error))?;
        headers.insert(hyper::header::AUTHORIZATION, value);
    }
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| unfit(&error))?;
        let value = HeaderValue::from_bytes(value.expose().as_bytes());
        headers.insert(name, value.map_err(|error| unfit(&error))?);
    }
    Ok(message)
}

/// Why an exchange over HTTP broke off.
pub(super) fn silence(error: &hyper::Error) -> NoAnswer {
    let mut cause: &(dyn std::error::Error + 'static) = error;
    while let Some(inner) = cause.source() {
        cause = inner;
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return NoAnswer::of_io(io);
        }
    }
    let at = if error.is_parse() {
        Break::Protocol
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        Break::Closed
    } else if error.is_timeout() {
        Break::Timeout
    } else {
        Break::Other
    };
    NoAnswer::new(at, cause.to_string())
}
