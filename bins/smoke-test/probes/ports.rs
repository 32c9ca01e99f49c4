//! Ports, tried one connection each: those that must be open first, and one of them again at the
//! end, since a machine that was taken for an attacker in between sees every port closed.

use super::Ask;
use crate::answer::{Break, NoAnswer};
use crate::client::{Client, milliseconds};
use crate::facts::ports::{AddressSeen, PortSeen, PortState, PortsSeen};
use crate::plan::PortsPlan;
use futures_util::StreamExt as _;
use std::net::IpAddr;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// So many connections are opened at once.
const TOGETHER: usize = 50;
/// A name with more addresses than this is looked at no further.
const MOST_ADDRESSES: usize = 8;
/// How long a greeting is waited for, and how much of it is read.
const GREETING: Duration = Duration::from_millis(500);
const LONGEST_GREETING: usize = 80;

impl Ask for PortsPlan {
    type Seen = PortsSeen;

    async fn ask(&self, client: &Client) -> PortsSeen {
        let addresses = addresses(self, client).await?;
        let mut seen = Vec::new();
        for address in addresses {
            seen.push(at(address, self, client).await);
        }
        Ok(seen)
    }
}

/// The addresses of the host that may be asked.
async fn addresses(plan: &PortsPlan, client: &Client) -> Result<Vec<IpAddr>, NoAnswer> {
    let host = plan.host.real.expose();
    let resolving = tokio::net::lookup_host((host, 0));
    let shown = &plan.host.shown;
    let found = match tokio::time::timeout(plan.within.duration(), resolving).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            return Err(NoAnswer::new(Break::Name, format!("`{shown}`: {error}")));
        }
        Err(_) => return Err(NoAnswer::new(Break::Name, format!("`{shown}`: no answer"))),
    };
    let mut addresses: Vec<IpAddr> = Vec::new();
    let mut refused = None;
    for ip in found.map(|address| address.ip()) {
        match client.may_reach(ip) {
            Ok(()) if !addresses.contains(&ip) => addresses.push(ip),
            Ok(()) => {}
            Err(why) => refused = Some(why),
        }
    }
    addresses.truncate(MOST_ADDRESSES);
    match refused {
        Some(why) if addresses.is_empty() => Err(why),
        None if addresses.is_empty() => Err(NoAnswer::new(
            Break::Name,
            format!("`{shown}` has no address"),
        )),
        Some(_) | None => Ok(addresses),
    }
}

async fn at(address: IpAddr, plan: &PortsPlan, client: &Client) -> AddressSeen {
    let controls = all(address, &plan.controls, plan, client).await;
    let ports: Vec<u16> = plan.closed.iter().map(|closed| closed.port).collect();
    let closed = all(address, &ports, plan, client).await;
    let control = controls.iter().find(|seen| seen.state.is_open());
    let again = match control {
        Some(control) if !ports.is_empty() => Some(one(address, control.port, plan, client).await),
        Some(_) | None => None,
    };
    AddressSeen {
        address: address.to_string(),
        controls,
        closed,
        again,
    }
}

async fn all(address: IpAddr, ports: &[u16], plan: &PortsPlan, client: &Client) -> Vec<PortSeen> {
    let tries = ports.iter().map(|port| one(address, *port, plan, client));
    let tries = futures_util::stream::iter(tries);
    tries.buffered(TOGETHER).collect().await
}

async fn one(address: IpAddr, port: u16, plan: &PortsPlan, client: &Client) -> PortSeen {
    if let Err(why) = client.allow().await {
        let state = PortState::of(why);
        return PortSeen {
            port,
            state,
            milliseconds: 0.0,
        };
    }
    let start = Instant::now();
    let host = address.to_string();
    let opened = tokio::time::timeout(plan.within.duration(), client.tcp(&host, port)).await;
    let milliseconds = milliseconds(start.elapsed());
    let is_unwanted = plan.closed.iter().any(|closed| closed.port == port);
    let state = match opened {
        Ok(Ok(tcp)) if is_unwanted => PortState::Open(greeting(tcp.stream).await),
        Ok(Ok(_)) => PortState::Open(String::new()),
        Ok(Err(no_answer)) => PortState::of(no_answer),
        Err(_) => PortState::Filtered,
    };
    PortSeen {
        port,
        state,
        milliseconds,
    }
}

/// What the server says unasked, which tells what it is.
async fn greeting(mut stream: TcpStream) -> String {
    let mut bytes = [0; LONGEST_GREETING];
    let read = tokio::time::timeout(GREETING, stream.read(&mut bytes)).await;
    let length = read.ok().and_then(Result::ok).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes[..length]);
    crate::answer::shown(&text, LONGEST_GREETING)
}
