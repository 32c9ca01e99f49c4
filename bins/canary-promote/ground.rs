//! What a rollout finds before it begins, and what it leaves behind.

use shared::error::{Error, Result};
use shared::gate::Context;
use shared::ledger::Entry;
use shared::release::Release;
use shared::service::Service;
use shared::target::Group;
use shared::traffic::Weight;

/// Refuses to begin while an earlier run, or somebody's hand, has left the traffic split.
pub async fn assert_settled(context: &mut Context, services: &[Service]) -> Result<()> {
    let environment = context.environment.clone();
    if let Some(left) = context.open_journal()? {
        return Err(Error::unsettled(format!(
            "the run {} of {} left {environment} half changed",
            left.run, left.gate
        ))
        .hint(left.remedy(environment.as_str())));
    }
    for service in services {
        let weight = service.weight().await?;
        if weight != Weight::NONE {
            let subject = service.subject();
            return Err(Error::unsettled(format!(
                "{subject} already gives its canary {weight}, and no run of ours says why"
            ))
            .hint(format!(
                "run `canary-promote reconcile --environment {environment}`"
            )));
        }
    }
    Ok(())
}

/// What stable runs now: every instance the same release, which the ledger or the repository
/// knows. `None` when nothing answers and nothing was ever released.
pub async fn what_runs(
    context: &Context,
    services: &[Service],
    entries: &[Entry],
) -> Result<Option<Release>> {
    let mut names = Vec::new();
    let mut silent = Vec::new();
    for service in services {
        for said in service.said(Group::Stable).await {
            match said.release {
                Ok(name) => names.push(name),
                Err(why) => silent.push(why),
            }
        }
    }
    names.sort();
    names.dedup();
    match (names.as_slice(), silent.first()) {
        ([], Some(_)) if entries.is_empty() => Ok(None),
        ([name], None) => {
            let known = entries.iter().rev().map(|entry| &entry.release);
            match known.into_iter().find(|release| release.is_named_by(name)) {
                Some(release) => Ok(Some(release.clone())),
                None => context
                    .resolve_release(name)
                    .await
                    .map(Some)
                    .map_err(|error| {
                        Error::unavailable(format!("stable runs `{name}`, which nobody knows"))
                            .source(error)
                    }),
            }
        }
        (_, Some(why)) => Err(Error::unavailable(format!(
            "not every stable instance answers: {why}"
        ))
        .hint("bring stable to one release first: `rollback` does")),
        (several, None) => Err(Error::unavailable(format!(
            "stable runs several releases: {}",
            several.join(", ")
        ))
        .hint("bring stable to one release first: `rollback` does")),
    }
}

/// The newest migration of the environment's database; empty without migrations.
pub async fn schema_version(context: &Context) -> Result<String> {
    let Some(migrations) = &context.config.document.migrations else {
        return Ok(String::new());
    };
    let database = context
        .database(&migrations.database.value)?
        .connect()
        .await?;
    let rows = shared::schema_history::read(&database)
        .await?
        .unwrap_or_default();
    let newest = shared::schema_history::newest(&rows);
    Ok(newest.map(|row| row.version.clone()).unwrap_or_default())
}
