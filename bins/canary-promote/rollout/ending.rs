//! Both ends of a rollout: promoted, or taken back.

use super::Rollout;
use crate::facts::{Cause, End};
use shared::error::{Error, Result};
use shared::gate::Context;
use shared::journal::Effect;
use shared::ledger::State;
use shared::target::Group;
use std::time::Duration;

impl Rollout<'_> {
    /// Stops what is no longer needed, and says in ledger and journal that it is done.
    pub(super) async fn conclude_good(&self, context: &mut Context) -> End {
        let finished = async {
            for service in &self.services {
                service.stop_canary(context.journal()?).await?;
                // Read back once more, after the last change: this is what the settlement says.
                service
                    .is_ready(Group::Stable, &self.release)
                    .await
                    .map_err(Error::unavailable)?;
            }
            self.conclude(context, State::Good, "promoted").await?;
            context.journal()?.settle("promoted")
        };
        match finished.await {
            Ok(()) => End::Promoted,
            Err(error) => End::Stuck {
                cause: Cause::Problem("all traffic is on the new release".into()),
                problem: error.to_string(),
            },
        }
    }

    /// Takes the release back; whatever keeps that from happening leaves the journal open.
    pub(super) async fn back(&mut self, context: &mut Context, cause: Cause) -> End {
        tracing::warn!("taking {} back: {}", self.release, cause.text());
        let undone = self.undo(context).await;
        self.end_exposure();
        let settled = match undone {
            Ok(()) => self.settle_back(context, &cause).await,
            Err(error) => Err(error),
        };
        match settled {
            Ok(()) => End::PutBack { cause },
            Err(error) => End::Stuck {
                cause,
                problem: error.to_string(),
            },
        }
    }

    async fn undo(&self, context: &mut Context) -> Result<()> {
        let previous = self.previous.as_ref().ok_or_else(|| {
            Error::unavailable("there is no release to go back to; this was the first")
        })?;
        for service in &self.services {
            service.put_back(context.journal()?, previous).await?;
        }
        Ok(())
    }

    async fn settle_back(&self, context: &mut Context, cause: &Cause) -> Result<()> {
        let state = match cause {
            Cause::Worse { .. } => State::Bad,
            Cause::Inconclusive(_) | Cause::Asked(_) | Cause::Problem(_) => State::Abandoned,
        };
        let is_hurried = context.interrupt.is_set();
        let note = cause.text();
        let concluding = self.conclude(context, state, &note);
        if is_hurried {
            // The runner kills 10 s after it asked to stop; traffic is back, the receipt is not yet.
            let concluded = tokio::time::timeout(Duration::from_secs(3), concluding).await;
            concluded.map_err(|_| Error::unavailable("the ledger did not answer within 3 s"))??;
        } else {
            concluding.await?;
        }
        context.journal()?.settle("put back")
    }

    async fn conclude(&self, context: &mut Context, state: State, note: &str) -> Result<()> {
        let id = context.run.id.clone();
        let detail = serde_json::json!({"entry": id, "state": state});
        let effect = Effect::new("ledger-conclude", self.ledger.place(), detail);
        context
            .journal()?
            .effect(effect, self.ledger.conclude(&id, state, note))
            .await
    }
}
