//! Columns of a table: added, changed, dropped, renamed.

use super::change::Change;
use super::expression;
use super::index;
use super::names::{Name, shown};
use super::schema::Schema;
use super::types;
use squawk_syntax::ast::{
    self, AlterColumnOption as Option_, AstNode as _, Constraint, NameLike as _,
};

const REWRITES: &str = "which blocks reads and writes while every row is written anew";
const SCANS: &str = "which blocks reads and writes while every row is looked at";

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

/// `ALTER COLUMN`.
pub(super) fn alter(alter: &ast::AlterColumn, table: &Name, schema: &mut Schema) -> Change {
    let column = alter
        .column_name_ref()
        .map(|name| name.text())
        .unwrap_or_default();
    let exclusive = format!("the ACCESS EXCLUSIVE lock of {table}");
    let Some(option) = alter.option() else {
        return Change::unread(
            format!("changes column `{column}` of {table}"),
            "its text is odd",
        );
    };
    match &option {
        Option_::SetType(set) => set_type(set, &column, table, schema).holding(exclusive),
        Option_::SetNotNull(_) => set_not_null(&column, table, schema).holding(exclusive),
        Option_::SetStatistics(_)
        | Option_::SetStorage(_)
        | Option_::SetCompression(_)
        | Option_::SetOptions(_)
        | Option_::SetOptionsList(_)
        | Option_::ResetOptions(_) => Change::new(format!(
            "sets storage options of column `{column}` of {table}"
        )),
        other => value(other, &column, table, schema).holding(exclusive),
    }
}

/// Which value a row gets that says none.
fn value(option: &Option_, column: &str, table: &Name, schema: &Schema) -> Change {
    let of = |what: &str| Change::new(format!("{what} column `{column}` of {table}"));
    let is_new = schema.is_new_column(table, column);
    let change = match option {
        Option_::DropDefault(_) => of("drops the default of").contracting(
            "may still insert rows without a value for it",
            "drop it one release later",
        ),
        Option_::SetDefault(_) => of("sets the default of")
            .doubtful("rows that an older release inserts get another value"),
        Option_::DropNotNull(_) => of("permits NULL in")
            .doubtful("an older release may read NULL where it expects a value"),
        Option_::DropIdentity(_) | Option_::DropExpression(_) => of("no longer generates")
            .contracting(
                "may still insert rows without a value for it",
                "drop it one release later",
            ),
        Option_::SetExpression(_) => of("generates otherwise")
            .blocking(REWRITES, "add another column and fill it in batches")
            .contracting(
                "may read other values than it expects",
                "add another column",
            ),
        Option_::AddGenerated(_)
        | Option_::SetGenerated(_)
        | Option_::SetGeneratedOptions(_)
        | Option_::SetSequenceOption(_)
        | Option_::Restart(_) => {
            of("changes how values are generated in").doubtful("other values are generated")
        }
        other => {
            let text = shown(other.syntax());
            return Change::unread(
                format!("does `{text}` on column `{column}` of {table}"),
                "this kind of change is not judged",
            );
        }
    };
    if is_new {
        Change {
            service: super::Service::Expand,
            ..change
        }
    } else {
        change
    }
}

fn set_type(set: &ast::SetType, column: &str, table: &Name, schema: &mut Schema) -> Change {
    let new = set
        .ty()
        .map(|kind| shown(kind.syntax()))
        .unwrap_or_default();
    let old = schema.kind(table, column).map(str::to_owned);
    let keeps_rows = set.using_expr().is_none()
        && set.collate().is_none()
        && old
            .as_deref()
            .is_some_and(|old| types::is_widening(old, &new));
    schema.set_kind(table, column, new.clone());
    let from = old.map(|old| format!(" from `{old}`")).unwrap_or_default();
    let sized = schema.sized(table);
    let change = Change::new(format!(
        "changes column `{column}` of {sized}{from} to `{new}`"
    ));
    if keeps_rows {
        return change;
    }
    let change = change.blocking(
        REWRITES,
        "add another column, fill it in batches, and have the next release use it",
    );
    if schema.is_new_column(table, column) {
        return change;
    }
    change.contracting(
        "may still read and write the old type",
        "add another column instead",
    )
}

fn set_not_null(column: &str, table: &Name, schema: &Schema) -> Change {
    let change = Change::new(format!(
        "sets NOT NULL on column `{column}` of {}",
        schema.sized(table)
    ));
    if schema.is_proven_not_null(table, column) {
        return change;
    }
    let change = change.blocking(
        SCANS,
        format!(
            "add `check ({column} is not null) not valid`, validate it in a later file, and set \
             NOT NULL in the file behind it"
        ),
    );
    if schema.is_new_column(table, column) {
        return change.contracting(
            "still inserts rows without it, which then fail",
            "set it when every live release writes the column",
        );
    }
    change.contracting(
        "may still write NULL",
        "have every live release write a value first",
    )
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
