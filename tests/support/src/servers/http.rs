//! An HTTP server, plain or with TLS, whose every answer is decided by one function.

use crate::{Error, Result};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A request with its whole body.
pub type Request = hyper::Request<Bytes>;
/// A whole answer.
pub type Reply = hyper::Response<Full<Bytes>>;

type Answer = dyn Fn(&Request) -> Reply + Send + Sync;

/// A running server; ends when it is dropped.
pub struct HttpServer {
    address: SocketAddr,
    is_secure: bool,
    _alive: tokio::sync::oneshot::Sender<()>,
}

impl HttpServer {
    /// Serves plain HTTP/1.1 on a free port.
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Result<Self> {
        Self::serve(0, None, Arc::new(answer))
    }

    /// Serves plain HTTP/1.1 on this port.
    pub fn start_on(
        port: u16,
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::serve(port, None, Arc::new(answer))
    }

    /// Serves HTTP over TLS on a free port; HTTP/2 when ALPN agrees on it.
    pub fn start_secure(
        tls: Arc<rustls::ServerConfig>,
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::serve(0, Some(tls), Arc::new(answer))
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> SocketAddr {
        self.address
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

    fn serve(
        port: u16,
        tls: Option<Arc<rustls::ServerConfig>>,
        answer: Arc<Answer>,
    ) -> Result<Self> {
        let cannot = |why: std::io::Error| Error::new(format!("cannot serve HTTP: {why}"));
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(cannot)?;
        let is_secure = tls.is_some();
        let (alive, over) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            runtime.block_on(async {
                let accepting = accept(listener, tls, answer);
                tokio::select! {
                    () = accepting => {}
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
        let _ = stream.set_nodelay(true);
        let (tls, answer) = (tls.clone(), answer.clone());
        tokio::spawn(async move {
            match tls {
                None => connection(stream, answer, false).await,
                Some(tls) => {
                    if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        connection(stream, answer, is_http2).await;
                    }
                }
            }
        });
    }
}

async fn connection<S>(stream: S, answer: Arc<Answer>, is_http2: bool)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let answer = answer.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes());
            let request = Request::from_parts(parts, body.unwrap_or_default());
            Ok::<_, Infallible>(answer(&request))
        }
    });
    // A connection that breaks off is the client's affair.
    let stream = TokioIo::new(stream);
    if is_http2 {
        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = builder.serve_connection(stream, service).await;
    } else {
        let builder = hyper::server::conn::http1::Builder::new();
        let _ = builder.serve_connection(stream, service).await;
    }
}
