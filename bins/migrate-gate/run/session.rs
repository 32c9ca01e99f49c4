//! The one connection that changes the database: locked against a second apply, limited in how
//! long it waits, and stopped when the run is.

use super::failure::{Failure, FailureKind};
use super::lock;
use super::stop::stop_before;
use crate::facts::Stop;
use crate::plan::Limits;
use shared::error::{Error, Result};
use shared::gate::Interrupt;
use shared::postgres::{Address, Database};
use shared::schema_history::TABLE;
use std::time::{Duration, Instant};
use tokio_postgres::types::ToSql;

/// How much longer than the server's own limit an answer may take.
const ANSWER_MARGIN: Duration = Duration::from_secs(10);
/// How long a cancelled statement may take to end, and a process of the server after it.
const CANCEL_DEADLINE: Duration = Duration::from_secs(30);
const CLOSE_PAUSE: Duration = Duration::from_millis(10);

/// What a file may have left in the session must not reach the next one. Advisory locks stay.
const CLEAN: &str = "reset session authorization; reset role; reset all; discard temp; \
                     close all; unlisten *";

/// The connection.
pub(super) struct Session {
    database: Database,
    address: Address,
    limits: Limits,
    interrupt: Interrupt,
    process: i32,
    /// The history with its schema, quoted, once it is there.
    history: Option<String>,
}

impl Session {
    /// Connects and takes the lock; the stop says who has it.
    pub(super) async fn open(
        address: Address,
        limits: Limits,
        interrupt: Interrupt,
    ) -> Result<Self, Stop> {
        let unable = |error: Error| stop_before(error.to_string());
        let database = address.connect().await.map_err(unable)?;
        let rows = database
            .rows("select pg_backend_pid()", &[])
            .await
            .map_err(unable)?;
        let process = rows.first().map(|row| row.get(0)).unwrap_or_default();
        let mut session = Self {
            database,
            address,
            limits,
            interrupt,
            process,
            history: None,
        };
        lock::take(&session.database, &mut session.interrupt).await?;
        session
            .prepare()
            .await
            .map_err(|failure| stop_before(failure.message))?;
        session
            .find_history()
            .await
            .map_err(|failure| stop_before(failure.message))?;
        Ok(session)
    }

    /// Takes away what an earlier file left in the session, and sets and verifies the limits.
    pub(super) async fn prepare(&mut self) -> Result<(), Failure> {
        self.batch(CLEAN).await?;
        let milliseconds = |span: Duration| span.as_millis().to_string();
        let wanted = [
            ("lock_timeout", milliseconds(self.limits.lock)),
            ("statement_timeout", milliseconds(self.limits.statement)),
            // A run that hangs must not keep its locks.
            ("idle_in_transaction_session_timeout", "60000".to_owned()),
        ];
        for (name, value) in &wanted {
            self.batch(&format!("set {name} = '{value}ms'")).await?;
        }
        // From PostgreSQL 14 on the server notices within a second that this process was killed,
        // breaks the statement off and rolls back.
        self.batch(
            "select set_config(name, '1000', false) from pg_settings
             where name = 'client_connection_check_interval'",
        )
        .await?;
        for (name, value) in &wanted {
            let sql = "select setting from pg_settings where name = $1";
            let row = self.database.client().query_one(sql, &[name]).await;
            let said: String = row.map_err(|error| Failure::of(&error))?.get(0);
            if said != *value {
                let message = format!("`{name}` was set to {value} ms and reads {said} ms");
                return Err(Failure {
                    kind: FailureKind::Refused,
                    message,
                    position: None,
                });
            }
        }
        Ok(())
    }

    async fn find_history(&mut self) -> Result<(), Failure> {
        let sql = "select quote_ident(n.nspname) || '.' || quote_ident(c.relname)
                   from pg_class c join pg_namespace n on n.oid = c.relnamespace
                   where c.oid = to_regclass($1)";
        let rows = self.database.client().query(sql, &[&TABLE]).await;
        let rows = rows.map_err(|error| Failure::of(&error))?;
        self.history = rows.first().map(|row| row.get(0));
        Ok(())
    }

    /// Whether the history is there.
    pub(super) fn has_history(&self) -> bool {
        self.history.is_some()
    }

    /// Makes the history.
    pub(super) async fn create_history(&mut self) -> Result<(), Failure> {
        self.batch(&format!(
            "create table {TABLE} (
                version text primary key,
                name text not null,
                digest text not null,
                applied_at timestamptz not null default now(),
                applied_by text not null,
                release text not null,
                rollback_safe text not null
            )"
        ))
        .await?;
        self.find_history().await
    }

    /// Writes one row of the history.
    pub(super) async fn write_row(&mut self, row: [&str; 6]) -> Result<(), Failure> {
        let table = self.history.as_deref().unwrap_or(TABLE);
        let sql = format!(
            "insert into {table} (version, name, digest, applied_by, release, rollback_safe)
             values ($1, $2, $3, $4, $5, $6)"
        );
        let parameters: Vec<&(dyn ToSql + Sync)> = row
            .iter()
            .map(|value| value as &(dyn ToSql + Sync))
            .collect();
        let running = self.database.client().execute(&sql, &parameters);
        match tokio::time::timeout(self.patience(), running).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failure::of(&error)),
            Err(_) => Err(Failure::lost("the server is silent")),
        }
    }

    /// Whether the history has that version.
    pub(super) async fn has_row(&self, version: &str) -> Result<bool, Failure> {
        let table = self.history.as_deref().unwrap_or(TABLE);
        let sql = format!("select 1 from {table} where version = $1");
        let parameters: [&(dyn ToSql + Sync); 1] = [&version];
        let asking = self.database.client().query(&sql, &parameters);
        match tokio::time::timeout(self.patience(), asking).await {
            Ok(Ok(rows)) => Ok(!rows.is_empty()),
            Ok(Err(error)) => Err(Failure::of(&error)),
            Err(_) => Err(Failure::lost("the server is silent")),
        }
    }

    /// Whether the named index is there and valid; `None` when it is not there.
    pub(super) async fn index_is_valid(&self, name: &str) -> Result<Option<bool>, Failure> {
        let sql = "select indisvalid from pg_index where indexrelid = to_regclass($1)";
        let rows = self.database.client().query(sql, &[&name]).await;
        let rows = rows.map_err(|error| Failure::of(&error))?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    /// Runs statements of our own.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), Failure> {
        match tokio::time::timeout(self.patience(), self.database.client().batch_execute(sql)).await
        {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::of(&error)),
            Err(_) => Err(Failure::lost("the server is silent")),
        }
    }

    /// Runs one statement of a file. The extended protocol refuses text that holds two.
    pub(super) async fn execute(&mut self, sql: &str) -> Result<(), Failure> {
        if self.interrupt.is_set() {
            return Err(Failure::interrupted());
        }
        let mut interrupt = self.interrupt.clone();
        let running = self.database.client().execute(sql, &[]);
        tokio::pin!(running);
        tokio::select! {
            result = &mut running => result.map(drop).map_err(|error| Failure::of(&error)),
            () = tokio::time::sleep(self.patience()) => Err(Failure::lost("the server is silent")),
            () = interrupt.wait() => {
                self.cancel().await;
                match tokio::time::timeout(CANCEL_DEADLINE, running).await {
                    // It was through before the cancel came; the next statement finds out.
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) if error.as_db_error().is_some() => Err(Failure::interrupted()),
                    Ok(Err(error)) => Err(Failure::of(&error)),
                    Err(_) => Err(Failure::lost("the server did not break the statement off")),
                }
            }
        }
    }

    /// Breaks the running statement off, from a second connection.
    async fn cancel(&self) {
        let asked = async {
            let second = self.address.connect().await?;
            second
                .rows("select pg_cancel_backend($1)", &[&self.process])
                .await
        };
        if let Err(error) = asked.await {
            tracing::warn!("the running statement could not be broken off: {error}");
        }
    }

    /// Waits for that long; `false` when the run was asked to stop.
    pub(super) async fn pause(&mut self, span: Duration) -> bool {
        self.interrupt.sleep(span).await
    }

    /// Whether the run was asked to stop.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.is_set()
    }

    /// How long a lock is waited for.
    pub(super) fn lock_timeout(&self) -> Duration {
        self.limits.lock
    }

    fn patience(&self) -> Duration {
        self.limits.lock + self.limits.statement + ANSWER_MARGIN
    }

    /// Gives the connection up and waits until the server has ended what it ran: only then is
    /// what the history says the last word.
    pub(super) async fn close(self) -> Result<()> {
        let Self {
            database,
            address,
            process,
            ..
        } = self;
        drop(database);
        let asking = address.connect().await?;
        let began = Instant::now();
        loop {
            let sql = "select 1 from pg_stat_activity where pid = $1";
            if asking.rows(sql, &[&process]).await?.is_empty() {
                return Ok(());
            }
            if began.elapsed() >= CANCEL_DEADLINE {
                return Err(Error::unavailable(format!(
                    "process {process} of the server still runs after {} s",
                    CANCEL_DEADLINE.as_secs()
                ))
                .at(address.place()));
            }
            tokio::time::sleep(CLOSE_PAUSE).await;
        }
    }
}
