//! Columns of a table: added, changed, dropped, renamed.

use super::change::Change;
use super::expression;
use super::index;
use super::names::{Name, shown};
use super::schema::Schema;
use squawk_syntax::ast::{self, AstNode as _, Constraint, NameLike as _};

pub(super) const REWRITES: &str = "which blocks reads and writes while every row is written anew";
pub(super) const SCANS: &str = "which blocks reads and writes while every row is looked at";

/// `ADD COLUMN`.
pub(super) fn add(add: &ast::AddColumn, table: &Name, schema: &mut Schema) -> Change {
    let name = add
        .column_name()
        .map(|name| name.text())
        .unwrap_or_default();
    let kind = add
        .ty()
        .map(|kind| kind.syntax().text().to_string())
        .unwrap_or_default();
    let mut change = Change::new(format!("adds column `{name}` to {}", schema.sized(table)));
    let is_serial = [
        "serial",
        "bigserial",
        "smallserial",
        "serial4",
        "serial8",
        "serial2",
    ]
    .contains(&kind.to_lowercase().as_str());
    let has = |wanted: fn(&Constraint) -> bool| add.constraints().any(|one| wanted(&one));
    let is_filled = is_serial
        || has(|one| matches!(one, Constraint::GeneratedConstraint(_)))
        || add.constraints().any(|one| is_default_with_value(&one));
    let refuses_null = has(|one| {
        matches!(
            one,
            Constraint::NotNullConstraint(_) | Constraint::PrimaryKeyConstraint(_)
        )
    });
    if is_serial {
        change = change.blocking(
            REWRITES,
            "add a plain column, fill it in batches, then set the default",
        );
    }
    for constraint in add.constraints() {
        if change.blocks.is_none() {
            change = inline(change, &constraint, is_filled);
        }
    }
    if refuses_null && !is_filled {
        change = change.contracting(
            "still inserts rows without it, which then fail",
            "give it a default, or add it without NOT NULL first",
        );
    }
    schema.add_column(table, name, kind);
    change
}

fn is_default_with_value(constraint: &Constraint) -> bool {
    let Constraint::DefaultConstraint(default) = constraint else {
        return false;
    };
    let text = default
        .expr()
        .map(|value| value.syntax().text().to_string());
    text.is_some_and(|text| !text.eq_ignore_ascii_case("null"))
}

/// What a constraint written behind the column costs.
fn inline(change: Change, constraint: &Constraint, is_filled: bool) -> Change {
    match constraint {
        Constraint::DefaultConstraint(default) => {
            match default
                .expr()
                .and_then(|value| expression::varying_call(value.syntax()))
            {
                Some(function) => change.blocking(
                    format!("{REWRITES}, because `{function}` may give each another value"),
                    "add it without the default, fill it in batches, then set the default",
                ),
                None => change,
            }
        }
        Constraint::GeneratedConstraint(generated) => {
            if shown(generated.syntax())
                .to_lowercase()
                .ends_with("virtual")
            {
                return change;
            }
            change.blocking(REWRITES, "add a plain column and fill it in batches")
        }
        Constraint::CheckConstraint(_) => change.blocking(
            SCANS,
            "add the check as a constraint with `not valid`, and validate it in a later file",
        ),
        Constraint::UniqueConstraint(_)
        | Constraint::PrimaryKeyConstraint(_)
        | Constraint::ExcludeConstraint(_) => change.blocking(
            "which blocks reads and writes while its index is built",
            "add the column alone, create a unique index concurrently, then add the constraint \
             `using index`",
        ),
        // With no value in the new column there is nothing to look up.
        Constraint::ReferencesConstraint(_) if is_filled => change.blocking(
            SCANS,
            "add the foreign key as a constraint with `not valid`, and validate it in a later file",
        ),
        Constraint::ReferencesConstraint(_)
        | Constraint::NotNullConstraint(_)
        | Constraint::NullConstraint(_)
        | Constraint::ForeignKeyConstraint(_) => change,
    }
}

/// `DROP COLUMN`.
pub(super) fn drop(drop: &ast::DropColumn, table: &Name, schema: &Schema) -> Change {
    let column = drop
        .column_name_ref()
        .map(|name| name.text())
        .unwrap_or_default();
    let is_cascade = matches!(drop.drop_behavior(), Some(ast::DropBehavior::Cascade(_)));
    let with = if is_cascade {
        " and all that depends on it"
    } else {
        ""
    };
    let change = Change::new(format!("drops column `{column}` of {table}{with}"));
    if schema.is_new_column(table, &column) && !is_cascade {
        return change;
    }
    change
        .losing("its values are gone")
        .contracting("may still read it", "drop it one release later")
}

/// `RENAME COLUMN`.
pub(super) fn rename(rename: &ast::RenameColumn, table: &Name, schema: &mut Schema) -> Change {
    let old = rename
        .column_name_ref()
        .map(|name| name.text())
        .unwrap_or_default();
    let new = rename
        .column_name()
        .map(|name| name.text())
        .unwrap_or_default();
    let change = Change::new(format!("renames column `{old}` of {table} to `{new}`"));
    if schema.is_new_column(table, &old) {
        let kind = schema.kind(table, &old).unwrap_or_default().to_owned();
        schema.add_column(table, new, kind);
        return change;
    }
    change.contracting(
        "still uses the old name",
        "add a column of the new name, and drop the old one one release later",
    )
}

/// Whether a primary key over an index must look at the rows for NULL.
pub(super) fn primary_key_scans(
    key: &ast::PrimaryKeyConstraint,
    table: &Name,
    schema: &Schema,
) -> bool {
    !index::has_no_null(
        key.using_index().and_then(|using| using.index_ref()),
        table,
        schema,
    )
}
