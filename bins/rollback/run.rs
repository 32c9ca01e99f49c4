//! Looks, decides whether it may act, puts the last good release back, and proves it.

use crate::checks::may_act;
use crate::choice::choose;
use crate::facts::{Done, Facts, Migration, Target};
use crate::proof::answers;
use shared::error::{Error, Result};
use shared::gate::Context;
use shared::http::join;
use shared::journal::Effect;
use shared::ledger::{Entry, Ledger, State};
use shared::release::Release;
use shared::service::Service;
use shared::target::Group;
use shared::traffic::Weight;
use std::time::Instant;

/// The whole rollback.
pub async fn run(context: &mut Context) -> Result<Facts> {
    // What an earlier run left is taken over: this run brings everything to one release.
    let left = context.open_journal()?;
    if let Some(left) = &left
        && left.gate == shared::config::Gate::MigrateGate.name()
    {
        let environment = context.environment.as_str();
        return Err(Error::unsettled(format!(
            "the schema of {environment} is half changed by the run {}: nobody knows what can run on it",
            left.run
        ))
        .hint(left.remedy(environment)));
    }
    let services = Service::all(context)?;
    let ledger = context.ledger()?;
    let entries = ledger.entries().await?;
    let mut running = Vec::new();
    for service in &services {
        let said = service.said(Group::Stable).await;
        running.extend(said.into_iter().filter_map(|said| said.release.ok()));
    }
    let choice = choose(&entries, context.release_if_any(), &running);
    let bad = choice.bad;
    let mut facts = Facts {
        bad: bad.as_ref().map(|entry| entry.release.clone()),
        schema: schema(context, choice.target.as_ref()).await,
        artifact: artifact(context, choice.target.as_ref()).await,
        target: choice.target,
        done: None,
    };
    if let Ok(target) = &facts.target {
        context.set_release(target.entry.release.clone());
    }
    if may_act(&facts)
        && let Ok(target) = facts.target.clone()
    {
        let is_needed = left.is_some()
            || bad.is_some()
            || !target.runs_already
            || !is_all_on_stable(&services).await;
        let work = Work {
            services: &services,
            ledger: &ledger,
            bad: bad.as_ref(),
            is_needed,
        };
        facts.done = Some(act(context, &work, &target.entry.release).await?);
    }
    Ok(facts)
}

/// The migrations that were applied since the target was released.
async fn schema(
    context: &Context,
    target: std::result::Result<&Target, &String>,
) -> Option<std::result::Result<Vec<Migration>, String>> {
    let migrations = context.config.document.migrations.as_ref()?;
    let Ok(target) = target else {
        return Some(Err("there is no target".into()));
    };
    let read = async {
        let database = context
            .database(&migrations.database.value)?
            .connect()
            .await?;
        shared::schema_history::read(&database).await
    };
    let rows = match read.await {
        Ok(rows) => rows.unwrap_or_default(),
        Err(error) => return Some(Err(error.to_string())),
    };
    let needed = &target.entry.schema_version;
    let is_newer = |version: &str| {
        needed.is_empty() || shared::schema_history::compare(version, needed).is_gt()
    };
    let newer = rows.into_iter().filter(|row| is_newer(&row.version));
    Some(Ok(newer
        .map(|row| Migration {
            version: row.version,
            name: row.name,
            rollback_safe: row.rollback_safe,
        })
        .collect()))
}

/// Whether what would be deployed is what the ledger knows.
async fn artifact(
    context: &Context,
    target: std::result::Result<&Target, &String>,
) -> std::result::Result<String, String> {
    let known = &target.map_err(Clone::clone)?.entry.release;
    let found = context
        .resolve_release(known.commit.as_str())
        .await
        .map_err(|error| error.to_string())?;
    for (service, digest) in &known.artifacts {
        match found.artifacts.get(service) {
            Some(same) if same == digest => {}
            Some(other) => {
                return Err(format!(
                    "the artifact of {service} is {other}, but {digest} was good"
                ));
            }
            None => {
                return Err(format!(
                    "the artifact of {service} that was good is not declared"
                ));
            }
        }
    }
    let names: Vec<String> = known
        .artifacts
        .iter()
        .map(|(service, digest)| format!("{service} {}", digest.short()))
        .collect();
    Ok(match names.is_empty() {
        true => format!("{known} is in the repository; no artifact is declared"),
        false => format!(
            "{known} is in the repository, {} as in the ledger",
            names.join(", ")
        ),
    })
}

/// What is to be done.
struct Work<'a> {
    services: &'a [Service],
    ledger: &'a Ledger,
    bad: Option<&'a Entry>,
    is_needed: bool,
}

async fn act(context: &mut Context, work: &Work<'_>, release: &Release) -> Result<Done> {
    let start = Instant::now();
    let mut problem = None;
    if work.is_needed {
        let purpose =
            serde_json::json!({"task": "rollback", "release": release, "previous": release});
        context.journal()?.begin(purpose)?;
        problem = put_back(context, work, release)
            .await
            .err()
            .map(|error| error.to_string());
    }
    let seconds = start.elapsed().as_secs_f64();
    let places = Service::all_found(work.services).await;
    let answers = answers(context, release).await?;
    if work.is_needed
        && problem.is_none()
        && places.iter().all(|place| place.is_settled_on(release))
    {
        context.journal()?.settle("rolled back")?;
    }
    Ok(Done {
        was_needed: work.is_needed,
        problem,
        seconds,
        places,
        answers,
    })
}

async fn put_back(context: &mut Context, work: &Work<'_>, release: &Release) -> Result<()> {
    if let Some(bad) = work.bad {
        let note = format!(
            "rolled back to {} by {}",
            release.version, context.run.actor
        );
        let detail = serde_json::json!({"entry": bad.id, "state": State::Bad});
        let effect = Effect::new("ledger-conclude", work.ledger.place(), detail);
        let action = work.ledger.conclude(&bad.id, State::Bad, &note);
        context.journal()?.effect(effect, action).await?;
    }
    for service in work.services {
        let stable = service.said(Group::Stable).await;
        if stable.iter().all(|said| said.is(release)) {
            service.put_back(context.journal()?, release).await?;
        } else {
            service.replace_stable(context.journal()?, release).await?;
        }
    }
    Ok(())
}

async fn is_all_on_stable(services: &[Service]) -> bool {
    for service in services {
        if !matches!(service.weight().await, Ok(Weight::NONE)) {
            return false;
        }
    }
    true
}

/// The calls that would be made, for `--plan`: the ledger is read, nothing is changed.
pub async fn steps(context: &Context) -> Result<Vec<shared::gate::Step>> {
    use shared::gate::Step;
    let services = Service::all(context)?;
    let ledger = context.ledger()?;
    let mut steps = vec![Step::reads("read the history of releases", ledger.place())];
    let entries = ledger.entries().await?;
    let choice = choose(&entries, context.release_if_any(), &[]);
    let target = choice.target.map_err(Error::unavailable)?;
    let release = &target.entry.release;
    if let Some(bad) = &choice.bad {
        let call = format!("{}: entry {} becomes bad", ledger.place(), bad.id);
        steps.push(Step::changes(format!("mark {} as bad", bad.release), call));
    }
    for service in &services {
        steps.extend(service.deploy_steps(Group::Canary, release));
        steps.push(service.weight_step(Weight::ALL));
        steps.extend(service.deploy_steps(Group::Stable, release));
        steps.push(service.weight_step(Weight::NONE));
        steps.extend(service.stop_steps());
    }
    let config = &context.config.document.rollback;
    let call = format!(
        "GET {} ({} times)",
        join(&context.url()?, &config.path),
        config.requests
    );
    steps.push(Step::reads(
        "see that the environment answers as the target",
        call,
    ));
    Ok(steps)
}
