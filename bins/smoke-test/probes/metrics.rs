//! Reads metrics twice, sends traffic that moves them, and reads them again.

use super::Ask;
use super::pause::Pause;
use crate::answer::Asked;
use crate::client::Client;
use crate::expectations::metrics::has_moved;
use crate::facts::{MetricsSeen, Traffic};
use crate::plan::{FORBIDDEN, MOST_READINGS, MetricsPlan, Request};

impl Ask for MetricsPlan {
    type Seen = MetricsSeen;

    async fn ask(&self, client: &Client) -> MetricsSeen {
        let first = client.ask(&self.request, &[200]).await;
        let traffic = match (&self.traffic, &first.answer) {
            (Some((request, times)), Ok(answer)) if answer.status == 200 => {
                Some(moved(client, self, &first, request, *times).await)
            }
            _ => None,
        };
        let outside = match &self.outside {
            Some(request) => Some(client.ask(request, &FORBIDDEN).await),
            None => None,
        };
        MetricsSeen {
            first,
            traffic,
            outside,
        }
    }
}

/// One request after the other: this is not a load. Then reads until all has moved, because
/// services with several processes add up their counters late.
async fn moved(
    client: &Client,
    plan: &MetricsPlan,
    first: &Asked,
    request: &Request,
    times: u32,
) -> Traffic {
    let before = client.ask(&plan.request, &[200]).await;
    let mut answered = 0;
    for _ in 0..times {
        answered += u32::from(client.send(request).await.is_ok());
    }
    let mut pause = Pause::new();
    let mut readings = 1;
    let after = loop {
        let after = client.ask(&plan.request, &[200]).await;
        let asked = [first, &before, &after];
        if readings >= MOST_READINGS || has_moved(&plan.moves, asked, readings, answered) {
            break after;
        }
        readings += 1;
        tokio::time::sleep(pause.next()).await;
    };
    Traffic {
        sent: times,
        answered,
        before,
        after,
        readings,
    }
}
