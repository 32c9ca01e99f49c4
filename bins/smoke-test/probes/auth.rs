//! Doors: everybody knocks at once.

use super::Ask;
use crate::answer::Asked;
use crate::client::Client;
use crate::plan::{Arm, AuthPlan, IsolationPlan};
use futures_util::StreamExt as _;

/// So many of one probe knock at once.
const TOGETHER: usize = 4;

impl Ask for AuthPlan {
    type Seen = Vec<Asked>;

    async fn ask(&self, client: &Client) -> Vec<Asked> {
        knock(client, self.arms.iter().map(|(_, arm)| arm)).await
    }
}

impl Ask for IsolationPlan {
    type Seen = Vec<Asked>;

    async fn ask(&self, client: &Client) -> Vec<Asked> {
        knock(client, self.arms.iter().map(|(_, arm)| arm)).await
    }
}

/// The answers in the order of the arms.
async fn knock<'a>(client: &Client, arms: impl Iterator<Item = &'a Arm>) -> Vec<Asked> {
    futures_util::stream::iter(arms.map(|arm| client.ask(&arm.request, &arm.status)))
        .buffered(TOGETHER)
        .collect()
        .await
}
