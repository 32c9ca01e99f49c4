//! Whether a server that does not agree on a version of TLS refuses that version: others of its
//! reasons look the same, and only some of them can be ruled out.

use super::Client;
use super::hello::Suites;
use crate::answer::{Break, NoAnswer};
use crate::facts::Heard;
use crate::plan::{Offer, TlsVersion};
use crate::probes::pause::Pause;

/// How often a refusal without a reason is asked for again.
const ROUNDS: u32 = 5;
/// How often of these a handshake of today must be agreed on right after it.
const PROVEN: u32 = 2;

impl Client {
    /// Offers one version and nothing else. A server that wants other cipher suites is offered all
    /// of them. One that closes the connection, or sends an alert that is not about what was
    /// offered, may have had enough for a moment: that is an answer only when it agrees on today's
    /// TLS right after, where it does so at all.
    pub(crate) async fn offer(
        &self,
        offer: &Offer,
        version: TlsVersion,
        has_control: bool,
    ) -> Result<Heard, NoAnswer> {
        let heard = self.hello(offer, version, Suites::Usual).await?;
        match heard {
            Heard::Hello { .. } | Heard::Other(_) => Ok(heard),
            Heard::Alert(_) | Heard::Closed if heard.is_of_version() => Ok(heard),
            Heard::Alert(_) | Heard::Closed if has_control => self.refused(offer, version).await,
            Heard::Alert(_) | Heard::Closed => self.hello(offer, version, Suites::All).await,
        }
    }

    async fn refused(&self, offer: &Offer, version: TlsVersion) -> Result<Heard, NoAnswer> {
        let control = Offer {
            protocols: Vec::new(),
            ..offer.clone()
        };
        let mut pause = Pause::new();
        let mut proven = 0;
        for _ in 0..ROUNDS {
            tokio::time::sleep(pause.next()).await;
            let heard = self.hello(offer, version, Suites::All).await?;
            if !heard.may_have_any_reason() {
                return Ok(heard);
            }
            proven += u32::from(self.shake(&control).await.0.agreed.is_ok());
            if proven == PROVEN {
                return Ok(heard);
            }
        }
        let reason = "it was refused without a reason, and so was today's TLS right after";
        Err(NoAnswer::new(Break::Closed, reason))
    }
}
