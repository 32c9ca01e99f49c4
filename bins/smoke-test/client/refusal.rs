//! Whether a server that does not agree on a version of TLS refuses that version: others of its
//! reasons look the same, and only some of them can be ruled out.

use super::Client;
use super::hello::Suites;
use crate::answer::{Break, NoAnswer};
use crate::facts::Heard;
use crate::plan::{Offer, TlsVersion};
use crate::probes::pause::Pause;

/// How often a connection that was closed is tried again.
const ROUNDS: u32 = 5;
/// How often of these a handshake of today must be agreed on right after it.
const PROVEN: u32 = 2;

impl Client {
    /// Offers one version and nothing else. A server that wants other cipher suites is offered all
    /// of them. One that closes the connection may have had enough of them for a moment: that is
    /// an answer only when it agrees on today's TLS right after, where it does so at all.
    pub(crate) async fn offer(
        &self,
        offer: &Offer,
        version: TlsVersion,
        has_control: bool,
    ) -> Result<Heard, NoAnswer> {
        let mut heard = self.hello(offer, version, Suites::Usual).await?;
        if matches!(heard, Heard::Alert(_)) && !heard.is_of_version() {
            heard = self.hello(offer, version, Suites::All).await?;
        }
        if heard == Heard::Closed && has_control {
            return self.closed(offer, version).await;
        }
        Ok(heard)
    }

    async fn closed(&self, offer: &Offer, version: TlsVersion) -> Result<Heard, NoAnswer> {
        let control = Offer {
            protocols: Vec::new(),
            ..offer.clone()
        };
        let mut pause = Pause::new();
        let mut proven = 0;
        for _ in 0..ROUNDS {
            tokio::time::sleep(pause.next()).await;
            let heard = self.hello(offer, version, Suites::All).await?;
            if heard != Heard::Closed {
                return Ok(heard);
            }
            proven += u32::from(self.shake(&control).await.0.agreed.is_ok());
            if proven == PROVEN {
                return Ok(Heard::Closed);
            }
        }
        let reason = "the connection was closed, and so was one of today's TLS right after";
        Err(NoAnswer::new(Break::Closed, reason))
    }
}
