//! Free loopback ports that stay free until somebody listens on them.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

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
    let mut listeners = Vec::new();
    let start = random_number();
    for step in 0..u64::from(COUNT) {
        if listeners.len() == count {
            break;
        }
        let place = (start % u64::from(COUNT) + step) % u64::from(COUNT);
        let port = FIRST + u16::try_from(place).expect("a remainder of a u16 fits into a u16");
        if handed_out.contains(&port) {
            continue;
        }
        // Held until all are found, so that nobody else takes one in between.
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            listeners.push((port, listener));
        }
    }
    if listeners.len() < count {
        return Err(Error::new(format!(
            "only {} of {count} loopback ports are free",
            listeners.len()
        )));
    }
    let ports: Vec<u16> = listeners.iter().map(|(port, _)| *port).collect();
    handed_out.extend(&ports);
    Ok(ports)
}

/// A number that differs from call to call and from process to process.
pub(crate) fn random_number() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn more_ports_than_there_are_is_an_error() {
        assert!(free_ports(usize::from(u16::MAX)).is_err());
    }
}
