//! Handshakes with a port that speaks TLS, at each address of its host: one as clients of today
//! make it, one with TLS 1.2 only, and one for each version that must be refused. They are made one
//! after the other, because a server may limit how many one client makes at once.

use super::Ask;
use crate::address::Endpoint;
use crate::certificate::Certificate;
use crate::client::{Client, Connected, covers, trust};
use crate::facts::{Door, Sent, Shown, TlsSeen};
use crate::plan::{Offer, TlsPlan, TlsVersion};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use rustls::pki_types::UnixTime;
use std::net::IpAddr;
use std::time::Duration;

/// The alert with which a server refuses every protocol that is offered: RFC 7301, section 3.2.
const NO_PROTOCOL: u8 = 120;

static ONLY_12: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS12];

impl Ask for TlsPlan {
    type Seen = TlsSeen;

    async fn ask(&self, client: &Client) -> TlsSeen {
        let Offer { at, within, .. } = &self.offer;
        let addresses = client.addresses(&at.host, &at.host, *within).await;
        let mut doors = Vec::new();
        for ip in addresses.asked {
            doors.push(door(ip, self, client).await);
        }
        TlsSeen {
            doors,
            left_out: addresses.left_out,
        }
    }
}

/// What one address shows.
async fn door(ip: IpAddr, plan: &TlsPlan, client: &Client) -> Door {
    let offer = Offer {
        at: Endpoint {
            host: ip.to_string(),
            ..plan.offer.at.clone()
        },
        ..plan.offer.clone()
    };
    let (first, ahead) = first(plan, &offer, client).await;
    let second = match first.is_reached() {
        true => {
            let second = Offer {
                versions: &ONLY_12,
                protocols: Vec::new(),
                ..offer.clone()
            };
            client.inspect(&second).await.0
        }
        false => first.clone(),
    };
    let now = Timestamp::now();
    let is_another = !second.chain.is_empty() && second.chain != first.chain;
    let mut door = Door {
        ip,
        now,
        ahead,
        sent: sent(plan, &first, now, client),
        second_sent: is_another.then(|| sent(plan, &second, now, client)),
        first,
        second,
        heard: Vec::new(),
    };
    let is_12_open = door.second.agreed.is_err() && !door.second.refuses_version();
    let is_12_asked = is_12_open || plan.tickets.is_some();
    for version in plan
        .by_hand()
        .chain(is_12_asked.then_some(TlsVersion::Tls12))
    {
        let heard = match &door.first.agreed {
            Err(why) if !door.first.is_reached() => Err(why.no_answer.clone()),
            Ok(_) | Err(_) => client.offer(&offer, version, door.control()).await,
        };
        door.heard.push((version, heard));
    }
    door
}

/// What the certificates of a handshake say.
fn sent(plan: &TlsPlan, shown: &Shown, now: Timestamp, client: &Client) -> Sent {
    let certificates = shown.chain.iter().map(|der| Certificate::parse(der));
    let certificates: Vec<_> = certificates.collect();
    let instants = instants(now, certificates.iter().flatten());
    let covered = plan.names.iter().map(|(text, name)| {
        let leaf = shown.chain.first();
        (text.clone(), leaf.is_some_and(|leaf| covers(leaf, name)))
    });
    Sent {
        covered: covered.collect(),
        trust: trust(client.roots(), &shown.chain, &instants),
        certificates,
    }
}

/// The handshake of today's clients, and how far ahead the server's clock is.
async fn first(plan: &TlsPlan, offer: &Offer, client: &Client) -> (Shown, Option<i64>) {
    let (shown, connected) = client.inspect(offer).await;
    let alert = shown.agreed.as_ref().err().and_then(|why| why.alert);
    if alert == Some(NO_PROTOCOL) {
        // The certificates are to be seen all the same.
        let without = Offer {
            protocols: Vec::new(),
            ..offer.clone()
        };
        return (client.inspect(&without).await.0, None);
    }
    let ahead = match connected {
        Some(connected) => ahead(plan, client, connected).await,
        None => None,
    };
    (shown, ahead)
}

/// By how many seconds the server's clock is ahead, if it tells the time.
async fn ahead(plan: &TlsPlan, client: &Client, connected: Connected) -> Option<i64> {
    let request = plan.clock.as_ref()?;
    let answer = client.over(connected, request).await.ok()?;
    let date = answer.header("date")?;
    let date = rfc2822::DateTimeParser::new().parse_timestamp(&date).ok()?;
    Some(date.as_second() - answer.received.as_second())
}

/// Now, and a second inside of each end of each certificate: if they are ever valid together,
/// they are at one of these.
fn instants<'a>(
    now: Timestamp,
    certificates: impl Iterator<Item = &'a Certificate>,
) -> Vec<UnixTime> {
    let ends = certificates.flat_map(|one| [one.from.as_second() + 1, one.until.as_second() - 1]);
    std::iter::once(now.as_second())
        .chain(ends)
        .filter_map(|second| u64::try_from(second).ok())
        .map(|second| UnixTime::since_unix_epoch(Duration::from_secs(second)))
        .collect()
}
