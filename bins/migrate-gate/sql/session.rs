//! Settings, transactions, locks, maintenance, and what only runs to be known.

use super::change::Change;
use super::names::{Name, shown};
use super::schema::Schema;
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode as _, Stmt};

/// What migrate-gate sets itself, and must not be taken away.
const LIMITS: [&str; 5] = [
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "statement_timeout",
    "transaction_timeout",
    "client_connection_check_interval",
];

/// What the statement does, when it is of this kind.
pub(super) fn changes(statement: &Stmt) -> Option<Vec<Change>> {
    let text = shown(statement.syntax());
    let change = Change::new(format!("runs `{text}`"));
    Some(vec![match statement {
        Stmt::Begin(_)
        | Stmt::Commit(_)
        | Stmt::Rollback(_)
        | Stmt::SavepointCreate(_)
        | Stmt::ReleaseSavepoint(_)
        | Stmt::PrepareTransaction(_)
        | Stmt::SetTransaction(_) => change.controlling_transaction(),
        Stmt::Set(set) => self::set(set, change),
        Stmt::Reset(reset) => match reset.reset_target() {
            Some(ast::ResetTarget::ConfigParameterRef(parameter)) => limited(&parameter, change),
            Some(ast::ResetTarget::All(_)) => unlimited(change),
            _ => change,
        },
        Stmt::SetRole(_)
        | Stmt::ResetRole(_)
        | Stmt::SetSessionAuth(_)
        | Stmt::ResetSessionAuth(_)
        | Stmt::SetConstraints(_)
        | Stmt::Show(_)
        | Stmt::Listen(_)
        | Stmt::Unlisten(_)
        | Stmt::Notify(_)
        | Stmt::Checkpoint(_) => change,
        Stmt::Discard(_) => unlimited(change).outside_transaction(),
        Stmt::Analyze(_) => change.long(),
        Stmt::Vacuum(vacuum) => self::vacuum(vacuum, change),
        Stmt::Cluster(cluster) => {
            let change = rewritten(change);
            if cluster.table_name_ref().is_some() {
                change
            } else {
                change.outside_transaction()
            }
        }
        Stmt::Do(_) => Change::unread(
            "runs a `do` block",
            "what it runs is known only when it runs",
        ),
        Stmt::Call(_) => Change::unread(
            format!("runs `{text}`"),
            "what the procedure does is not read",
        ),
        Stmt::Execute(_) | Stmt::Prepare(_) | Stmt::Explain(_) => Change::unread(
            format!("runs `{text}`"),
            "a statement inside a statement is not judged",
        ),
        Stmt::Copy(_) => Change::unread(
            format!("runs `{text}`"),
            "data behind `copy` cannot be sent from a file",
        ),
        _ => return None,
    }])
}

/// `LOCK TABLE`.
pub(super) fn lock(lock: &ast::Lock, schema: &Schema) -> Change {
    use ast::LockMode as Mode;
    let change = Change::new(format!("runs `{}`", shown(lock.syntax())));
    let tables = lock
        .relation_list()
        .into_iter()
        .flat_map(|list| list.relation_names());
    let tables: Vec<Name> = tables
        .filter_map(|table| Name::of_relation(Some(table)))
        .collect();
    if !tables.is_empty() && tables.iter().all(|table| schema.is_made(table)) {
        return change;
    }
    let what = match lock
        .lock_mode_clause()
        .and_then(|clause| clause.lock_mode())
    {
        Some(
            Mode::AccessShare(_)
            | Mode::RowShare(_)
            | Mode::RowExclusive(_)
            | Mode::ShareUpdateExclusive(_),
        ) => return change,
        Some(Mode::Share(_) | Mode::ShareRowExclusive(_) | Mode::Exclusive(_)) => "writes",
        Some(Mode::AccessExclusive(_)) | None => "reads and writes",
    };
    let effect = format!("which blocks {what} until the transaction ends");
    change.blocking(effect, "let each statement take the lock that it needs")
}

/// `REFRESH MATERIALIZED VIEW`.
pub(super) fn refresh(refresh: &ast::Refresh, schema: &Schema) -> Change {
    let change = Change::new(format!("runs `{}`", shown(refresh.syntax())));
    let view = refresh
        .view_ref()
        .and_then(|view| Name::of_reference(view.path_ref()));
    let is_made = view.is_some_and(|view| schema.is_made(&view));
    if is_made || refresh.concurrently_token().is_some() {
        return change.long();
    }
    change.blocking(
        "which blocks reads of the view while it is built",
        "use `refresh materialized view concurrently`",
    )
}

fn set(set: &ast::Set, change: Change) -> Change {
    match set.set_target() {
        Some(ast::SetTarget::SetConfig(config)) => match config.config_parameter_ref() {
            Some(parameter) => limited(&parameter, change),
            None => Change::unread(change.deed, "the setting is not named"),
        },
        _ => change,
    }
}

fn limited(parameter: &ast::ConfigParameterRef, change: Change) -> Change {
    let name = Name::of_reference(parameter.path_ref());
    let name = name.as_ref().map_or("", Name::as_str);
    if LIMITS.contains(&name) {
        return unlimited(change);
    }
    if name == "session_replication_role" {
        return Change::unread(
            change.deed,
            "without triggers and foreign keys nothing holds",
        );
    }
    change
}

fn unlimited(change: Change) -> Change {
    change.blocking(
        "which takes away the limit that keeps others from waiting",
        "set `lock_timeout` and `statement_timeout` under `migrations` in the configuration",
    )
}

fn vacuum(vacuum: &ast::Vacuum, change: Change) -> Change {
    let is_full = vacuum.full_token().is_some()
        || vacuum
            .vacuum_option_list()
            .is_some_and(|list| has_word(list.syntax(), "full"));
    let change = change.outside_transaction();
    if is_full {
        rewritten(change)
    } else {
        change.long()
    }
}

fn rewritten(change: Change) -> Change {
    change.blocking(
        "which blocks reads and writes while every row is written anew",
        "use an extension that repacks in the background, or a maintenance window",
    )
}

fn has_word(node: &SyntaxNode, word: &str) -> bool {
    let text = node.text().to_string().to_lowercase();
    text.split(|c: char| !c.is_alphanumeric())
        .any(|one| one == word)
}
