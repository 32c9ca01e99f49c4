//! A server of HTTP/2 whose answers have trailers, as those of gRPC have.

use crate::{Error, Result};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{HeaderMap, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What is answered.
#[derive(Clone, Debug)]
pub struct GrpcReply {
    /// The status of HTTP.
    pub status: u16,
    /// Header fields.
    pub headers: Vec<(&'static str, String)>,
    /// The body, frame and all.
    pub body: Vec<u8>,
    /// What stands behind the body; nothing at all when there is none.
    pub trailers: Vec<(&'static str, String)>,
}

impl GrpcReply {
    /// The answer of the health service with this number: 1 serves, 2 does not.
    pub fn health(number: u8) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "application/grpc".into())],
            body: vec![0, 0, 0, 0, 2, 8, number],
            trailers: vec![("grpc-status", "0".into())],
        }
    }

    /// A call that fails, in the headers alone.
    pub fn failure(code: u8, message: &str) -> Self {
        Self {
            status: 200,
            headers: vec![
                ("content-type", "application/grpc".into()),
                ("grpc-status", code.to_string()),
                ("grpc-message", message.into()),
            ],
            body: Vec::new(),
            trailers: Vec::new(),
        }
    }
}

/// A question: its path and its body.
pub struct GrpcCall {
    /// `/package.Service/Method`.
    pub path: String,
    /// The header field `te`.
    pub te: String,
    /// The body, frame and all.
    pub body: Bytes,
}

type Answer = dyn Fn(&GrpcCall) -> GrpcReply + Send + Sync;

/// A running server; ends when it is dropped.
pub struct GrpcServer {
    address: SocketAddr,
    is_secure: bool,
    _alive: tokio::sync::oneshot::Sender<()>,
}

impl GrpcServer {
    /// Serves on a port of its own: HTTP/2 at once, or after TLS.
    pub fn start(
        tls: Option<Arc<rustls::ServerConfig>>,
        answer: impl Fn(&GrpcCall) -> GrpcReply + Send + Sync + 'static,
    ) -> Result<Self> {
        let cannot = |why: std::io::Error| Error::new(format!("cannot serve gRPC: {why}"));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().map_err(cannot)?;
        let is_secure = tls.is_some();
        let (alive, over) = tokio::sync::oneshot::channel();
        let answer: Arc<Answer> = Arc::new(answer);
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, tls, answer) => {}
                    _ = over => {}
                }
            });
        });
        Ok(Self {
            address,
            is_secure,
            _alive: alive,
        })
    }

    /// `http://127.0.0.1:port`, or `https://localhost:port` with TLS.
    pub fn url(&self) -> String {
        let port = self.address.port();
        if self.is_secure {
            format!("https://localhost:{port}")
        } else {
            format!("http://127.0.0.1:{port}")
        }
    }
}

async fn accept(
    listener: std::net::TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    answer: Arc<Answer>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, answer) = (tls.clone(), answer.clone());
        tokio::spawn(async move {
            match tls {
                None => connection(stream, answer).await,
                Some(tls) => {
                    if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                        connection(stream, answer).await;
                    }
                }
            }
        });
    }
}

async fn connection<S>(stream: S, answer: Arc<Answer>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let answer = answer.clone();
        async move {
            let te = request.headers().get("te").map(HeaderValue::as_bytes);
            let te = String::from_utf8_lossy(te.unwrap_or_default()).into_owned();
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await;
            let body = body.map(|body| body.to_bytes()).unwrap_or_default();
            let reply = answer(&GrpcCall { path, te, body });
            let trailers = reply.trailers;
            let has_trailers = !trailers.is_empty();
            let trailers = async move { has_trailers.then(|| Ok(fields(&trailers))) };
            let body = Full::new(Bytes::from(reply.body)).with_trailers(trailers);
            let mut response = Response::new(body);
            *response.headers_mut() = fields(&reply.headers);
            *response.status_mut() = hyper::StatusCode::from_u16(reply.status).unwrap_or_default();
            Ok::<_, Infallible>(response)
        }
    });
    let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    // A connection that breaks off is the client's affair.
    let _ = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn fields(fields: &[(&'static str, String)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, String)| {
        let value = HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""));
        (HeaderName::from_static(name), value)
    };
    fields.iter().map(field).collect()
}
