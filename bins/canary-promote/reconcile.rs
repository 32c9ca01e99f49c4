//! Finishes or undoes what another run left: from the journal, the ledger, and what is found.

use crate::facts::{Cause, End, Exposed, Facts, Task};
use shared::error::{Error, Result};
use shared::gate::Context;
use shared::journal::{Effect, Unsettled};
use shared::ledger::{Entry, Ledger, State, last_good};
use shared::release::Release;
use shared::service::Service;
use shared::target::Group;
use shared::traffic::Weight;

/// What is known of the run that is being cleaned up after.
struct Left {
    release: Release,
    previous: Option<Release>,
    entry: Option<String>,
    /// Stable was being replaced: the canary had been judged good.
    was_judged_good: bool,
}

/// Puts all traffic on one release. An abort always goes back; a reconciliation finishes what was
/// judged good and is ready.
pub async fn run(context: &mut Context, task: Task) -> Result<Facts> {
    let unsettled = context.open_journal()?;
    let services = Service::all(context)?;
    let ledger = context.ledger()?;
    let entries = ledger.entries().await?;
    let left = match known(unsettled, &entries, context.environment.as_str())? {
        Some(left) => left,
        None => return nothing(context, &services, &entries, task).await,
    };
    let purpose = serde_json::json!({
        "task": "reconcile", "release": left.release, "previous": left.previous,
        "entry": left.entry, "judged_good": left.was_judged_good,
    });
    context.journal()?.begin(purpose)?;
    context.set_release(left.release.clone());
    let forward =
        task == Task::Reconcile && left.was_judged_good && is_replaced(&services, &left).await;
    let cause = Cause::Asked(match task {
        Task::Abort => format!("{} asked for an abort", context.run.actor),
        Task::Run | Task::Reconcile => "the run before did not come to its end".into(),
    });
    let end = match settle(context, &services, &ledger, &left, forward, &cause).await {
        Ok(()) if forward => End::Promoted,
        Ok(()) => End::PutBack { cause },
        Err(error) => End::Stuck {
            cause,
            problem: error.to_string(),
        },
    };
    Ok(facts(task, left.release, left.previous, end, &services).await)
}

async fn settle(
    context: &mut Context,
    services: &[Service],
    ledger: &Ledger,
    left: &Left,
    forward: bool,
    cause: &Cause,
) -> Result<()> {
    let target = if forward {
        Some(&left.release)
    } else {
        left.previous.as_ref()
    };
    let target = target.ok_or_else(|| {
        Error::unavailable("nobody knows a release to go back to")
            .hint("put one on stable by hand, then run this again")
    })?;
    for service in services {
        service.put_back(context.journal()?, target).await?;
        service
            .is_ready(Group::Stable, target)
            .await
            .map_err(Error::unavailable)?;
    }
    if let Some(id) = &left.entry {
        let state = if forward {
            State::Good
        } else {
            State::Abandoned
        };
        let detail = serde_json::json!({"entry": id, "state": state});
        let effect = Effect::new("ledger-conclude", ledger.place(), detail);
        let note = if forward {
            "promoted; finished by reconcile".to_owned()
        } else {
            cause.text()
        };
        context
            .journal()?
            .effect(effect, ledger.conclude(id, state, &note))
            .await?;
    }
    context.journal()?.settle("reconciled")
}

/// What the journal says was going on; without it, what the ledger says.
fn known(
    unsettled: Option<Unsettled>,
    entries: &[Entry],
    environment: &str,
) -> Result<Option<Left>> {
    let open = entries
        .iter()
        .rev()
        .find(|entry| entry.state == State::InProgress);
    let Some(unsettled) = unsettled else {
        return Ok(open.map(|entry| Left {
            release: entry.release.clone(),
            previous: last_good(entries).map(|entry| entry.release.clone()),
            entry: Some(entry.id.clone()),
            was_judged_good: false,
        }));
    };
    let purpose = &unsettled.purpose;
    let read = |key: &str| {
        serde_json::from_value::<Option<Release>>(purpose[key].clone())
            .ok()
            .flatten()
    };
    let Some(release) = read("release") else {
        return Err(Error::unsettled(format!(
            "the run {} of {} is not a promotion; it left something half changed",
            unsettled.run, unsettled.gate
        ))
        .hint(unsettled.remedy(environment)));
    };
    let is_stable = |effect: &Effect| effect.name == "deploy" && effect.detail["group"] == "stable";
    let was_replacing = unsettled.effects.iter().any(|(effect, _)| {
        is_stable(effect) && effect.detail["version"] == release.version.as_str()
    });
    let id = purpose["entry"].as_str().map(str::to_owned);
    Ok(Some(Left {
        previous: read("previous")
            .or_else(|| last_good(entries).map(|entry| entry.release.clone())),
        // The ledger may not have it yet: the run may have died before it was written.
        entry: id.filter(|id| entries.iter().any(|entry| entry.id == *id)),
        was_judged_good: was_replacing || purpose["judged_good"] == true,
        release,
    }))
}

async fn is_replaced(services: &[Service], left: &Left) -> bool {
    for service in services {
        if service
            .is_ready(Group::Stable, &left.release)
            .await
            .is_err()
        {
            return false;
        }
    }
    true
}

/// Neither journal nor ledger know of anything open; a weight that is left is taken back all the
/// same, because nobody owns it.
async fn nothing(
    context: &mut Context,
    services: &[Service],
    entries: &[Entry],
    task: Task,
) -> Result<Facts> {
    let current = last_good(entries).map(|entry| entry.release.clone());
    let Some(release) = current else {
        return Err(Error::unavailable(
            "the ledger knows no good release of this environment",
        ));
    };
    context.set_release(release.clone());
    let mut end = End::Nothing;
    for service in services {
        if service.weight().await? != Weight::NONE {
            let cause = Cause::Asked("a weight was left that no run knows of".into());
            context.journal()?.begin(
                serde_json::json!({"task": "reconcile", "release": release, "previous": release}),
            )?;
            service.put_back(context.journal()?, &release).await?;
            context.journal()?.settle("reconciled")?;
            end = End::PutBack { cause };
        }
    }
    Ok(facts(task, release.clone(), Some(release), end, services).await)
}

async fn facts(
    task: Task,
    release: Release,
    previous: Option<Release>,
    end: End,
    services: &[Service],
) -> Facts {
    Facts {
        task,
        release,
        previous,
        ready: None,
        steps: Vec::new(),
        metrics: Vec::new(),
        end,
        places: Service::all_found(services).await,
        exposed: Exposed::default(),
    }
}
