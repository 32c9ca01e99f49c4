//! The entries of the sample service, as rows of its one table.

use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::types::Type;

use crate::database::{Database, DatabaseError};

/// An entry as a client sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEntry {
    /// The text of the entry.
    pub(crate) body: String,
}

/// How many entries there are.
pub(crate) async fn count(database: &Database) -> Result<i64, DatabaseError> {
    let rows = database.query("SELECT count(*) FROM entries", &[]).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// The newest ten entries as JSON objects with exactly these columns.
pub(crate) async fn newest(
    database: &Database,
    columns: &[String],
) -> Result<Vec<Value>, DatabaseError> {
    let rows = database.query(&newest_statement(columns), &[]).await?;
    let objects = rows.iter().map(|row| serde_json::from_str(row.get(0)));
    Ok(objects
        .map(|object| object.expect("row_to_json gives JSON"))
        .collect())
}

/// Adds an entry and answers its id.
pub(crate) async fn insert(database: &Database, entry: &NewEntry) -> Result<i64, DatabaseError> {
    let statement = "INSERT INTO entries (body) VALUES ($1) RETURNING id";
    let rows = database
        .query(statement, &[(&entry.body, Type::TEXT)])
        .await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

fn newest_statement(columns: &[String]) -> String {
    let quoted: Vec<String> = columns
        .iter()
        .map(|column| format!("\"{column}\""))
        .collect();
    let list = quoted.join(", ");
    format!(
        "SELECT row_to_json(entry)::text FROM (SELECT {list} FROM entries ORDER BY id DESC LIMIT 10) AS entry"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_columns_of_the_artifact_are_selected() {
        let expected = "SELECT row_to_json(entry)::text FROM \
            (SELECT \"id\", \"body\" FROM entries ORDER BY id DESC LIMIT 10) AS entry";
        assert_eq!(newest_statement(&["id".into(), "body".into()]), expected);
    }
}
