//! A PostgreSQL server and what it must be.

use super::Planned;
use super::expectations::{predicate, version_range};
use super::scope::Scope;
use crate::predicate::Predicate;
use crate::reproduce::postgres::psql;
use shared::config::{
    Located, Name, PostgresProbe, PostgresQuery, PostgresRole, Size, Span, nearest_hint,
};
use shared::error::Result;
use shared::gate::Step;
use shared::postgres::Address;

/// What a question may begin with: it is asked for through a cursor, and in a transaction that may
/// not write.
const QUESTIONS: [&str; 4] = ["SELECT", "WITH", "VALUES", "TABLE"];
/// More rows are not counted.
pub(crate) const MOST_ROWS: u64 = 10_000;

/// A PostgreSQL server and what it must be.
#[derive(Clone, Debug)]
pub(crate) struct PostgresPlan {
    /// What it is called.
    pub(crate) name: String,
    /// Where it is and who asks; TLS is demanded where the probe demands it.
    pub(crate) address: Address,
    /// The command that asks by hand, up to what is asked.
    pub(crate) psql: String,
    /// The versions that will do.
    pub(crate) version: Option<Predicate>,
    /// Whether the connection must be encrypted.
    pub(crate) is_tls_required: bool,
    /// What the role must be and must not be.
    pub(crate) role: PostgresRole,
    /// Whether it must replay another server.
    pub(crate) recovery: Option<bool>,
    /// How old the newest that it has not replayed may be.
    pub(crate) lag_at_most: Option<Span>,
    /// How much it may have received and not replayed.
    pub(crate) unreplayed_at_most: Option<Size>,
    /// One more question.
    pub(crate) query: Option<QueryPlan>,
    /// How long it may take.
    pub(crate) within: Span,
}

/// One more question.
#[derive(Clone, Debug)]
pub(crate) struct QueryPlan {
    /// One statement that reads.
    pub(crate) sql: String,
    /// What must hold for the number of rows.
    pub(crate) rows: Option<Predicate>,
    /// What must hold for the first value.
    pub(crate) value: Option<Predicate>,
}

impl PostgresPlan {
    /// `postgres://user@host:port/name`.
    pub(crate) fn place(&self) -> String {
        format!("postgres://{}", self.address.place())
    }

    /// Whether it has to be asked how far it is behind.
    pub(crate) fn asks_lag(&self) -> bool {
        self.lag_at_most.is_some() || self.unreplayed_at_most.is_some()
    }
}

impl Planned for PostgresPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["postgres"]
    }

    fn steps(&self) -> Vec<Step> {
        let (name, within) = (&self.name, self.within);
        let purpose = format!("probe `{name}`: PostgreSQL answers within {within}");
        let mut call = format!("{} BEGIN READ ONLY", self.place());
        if let Some(query) = &self.query {
            call.push_str(&format!("\n{}", query.sql));
        }
        vec![Step::reads(purpose, call)]
    }

    fn requests(&self) -> u64 {
        1
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &PostgresProbe) -> Result<PostgresPlan> {
    let address = address(scope, &probe.database)?;
    let secured = match probe.tls {
        None => Some(address.clone()),
        Some(shared::config::RequiredTls::Required) => address.secured(),
    };
    let Some(address) = secured else {
        let message = "has `tls: required`, and the `url` says `sslmode=disable`";
        return Err(scope.refuse_at(&probe.database, message));
    };
    if let Some(why) = impossible(probe) {
        return Err(scope.refuse(why));
    }
    let asks_lag = probe.lag_at_most.is_some() || probe.unreplayed_at_most.is_some();
    Ok(PostgresPlan {
        name: probe.name.value.clone(),
        psql: psql(&address, template(scope, &probe.database)),
        address,
        version: probe
            .version
            .as_ref()
            .map(|range| version_range(scope, range))
            .transpose()?,
        is_tls_required: probe.tls.is_some(),
        role: probe.role.clone(),
        // Only a server in recovery can be behind.
        recovery: if asks_lag { Some(true) } else { probe.recovery },
        lag_at_most: probe.lag_at_most,
        unreplayed_at_most: probe.unreplayed_at_most,
        query: probe
            .query
            .as_ref()
            .map(|query| query_plan(scope, query))
            .transpose()?,
        within: probe.within,
    })
}

fn address(scope: &Scope<'_>, name: &Located<Name>) -> Result<Address> {
    let databases = &scope.context.place().databases;
    if !databases.contains_key(&name.value) {
        let names: Vec<&str> = databases.keys().map(Name::as_str).collect();
        let environment = &scope.context.environment;
        let message = format!(
            "asks the database `{}`, which environment `{environment}` does not have",
            name.value
        );
        let hint = if names.is_empty() {
            format!("add it under `environments.{environment}.databases`")
        } else {
            nearest_hint(name.value.as_str(), &names)
        };
        return Err(scope.refuse_at(name, message).hint(hint));
    }
    let address = scope.context.database(&name.value)?;
    if address.hosts() > 1 {
        let message = "asks a database at several hosts; a probe needs one";
        return Err(scope.refuse_at(name, message));
    }
    if address.host().starts_with('/') {
        let message = "asks a database at a socket in a folder; a probe needs a host and a port";
        return Err(scope.refuse_at(name, message));
    }
    Ok(address)
}

fn template<'a>(scope: &'a Scope<'_>, name: &Located<Name>) -> &'a str {
    let database = scope.context.place().databases.get(&name.value);
    database.map_or("", |database| database.url.raw())
}

fn impossible(probe: &PostgresProbe) -> Option<String> {
    if probe.within.duration().is_zero() {
        return Some("has a `within` of 0".into());
    }
    let asks_lag = probe.lag_at_most.is_some() || probe.unreplayed_at_most.is_some();
    if asks_lag && probe.recovery == Some(false) {
        return Some("asks how far a server is behind that must not be in recovery".into());
    }
    if probe.role.superuser && probe.role.bypass_rls == Some(false) {
        return Some(
            "wants a superuser for whom row level security holds, which it never does".into(),
        );
    }
    if probe.role.superuser && probe.role.owner == Some(false) {
        return Some("wants a superuser that is no owner, which it always is".into());
    }
    None
}

fn query_plan(scope: &Scope<'_>, query: &PostgresQuery) -> Result<QueryPlan> {
    let sql = query.sql.value.trim().trim_end_matches(';').trim_end();
    let first: String = (sql.trim_start_matches('(').chars())
        .take_while(char::is_ascii_alphabetic)
        .collect();
    if !QUESTIONS.contains(&first.to_ascii_uppercase().as_str()) {
        let message = format!(
            "has a `query` that begins with `{}`, not with {}",
            crate::answer::shown(sql, 20),
            QUESTIONS.join(", ")
        );
        return Err(scope.refuse_at(&query.sql, message));
    }
    if sql.contains('\0') {
        return Err(scope.refuse_at(&query.sql, "has a `query` with a zero byte"));
    }
    if query.rows.is_none() && query.value.is_none() {
        let message = "has a `query` without `rows` and `value`, so every answer would do";
        return Err(scope.refuse_at(&query.sql, message));
    }
    let rows = query
        .rows
        .as_ref()
        .map(|rows| predicate(scope, rows))
        .transpose()?;
    let value = query
        .value
        .as_ref()
        .map(|value| predicate(scope, value))
        .transpose()?;
    if rows.as_ref().is_some_and(|rows| rows.is_absence) {
        let message = "has `rows` with `exists: false`; say `rows: 0`";
        return Err(scope.refuse_at(&query.sql, message));
    }
    Ok(QueryPlan {
        sql: sql.to_owned(),
        rows,
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(yaml: &str) -> PostgresProbe {
        let yaml = format!("{{name: data, database: main, {yaml}}}");
        serde_saphyr::from_str(&yaml).expect("is a probe")
    }

    #[test]
    fn what_no_server_could_be_is_refused() {
        for (yaml, why) in [
            ("within: 0s", "has a `within` of 0"),
            (
                "recovery: false, lag_at_most: 5s",
                "asks how far a server is behind that must not be in recovery",
            ),
            (
                "role: {superuser: true, bypass_rls: false}",
                "wants a superuser for whom row level security holds, which it never does",
            ),
            (
                "role: {superuser: true, owner: false}",
                "wants a superuser that is no owner, which it always is",
            ),
        ] {
            assert_eq!(impossible(&probe(yaml)).as_deref(), Some(why), "{yaml}");
        }
        for yaml in [
            "version: '>=13'",
            "lag_at_most: 5s",
            "role: {superuser: true}",
        ] {
            assert_eq!(impossible(&probe(yaml)), None, "{yaml}");
        }
    }
}
