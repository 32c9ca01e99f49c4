//! Statements about indexes.

use super::change::Change;
use super::names::{Name, columns_under};
use super::schema::Schema;
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode as _};

const CONCURRENTLY: &str = "use `create index concurrently` in a file that starts with \
                            `-- sluicegate: no-transaction`";

/// `CREATE INDEX`.
pub(super) fn create(create: &ast::CreateIndex, schema: &mut Schema) -> Change {
    let name = create
        .index()
        .and_then(|index| Name::of_definition(index.path()));
    let shown = name
        .as_ref()
        .map_or("an index".into(), |name| format!("index {name}"));
    schema.make(name, create.if_not_exists().is_some());
    let Some(table) = Name::of_table(create.table_relation_name()) else {
        return Change::unread(format!("creates {shown}"), "its table is not named");
    };
    let is_unique = create.unique_token().is_some();
    let kind = if is_unique { "unique " } else { "" };
    let mut change = Change::new(format!("creates {kind}{shown} on {}", schema.sized(&table)));
    let is_concurrent = create.concurrently_token().is_some();
    if is_concurrent {
        change = change.outside_transaction();
    }
    if schema.is_made(&table) {
        return change;
    }
    if !is_concurrent {
        change = change
            .blocking(
                format!("which blocks writes to {table} while it is built"),
                CONCURRENTLY,
            )
            .holding(format!("the SHARE lock of {table}"));
    }
    let columns = create
        .partition_item_list()
        .map(|list| columns_under(list.syntax()));
    let is_new = columns.is_some_and(|columns| {
        !columns.is_empty()
            && columns
                .iter()
                .all(|column| schema.is_new_column(&table, column))
    });
    if is_unique && !is_new {
        change = change.contracting(
            "may still write values that are equal",
            "have every live release write distinct values first",
        );
    }
    change
}

/// The name of the index to build, as a query can ask for it: it goes to the schema of its table.
pub(super) fn to_be_built(create: &ast::CreateIndex) -> Option<String> {
    let name = create.index()?.path()?.syntax().text().to_string();
    let table = create.table_relation_name()?.table_name_ref()?.path_ref()?;
    Some(match table.qualifier() {
        Some(schema) => format!("{}.{name}", schema.syntax().text()),
        None => name,
    })
}

/// `DROP INDEX`.
pub(super) fn drop(drop: &ast::DropIndex, schema: &Schema) -> Vec<Change> {
    let is_concurrent = drop.concurrently_token().is_some();
    drop.index_refs()
        .filter_map(|index| Name::of_reference(index.path_ref()))
        .map(|name| {
            let mut change = Change::new(format!("drops index {name}"));
            if is_concurrent {
                change = change.outside_transaction();
            }
            if schema.is_made(&name) {
                return change;
            }
            if !is_concurrent {
                change = change.holding(format!("the ACCESS EXCLUSIVE lock of {name}'s table"));
            }
            match schema.index(&name) {
                Some(index) if !index.is_unique => {
                    change.doubtful("queries of an older release may need it to be fast")
                }
                Some(_) | None => change.contracting(
                    "may rely on it in `on conflict` or to be fast",
                    "drop it one release later",
                ),
            }
        })
        .collect()
}

/// `REINDEX`.
pub(super) fn reindex(reindex: &ast::Reindex) -> Change {
    let has = |kind: SyntaxKind| {
        let mut elements = reindex.syntax().descendants_with_tokens();
        elements.any(|element| element.kind() == kind)
    };
    let is_whole = matches!(
        reindex.reindex_target(),
        Some(
            ast::ReindexTarget::ReindexTargetDatabase(_)
                | ast::ReindexTarget::ReindexTargetSystem(_)
        )
    );
    let change = Change::new("builds indexes anew");
    if has(SyntaxKind::CONCURRENTLY_KW) {
        return change.outside_transaction();
    }
    let change = change.blocking(
        "which blocks writes, and reads that use the index, while it is built",
        "use `reindex … concurrently` in a file that starts with `-- sluicegate: no-transaction`",
    );
    if is_whole {
        change.outside_transaction()
    } else {
        change
    }
}

/// Whether a unique or primary key takes over an index whose columns refuse NULL already.
pub(super) fn has_no_null(index: Option<ast::IndexRef>, table: &Name, schema: &Schema) -> bool {
    let name = index.and_then(|index| Name::of_reference(index.path_ref()));
    let Some(index) = name.and_then(|name| schema.index(&name)) else {
        return false;
    };
    let is_not_null = |column: &String| schema.is_proven_not_null(table, column);
    !index.columns.is_empty() && index.columns.iter().all(is_not_null)
}
