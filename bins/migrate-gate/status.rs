//! `status`: which migrations the database has.

use crate::facts::read_database;
use crate::plan::Plan;
use shared::error::Result;
use shared::gate::Context;
use shared::receipt::{Summary, Table};
use shared::schema_history::Row;

/// Reads and shows it.
pub async fn show(context: &Context, plan: &Plan) -> Result<Summary> {
    let seen = read_database(&context.database(&plan.database)?).await?;
    let rows = seen.history.as_deref().unwrap_or_default();
    let mut next: Vec<String> = seen
        .invalid_indexes
        .iter()
        .map(|index| format!("index `{index}` is INVALID: drop it concurrently and build it again"))
        .collect();
    if let Some(left) = context.left_unsettled()? {
        next.push(format!(
            "{} of {} (run {}) is not settled",
            left.gate, left.at, left.run
        ));
    }
    let table = table(plan, rows);
    let count = |state: &str| table.rows.iter().filter(|row| row[2] == state).count();
    Ok(Summary {
        headline: format!(
            "{} applied, {} pending, {} edited, {} missing on {} ({})",
            rows.len(),
            count("pending"),
            count("edited"),
            count("missing"),
            plan.environment,
            plan.address
        ),
        next,
        tables: vec![table],
    })
}

fn table(plan: &Plan, rows: &[Row]) -> Table {
    let columns = [
        "version",
        "name",
        "state",
        "applied at",
        "by",
        "release",
        "rollback safe",
    ];
    let mut table = Table::new("Migrations", &columns);
    for file in &plan.files {
        let row = rows.iter().find(|row| row.version == file.version);
        let state = match row {
            None => "pending",
            Some(row) if row.digest != file.digest.as_str() => "edited",
            Some(_) => "applied",
        };
        add(&mut table, &file.version, &file.name, state, row);
    }
    for row in rows {
        if !plan.files.iter().any(|file| file.version == row.version) {
            add(&mut table, &row.version, &row.name, "missing", Some(row));
        }
    }
    table
        .rows
        .sort_by(|one, other| shared::schema_history::compare(&one[0], &other[0]));
    table
}

fn add(table: &mut Table, version: &str, name: &str, state: &str, row: Option<&Row>) {
    let cell = |value: fn(&Row) -> &String| row.map_or("-".to_owned(), |row| value(row).clone());
    table.row([
        version.to_owned(),
        name.to_owned(),
        state.to_owned(),
        cell(|row| &row.applied_at),
        cell(|row| &row.applied_by),
        cell(|row| &row.release),
        cell(|row| &row.rollback_safe),
    ]);
}
