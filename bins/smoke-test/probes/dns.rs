//! Records, asked of a resolver, or of every name server of the zone itself.

mod exchange;
mod zone;

use super::Ask;
use crate::answer::{Break, NoAnswer};
use crate::client::Client;
use crate::dns::Question;
use crate::facts::dns::DnsSeen;
use crate::plan::{DnsPlan, Wanted};
use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use tokio::time::Instant;

/// Where this machine has its name servers: resolv.conf(5).
const CONFIGURATION: &str = "/etc/resolv.conf";
const LARGEST_CONFIGURATION: u64 = 64 << 10;
/// As many are used as the C library uses: resolv.conf(5), `MAXNS`.
const MOST_RESOLVERS: usize = 3;

/// What all questions of one probe share.
struct Asking<'a> {
    client: &'a Client,
    deadline: Cell<Instant>,
    resolvers: &'a [SocketAddr],
}

impl Ask for DnsPlan {
    type Seen = DnsSeen;

    async fn ask(&self, client: &Client) -> DnsSeen {
        let deadline = Cell::new(Instant::now() + self.within.duration());
        let resolvers = match resolvers(self, client) {
            Ok(resolvers) => resolvers,
            Err(why) => return unasked(why),
        };
        let asking = Asking {
            client,
            deadline,
            resolvers: &resolvers,
        };
        let question = |is_recursive| Question {
            name: self.host.clone(),
            kind: self.kind,
            is_recursive,
        };
        if let Some(port) = self.authoritative {
            return match zone::servers(&asking, &self.host, port).await {
                Ok((zone, servers)) => {
                    let servers = asking.each(&servers, &question(false)).await;
                    let zone = Some(Ok(zone));
                    DnsSeen { zone, servers }
                }
                Err(why) => unasked(why),
            };
        }
        let seen = asking.resolve(&question(true)).await;
        // Who says that there is no record must show that it knows the zone.
        let zone = if self.wanted == Wanted::None {
            let found = zone::find(&asking, &self.host).await;
            Some(found.map(|(zone, _)| zone))
        } else {
            None
        };
        DnsSeen {
            zone,
            servers: vec![seen],
        }
    }
}

fn unasked(why: NoAnswer) -> DnsSeen {
    DnsSeen {
        zone: Some(Err(why)),
        servers: Vec::new(),
    }
}

/// Who is asked. The name servers of this machine may be private ones; it asks them anyway.
fn resolvers(plan: &DnsPlan, client: &Client) -> Result<Vec<SocketAddr>, NoAnswer> {
    if let Some(resolver) = plan.resolver {
        client.may_reach(resolver.ip())?;
        return Ok(vec![resolver]);
    }
    let text = shared::file::read_text(Path::new(CONFIGURATION), LARGEST_CONFIGURATION);
    let text = text.map_err(|error| {
        NoAnswer::new(
            Break::Machine,
            format!("could not read `{CONFIGURATION}`: {error}"),
        )
    })?;
    let found = configured(&text);
    if found.is_empty() {
        let reason = format!("`{CONFIGURATION}` names no name server");
        return Err(NoAnswer::new(Break::Machine, reason));
    }
    Ok(found)
}

fn configured(text: &str) -> Vec<SocketAddr> {
    let addresses = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let ip = words.next().filter(|word| *word == "nameserver");
        let ip = ip.and_then(|_| words.next())?.parse::<IpAddr>().ok()?;
        Some(SocketAddr::new(ip, 53))
    });
    addresses.take(MOST_RESOLVERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_are_read_as_the_c_library_reads_them() {
        let text = "# nameserver 192.0.2.9\nsearch a b\nnameserver 127.0.0.53\n nameserver\t::1\n\
                    nameserver fe80::1%eth0\nnameserver 192.0.2.1 # no\nnameserver 192.0.2.2\n";
        let found: Vec<String> = configured(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["127.0.0.53:53", "[::1]:53", "192.0.2.1:53"]);
        assert!(configured("").is_empty());
    }
}
