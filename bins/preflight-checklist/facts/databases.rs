//! Databases of the environment: whether they answer, and what they are.

use crate::version::Told;
use shared::config::DatabaseRule;
use shared::postgres::Address;
use std::time::Duration;
use tokio::time::Instant;
use tokio_postgres::SimpleQueryMessage;

/// How long connecting and asking may take together.
const DEADLINE: Duration = Duration::from_secs(15);

/// What is asked; as one statement of the simple protocol, which poolers pass on as well.
pub const QUERY: &str = "select current_setting('server_version_num'), pg_is_in_recovery(), \
                         pg_database_size(current_database())";

/// One database.
#[derive(Clone, Debug)]
pub struct Database {
    /// The rule.
    pub rule: DatabaseRule,
    /// `user@host:port/name`.
    pub place: String,
    /// What it answered.
    pub looked: Result<Server, String>,
}

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// `15.18`.
    pub told: Told,
    /// Whether it replays another server and refuses changes.
    pub is_standby: bool,
    /// The size of the database.
    pub bytes: u64,
}

/// Connects and asks.
pub(super) async fn look(rule: &DatabaseRule, address: &Address, end: Instant) -> Database {
    let end = end.min(Instant::now() + DEADLINE);
    Database {
        rule: rule.clone(),
        place: address.place(),
        looked: super::until(end, ask(address)).await,
    }
}

async fn ask(address: &Address) -> Result<Server, String> {
    let database = address.connect().await.map_err(|error| error.to_string())?;
    let messages = database.client().simple_query(QUERY).await;
    let messages = messages.map_err(|error| database.failed(&error).to_string())?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some([row.get(0)?, row.get(1)?, row.get(2)?]),
        _ => None,
    });
    let server = row.and_then(|[number, standby, bytes]| {
        Some(Server {
            told: version(number.parse().ok()?),
            is_standby: standby == "t",
            bytes: bytes.parse().ok()?,
        })
    });
    server.ok_or_else(|| {
        format!(
            "{} gave no answer that PostgreSQL would give",
            address.place()
        )
    })
}

/// `150018` is 15.18; before 10, `90624` was 9.6.24:
/// <https://www.postgresql.org/docs/current/libpq-status.html#LIBPQ-PQSERVERVERSION>.
fn version(number: u32) -> Told {
    let (major, rest) = (u64::from(number / 10_000), u64::from(number % 10_000));
    if major >= 10 {
        let version = semver::Version::new(major, rest, 0);
        return Told {
            text: format!("{major}.{rest}"),
            version,
        };
    }
    let version = semver::Version::new(major, rest / 100, rest % 100);
    Told {
        text: version.to_string(),
        version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_numbers_are_read_as_major_and_minor() {
        assert_eq!(version(150_018).text, "15.18");
        assert_eq!(version(130_000).version, semver::Version::new(13, 0, 0));
        assert_eq!(version(90_624).text, "9.6.24");
    }
}
