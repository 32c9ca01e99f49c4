//! Free loopback ports that stay free until somebody listens on them.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use tokio::net::TcpSocket;

use crate::{Error, Result};

// Below the ports that Linux (32768 and up) and macOS (49152 and up) give to outgoing connections: a canary
// port is handed out minutes before its instance starts, and traffic must not occupy it in between.
const FIRST: u16 = 15_000;
const COUNT: u16 = 17_000;

/// Distinct ports, all free now, none handed out before by this process.
pub fn free_ports(count: usize) -> Result<Vec<u16>> {
    static HANDED_OUT: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut handed_out = HANDED_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    if count > usize::from(COUNT) {
        return Err(Error::new(format!(
            "{count} loopback ports are more than there are"
        )));
    }
    let mut sockets = Vec::new();
    let start = random_number();
    for step in 0..u64::from(COUNT) {
        if sockets.len() == count {
            break;
        }
        let place = (start % u64::from(COUNT) + step) % u64::from(COUNT);
        let port = FIRST + u16::try_from(place).expect("a remainder of a u16 fits into a u16");
        if handed_out.contains(&port) {
            continue;
        }
        // Held until all are found, so that nobody else takes one in between.
        if let Ok(socket) = bound(port) {
            sockets.push((port, socket));
        }
    }
    if sockets.len() < count {
        return Err(Error::new(format!(
            "only {} of {count} loopback ports are free",
            sockets.len()
        )));
    }
    let ports: Vec<u16> = sockets.iter().map(|(port, _)| *port).collect();
    handed_out.extend(&ports);
    Ok(ports)
}

/// A socket that is bound and does not listen: a process that is started at this moment has a copy of
/// it until it executes its program, and a copy of a listener would keep the port from its owner.
fn bound(port: u16) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    Ok(socket)
}

/// A number that differs from call to call and from process to process.
pub(crate) fn random_number() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn ports_are_distinct_and_free_and_handed_out_once() -> Result<()> {
        let mut ports = free_ports(20)?;
        ports.extend(free_ports(20)?);
        let distinct: BTreeSet<u16> = ports.iter().copied().collect();
        assert_eq!(distinct.len(), 40);
        for port in ports {
            assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
        }
        Ok(())
    }

    #[test]
    fn a_port_with_a_listener_is_not_free_and_one_that_is_only_bound_can_be_used()
    -> std::io::Result<()> {
        let port = free_ports(1).expect("a port is free")[0];
        let copy = bound(port)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        drop(copy);
        assert!(bound(port).is_err());
        drop(listener);
        assert!(bound(port).is_ok());
        Ok(())
    }

    #[test]
    fn more_ports_than_there_are_is_an_error() {
        assert!(free_ports(usize::from(u16::MAX)).is_err());
    }
}
