//! A page as it is, compressed, and as it is again.

use super::Ask;
use crate::client::Client;
use crate::facts::CompressionSeen;
use crate::plan::CompressionPlan;

impl Ask for CompressionPlan {
    type Seen = CompressionSeen;

    async fn ask(&self, client: &Client) -> CompressionSeen {
        let plain = client.ask(&self.plain, &[200]).await;
        let mut packed = Vec::new();
        for (encoding, request) in &self.packed {
            let asked = client.ask(request, &[200]).await;
            packed.push((*encoding, request.clone(), asked));
        }
        let again = client.ask(&self.plain, &[200]).await;
        CompressionSeen {
            plain,
            packed,
            again,
        }
    }
}
