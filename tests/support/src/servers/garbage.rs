//! A server that speaks no protocol: it sends what it is told to whoever connects.

use crate::{Error, Result};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Nobody waits longer for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is done with a connection once the client has sent something.
#[derive(Clone, Debug)]
pub enum Garbage {
    /// Sends these bytes and closes it.
    Send(Vec<u8>),
    /// Sends these bytes again and again.
    Endless(Vec<u8>),
    /// Sends these bytes and nothing more, and keeps it open.
    Half(Vec<u8>),
}

/// A running server; ends when it is dropped.
#[derive(Debug)]
pub struct GarbageServer {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl GarbageServer {
    /// Starts one on a free port.
    pub fn start(garbage: Garbage) -> Result<Self> {
        let cannot = |why: std::io::Error| Error::new(format!("cannot listen: {why}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(cannot)?;
        let server = Self {
            address: listener.local_addr().map_err(cannot)?,
            is_over: Arc::default(),
        };
        let is_over = server.is_over.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let garbage = garbage.clone();
                std::thread::spawn(move || serve(stream, &garbage));
            }
        });
        Ok(server)
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for GarbageServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// A client that goes away ends it.
fn serve(mut stream: TcpStream, garbage: &Garbage) {
    let mut asked = [0; 1 << 10];
    let is_ready = stream.set_read_timeout(Some(PATIENCE)).is_ok()
        && stream.set_write_timeout(Some(PATIENCE)).is_ok()
        && stream.read(&mut asked).is_ok();
    if !is_ready {
        return;
    }
    match garbage {
        Garbage::Send(bytes) => drop(stream.write_all(bytes)),
        Garbage::Endless(bytes) => while stream.write_all(bytes).is_ok() {},
        Garbage::Half(bytes) => {
            drop(stream.write_all(bytes));
            while stream.read(&mut asked).is_ok_and(|came| came > 0) {}
        }
    }
}
