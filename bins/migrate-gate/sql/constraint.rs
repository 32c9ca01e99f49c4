//! Constraints of a table: added, validated, dropped.

use super::change::Change;
use super::column;
use super::names::{Name, columns_under};
use super::schema::Schema;
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode, Constraint};

/// How to add it without looking at every row.
pub(super) const LATER: &str = "add it with `not valid`, and validate it in a later file";

const SCANS: &str = "which blocks reads and writes while every row is looked at";

/// `ADD CONSTRAINT`.
pub(super) fn add(add: &ast::AddConstraint, table: &Name, schema: &Schema) -> Change {
    let Some(constraint) = add.constraint() else {
        return Change::unread(format!("adds a constraint to {table}"), "its text is odd");
    };
    let own = Own {
        table,
        schema,
        sized: schema.sized(table),
    };
    let is_valid = !constraint.is_not_valid();
    let exclusive = format!("the ACCESS EXCLUSIVE lock of {table}");
    match &constraint {
        Constraint::CheckConstraint(check) => {
            let change = Change::new(format!("adds a check to {}", own.sized));
            own.narrowed(
                scanned(change, is_valid, SCANS),
                check.syntax(),
                "may still write what it refuses",
            )
        }
        Constraint::NotNullConstraint(not_null) => {
            let change = Change::new(format!("adds a NOT NULL constraint to {}", own.sized));
            own.narrowed(
                scanned(change, is_valid, SCANS),
                not_null.syntax(),
                "may still write NULL",
            )
        }
        Constraint::ForeignKeyConstraint(key) => return own.foreign_key(key, is_valid),
        Constraint::UniqueConstraint(unique) if unique.using_index().is_none() => own.narrowed(
            built("unique constraint", &own.sized),
            unique.syntax(),
            "may still write values that are equal",
        ),
        // The index it takes over refuses equal values already.
        Constraint::UniqueConstraint(_) => {
            Change::new(format!("adds a unique constraint to {}", own.sized))
        }
        Constraint::PrimaryKeyConstraint(key) => primary_key(key, table, schema),
        Constraint::ExcludeConstraint(exclude) => own.narrowed(
            built("exclusion constraint", &own.sized),
            exclude.syntax(),
            "may still write what it refuses",
        ),
        Constraint::DefaultConstraint(_)
        | Constraint::GeneratedConstraint(_)
        | Constraint::NullConstraint(_)
        | Constraint::ReferencesConstraint(_) => Change::unread(
            format!("adds a constraint to {table}"),
            "this kind of constraint is not judged",
        ),
    }
    .holding(exclusive)
}

/// The table that gets a constraint.
struct Own<'a> {
    table: &'a Name,
    schema: &'a Schema<'a>,
    sized: String,
}

impl Own<'_> {
    fn foreign_key(&self, key: &ast::ForeignKeyConstraint, is_valid: bool) -> Change {
        let change = Change::new(format!("adds a foreign key to {}", self.sized))
            .holding(format!("the SHARE ROW EXCLUSIVE lock of {}", self.table));
        let effect = "which blocks writes to both tables while every row is looked up";
        let change = scanned(change, is_valid, effect);
        let breaks = "may still write values that the other table does not have";
        match key.from_columns() {
            Some(own) => self.narrowed(change, own.syntax(), breaks),
            None => Change::unread(change.deed, "its columns are not named"),
        }
    }

    /// Takes something from the live release, unless it only concerns columns that it does not
    /// know.
    fn narrowed(&self, change: Change, under: &SyntaxNode, effect: &str) -> Change {
        let columns = columns_under(under);
        let is_new = |column: &String| self.schema.is_new_column(self.table, column);
        if !columns.is_empty() && columns.iter().all(is_new) {
            return change;
        }
        change.contracting(effect, "have every live release keep to it first")
    }
}

fn scanned(change: Change, is_valid: bool, effect: &str) -> Change {
    if is_valid {
        change.blocking(effect, LATER)
    } else {
        change
    }
}

fn built(what: &str, table: &str) -> Change {
    Change::new(format!("adds a {what} to {table}")).blocking(
        "which blocks reads and writes while its index is built",
        "create a unique index concurrently, then add the constraint `using index`",
    )
}

fn primary_key(key: &ast::PrimaryKeyConstraint, table: &Name, schema: &Schema) -> Change {
    let sized = schema.sized(table);
    if key.using_index().is_none() {
        return built("primary key", &sized).contracting(
            "may still write NULL or values that are equal",
            "have every live release keep to it first",
        );
    }
    let change = Change::new(format!("adds a primary key to {sized}"));
    if column::primary_key_scans(key, table, schema) {
        return change.blocking(
            "which blocks reads and writes while every row is looked at for NULL",
            "set NOT NULL on its columns first",
        );
    }
    change
}

/// `VALIDATE CONSTRAINT`.
pub(super) fn validate(validate: &ast::ValidateConstraint, table: &Name) -> Change {
    let name = validate
        .constraint_name_ref()
        .and_then(|name| Name::of_reference(name.path_ref()));
    let name = name.map_or("a constraint".into(), |name| format!("constraint {name}"));
    // SHARE UPDATE EXCLUSIVE alone: reads and writes go on.
    Change::new(format!("validates {name} of {table}")).long()
}

/// `DROP CONSTRAINT`.
pub(super) fn drop(drop: &ast::DropConstraint, table: &Name, schema: &Schema) -> Change {
    let name = drop
        .constraint_name_ref()
        .and_then(|name| Name::of_reference(name.path_ref()));
    let shown = name
        .as_ref()
        .map_or("a constraint".into(), |name| format!("constraint {name}"));
    let change = Change::new(format!("drops {shown} of {table}"));
    let known = name.and_then(|name| schema.constraint(table, name.as_str()));
    match known.map(|constraint| constraint.kind.as_str()) {
        Some("c" | "f") => change.doubtful("rows may come that an older release does not expect"),
        _ => change.contracting(
            "may rely on it in `on conflict`",
            "drop it one release later",
        ),
    }
}

/// The first table that a foreign key under the node points at and that is in use already.
pub(super) fn existing_target(node: &SyntaxNode, schema: &Schema) -> Option<Name> {
    let targets = node.descendants().filter_map(|node| {
        ast::ReferencesConstraint::cast(node.clone())
            .and_then(|key| key.table())
            .or_else(|| ast::ForeignKeyConstraint::cast(node).and_then(|key| key.table_name_ref()))
    });
    let mut targets = targets.filter_map(|table| Name::of_reference(table.path_ref()));
    targets.find(|table| !schema.is_made(table))
}
