//! The question for the health of a gRPC service.

use super::Ask;
use crate::answer::Asked;
use crate::client::Client;
use crate::plan::GrpcPlan;

impl Ask for GrpcPlan {
    type Seen = Asked;

    async fn ask(&self, client: &Client) -> Asked {
        client.ask_harmless(&self.request, &[200]).await
    }
}
