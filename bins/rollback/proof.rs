//! The proof through the front: fresh connections, answered well and by the target.

use crate::facts::Answers;
use shared::error::Result;
use shared::gate::Context;
use shared::http::join;
use shared::identity;
use shared::release::Release;

/// Asks through the front, each time over a fresh connection.
pub async fn answers(context: &Context, release: &Release) -> Result<Answers> {
    let config = &context.config.document.rollback;
    let base = context.url()?;
    let http = context.http();
    let mut answers = Answers {
        url: join(&base, &config.path),
        ..Answers::default()
    };
    let identities: Vec<_> = (context.services.iter())
        .filter_map(|name| context.config.document.services.get(name))
        .map(|service| &service.identity)
        .collect();
    for _ in 0..config.requests {
        answers.asked += 1;
        let bad = match http.get(&answers.url, config.within.duration()).await {
            Ok(answer) if answer.status >= 500 => Some(format!("status {}", answer.status)),
            Ok(_) => stranger(&http, &base, &identities, release, config.within.duration()).await,
            Err(error) => Some(error.to_string()),
        };
        match bad {
            None => answers.good += 1,
            Some(bad) => drop(answers.first_bad.get_or_insert(bad)),
        }
    }
    Ok(answers)
}

async fn stranger(
    http: &shared::http::Http,
    base: &str,
    identities: &[&shared::config::Identity],
    release: &Release,
    deadline: std::time::Duration,
) -> Option<String> {
    for identity in identities {
        match identity::ask(http, base, identity, deadline).await {
            Ok(name) if release.is_named_by(&name) => {}
            Ok(name) => return Some(format!("{name} answers")),
            Err(error) => return Some(error.to_string()),
        }
    }
    None
}
