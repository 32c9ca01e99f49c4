//! What the database has: its history, its tables, its indexes. Read in one read-only snapshot.

use crate::sql::{Catalogue, Column, Constraint, Index, Relation};
use shared::error::{Error, Result};
use shared::postgres::{Address, Database};
use shared::schema_history::{self, Row};
use std::time::Duration;

/// How long all of it may take.
const DEADLINE: Duration = Duration::from_secs(60);
const READ_ONLY: &str = "set default_transaction_read_only = on; set statement_timeout = '30s'; \
                         set lock_timeout = '3s'; \
                         begin transaction isolation level repeatable read, read only";
/// Older servers have no `pg_stat_progress_create_index`.
const OLDEST_MAJOR: u32 = 12;

/// What the database has.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The rows of the history; `None` when the table is not there.
    pub history: Option<Vec<Row>>,
    /// Tables, columns, constraints and indexes.
    pub catalogue: Catalogue,
    /// Indexes that PostgreSQL does not use, because their building broke off.
    pub invalid_indexes: Vec<String>,
    /// The server's major version.
    pub major: u32,
}

/// Reads it over a connection of its own that cannot write.
pub async fn read(address: &Address) -> Result<Seen> {
    match tokio::time::timeout(DEADLINE, read_now(address)).await {
        Ok(seen) => seen,
        Err(_) => Err(Error::unavailable(format!(
            "the database was not read within {} s",
            DEADLINE.as_secs()
        ))
        .at(address.place())),
    }
}

async fn read_now(address: &Address) -> Result<Seen> {
    let database = address.connect().await?;
    database.execute(READ_ONLY).await?;
    let major = major(&database).await?;
    if major < OLDEST_MAJOR {
        return Err(Error::unavailable(format!(
            "PostgreSQL {major} is too old; {OLDEST_MAJOR} or newer is needed"
        ))
        .at(address.place()));
    }
    Ok(Seen {
        history: schema_history::read(&database).await?,
        catalogue: catalogue(&database).await?,
        invalid_indexes: invalid_indexes(&database).await?,
        major,
    })
}

async fn major(database: &Database) -> Result<u32> {
    let rows = database
        .rows(
            "select current_setting('server_version_num')::int / 10000",
            &[],
        )
        .await?;
    let number: i32 = rows.first().map(|row| row.get(0)).unwrap_or_default();
    Ok(u32::try_from(number).unwrap_or_default())
}

async fn invalid_indexes(database: &Database) -> Result<Vec<String>> {
    let rows = database
        .rows(
            "select i.indexrelid::regclass::text from pg_index i
             join pg_class c on c.oid = i.indexrelid and c.relkind = 'i'
             where not i.indisvalid and not exists (
               select 1 from pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
             order by 1",
            &[],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Both spellings of a name: with its schema always, alone when the search path finds it.
fn spellings(row: &tokio_postgres::Row) -> Vec<String> {
    let (schema, name, is_visible): (&str, &str, bool) = (row.get(0), row.get(1), row.get(2));
    let mut spellings = vec![format!("{schema}.{name}")];
    if is_visible {
        spellings.push(name.to_owned());
    }
    spellings
}

async fn catalogue(database: &Database) -> Result<Catalogue> {
    let mut catalogue = Catalogue::default();
    relations(database, &mut catalogue).await?;
    columns(database, &mut catalogue).await?;
    constraints(database, &mut catalogue).await?;
    indexes(database, &mut catalogue).await?;
    Ok(catalogue)
}

const OWN: &str = "n.nspname <> 'information_schema' and n.nspname !~ '^pg_'";

async fn relations(database: &Database, catalogue: &mut Catalogue) -> Result<()> {
    let sql = format!(
        "select n.nspname::text, c.relname::text, pg_table_is_visible(c.oid),
                case when c.relkind in ('r', 'm') then coalesce(pg_total_relation_size(c.oid), 0) else 0 end
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and {OWN}"
    );
    for row in database.rows(&sql, &[]).await? {
        let bytes = u64::try_from(row.get::<_, i64>(3)).unwrap_or_default();
        for name in spellings(&row) {
            catalogue.relations.insert(
                name,
                Relation {
                    bytes,
                    ..Relation::default()
                },
            );
        }
    }
    Ok(())
}

async fn columns(database: &Database, catalogue: &mut Catalogue) -> Result<()> {
    let sql = format!(
        "select n.nspname::text, c.relname::text, pg_table_is_visible(c.oid),
                a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull
         from pg_attribute a join pg_class c on c.oid = a.attrelid
         join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped and {OWN}"
    );
    for row in database.rows(&sql, &[]).await? {
        let column = Column {
            kind: row.get(4),
            is_not_null: row.get(5),
        };
        for name in spellings(&row) {
            if let Some(relation) = catalogue.relations.get_mut(&name) {
                relation.columns.insert(row.get(3), column.clone());
            }
        }
    }
    Ok(())
}

async fn constraints(database: &Database, catalogue: &mut Catalogue) -> Result<()> {
    let sql = format!(
        "select n.nspname::text, c.relname::text, pg_table_is_visible(c.oid),
                k.conname::text, k.contype::text, k.convalidated, pg_get_constraintdef(k.oid)
         from pg_constraint k join pg_class c on c.oid = k.conrelid
         join pg_namespace n on n.oid = c.relnamespace where {OWN}"
    );
    for row in database.rows(&sql, &[]).await? {
        let constraint = Constraint {
            kind: row.get(4),
            is_validated: row.get(5),
            definition: row.get::<_, Option<String>>(6).unwrap_or_default(),
        };
        for name in spellings(&row) {
            if let Some(relation) = catalogue.relations.get_mut(&name) {
                relation.constraints.insert(row.get(3), constraint.clone());
            }
        }
    }
    Ok(())
}

async fn indexes(database: &Database, catalogue: &mut Catalogue) -> Result<()> {
    let sql = format!(
        "select n.nspname::text, c.relname::text, pg_table_is_visible(c.oid), i.indisunique,
                array(select a.attname::text from unnest(i.indkey) k
                      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k)
         from pg_index i join pg_class c on c.oid = i.indexrelid
         join pg_namespace n on n.oid = c.relnamespace where {OWN}"
    );
    for row in database.rows(&sql, &[]).await? {
        let index = Index {
            is_unique: row.get(3),
            columns: row.get(4),
        };
        for name in spellings(&row) {
            catalogue.indexes.insert(name, index.clone());
        }
    }
    Ok(())
}
