//! Handshakes with a port that speaks TLS: one as clients of today make it, one with TLS 1.2 only,
//! and one for each version that must be refused.

use super::Ask;
use crate::certificate::Certificate;
use crate::client::{Client, Connected, covers, trust};
use crate::facts::Shown;
use crate::facts::TlsSeen;
use crate::plan::Offer;
use crate::plan::{TlsPlan, TlsVersion};
use futures_util::future::join_all;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use rustls::pki_types::UnixTime;
use std::time::Duration;

/// The alert with which a server refuses every protocol that is offered: RFC 7301, section 3.2.
const NO_PROTOCOL: u8 = 120;

static ONLY_12: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS12];

impl Ask for TlsPlan {
    type Seen = TlsSeen;

    async fn ask(&self, client: &Client) -> TlsSeen {
        let second = Offer {
            versions: &ONLY_12,
            protocols: Vec::new(),
            ..self.offer.clone()
        };
        let Offer {
            at, name, within, ..
        } = &self.offer;
        let by_hand = self
            .by_hand()
            .map(async |version| (version, client.offer(at, name, version, *within).await));
        let ticket = async {
            match self.tickets {
                Some(_) => Some(client.offer(at, name, TlsVersion::Tls12, *within).await),
                None => None,
            }
        };
        let ((first, ahead), (second, _), heard, ticket) = tokio::join!(
            first(self, client),
            client.inspect(&second),
            join_all(by_hand),
            ticket
        );
        let certificates: Vec<_> = first
            .chain
            .iter()
            .map(|der| Certificate::parse(der))
            .collect();
        let now = Timestamp::now();
        let instants = instants(now, certificates.iter().flatten());
        TlsSeen {
            now,
            ahead,
            covered: (self.names.iter())
                .map(|(text, name)| {
                    let leaf = first.chain.first();
                    (text.clone(), leaf.is_some_and(|leaf| covers(leaf, name)))
                })
                .collect(),
            trust: trust(client.roots(), &first.chain, &instants),
            certificates,
            first,
            second,
            heard,
            ticket,
        }
    }
}

/// The handshake of today's clients, and how far ahead the server's clock is.
async fn first(plan: &TlsPlan, client: &Client) -> (Shown, Option<i64>) {
    let (shown, connected) = client.inspect(&plan.offer).await;
    let alert = shown.agreed.as_ref().err().and_then(|why| why.alert);
    if alert == Some(NO_PROTOCOL) {
        // The certificates are to be seen all the same.
        let without = Offer {
            protocols: Vec::new(),
            ..plan.offer.clone()
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
