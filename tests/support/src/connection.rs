//! One HTTP/1.1 connection to a loopback server.

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::{Error, Result};

/// A connection that is open, or was when it was last used.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    /// The status.
    pub(crate) status: u16,
    /// The value of `x-release`.
    pub(crate) release: Option<String>,
    /// The whole body.
    pub(crate) body: Bytes,
}

impl Connection {
    /// Connects to `host:port`.
    pub(crate) async fn open(authority: &str) -> Result<Self> {
        let failed = |why: &dyn std::error::Error| {
            Error::new(format!("cannot connect to {authority}: {why}"))
        };
        let stream = TcpStream::connect(authority)
            .await
            .map_err(|why| failed(&why))?;
        stream.set_nodelay(true).map_err(|why| failed(&why))?;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|why| failed(&why))?;
        // Its end shows in the sender, so the error itself is of no use here.
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// Whether another request can be sent on it, as far as can be known.
    pub(crate) async fn is_open(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    /// Sends one request and reads the whole answer.
    pub(crate) async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Exchange> {
        let failed = |why: hyper::Error| Error::new(chain(&why));
        let response = self.sender.send_request(request).await.map_err(failed)?;
        let (status, release) = (response.status().as_u16(), release_of(&response));
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(failed)?
            .to_bytes();
        Ok(Exchange {
            status,
            release,
            body,
        })
    }
}

/// A request with the headers that a loopback server needs.
pub(crate) fn request(method: Method, uri: &Uri, body: &str) -> Result<Request<Full<Bytes>>> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, authority(uri)?)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body.to_owned())))
        .map_err(|why| Error::new(format!("`{uri}` cannot be asked: {why}")))
}

/// The `host:port` of an address.
pub(crate) fn authority(uri: &Uri) -> Result<&str> {
    match uri.authority() {
        Some(authority) if uri.scheme_str() == Some("http") => Ok(authority.as_str()),
        Some(_) | None => Err(Error::new(format!("`{uri}` is not http://host:port"))),
    }
}

/// Reads an address.
pub(crate) fn uri(text: &str) -> Result<Uri> {
    text.parse()
        .map_err(|why| Error::new(format!("`{text}` is no address: {why}")))
}

fn release_of(response: &Response<Incoming>) -> Option<String> {
    let value = response.headers().get("x-release")?;
    value.to_str().ok().map(str::to_owned)
}

fn chain(why: &dyn std::error::Error) -> String {
    match why.source() {
        Some(source) => format!("{why}: {}", chain(source)),
        None => why.to_string(),
    }
}
