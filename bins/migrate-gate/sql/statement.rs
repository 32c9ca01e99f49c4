//! From a kind of statement to what it does. A kind that is not listed is not judged.

use super::change::Change;
use super::names::{Name, shown};
use super::schema::Schema;
use super::{Repeat, index, object, rows, session, table};
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode, Stmt};

/// What the statement does.
pub(super) fn changes(statement: &Stmt, schema: &mut Schema) -> Vec<Change> {
    match statement {
        Stmt::CreateTable(create) => table::create(create, schema),
        Stmt::CreateTableAs(create) => {
            let name = create
                .table_name()
                .and_then(|name| Name::of_definition(name.path()));
            rows::made_from_query(
                create.syntax(),
                name,
                create.if_not_exists().is_some(),
                schema,
            )
        }
        Stmt::CreateMaterializedView(create) => {
            let name = create
                .view()
                .and_then(|view| Name::of_definition(view.path()));
            rows::made_from_query(
                create.syntax(),
                name,
                create.if_not_exists().is_some(),
                schema,
            )
        }
        Stmt::SelectInto(select) => {
            let name = select.into_clause().and_then(|into| into.table_name());
            let name = name.and_then(|name| Name::of_definition(name.path()));
            rows::made_from_query(select.syntax(), name, false, schema)
        }
        Stmt::AlterTable(alter) => table::alter(alter, schema),
        Stmt::CreateIndex(create) => vec![index::create(create, schema)],
        Stmt::DropIndex(drop) => index::drop(drop, schema),
        Stmt::Reindex(reindex) => vec![index::reindex(reindex)],
        Stmt::Delete(_)
        | Stmt::Update(_)
        | Stmt::Insert(_)
        | Stmt::Select(_)
        | Stmt::CompoundSelect(_)
        | Stmt::ParenSelect(_)
        | Stmt::Values(_)
        | Stmt::Table(_) => rows::changes(statement.syntax(), schema),
        Stmt::Truncate(truncate) => vec![rows::truncate(truncate, schema)],
        Stmt::Lock(lock) => vec![session::lock(lock, schema)],
        Stmt::Refresh(refresh) => vec![session::refresh(refresh, schema)],
        other => object::changes(other, schema)
            .or_else(|| session::changes(other))
            .unwrap_or_else(|| vec![unknown(other)]),
    }
}

fn unknown(statement: &ast::Stmt) -> Change {
    let text = shown(statement.syntax());
    Change::unread(
        format!("runs `{text}`"),
        "this kind of statement is not judged",
    )
}

/// Whether it may run again when it is not known whether it ran.
pub(super) fn repeat(statement: &Stmt) -> Repeat {
    let is_conditional = |node: &SyntaxNode| {
        node.children().any(|child| {
            ast::IfExists::can_cast(child.kind()) || ast::IfNotExists::can_cast(child.kind())
        })
    };
    let is_repeatable = match statement {
        Stmt::Vacuum(_)
        | Stmt::Analyze(_)
        | Stmt::Reindex(_)
        | Stmt::Refresh(_)
        | Stmt::Set(_)
        | Stmt::CommentOn(_)
        | Stmt::Grant(_)
        | Stmt::Revoke(_)
        | Stmt::Checkpoint(_) => true,
        Stmt::AlterTable(alter) => alter
            .actions()
            .all(|action| is_conditional(action.syntax())),
        other => is_conditional(other.syntax()),
    };
    match statement {
        _ if is_repeatable => Repeat::Yes,
        Stmt::CreateIndex(create) => index::to_be_built(create).map_or(Repeat::No, Repeat::Index),
        _ => Repeat::No,
    }
}
