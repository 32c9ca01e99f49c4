//! Which migrations a database has: the table `sluicegate_migrations`, which `migrate-gate`
//! writes and `rollback` reads.

use crate::error::{Error, Result};
use crate::postgres::Database;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The table's name; it is in the schema that the database gives to new tables.
pub const TABLE: &str = "sluicegate_migrations";

/// One migration that was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The number of the file, as its name has it.
    pub version: String,
    /// The file's name behind the number, without `.sql`.
    pub name: String,
    /// SHA-256 of the file's bytes, in hexadecimal digits.
    pub digest: String,
    /// When, RFC 3339 in UTC.
    pub applied_at: String,
    /// Who ran the gate.
    pub applied_by: String,
    /// The release that it was applied for.
    pub release: String,
    /// `yes`, `no` or `unknown`: whether the release before this one works on the new schema.
    pub rollback_safe: String,
}

/// The rows in the order of their versions; `None` when the table is not there.
pub async fn read(database: &Database) -> Result<Option<Vec<Row>>> {
    let there = database
        .rows("select to_regclass($1) is not null", &[&TABLE])
        .await?;
    if !there.first().is_some_and(|row| row.get::<_, bool>(0)) {
        return Ok(None);
    }
    let sql = format!(
        "select version, name, digest,
                to_char(applied_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),
                applied_by, release, rollback_safe
         from {TABLE}"
    );
    let rows = database.rows(&sql, &[]).await?;
    let mut rows = rows.iter().map(row).collect::<Result<Vec<Row>>>()?;
    rows.sort_by(|one, other| compare(&one.version, &other.version));
    Ok(Some(rows))
}

/// The row with the highest version.
pub fn newest(rows: &[Row]) -> Option<&Row> {
    rows.iter()
        .max_by(|one, other| compare(&one.version, &other.version))
}

/// Which version is older: numbers by their value, whatever zeros lead them.
pub fn compare(one: &str, other: &str) -> Ordering {
    let value = |version: &str| {
        let digits = version.trim_start_matches('0');
        (digits.len(), digits.to_owned())
    };
    value(one).cmp(&value(other))
}

fn row(row: &tokio_postgres::Row) -> Result<Row> {
    let text = |column: usize| -> Result<String> {
        row.try_get(column).map_err(|error| {
            Error::unavailable(format!("a row of `{TABLE}` does not parse")).source(error)
        })
    };
    Ok(Row {
        version: text(0)?,
        name: text(1)?,
        digest: text(2)?,
        applied_at: text(3)?,
        applied_by: text(4)?,
        release: text(5)?,
        rollback_safe: text(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_version(version: &str) -> Row {
        Row {
            version: version.into(),
            name: "add_note".into(),
            digest: String::new(),
            applied_at: String::new(),
            applied_by: String::new(),
            release: String::new(),
            rollback_safe: "yes".into(),
        }
    }

    #[test]
    fn the_newest_row_is_the_one_with_the_highest_number() {
        let rows = ["0002", "10000", "0009"].map(with_version);
        assert_eq!(newest(&rows).map(|row| row.version.as_str()), Some("10000"));
        assert_eq!(newest(&[]), None);
    }

    #[test]
    fn leading_zeros_do_not_make_a_version_newer() {
        assert_eq!(compare("0010", "00010"), Ordering::Equal);
        assert_eq!(compare("00009", "0010"), Ordering::Less);
    }
}
