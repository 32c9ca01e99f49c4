//! The lock that keeps a second apply out of the database, wherever it runs.

use super::stop::stop_before;
use crate::facts::Stop;
use crate::plan::LOCK;
use shared::gate::Interrupt;
use shared::postgres::Database;
use std::time::{Duration, Instant};

/// How long a second apply waits for the first.
const DEADLINE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);

/// Takes the lock for as long as the connection lives; the stop says who has it.
pub(super) async fn take(database: &Database, interrupt: &mut Interrupt) -> Result<(), Stop> {
    let began = Instant::now();
    loop {
        let rows = database
            .rows("select pg_try_advisory_lock($1)", &[&LOCK])
            .await;
        let rows = rows.map_err(stop_before)?;
        if rows.first().is_some_and(|row| row.get(0)) {
            return Ok(());
        }
        if began.elapsed() >= DEADLINE {
            return Err(stop_before(format!(
                "another apply has held the lock for {} s: {}",
                DEADLINE.as_secs(),
                holder(database).await
            )));
        }
        if !interrupt.sleep(PAUSE).await {
            return Err(stop_before(
                "the run was asked to stop while it waited for another apply",
            ));
        }
    }
}

async fn holder(database: &Database) -> String {
    let sql = "select coalesce(string_agg(format('process %s of %s from %s', a.pid, a.usename,
                      coalesce(a.client_addr::text, 'this machine')), ', '), 'nobody now')
               from pg_locks l join pg_stat_activity a on a.pid = l.pid
               where l.locktype = 'advisory' and l.granted
                 and l.classid::bigint << 32 | l.objid::bigint = $1";
    match database.rows(sql, &[&LOCK]).await {
        Ok(rows) => rows.first().map(|row| row.get(0)).unwrap_or_default(),
        Err(error) => error.to_string(),
    }
}
