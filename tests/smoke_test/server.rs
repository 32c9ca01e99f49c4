//! A server that misbehaves as it is told, one connection per thread, on a loopback port.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// One request as the server sees it.
#[derive(Debug)]
pub struct Request {
    /// From 1, over all connections.
    pub number: u64,
    /// `GET` or `HEAD`.
    pub method: String,
    /// With the query.
    pub path: String,
    /// The whole head.
    pub head: String,
}

/// What the server does with a request.
pub enum Reply {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes, one each few milliseconds.
    Drip(Vec<u8>, Duration),
    /// Sends these bytes after a while.
    Late(Vec<u8>, Duration),
    /// Sends these bytes and resets the connection.
    Reset(Vec<u8>),
    /// Sends these bytes and ends the connection without saying so.
    Close(Vec<u8>),
}

/// A running server; ends when it is dropped.
pub struct Server {
    address: SocketAddr,
    requests: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Server {
    /// Serves on a port of its own.
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_on(0, answer)
    }

    /// Serves on this port.
    pub fn start_on(port: u16, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let server = Self {
            address: listener.local_addr().expect("it is bound"),
            requests: Arc::default(),
            is_over: Arc::default(),
        };
        let answer = Arc::new(answer);
        let (requests, is_over) = (server.requests.clone(), server.is_over.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let (answer, requests) = (answer.clone(), requests.clone());
                let Ok(stream) = stream else { continue };
                std::thread::spawn(move || serve(stream, &*answer, &requests));
            }
        });
        server
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests came.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: TcpStream, answer: &dyn Fn(&Request) -> Reply, requests: &AtomicU64) {
    let _ = stream.set_nodelay(true);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let Ok(mut out) = stream.try_clone() else {
        return;
    };
    let mut lines = BufReader::new(stream);
    // Dropped senders make the pause below end only by its time.
    let (_alive, pause) = channel::<()>();
    while let Some(head) = head(&mut lines) {
        let mut words = head.split_whitespace().map(str::to_owned);
        let request = Request {
            number: requests.fetch_add(1, Ordering::SeqCst) + 1,
            method: words.next().unwrap_or_default(),
            path: words.next().unwrap_or_default(),
            head,
        };
        if send(&mut out, answer(&request), &pause).is_err() {
            return;
        }
    }
}

fn head(lines: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let read = lines.read_line(&mut head).ok()?;
        if read == 0 {
            return None;
        }
    }
    Some(head)
}

fn send(out: &mut TcpStream, reply: Reply, pause: &Receiver<()>) -> std::io::Result<()> {
    match reply {
        Reply::Send(bytes) => out.write_all(&bytes),
        Reply::Late(bytes, time) => {
            let _ = pause.recv_timeout(time);
            out.write_all(&bytes)
        }
        Reply::Drip(bytes, time) => bytes.iter().try_for_each(|byte| {
            let _ = pause.recv_timeout(time);
            out.write_all(&[*byte])
        }),
        Reply::Close(bytes) => {
            out.write_all(&bytes)?;
            Err(std::io::ErrorKind::ConnectionAborted.into())
        }
        Reply::Reset(bytes) => {
            out.write_all(&bytes)?;
            reset(out)?;
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
    }
}

/// Has the connection end in a reset when it is dropped.
fn reset(out: &TcpStream) -> std::io::Result<()> {
    let stream = out.try_clone()?;
    stream.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Only tokio's stream has this setting in its stable interface.
    let _entered = runtime.enter();
    tokio::net::TcpStream::from_std(stream)?.set_zero_linger()
}

/// An answer with a release and a body.
pub fn answer(status: u16, release: &str, body: &str) -> Vec<u8> {
    with_headers(status, &[("x-release", release)], body)
}

/// An answer with any headers.
pub fn with_headers(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{head}\r\n{body}").into_bytes()
}
