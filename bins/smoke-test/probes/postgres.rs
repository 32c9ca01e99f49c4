//! Asks a PostgreSQL server, all in one transaction that may not write and on one connection, so
//! that a pooler in front of it changes nothing.

use super::Ask;
use crate::answer::{Break, NoAnswer};
use crate::client::{Client, Limited, milliseconds};
use crate::facts::{DatabaseRefusal, DatabaseSaid, DatabaseSeen, Found, Lag, Refusal, RoleSaid};
use crate::plan::{MOST_ROWS, PostgresPlan, QueryPlan};
use serde_json::Value;
use shared::postgres::{Database, describe};
use tokio::time::Instant;
use tokio_postgres::types::Type;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

/// One row. Roles see their own line of `pg_stat_ssl`, and everybody sees `pg_roles`. Who is a member
/// of another role has its rights, or takes them with `SET ROLE`: attributes are never inherited, so
/// `MEMBER` is asked and not `USAGE`.
const WHO: &str = "SELECT current_setting('server_version_num'), current_database(), current_user, \
    bool_or(r.rolsuper), bool_or(r.rolbypassrls), bool_or(r.rolcreatedb), \
    bool_or(r.rolcreaterole), bool_or(r.rolreplication), \
    EXISTS (SELECT FROM pg_database d WHERE d.datname = current_database() \
      AND pg_has_role(d.datdba, 'MEMBER')) \
    OR EXISTS (SELECT FROM pg_class c WHERE c.relkind IN ('r', 'p') \
      AND c.relnamespace NOT IN (SELECT n.oid FROM pg_namespace n \
        WHERE n.nspname IN ('pg_catalog', 'information_schema')) \
      AND pg_has_role(c.relowner, 'MEMBER')), \
    pg_is_in_recovery(), \
    (SELECT concat_ws(' ', s.version, s.cipher) FROM pg_stat_ssl s \
      WHERE s.pid = pg_backend_pid() AND s.ssl), \
    (SELECT string_agg(m.rolname, ', ' ORDER BY m.rolname) FROM pg_roles m, pg_roles own \
      WHERE own.rolname = current_user AND NOT own.rolsuper AND m.oid <> own.oid \
      AND pg_has_role(m.oid, 'MEMBER')) \
    FROM pg_roles r WHERE pg_has_role(r.oid, 'MEMBER')";
/// Others than superusers see of a receiver only that there is one.
const BEHIND: &str = "SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), \
    extract(epoch FROM now() - pg_last_xact_replay_timestamp()), \
    EXISTS (SELECT FROM pg_stat_wal_receiver w WHERE w.pid IS NOT NULL)";

impl Ask for PostgresPlan {
    type Seen = DatabaseSeen;

    async fn ask(&self, client: &Client) -> DatabaseSeen {
        let within = self.within.duration();
        let asked = client.again(within, async || match talk(client, self).await {
            Ok(said) => Ok(Ok(said)),
            // Only silence may pass by itself, and is asked again.
            Err(DatabaseRefusal::Silent(no_answer)) => Err(no_answer),
            Err(refusal) => Ok(Err(refusal)),
        });
        let (attempts, said) = asked.await;
        DatabaseSeen {
            attempts,
            said: said.unwrap_or_else(|no_answer| Err(DatabaseRefusal::Silent(no_answer))),
        }
    }
}

async fn talk(client: &Client, plan: &PostgresPlan) -> Result<DatabaseSaid, DatabaseRefusal> {
    let start = Instant::now();
    let silent = DatabaseRefusal::Silent;
    let address = &plan.address;
    let tcp = client
        .tcp(&address.host(), address.port())
        .await
        .map_err(silent)?;
    let tls = client.tls().map_err(silent)?;
    let opened = address.open(Limited::new(tcp.stream), tls).await;
    let database = opened.map_err(|error| refusal(&error))?;
    // Less than what is left, so that the server's own words about it still come in time.
    let left = plan.within.duration().saturating_sub(start.elapsed());
    let limit = left.mul_f64(0.8).as_millis().max(1);
    let begin = format!("BEGIN READ ONLY; SET LOCAL statement_timeout = {limit}");
    let begun = database.client().batch_execute(&begin).await;
    begun.map_err(|error| refusal(&error))?;
    let mut said = who(&database).await?;
    if plan.asks_lag() && said.in_recovery {
        said.lag = Some(of_server(behind(&database).await)?);
    }
    // An error would end the transaction, so this comes last.
    if let (Some(query), None | Some(Ok(_))) = (&plan.query, &said.lag) {
        said.query = Some(of_server(find(&database, query).await)?);
    }
    // It has written nothing; a pooler gets its connection back clean.
    let _ended = database.client().batch_execute("ROLLBACK").await;
    said.received = jiff::Timestamp::now();
    said.milliseconds = milliseconds(start.elapsed());
    Ok(said)
}

type Asked<T> = Result<T, tokio_postgres::Error>;

/// What the server says no to is one thing that was seen; a connection that broke off is not.
fn of_server<T>(asked: Asked<T>) -> Result<Result<T, Refusal>, DatabaseRefusal> {
    match asked {
        Ok(found) => Ok(Ok(found)),
        Err(error) => match refusal(&error) {
            DatabaseRefusal::Refused(refusal) => Ok(Err(refusal)),
            other => Err(other),
        },
    }
}

async fn row(database: &Database, sql: &str) -> Asked<Option<SimpleQueryRow>> {
    let messages = database.client().simple_query(sql).await?;
    let mut rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(rows.next())
}

async fn who(database: &Database) -> Result<DatabaseSaid, DatabaseRefusal> {
    let row = row(database, WHO).await.map_err(|error| refusal(&error))?;
    let said = row.and_then(|row| {
        let yes = |index: usize| Some(row.try_get(index).ok()?? == "t");
        let text = |index: usize| row.try_get(index).ok().flatten().map(str::to_owned);
        Some(DatabaseSaid {
            version: text(0)?.parse().ok()?,
            database: text(1)?,
            user: text(2)?,
            role: RoleSaid {
                superuser: yes(3)?,
                bypass_rls: yes(4)?,
                create_database: yes(5)?,
                create_role: yes(6)?,
                replication: yes(7)?,
                owner: yes(8)?,
            },
            in_recovery: yes(9)?,
            tls: text(10),
            member_of: text(11),
            ..DatabaseSaid::default()
        })
    });
    said.ok_or_else(|| {
        let reason = "it gave no answer that PostgreSQL would give";
        DatabaseRefusal::Silent(NoAnswer::new(Break::Protocol, reason))
    })
}

async fn behind(database: &Database) -> Asked<Lag> {
    let row = row(database, BEHIND).await?;
    let number = |index: usize| -> Option<f64> {
        let text = row.as_ref()?.try_get(index).ok()??;
        text.parse().ok()
    };
    let receiving = row.as_ref().and_then(|row| row.try_get(2).ok().flatten());
    Ok(Lag {
        bytes: number(0).map(|bytes| bytes.max(0.0) as u64),
        seconds: number(1).map(|seconds| seconds.max(0.0)),
        is_receiving: receiving == Some("t"),
    })
}

/// Only the first row is sent; the others are counted where they are.
async fn find(database: &Database, query: &QueryPlan) -> Asked<Found> {
    let client = database.client();
    // The server takes several statements at once for a cursor, but not for this.
    let statement = client.prepare(&query.sql).await?;
    let kind = statement
        .columns()
        .first()
        .map(|column| column.type_().clone());
    drop(statement);
    let declare = format!(
        "DECLARE sluicegate_probe NO SCROLL CURSOR FOR {}",
        query.sql
    );
    client.batch_execute(&declare).await?;
    let first = row(database, "FETCH FORWARD 1 FROM sluicegate_probe").await?;
    let Some(first) = first else {
        return Ok(Found::default());
    };
    let skip = format!("MOVE FORWARD {} FROM sluicegate_probe", MOST_ROWS - 1);
    let messages = client.simple_query(&skip).await?;
    let moved = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::CommandComplete(count) => Some(*count),
        _ => None,
    });
    let text = first.try_get(0).ok().flatten();
    Ok(Found {
        rows: 1 + moved.unwrap_or_default(),
        value: Some(value(text, kind.as_ref())),
    })
}

/// A value of the text protocol in the type of its column.
fn value(text: Option<&str>, kind: Option<&Type>) -> Value {
    const NUMBERS: [Type; 7] = [
        Type::INT2,
        Type::INT4,
        Type::INT8,
        Type::OID,
        Type::FLOAT4,
        Type::FLOAT8,
        Type::NUMERIC,
    ];
    let Some(text) = text else {
        return Value::Null;
    };
    let is_one_of = |types: &[Type]| kind.is_some_and(|kind| types.contains(kind));
    if is_one_of(&[Type::BOOL]) {
        return Value::Bool(text == "t");
    }
    if is_one_of(&NUMBERS) || is_one_of(&[Type::JSON, Type::JSONB]) {
        // `NaN` and `Infinity` are numbers there and not in JSON: they stay texts.
        return serde_json::from_str(text).unwrap_or_else(|_| text.into());
    }
    text.into()
}

fn refusal(error: &tokio_postgres::Error) -> DatabaseRefusal {
    if let Some(server) = error.as_db_error() {
        return DatabaseRefusal::Refused(Refusal {
            code: server.code().code().to_owned(),
            message: shared::error::one_line(server.message()),
        });
    }
    let reason = describe(error);
    if reason.contains("server does not support TLS") {
        return DatabaseRefusal::Plain;
    }
    let mut cause: &(dyn std::error::Error + 'static) = error;
    while let Some(inner) = cause.source() {
        cause = inner;
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return DatabaseRefusal::Silent(NoAnswer::of_io(io));
        }
    }
    let at = if error.is_closed() {
        Break::Closed
    } else {
        Break::Protocol
    };
    DatabaseRefusal::Silent(NoAnswer::new(at, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_has_the_type_of_its_column() {
        for (text, kind, expected) in [
            (Some("7"), Type::INT8, json!(7)),
            (Some("1.50"), Type::NUMERIC, json!(1.5)),
            (Some("NaN"), Type::FLOAT8, json!("NaN")),
            (Some("t"), Type::BOOL, json!(true)),
            (Some("7"), Type::TEXT, json!("7")),
            (Some("{\"a\":1}"), Type::JSONB, json!({"a": 1})),
            (None, Type::TEXT, json!(null)),
        ] {
            assert_eq!(value(text, Some(&kind)), expected);
        }
    }
}
