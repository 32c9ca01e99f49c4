//! Asks every member on its own address, what stands in front of them, and HAProxy about them.

use super::Ask;
use crate::client::{Client, said};
use crate::facts::{MemberSeen, MembersSeen};
use crate::plan::{Expectations, MemberPlan, MembersPlan, Request};
use futures_util::StreamExt as _;

/// So many members are asked at once.
const TOGETHER: usize = 20;

impl Ask for MembersPlan {
    type Seen = MembersSeen;

    async fn ask(&self, client: &Client) -> MembersSeen {
        let members = self
            .members
            .iter()
            .map(|member| one(client, member, &self.expectations));
        let members = futures_util::stream::iter(members)
            .buffered(TOGETHER)
            .collect();
        let front = async {
            match &self.front {
                Some(request) => Some(client.ask(request, &self.expectations.status).await),
                None => None,
            }
        };
        let haproxy = async {
            match &self.haproxy {
                Some(plan) => Some(client.ask(&plan.request, &[200]).await),
                None => None,
            }
        };
        let (members, front, haproxy) = tokio::join!(members, front, haproxy);
        MembersSeen {
            members,
            front,
            haproxy,
        }
    }
}

async fn one(client: &Client, member: &MemberPlan, expectations: &Expectations) -> MemberSeen {
    let asked = client.ask(&member.request, &expectations.status).await;
    let release = match &asked.answer {
        Err(no_answer) => Err(no_answer.reason.clone()),
        Ok(answer) if member.says_it_there() => said(&member.source, answer),
        Ok(_) => {
            let request = Request::get(member.source.url.clone(), expectations.within);
            match client.ask(&request, &[]).await.answer {
                Ok(answer) => said(&member.source, &answer),
                Err(no_answer) => Err(no_answer.reason),
            }
        }
    };
    MemberSeen { asked, release }
}
