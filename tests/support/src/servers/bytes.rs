//! A server that answers any first bytes with the same ones, whatever was asked.

use crate::{Error, Result};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// No test waits longer for anything.
const LONGEST: Duration = Duration::from_secs(30);

/// What it does after its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Closes the connection.
    Close,
    /// Keeps it open and says nothing more.
    Hold,
}

/// A running server; ends when it is dropped.
pub struct ByteServer {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl ByteServer {
    /// Answers on a free port with these bytes.
    pub fn start(answer: &[u8], then: Then) -> Result<Self> {
        let cannot = |why: std::io::Error| Error::new(format!("cannot serve bytes: {why}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(cannot)?;
        let server = Self {
            address: listener.local_addr().map_err(cannot)?,
            is_over: Arc::default(),
        };
        let (answer, is_over) = (answer.to_vec(), server.is_over.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let answer = answer.clone();
                std::thread::spawn(move || serve(stream, &answer, then));
            }
        });
        Ok(server)
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for ByteServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(mut stream: TcpStream, answer: &[u8], then: Then) {
    let _ = stream.set_read_timeout(Some(LONGEST));
    let mut asked = [0; 4096];
    if stream.read(&mut asked).unwrap_or_default() == 0 || stream.write_all(answer).is_err() {
        return;
    }
    // Until the client goes away.
    while then == Then::Hold && stream.read(&mut asked).unwrap_or_default() > 0 {}
}
