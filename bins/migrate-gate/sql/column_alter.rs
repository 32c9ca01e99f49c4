//! `ALTER COLUMN`: type, NULL, default, and how values are generated.

use super::change::{Change, Service};
use super::column::{REWRITES, SCANS};
use super::names::{Name, shown};
use super::schema::Schema;
use super::types;
use squawk_syntax::ast::{self, AlterColumnOption as Choice, AstNode as _, NameLike as _};

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
        Choice::SetType(set) => set_type(set, &column, table, schema).holding(exclusive),
        Choice::SetNotNull(_) => set_not_null(&column, table, schema).holding(exclusive),
        Choice::SetStatistics(_)
        | Choice::SetStorage(_)
        | Choice::SetCompression(_)
        | Choice::SetOptions(_)
        | Choice::SetOptionsList(_)
        | Choice::ResetOptions(_) => Change::new(format!(
            "sets storage options of column `{column}` of {table}"
        )),
        other => value(other, &column, table, schema).holding(exclusive),
    }
}

/// Which value a row gets that says none.
fn value(option: &Choice, column: &str, table: &Name, schema: &Schema) -> Change {
    let of = |what: &str| Change::new(format!("{what} column `{column}` of {table}"));
    let is_new = schema.is_new_column(table, column);
    let change = match option {
        Choice::DropDefault(_) => of("drops the default of").contracting(
            "may still insert rows without a value for it",
            "drop it one release later",
        ),
        Choice::SetDefault(_) => of("sets the default of")
            .doubtful("rows that an older release inserts get another value"),
        Choice::DropNotNull(_) => of("permits NULL in")
            .doubtful("an older release may read NULL where it expects a value"),
        Choice::DropIdentity(_) | Choice::DropExpression(_) => of("no longer generates")
            .contracting(
                "may still insert rows without a value for it",
                "drop it one release later",
            ),
        Choice::SetExpression(_) => of("generates otherwise")
            .blocking(REWRITES, "add another column and fill it in batches")
            .contracting(
                "may read other values than it expects",
                "add another column",
            ),
        Choice::AddGenerated(_)
        | Choice::SetGenerated(_)
        | Choice::SetGeneratedOptions(_)
        | Choice::SetSequenceOption(_)
        | Choice::Restart(_) => {
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
            service: Service::Expand,
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
