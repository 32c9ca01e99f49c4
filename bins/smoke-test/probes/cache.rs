//! A page, and then the same as a cache asks for it.

use super::Ask;
use crate::answer::Asked;
use crate::client::Client;
use crate::facts::{CacheSeen, Conditional, Validator};
use crate::fields::entity_tag::EntityTag;
use crate::plan::{CachePlan, Request};
use shared::config::CacheClass;

impl Ask for CachePlan {
    type Seen = CacheSeen;

    async fn ask(&self, client: &Client) -> CacheSeen {
        let first = client.ask(&self.request, &[200]).await;
        let mut conditional = Vec::new();
        for (validator, request) in self.conditions(&first) {
            let asked = client.ask(&request, &[200, 304]).await;
            conditional.push(Conditional {
                validator,
                request,
                asked,
            });
        }
        CacheSeen { first, conditional }
    }
}

impl CachePlan {
    /// What a cache that kept the first answer would ask, and what none would.
    fn conditions(&self, first: &Asked) -> Vec<(Validator, Request)> {
        let Ok(answer) = &first.answer else {
            return Vec::new();
        };
        if answer.status != 200 || self.rule.class == CacheClass::NoStore {
            return Vec::new();
        }
        let mut conditions = Vec::new();
        let with = |name: &str, value: &str| self.request.clone().with(name, value);
        if let Some(tag) = answer.header("etag").and_then(|tag| EntityTag::parse(&tag)) {
            let tag = tag.to_string();
            let request = with("if-none-match", &tag);
            conditions.push((Validator::Tag(tag), request));
            let request = with("if-none-match", &self.foreign_tag);
            conditions.push((Validator::Foreign, request));
        }
        let date = answer.header("last-modified");
        if let Some(date) = date.filter(|date| date.bytes().all(|byte| (32..127).contains(&byte))) {
            let request = with("if-modified-since", &date);
            conditions.push((Validator::Date(date), request));
        }
        conditions
    }
}
