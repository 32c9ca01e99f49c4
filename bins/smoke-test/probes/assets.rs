//! A page, and what it loads from its own origin.

use super::Ask;
use crate::client::Client;
use crate::facts::{Asset, AssetsSeen};
use crate::page::{self, Kind, References};
use crate::plan::{AssetsPlan, Request};
use futures_util::StreamExt as _;

/// So many are asked at once, as browsers do over HTTP/1.1.
const TOGETHER: usize = 6;

impl Ask for AssetsPlan {
    type Seen = AssetsSeen;

    async fn ask(&self, client: &Client) -> AssetsSeen {
        let page = client.ask(&self.page, &[200]).await;
        let references = match &page.answer {
            Ok(answer) if answer.status == 200 => {
                page::references(&answer.body, self.page.url.real.expose())
            }
            Ok(_) | Err(_) => References::default(),
        };
        let most = usize::try_from(self.most).unwrap_or(usize::MAX);
        let left_out = references.own.len().saturating_sub(most);
        let asked = references.own.iter().take(most);
        let asked = asked.filter_map(|(kind, target)| Some((*kind, self.request(target)?)));
        let asked = asked.map(|(kind, request)| asset(client, kind, request));
        AssetsSeen {
            assets: futures_util::stream::iter(asked)
                .buffered(TOGETHER)
                .collect()
                .await,
            page,
            left_out,
            foreign: references.foreign,
            mixed: references.mixed,
        }
    }
}

impl AssetsPlan {
    /// At the host of the page, wherever the page itself points to.
    fn request(&self, target: &str) -> Option<Request> {
        let url = self.address.at_root(target)?;
        let request = Request::get(url, self.page.within);
        Some(request.with("accept-encoding", "gzip"))
    }
}

async fn asset(client: &Client, kind: Kind, request: Request) -> Asset {
    let mut asked = client.ask(&request, &[200]).await;
    let (mut bytes, mut is_empty) = (0, false);
    if let Ok(answer) = &mut asked.answer {
        bytes = answer.sent().0.len();
        is_empty = answer.body.is_empty() && !answer.is_cut;
        // A page may load 500 files of 4 MiB; only their heads are judged.
        (answer.body, answer.packed) = (Vec::new(), None);
    }
    Asset {
        kind,
        request,
        asked,
        bytes,
        is_empty,
    }
}
