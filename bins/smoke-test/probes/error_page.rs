//! A page that does not exist.

use super::Ask;
use crate::answer::Asked;
use crate::client::Client;
use crate::plan::ErrorPagePlan;

impl Ask for ErrorPagePlan {
    type Seen = Asked;

    async fn ask(&self, client: &Client) -> Asked {
        client.ask(&self.page, &self.status).await
    }
}
