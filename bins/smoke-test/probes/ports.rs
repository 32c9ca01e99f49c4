//! Ports, tried one connection each: those that must be open first, and one of them again at the
//! end, since a machine that was taken for an attacker in between sees every port closed.

use super::Ask;
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
/// How long a greeting is waited for, and how much of it is read.
const GREETING: Duration = Duration::from_millis(500);
const LONGEST_GREETING: usize = 80;

impl Ask for PortsPlan {
    type Seen = PortsSeen;

    async fn ask(&self, client: &Client) -> PortsSeen {
        let (host, within) = (&self.host, self.within.duration());
        let addresses = client
            .addresses(host.real.expose(), &host.shown, within)
            .await;
        let mut seen = PortsSeen {
            addresses: Vec::new(),
            left_out: addresses.left_out,
        };
        for address in addresses.asked {
            seen.addresses.push(at(address, self, client).await);
        }
        seen
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
