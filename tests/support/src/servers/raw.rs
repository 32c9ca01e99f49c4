//! A server of bytes: one thread for each connection, which does as it likes.

use crate::{Error, Result};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

/// No connection outlives its test by more than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server; takes no more connections when it is dropped.
pub struct RawServer {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl RawServer {
    /// Serves on a free port.
    pub fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Result<Self> {
        let cannot = |why: std::io::Error| Error::new(format!("cannot serve: {why}"));
        let listener = TcpListener::bind("127.0.0.1:0").map_err(cannot)?;
        let server = Self {
            address: listener.local_addr().map_err(cannot)?,
            is_over: Arc::default(),
        };
        let (serve, is_over) = (Arc::new(serve), server.is_over.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let _ = stream.set_nodelay(true);
                let _ = stream.set_read_timeout(Some(PATIENCE));
                let _ = stream.set_write_timeout(Some(PATIENCE));
                let serve = serve.clone();
                std::thread::spawn(move || serve(stream));
            }
        });
        Ok(server)
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Reads until the other side ends it, and answers nothing.
    pub fn wait(mut stream: &TcpStream) -> std::io::Result<()> {
        let mut buffer = [0; 1024];
        while stream.read(&mut buffer)? > 0 {}
        Ok(())
    }

    /// Writes a byte at a time.
    pub fn drip(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> std::io::Result<()> {
        // Nobody ever sends, so that only the time ends each pause.
        let (_alive, nothing) = channel::<()>();
        bytes.iter().try_for_each(|byte| {
            let _ = nothing.recv_timeout(pause);
            stream.write_all(&[*byte])
        })
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// The head of a request; none when the connection ends before.
pub fn head(lines: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// The value of a header.
pub fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(value.trim().to_owned())
}
