//! The ledger as the table `sluicegate_releases` in the environment's own database.

use super::{Entry, State};
use crate::error::{Error, Result};
use crate::postgres::{Address, Database};

/// The rows of one environment.
#[derive(Debug)]
pub struct Table {
    address: Address,
    environment: String,
}

const CREATE: &str = "create table if not exists sluicegate_releases (
    number bigint generated always as identity primary key,
    environment text not null,
    id text not null,
    entry jsonb not null,
    state text not null,
    note text not null,
    unique (environment, id)
)";

impl Table {
    pub(super) fn new(address: Address, environment: &str) -> Self {
        Self {
            address,
            environment: environment.to_owned(),
        }
    }

    pub(super) fn place(&self) -> String {
        format!("table sluicegate_releases of {}", self.address.place())
    }

    pub(super) async fn entries(&self) -> Result<Vec<Entry>> {
        let database = self.address.connect().await?;
        let there = database
            .rows("select to_regclass('sluicegate_releases') is not null", &[])
            .await?;
        let is_there = there.first().is_some_and(|row| row.get::<_, bool>(0));
        if !is_there {
            return Ok(Vec::new());
        }
        let rows = database
            .rows(
                "select entry::text, state, note from sluicegate_releases
                 where environment = $1 order by number",
                &[&self.environment],
            )
            .await?;
        rows.iter().map(|row| self.entry(row)).collect()
    }

    fn entry(&self, row: &tokio_postgres::Row) -> Result<Entry> {
        let broken = |why: String| {
            Error::unavailable(format!("a row of the ledger does not parse: {why}"))
                .at(self.place())
        };
        let mut entry: Entry = serde_json::from_str(row.get::<_, &str>(0))
            .map_err(|error| broken(error.to_string()))?;
        let state = serde_json::Value::String(row.get(1));
        entry.state = serde_json::from_value(state).map_err(|error| broken(error.to_string()))?;
        entry.note = row.get(2);
        Ok(entry)
    }

    pub(super) async fn begin(&self, entry: &Entry) -> Result<()> {
        let database = self.address.connect().await?;
        database.execute(CREATE).await?;
        let text = serde_json::to_string(entry)
            .map_err(|error| Error::unavailable("could not encode a ledger entry").source(error))?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] = [
            &self.environment,
            &entry.id,
            &text,
            &entry.state.word(),
            &entry.note,
        ];
        let sql = "insert into sluicegate_releases (environment, id, entry, state, note)
                   values ($1, $2, $3::text::jsonb, $4, $5)";
        changed(&database, sql, &parameters).await.map(drop)
    }

    pub(super) async fn conclude(&self, id: &str, state: State, note: &str) -> Result<()> {
        let database = self.address.connect().await?;
        let sql = "update sluicegate_releases set state = $3, note = $4
                   where environment = $1 and id = $2";
        let rows = changed(
            &database,
            sql,
            &[&self.environment, &id, &state.word(), &note],
        )
        .await?;
        if rows == 1 {
            return Ok(());
        }
        Err(Error::unavailable(format!("the ledger has no entry `{id}`")).at(self.place()))
    }
}

async fn changed(
    database: &Database,
    sql: &str,
    parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
) -> Result<u64> {
    let result = database.client().execute(sql, parameters).await;
    result.map_err(|error| database.failed(&error))
}
