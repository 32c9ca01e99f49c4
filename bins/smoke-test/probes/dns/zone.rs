//! The zone that a name is in, and its name servers.

use super::Asking;
use super::exchange::Server;
use crate::answer::{Break, NoAnswer};
use crate::dns::{Code, Question};
use shared::config::RecordType;
use std::net::SocketAddr;

/// Names with more parts than this are looked up from their end only.
const DEEPEST: usize = 12;
/// A zone has at most thirteen in practice, as many as fit into one datagram.
const MOST_SERVERS: usize = 16;

/// The zone, and the names of its name servers: those of the name, or of what it is below.
pub(super) async fn find(
    asking: &Asking<'_>,
    host: &str,
) -> Result<(String, Vec<String>), NoAnswer> {
    let labels: Vec<&str> = host.split('.').collect();
    for start in labels.len().saturating_sub(DEEPEST)..labels.len() {
        let zone = labels[start..].join(".");
        let seen = asking.resolve(&question(&zone, RecordType::Ns)).await;
        let reply = seen
            .reply
            .map_err(|why| NoAnswer::new(why.at, format!("NS of `{zone}`: {}", why.reason)))?;
        if let Code::Failed(code) = reply.code {
            let reason = format!("NS of `{zone}`: {} answered {code}", seen.server);
            return Err(NoAnswer::new(Break::Other, reason));
        }
        // Behind an alias they are the name servers of another zone.
        if reply.chain.is_empty() && !reply.records.is_empty() {
            return Ok((zone, reply.records));
        }
    }
    let reason = format!("no part of `{host}` has name servers");
    Err(NoAnswer::new(Break::Name, reason))
}

/// The zone, and where its name servers are.
pub(super) async fn servers(
    asking: &Asking<'_>,
    host: &str,
    port: u16,
) -> Result<(String, Vec<Server>), NoAnswer> {
    let (zone, names) = find(asking, host).await?;
    let mut servers = Vec::new();
    for name in names.iter().take(MOST_SERVERS) {
        let address = address(asking, name, port).await;
        let shown = match &address {
            Ok(address) => format!("{name} ({address})"),
            Err(_) => name.clone(),
        };
        servers.push(Server { address, shown });
    }
    Ok((zone, servers))
}

async fn address(asking: &Asking<'_>, name: &str, port: u16) -> Result<SocketAddr, NoAnswer> {
    for kind in [RecordType::A, RecordType::Aaaa] {
        let seen = asking.resolve(&question(name, kind)).await;
        let records = seen.reply?.records;
        let ip = records.first().and_then(|record| record.parse().ok());
        if let Some(ip) = ip {
            asking.client.may_reach(ip)?;
            return Ok(SocketAddr::new(ip, port));
        }
    }
    Err(NoAnswer::new(Break::Name, "it has no address"))
}

fn question(name: &str, kind: RecordType) -> Question {
    Question {
        name: name.to_owned(),
        kind,
        is_recursive: true,
    }
}
