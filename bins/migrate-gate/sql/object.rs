//! Views, functions, types, schemas and the other objects: created, altered, dropped.

use super::change::Change;
use super::names::{Name, shown};
use super::schema::Schema;
use super::{constraint, names};
use squawk_syntax::ast::{self, AstNode, NameLike as _, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

/// What the statement does, when it is about such an object.
pub(super) fn changes(statement: &Stmt, schema: &mut Schema) -> Option<Vec<Change>> {
    let node = statement.syntax();
    let words: Vec<String> = words(node).take(3).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (statement, words.as_slice()) {
        (Stmt::CommentOn(_) | Stmt::SecurityLabel(_) | Stmt::Grant(_), _) => {
            Some(vec![Change::new(format!("runs `{}`", shown(node)))])
        }
        (Stmt::Revoke(_), _) => Some(vec![
            Change::new(format!("runs `{}`", shown(node)))
                .contracting("may need that right", "revoke it one release later"),
        ]),
        (_, ["create", ..]) => create(statement, node, schema).map(|change| vec![change]),
        (_, ["drop", noun, second, ..]) => Some(vec![drop(statement, node, noun, second, schema)]),
        (_, ["alter", ..]) => alter(statement, node).map(|change| vec![change]),
        _ => None,
    }
}

/// The words of the statement in lower case, comments left out.
fn words(node: &SyntaxNode) -> impl Iterator<Item = String> {
    node.descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter_map(|token| {
            let text = token.text();
            let is_word = text.starts_with(|c: char| c.is_alphabetic());
            is_word.then(|| text.to_lowercase())
        })
}

fn create(statement: &Stmt, node: &SyntaxNode, schema: &mut Schema) -> Option<Change> {
    let deed = format!("runs `{}`", shown(node));
    let has = |kind: SyntaxKind| node.children().any(|child| child.kind() == kind);
    let is_replaced = has(SyntaxKind::OR_REPLACE);
    let change = match statement {
        Stmt::CreateView(_)
        | Stmt::CreateFunction(_)
        | Stmt::CreateProcedure(_)
        | Stmt::CreateAggregate(_)
        | Stmt::CreateType(_)
        | Stmt::CreateDomain(_)
        | Stmt::CreateSequence(_)
        | Stmt::CreateCollation(_)
        | Stmt::CreateStatistics(_)
        | Stmt::CreateOperator(_)
        | Stmt::CreateOperatorClass(_)
        | Stmt::CreateOperatorFamily(_)
        | Stmt::CreateTextSearchConfiguration(_)
        | Stmt::CreateTextSearchDictionary(_)
        | Stmt::CreateTextSearchParser(_)
        | Stmt::CreateTextSearchTemplate(_)
        | Stmt::CreatePublication(_)
        | Stmt::CreateServer(_)
        | Stmt::CreateForeignTable(_)
        | Stmt::CreateForeignDataWrapper(_)
        | Stmt::CreateUserMapping(_)
        | Stmt::CreateRole(_)
        | Stmt::CreateUser(_)
        | Stmt::CreateGroup(_)
        | Stmt::CreateExtension(_) => {
            let name = first_definition(node);
            schema.make(name, has(SyntaxKind::IF_NOT_EXISTS) || is_replaced);
            Change::new(deed)
        }
        // Its elements would be statements of their own.
        Stmt::CreateSchema(create) if create.schema_elements().next().is_none() => {
            Change::new(deed)
        }
        Stmt::CreateTrigger(_)
        | Stmt::CreateRule(_)
        | Stmt::CreatePolicy(_)
        | Stmt::CreateEventTrigger(_) => attached(deed, node, schema),
        Stmt::CreateDatabase(_) | Stmt::CreateTablespace(_) => {
            Change::new(deed).outside_transaction()
        }
        _ => return None,
    };
    Some(if is_replaced {
        change.doubtful("an older release may expect what was there before")
    } else {
        change
    })
}

/// A trigger, rule or policy on a table: nobody notices it on one that is new.
fn attached(deed: String, node: &SyntaxNode, schema: &Schema) -> Change {
    let table = node.descendants().find_map(ast::OnRelation::cast);
    let table = table.and_then(|on| Name::of_reference(on.relation_name_ref()?.path_ref()));
    let change = Change::new(deed);
    match table {
        Some(table) if schema.is_made(&table) => change,
        Some(table) => change
            .doubtful("it may change or refuse what an older release writes")
            .holding(format!("the SHARE ROW EXCLUSIVE lock of {table}")),
        None => change.doubtful("it may change or refuse what an older release writes"),
    }
}

fn drop(statement: &Stmt, node: &SyntaxNode, noun: &str, second: &str, schema: &Schema) -> Change {
    let noun = match (noun, second) {
        ("foreign", "table") | ("materialized", "view") | ("event", "trigger") => {
            format!("{noun} {second}")
        }
        _ => noun.to_owned(),
    };
    let is_cascade = node
        .children()
        .any(|child| ast::Cascade::can_cast(child.kind()));
    let with = if is_cascade {
        " and all that depends on it"
    } else {
        ""
    };
    let named: Vec<String> = node
        .children()
        .filter(|child| {
            !ast::IfExists::can_cast(child.kind())
                && ast::DropBehavior::cast(child.clone()).is_none()
        })
        .map(|child| names::shown(&child))
        .collect();
    let change = Change::new(format!("drops {noun} `{}`{with}", named.join(", ")));
    let references: Vec<Name> = node
        .children()
        .flat_map(|child| references(&child))
        .collect();
    let is_unused = !references.is_empty() && references.iter().all(|name| schema.is_made(name));
    if is_unused && !is_cascade {
        return change;
    }
    let change = match statement {
        Stmt::DropTable(_) | Stmt::DropForeignTable(_) => change.losing("its rows are gone"),
        Stmt::DropSchema(_) | Stmt::DropOwned(_) => change.losing("everything in it is gone"),
        Stmt::DropDatabase(_) => change
            .losing("everything in it is gone")
            .outside_transaction(),
        Stmt::DropTablespace(_) | Stmt::DropSubscription(_) => change.outside_transaction(),
        Stmt::DropType(_) | Stmt::DropDomain(_) | Stmt::DropExtension(_) if is_cascade => {
            change.losing("columns of that type go with it")
        }
        _ => change,
    };
    change.contracting("may still use it", "drop it one release later")
}

fn alter(statement: &Stmt, node: &SyntaxNode) -> Option<Change> {
    let has = |kind: SyntaxKind| {
        node.descendants_with_tokens()
            .any(|element| element.kind() == kind)
    };
    let change = Change::new(format!("runs `{}`", shown(node)));
    let change = match statement {
        Stmt::AlterTable(_)
        | Stmt::AlterExtension(_)
        | Stmt::AlterForeignTable(_)
        | Stmt::AlterLargeObject(_)
        | Stmt::AlterSubscription(_) => return None,
        Stmt::AlterSystem(_) => change
            .outside_transaction()
            .doubtful("the whole server changes"),
        Stmt::AlterIndex(_) if has(SyntaxKind::TABLESPACE_KW) => change.blocking(
            "which blocks reads and writes while it is copied",
            "build a second index concurrently",
        ),
        Stmt::AlterDomain(domain) => return Some(alter_domain(domain, change)),
        _ => change,
    };
    Some(
        if has(SyntaxKind::RENAME_KW) && !matches!(statement, Stmt::AlterIndex(_)) {
            change.contracting("still uses the old name", "create the new one beside it")
        } else if node
            .descendants()
            .any(|child| ast::SetSchema::can_cast(child.kind()))
        {
            change.contracting(
                "still looks for it in the old schema",
                "create a new one beside it",
            )
        } else {
            change.doubtful("an older release may expect what was there before")
        },
    )
}

fn alter_domain(domain: &ast::AlterDomain, change: Change) -> Change {
    use ast::AlterDomainAction as Action;
    let scans = "which scans every table that has a column of it";
    match domain.action() {
        Some(Action::AddConstraint(add)) => {
            let is_valid = add
                .constraint()
                .is_none_or(|constraint| !constraint.is_not_valid());
            let change = change.contracting(
                "may still write what it refuses",
                "have every live release keep to it first",
            );
            if is_valid {
                change.blocking(scans, constraint::LATER)
            } else {
                change
            }
        }
        Some(Action::SetNotNull(_)) => change
            .blocking(scans, "add a check with `not valid` instead")
            .contracting(
                "may still write NULL",
                "have every live release write a value first",
            ),
        Some(Action::DomainRenameTo(_) | Action::SetSchema(_)) => {
            change.contracting("still uses the old name", "create the new one beside it")
        }
        Some(Action::ValidateConstraint(_)) => change.long(),
        Some(
            Action::DropConstraint(_)
            | Action::DropDefault(_)
            | Action::DropNotNull(_)
            | Action::OwnerTo(_)
            | Action::RenameConstraint(_)
            | Action::SetDefault(_),
        )
        | None => change.doubtful("an older release may expect what was there before"),
    }
}

/// The name that a `CREATE` gives.
fn first_definition(node: &SyntaxNode) -> Option<Name> {
    let path = node.descendants().find_map(ast::Path::cast)?;
    Name::of_definition(Some(path))
}

/// The names that a node refers to, qualifiers and the types of arguments left out.
fn references(node: &SyntaxNode) -> Vec<Name> {
    let is_inner = |node: &SyntaxNode| {
        node.ancestors()
            .skip(1)
            .any(|up| ast::PathRef::can_cast(up.kind()) || ast::ParamList::can_cast(up.kind()))
    };
    let paths = node
        .descendants()
        .filter(|node| !is_inner(node))
        .filter_map(|node| {
            ast::PathRef::cast(node.clone())
                .and_then(|path| Name::of_reference(Some(path)))
                .or_else(|| ast::SchemaRef::cast(node).map(|name| Name::new(name.text())))
        });
    paths.collect()
}
