//! Statements that read and write rows.

use super::change::Change;
use super::expression;
use super::names::{Name, columns_under, shown};
use super::schema::Schema;
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode, NameLike as _, WhereClauseOrCurrentOf as Where};

/// Everything that a query does: writes may stand anywhere in it, behind `WITH`.
pub(super) fn changes(node: &SyntaxNode, schema: &Schema) -> Vec<Change> {
    let mut changes: Vec<Change> = node
        .descendants()
        .filter_map(|node| {
            ast::Delete::cast(node.clone())
                .map(|delete| self::delete(&delete, schema))
                .or_else(|| {
                    ast::Update::cast(node.clone()).map(|update| self::update(&update, schema))
                })
                .or_else(|| {
                    ast::Insert::cast(node.clone()).map(|insert| self::insert(&insert, schema))
                })
                .or_else(|| ast::Merge::cast(node).map(|merge| self::merge(&merge)))
        })
        .collect();
    if let Some(function) = expression::foreign_call(node) {
        let why = format!("what the function `{function}` does is not read");
        changes.push(Change::unread(format!("calls `{function}`"), why));
    }
    if changes.is_empty() {
        changes.push(Change::new(format!("runs `{}`", shown(node))));
    }
    changes
}

/// A table or materialized view that is made from a query.
pub(super) fn made_from_query(
    node: &SyntaxNode,
    name: Option<Name>,
    is_conditional: bool,
    schema: &mut Schema,
) -> Vec<Change> {
    let shown = name.as_ref().map_or("a table".into(), ToString::to_string);
    let mut changes = vec![Change::new(format!("creates {shown} from a query")).long()];
    let inner = self::changes(node, schema);
    changes.extend(
        inner
            .into_iter()
            .filter(|change| !change.deed.starts_with("runs ")),
    );
    schema.make(name, is_conditional);
    changes
}

/// `TRUNCATE`.
pub(super) fn truncate(truncate: &ast::Truncate, schema: &Schema) -> Change {
    let tables = truncate
        .table_list()
        .into_iter()
        .flat_map(|list| list.table_relation_names());
    let tables: Vec<Name> = tables
        .filter_map(|table| Name::of_table(Some(table)))
        .collect();
    let is_cascade = matches!(
        truncate.drop_behavior(),
        Some(ast::DropBehavior::Cascade(_))
    );
    let used: Vec<String> = tables
        .iter()
        .filter(|table| is_cascade || !schema.is_made(table))
        .map(|table| schema.sized(table))
        .collect();
    let names: Vec<String> = tables.iter().map(ToString::to_string).collect();
    let with = if is_cascade {
        " and every table that refers to it"
    } else {
        ""
    };
    let change = Change::new(format!("empties {}{with}", names.join(", ")));
    if used.is_empty() && !tables.is_empty() {
        return change;
    }
    change
        .losing(format!("every row of {} is gone", used.join(", ")))
        .holding(format!("the ACCESS EXCLUSIVE lock of {}", names.join(", ")))
}

fn delete(delete: &ast::Delete, schema: &Schema) -> Change {
    let Some(table) = Name::of_relation(delete.relation_name()) else {
        return Change::unread("deletes rows", "their table is not named");
    };
    let change = Change::new(format!("deletes rows of {}", schema.sized(&table)));
    if schema.is_made(&table) {
        return change;
    }
    let change = change.long();
    if is_bounded(delete.where_clause_or_current_of()) {
        return change.doubtful("rows that an older release may need do not come back");
    }
    change.losing(format!("every row of {table} is gone"))
}

fn update(update: &ast::Update, schema: &Schema) -> Change {
    let Some(table) = Name::of_relation(update.relation_name()) else {
        return Change::unread("updates rows", "their table is not named");
    };
    let mut columns = targets(update.set_clause());
    columns.sort();
    columns.dedup();
    let listed: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
    let listed = listed.join(", ");
    let change = Change::new(format!("updates {listed} of {}", schema.sized(&table)));
    if schema.is_made(&table) {
        return change;
    }
    let change = change.long();
    let is_new = !columns.is_empty()
        && columns
            .iter()
            .all(|column| schema.is_new_column(&table, column));
    if is_new {
        return change;
    }
    if is_bounded(update.where_clause_or_current_of()) {
        return change.doubtful("values that an older release may need are overwritten");
    }
    change.losing(format!("every value of {listed} is overwritten"))
}

fn insert(insert: &ast::Insert, schema: &Schema) -> Change {
    let table = insert
        .relation_name_ref()
        .and_then(|name| Name::of_reference(name.path_ref()));
    let Some(table) = table else {
        return Change::unread("inserts rows", "their table is not named");
    };
    let change = Change::new(format!("inserts rows into {}", schema.sized(&table)));
    let overwrites = insert
        .on_conflict_clause()
        .and_then(|clause| clause.conflict_action());
    let overwrites = matches!(
        overwrites,
        Some(ast::ConflictAction::ConflictDoUpdateSet(_))
    );
    let reads = insert.insert_source().is_some_and(|source| {
        source
            .syntax()
            .descendants()
            .any(|node| ast::FromClause::can_cast(node.kind()))
    });
    let change = if reads { change.long() } else { change };
    if overwrites && !schema.is_made(&table) {
        return change.doubtful("values that an older release may need are overwritten");
    }
    change
}

fn merge(merge: &ast::Merge) -> Change {
    let table = Name::of_table(merge.table_relation_name());
    let table = table.map_or("a table".into(), |table| table.to_string());
    Change::unread(
        format!("merges rows into {table}"),
        "what `merge` does to which row is not judged",
    )
    .long()
}

/// The columns that `SET` writes.
fn targets(clause: Option<ast::SetClause>) -> Vec<String> {
    let list = clause.and_then(|clause| clause.set_column_list());
    let columns = list.into_iter().flat_map(|list| list.set_columns());
    columns
        .flat_map(|column| match column {
            ast::SetColumn::SetSingleColumn(one) => one.column_target().into_iter().collect(),
            ast::SetColumn::SetMultipleColumns(many) => many
                .column_target_list()
                .map(|list| list.column_targets().collect())
                .unwrap_or_else(Vec::new),
        })
        .filter_map(|target| Some(target.name()?.text()))
        .collect()
}

/// Whether a condition can leave rows out: one that names no column holds for all or none.
fn is_bounded(condition: Option<Where>) -> bool {
    match condition {
        Some(Where::WhereClause(clause)) => clause
            .expr()
            .is_some_and(|condition| !columns_under(condition.syntax()).is_empty()),
        Some(Where::WhereCurrentOf(_)) => true,
        None => false,
    }
}
