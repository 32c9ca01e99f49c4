//! `apply`: lock, back up, apply file by file, read back. Every change goes through the journal.

mod backup;
mod failure;
mod file;
mod lock;
mod progress;
mod refusal;
mod resume;
mod session;
mod stop;

use crate::checks;
use crate::facts::{self, Applied, Dumped, Ended, Facts, Stop, gather, read_database};
use crate::plan::Plan;
use progress::{Progress, Purpose};
use session::Session;
use shared::error::{Error, Result};
use shared::gate::Context;
use shared::journal::{Effect, Unsettled};
use shared::postgres::Address;
use std::collections::BTreeMap;
use std::path::PathBuf;
use stop::stop_before;

/// Judges, and when every check lets it through, applies.
pub async fn apply(context: &mut Context, plan: &Plan) -> Result<Facts> {
    let mut facts = gather(context, plan).await;
    let by = refusal::refusals(context, &facts);
    if !by.is_empty() {
        facts.applied = Applied::Refused { by };
        return Ok(facts);
    }
    let left = context.open_journal()?;
    if let Some(left) = &left
        && left.gate != context.gate.name()
    {
        return Err(Error::unavailable(format!(
            "{} of {} left a change on {} that is neither finished nor undone",
            left.gate, left.at, plan.environment
        ))
        .hint(format!("settle it with `{}` first", left.gate)));
    }
    let ended = run(context, plan, &mut facts, left).await?;
    facts.applied = Applied::Ended(Box::new(ended));
    Ok(facts)
}

async fn run(
    context: &mut Context,
    plan: &Plan,
    facts: &mut Facts,
    left: Option<Unsettled>,
) -> Result<Ended> {
    let took_over = left
        .as_ref()
        .map(|left| format!("run {} of {}", left.run, left.at));
    let mut ended = Ended {
        applied: vec![],
        stop: None,
        after: Err("it was not read".into()),
        took_over,
    };
    let has_pending = facts
        .pending
        .as_ref()
        .is_ok_and(|pending| !pending.is_empty());
    if !has_pending && left.is_none() {
        ended.after = facts.database.clone();
        return Ok(ended);
    }
    let address = context.database(&plan.database)?;
    let opened = Session::open(address.clone(), plan.limits, context.interrupt.clone()).await;
    let session = match opened {
        Ok(session) => session,
        Err(stop) => {
            ended.stop = Some(stop);
            return Ok(ended);
        }
    };
    if let Some(stop) = read_again(context, &address, plan, facts).await {
        ended.stop = Some(stop);
        return Ok(ended);
    }
    let progress = left.as_ref().map(progress::of).unwrap_or_default();
    let mut work = Work {
        context,
        plan,
        facts,
        session,
        progress,
        ended,
    };
    work.begin()?;
    work.ended.stop = work.go(&address, left.as_ref()).await.err();
    work.finish(&address).await
}

/// Between the judgement and the lock another apply may have been at work.
async fn read_again(
    context: &Context,
    address: &Address,
    plan: &Plan,
    facts: &mut Facts,
) -> Option<Stop> {
    let seen = match read_database(address).await {
        Ok(seen) => seen,
        Err(error) => return Some(stop_before(error)),
    };
    let judged: Vec<String> = facts
        .pending
        .iter()
        .flatten()
        .map(|one| one.file.version.clone())
        .collect();
    let pending = facts::pending(&plan.files, &seen);
    let is_new = pending
        .iter()
        .any(|one| !judged.contains(&one.file.version));
    if pending.is_empty() {
        facts.backup = Dumped::NotNeeded;
    }
    facts.database = Ok(seen);
    facts.pending = Ok(pending);
    let is_refused = refusal::refusals(context, facts)
        .iter()
        .any(|(id, _)| *id == checks::HISTORY);
    if is_new || is_refused {
        return Some(stop_before("the history changed after it was judged"));
    }
    None
}

/// An apply that holds the lock.
struct Work<'a> {
    context: &'a mut Context,
    plan: &'a Plan,
    facts: &'a mut Facts,
    session: Session,
    progress: BTreeMap<String, Progress>,
    ended: Ended,
}

impl Work<'_> {
    fn subject(&self) -> String {
        format!("{}/{}", self.plan.environment, self.plan.database)
    }

    fn begin(&mut self) -> Result<()> {
        let pending = self.facts.pending.iter().flatten();
        let purpose = Purpose {
            pending: pending.map(|one| one.file.version.clone()).collect(),
            progress: self.progress.clone(),
        };
        let purpose = serde_json::to_value(purpose).unwrap_or_default();
        self.context.journal()?.begin(purpose)
    }

    /// Everything in its order; the stop is where and why it did not come to its end.
    async fn go(&mut self, address: &Address, left: Option<&Unsettled>) -> Result<(), Stop> {
        let pending = self.facts.pending.clone().map_err(stop_before)?;
        if pending.is_empty() {
            return Ok(());
        }
        let (session, restart) = (&self.session, self.plan.restart.as_deref());
        resume::make_certain(&mut self.progress, &pending, session, restart).await?;
        self.back_up(address, left).await?;
        self.make_history().await?;
        let author = file::Author {
            subject: self.subject(),
            actor: self.context.run.actor.clone(),
            release: self.facts.release.clone(),
        };
        for one in &pending {
            if self.session.is_interrupted() {
                return Err(stop::between(&self.ended.applied, &pending));
            }
            let began = std::time::Instant::now();
            let journal = self.context.journal().map_err(stop_before)?;
            let from =
                progress::of_file(&self.progress, &one.file).map_or(0, |progress| progress.done);
            let done = match one.file.is_transactional {
                true => file::whole(journal, &mut self.session, one, &author).await,
                false => file::by_statement(journal, &mut self.session, one, &author, from).await,
            };
            done.map_err(|stopped| {
                stop::in_file(&stopped, one, from, &self.ended.applied, &pending)
            })?;
            self.ended
                .applied
                .push((one.file.version.clone(), began.elapsed().as_secs_f64()));
        }
        Ok(())
    }

    async fn back_up(&mut self, address: &Address, left: Option<&Unsettled>) -> Result<(), Stop> {
        let (Some(backup), Dumped::Ready(Ok(tool))) = (&self.plan.backup, &self.facts.backup)
        else {
            return Ok(());
        };
        let path = self.context.config.path(&backup.directory).join(format!(
            "{}-{}-{}-{}.dump",
            self.plan.environment,
            self.plan.database,
            jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ"),
            self.context.run.id
        ));
        let order = backup::Order {
            tool: tool.clone(),
            address: address.clone(),
            leftovers: leftovers(left),
            deadline: backup.deadline,
            lock_timeout: self.plan.limits.lock,
            path,
        };
        let detail = serde_json::json!({ "path": order.path, "unfinished": backup::unfinished(&order.path) });
        let effect = Effect::new("backup", self.subject(), detail);
        let mut interrupt = self.context.interrupt.clone();
        let journal = self.context.journal().map_err(stop_before)?;
        let made = journal
            .effect(effect, backup::make(&order, &mut interrupt))
            .await;
        let made = made.map_err(|error| error.to_string());
        self.facts.backup = Dumped::Made(made.clone());
        made.map(drop)
            .map_err(|reason| stop_before(format!("there is no backup: {reason}")))
    }

    async fn make_history(&mut self) -> Result<(), Stop> {
        if self.session.has_history() {
            return Ok(());
        }
        let effect = Effect::new("create-history", self.subject(), serde_json::Value::Null);
        let session = &mut self.session;
        let journal = self.context.journal().map_err(stop_before)?;
        let made = journal.effect(effect, async {
            session
                .create_history()
                .await
                .map_err(|failure| failure.error())
        });
        made.await.map_err(stop_before)
    }

    /// Reads back what is there now, and settles when nothing is half done.
    async fn finish(self, address: &Address) -> Result<Ended> {
        let Self {
            context,
            plan,
            facts,
            session,
            mut ended,
            ..
        } = self;
        let closed = session.close().await;
        ended.after = match closed {
            Ok(()) => read_database(address)
                .await
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let Some(how) = stop::settlement(&mut ended, plan, facts) else {
            return Ok(ended);
        };
        context.journal()?.settle(&how)?;
        Ok(ended)
    }
}

/// Dumps that an earlier run did not finish.
fn leftovers(left: Option<&Unsettled>) -> Vec<PathBuf> {
    let effects = left.into_iter().flat_map(|left| &left.effects);
    effects
        .filter(|(effect, _)| effect.name == "backup")
        .filter_map(|(effect, _)| effect.detail["unfinished"].as_str())
        .map(PathBuf::from)
        .collect()
}
