//! Ends the threads of a server that wait for connections.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends them when it is dropped.
pub(super) struct Stopper {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Stopper {
    /// For a server that listens there.
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            is_over: Arc::default(),
        }
    }

    /// Whether it is over, to be looked at after each connection.
    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        self.is_over.clone()
    }
}

impl Drop for Stopper {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // One more connection, so that the thread looks.
        let _ = TcpStream::connect(self.address);
    }
}
