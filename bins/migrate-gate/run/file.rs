//! One file: whole in a transaction with its row of the history, or statement by statement.

use super::failure::{Failure, FailureKind};
use super::progress::{Detail, STATEMENT};
use super::session::Session;
use crate::facts::Pending;
use crate::plan::RETRIES;
use crate::sql::Statement;
use shared::error::Result;
use shared::journal::{Effect, Journal};
use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;

/// The kind of effect that applies one file.
pub(super) const FILE: &str = "apply-migration";

/// What the rows of this run say besides the file.
#[derive(Clone, Debug)]
pub(super) struct Author {
    /// `production/main`.
    pub(super) subject: String,
    /// Who runs the gate.
    pub(super) actor: String,
    /// The release.
    pub(super) release: String,
}

/// Where and why a file stopped.
#[derive(Debug)]
pub(super) struct Stopped {
    /// The statement, from 0; `None` when it was none of the file's.
    pub(super) statement: Option<usize>,
    /// Why.
    pub(super) failure: Failure,
    /// How often it was tried.
    pub(super) attempts: u32,
}

impl Stopped {
    fn at(statement: Option<usize>, failure: Failure) -> Self {
        Self {
            statement,
            failure,
            attempts: 1,
        }
    }
}

fn row<'a>(pending: &'a Pending, author: &'a Author) -> [&'a str; 6] {
    let file = &pending.file;
    [
        &file.version,
        &file.name,
        file.digest.as_str(),
        &author.actor,
        &author.release,
        pending.rollback_safe().word(),
    ]
}

fn effect(pending: &Pending, author: &Author) -> Effect {
    let file = &pending.file;
    let detail = serde_json::json!({
        "version": file.version,
        "name": file.name,
        "digest": file.digest.as_str(),
    });
    Effect::new(FILE, author.subject.clone(), detail)
}

/// Applies a file in one transaction; a lock that is not free is waited for again, because
/// nothing of the file is there after the rollback.
pub(super) async fn whole(
    journal: &mut Journal,
    session: &mut Session,
    pending: &Pending,
    author: &Author,
) -> Result<(), Stopped> {
    let mut stopped = None;
    let applied = journal
        .effect(effect(pending, author), async {
            let tried = retried(session, pending, author).await;
            tried.map_err(|why| {
                let error = why.failure.error();
                stopped = Some(why);
                error
            })
        })
        .await;
    applied.map_err(|error| stopped.unwrap_or_else(|| unwritten(&error)))
}

/// The journal could not be written: what it was to say is not known to have happened.
fn unwritten(error: &shared::error::Error) -> Stopped {
    let message = error.to_string();
    Stopped::at(
        None,
        Failure {
            kind: FailureKind::Lost,
            message,
            position: None,
        },
    )
}

async fn retried(session: &mut Session, pending: &Pending, author: &Author) -> Result<(), Stopped> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let Err(mut stopped) = once(session, pending, author).await else {
            return Ok(());
        };
        stopped.attempts = attempts;
        if stopped.failure.kind != FailureKind::LockTimeout || attempts > RETRIES {
            return Err(stopped);
        }
        // Only what the history proves not to be there is tried again.
        match session.has_row(&pending.file.version).await {
            Ok(false) => {}
            Ok(true) => return Ok(()),
            Err(failure) => return Err(Stopped { failure, ..stopped }),
        }
        tracing::warn!(
            "{}: {}; it is tried again",
            pending.file.path,
            stopped.failure.message
        );
        if !session.pause(jitter(session.lock_timeout())).await {
            return Err(Stopped {
                failure: Failure {
                    kind: FailureKind::Interrupted,
                    ..stopped.failure
                },
                ..stopped
            });
        }
    }
}

/// Between half of the span and all of it, so that two that wait do not meet again.
fn jitter(span: Duration) -> Duration {
    let random = std::hash::RandomState::new().build_hasher().finish() % 1000;
    span.mul_f64(0.5 + f64::from(u32::try_from(random).unwrap_or_default()) / 2000.0)
}

async fn once(session: &mut Session, pending: &Pending, author: &Author) -> Result<(), Stopped> {
    let ours = |failure| Stopped::at(None, failure);
    session.prepare().await.map_err(ours)?;
    session.batch("begin").await.map_err(ours)?;
    let done = inside(session, pending, author).await;
    if done.is_err()
        && let Err(failure) = session.batch("rollback").await
    {
        tracing::warn!(
            "{}: the rollback was not confirmed: {}",
            pending.file.path,
            failure.message
        );
    }
    done
}

async fn inside(session: &mut Session, pending: &Pending, author: &Author) -> Result<(), Stopped> {
    // The row comes first: its primary key keeps a second apply out even where the lock does not
    // reach, such as behind a pooler.
    session
        .write_row(row(pending, author))
        .await
        .map_err(|failure| Stopped::at(None, failure))?;
    for (index, statement) in pending.script.statements.iter().enumerate() {
        let done = session.execute(&statement.text).await;
        done.map_err(|failure| Stopped::at(Some(index), failure))?;
    }
    session
        .batch("commit")
        .await
        .map_err(|failure| Stopped::at(None, failure))
}

/// Applies a file statement by statement from the given one on; each is an effect of its own, so
/// that the next run knows how far this one came.
pub(super) async fn by_statement(
    journal: &mut Journal,
    session: &mut Session,
    pending: &Pending,
    author: &Author,
    from: usize,
) -> Result<(), Stopped> {
    let ours = |failure| Stopped::at(None, failure);
    session.prepare().await.map_err(ours)?;
    for (index, statement) in pending.script.statements.iter().enumerate().skip(from) {
        let mut failure = None;
        let done = journal
            .effect(statement_effect(pending, statement, index, author), async {
                session.execute(&statement.text).await.map_err(|why| {
                    let error = why.error();
                    failure = Some(why);
                    error
                })
            })
            .await;
        if let Err(error) = done {
            return Err(match failure {
                Some(failure) => Stopped::at(Some(index), failure),
                None => unwritten(&error),
            });
        }
    }
    // Whatever stops behind the last statement, all of them are done.
    let behind = |failure| Stopped::at(Some(pending.script.statements.len()), failure);
    session.prepare().await.map_err(behind)?;
    let mut failure = None;
    let written = journal
        .effect(effect(pending, author), async {
            session
                .write_row(row(pending, author))
                .await
                .map_err(|why| {
                    let error = why.error();
                    failure = Some(why);
                    error
                })
        })
        .await;
    written.map_err(|error| failure.map(behind).unwrap_or_else(|| unwritten(&error)))
}

fn statement_effect(
    pending: &Pending,
    statement: &Statement,
    index: usize,
    author: &Author,
) -> Effect {
    let detail = Detail {
        version: pending.file.version.clone(),
        digest: pending.file.digest.as_str().into(),
        statement: index,
        line: statement.line,
    };
    let detail = serde_json::to_value(detail).unwrap_or_default();
    Effect::new(STATEMENT, author.subject.clone(), detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_between_half_of_the_span_and_all_of_it() {
        for _ in 0..100 {
            let pause = jitter(Duration::from_secs(2));
            assert!(
                (Duration::from_secs(1)..=Duration::from_secs(2)).contains(&pause),
                "{pause:?}"
            );
        }
    }
}
