//! How services are found now.

use super::Service;
use crate::place::Place;
use crate::target::Group;

impl Service {
    /// How it is found now, asked of its router and of every stable instance.
    pub async fn found(&self) -> Place {
        let stable = self.said(Group::Stable).await;
        Place {
            subject: self.subject(),
            weight: self.weight().await.map_err(|error| error.to_string()),
            stable: stable
                .into_iter()
                .map(|said| (said.address, said.release))
                .collect(),
            reproduce: self.router.reproduce(),
        }
    }

    /// The same for several, in their order.
    pub async fn all_found(services: &[Self]) -> Vec<Place> {
        futures_util::future::join_all(services.iter().map(Self::found)).await
    }
}
