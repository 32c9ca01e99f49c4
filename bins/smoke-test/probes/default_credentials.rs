//! Logins: the real credentials, then one pair after the other, then the real ones again.

use super::Ask;
use crate::answer::Asked;
use crate::client::Client;
use crate::facts::Tried;
use crate::plan::{Arm, DefaultCredentialsPlan};

impl Ask for DefaultCredentialsPlan {
    type Seen = Tried;

    async fn ask(&self, client: &Client) -> Tried {
        let before = login(client, &self.accepted).await;
        let mut tried = Tried {
            before,
            pairs: Vec::new(),
            after: None,
        };
        for (_, arm) in &self.pairs {
            let asked = login(client, arm).await;
            let is_over = match &asked.answer {
                Ok(answer) => answer.status == 429,
                Err(_) => true,
            };
            tried.pairs.push(asked);
            if is_over {
                return tried;
            }
        }
        tried.after = Some(login(client, &self.accepted).await);
        tried
    }
}

async fn login(client: &Client, arm: &Arm) -> Asked {
    client.ask(&arm.request, &arm.status).await
}
