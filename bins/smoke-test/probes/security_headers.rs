//! A page and an error page.

use super::Ask;
use crate::client::Client;
use crate::facts::SecurityHeadersSeen;
use crate::plan::SecurityHeadersPlan;

impl Ask for SecurityHeadersPlan {
    type Seen = SecurityHeadersSeen;

    async fn ask(&self, client: &Client) -> SecurityHeadersSeen {
        let page = client.ask(&self.page, &self.status).await;
        let error_page = match &self.error_page {
            Some(request) => Some(client.ask(request, &[]).await),
            None => None,
        };
        SecurityHeadersSeen { page, error_page }
    }
}
