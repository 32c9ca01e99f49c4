//! Requests as browsers send them for pages of other origins.

use super::Ask;
use crate::client::Client;
use crate::facts::{CorsSeen, Exchange};
use crate::plan::{CorsPlan, Party};
use futures_util::StreamExt as _;

/// So many origins are tried at once.
const TOGETHER: usize = 4;

impl Ask for CorsPlan {
    type Seen = CorsSeen;

    async fn ask(&self, client: &Client) -> CorsSeen {
        let allowed = exchange(&self.allowed, client).await;
        let denied = self.denied.iter().map(|party| exchange(party, client));
        CorsSeen {
            allowed,
            denied: futures_util::stream::iter(denied)
                .buffered(TOGETHER)
                .collect()
                .await,
        }
    }
}

async fn exchange(party: &Party, client: &Client) -> Exchange {
    let preflight = client.ask(&party.preflight, &[]).await;
    let actual = match &party.actual {
        Some(request) => Some(client.ask(request, &[]).await),
        None => None,
    };
    Exchange { preflight, actual }
}
