//! The one database connection of an instance: opened when needed, opened again when lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row};

const CONNECT_DEADLINE: Duration = Duration::from_secs(1);
const QUERY_DEADLINE: Duration = Duration::from_secs(5);

/// A parameter and its type, bound and never pasted into the statement.
pub(crate) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Why a query has no answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DatabaseError {
    /// The SQLSTATE, when the server answered.
    pub(crate) sqlstate: Option<String>,
    /// What happened, with the SQLSTATE in front.
    pub(crate) reason: String,
}

/// The database of the service.
#[derive(Debug)]
pub(crate) struct Database {
    config: Config,
    client: Mutex<Option<Arc<Client>>>,
}

impl Database {
    /// Reads the address; connects to nothing yet. The error does not repeat the address, which holds a password.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let mut config: Config = url
            .parse()
            .map_err(|_| "`DATABASE_URL` is no PostgreSQL address (postgres://user:password@host:port/database)")?;
        config.connect_timeout(CONNECT_DEADLINE);
        Ok(Self {
            config,
            client: Mutex::new(None),
        })
    }

    /// Runs one statement within its deadline.
    pub(crate) async fn query(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, DatabaseError> {
        let client = self.client().await?;
        timeout(QUERY_DEADLINE, client.query_typed(statement, parameters))
            .await
            .map_err(|_| lost(format!("no answer within {} s", QUERY_DEADLINE.as_secs())))?
            .map_err(|why| refused(&why))
    }

    async fn client(&self) -> Result<Arc<Client>, DatabaseError> {
        let mut place = self.client.lock().await;
        if let Some(client) = place.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let (client, connection) = timeout(CONNECT_DEADLINE, self.config.connect(NoTls))
            .await
            .map_err(|_| {
                lost(format!(
                    "no connection within {} s",
                    CONNECT_DEADLINE.as_secs()
                ))
            })?
            .map_err(|why| refused(&why))?;
        // Its end shows in `is_closed`, so the error itself is of no use here.
        tokio::spawn(connection);
        let client = Arc::new(client);
        *place = Some(Arc::clone(&client));
        Ok(client)
    }
}

fn lost(reason: String) -> DatabaseError {
    DatabaseError {
        sqlstate: None,
        reason,
    }
}

fn refused(why: &tokio_postgres::Error) -> DatabaseError {
    match why.as_db_error() {
        Some(answer) => DatabaseError {
            sqlstate: Some(answer.code().code().into()),
            reason: format!("{}: {}", answer.code().code(), answer.message()),
        },
        None => lost(chain(why)),
    }
}

fn chain(why: &dyn std::error::Error) -> String {
    match why.source() {
        Some(source) => format!("{why}: {}", chain(source)),
        None => why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_address_is_refused_without_repeating_it() {
        let error = Database::parse("mysql://user:hunter2@host")
            .err()
            .unwrap_or_default();
        assert!(
            error.starts_with("`DATABASE_URL` is no PostgreSQL address"),
            "{error}"
        );
        assert!(!error.contains("hunter2"));
    }
}
