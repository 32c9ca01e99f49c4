//! `CREATE TABLE` and `ALTER TABLE`.

use super::change::Change;
use super::column;
use super::column_alter;
use super::constraint;
use super::names::{Name, shown};
use super::schema::Schema;
use squawk_syntax::ast::{self, AlterTableAction as Action, AstNode as _};

const REWRITES: &str = "which blocks reads and writes while every row is written anew";

/// `CREATE TABLE`.
pub(super) fn create(create: &ast::CreateTable, schema: &mut Schema) -> Vec<Change> {
    let name = create
        .table_name()
        .and_then(|name| Name::of_definition(name.path()));
    let shown = name
        .as_ref()
        .map_or("a table".into(), |name| format!("table {name}"));
    schema.make(name.clone(), create.if_not_exists().is_some());
    let columns = create
        .table_arg_list()
        .into_iter()
        .flat_map(|list| list.args());
    for argument in columns {
        if let (ast::TableArg::Column(column), Some(table)) = (argument, &name) {
            let kind = column.ty().map(|kind| kind.syntax().text().to_string());
            if let (Some(column), Some(kind)) = (column.name(), kind) {
                schema.add_column(table, column.text(), kind);
            }
        }
    }
    let mut change = Change::new(format!("creates {shown}"));
    if let Some(other) = constraint::existing_target(create.syntax(), schema) {
        change = change.holding(format!("the SHARE ROW EXCLUSIVE lock of {other}"));
    }
    vec![change]
}

/// `ALTER TABLE`.
pub(super) fn alter(alter: &ast::AlterTable, schema: &mut Schema) -> Vec<Change> {
    let Some(table) = Name::of_table(alter.table_relation_name()) else {
        let change = Change::new("moves all tables of a tablespace");
        return vec![change.blocking(
            REWRITES,
            "move one table at a time, in a maintenance window",
        )];
    };
    let is_made = schema.is_made(&table);
    let mut changes = Vec::new();
    for action in alter.actions() {
        let change = action_on(&action, &table, schema);
        changes.push(if is_made {
            // Nobody uses the table yet; only a transaction may still be in the way.
            Change {
                transaction: change.transaction,
                ..Change::new(change.deed)
            }
        } else {
            change
        });
    }
    changes
}

fn action_on(action: &Action, table: &Name, schema: &mut Schema) -> Change {
    let exclusive = format!("the ACCESS EXCLUSIVE lock of {table}");
    match action {
        Action::AddColumn(add) => column::add(add, table, schema).holding(exclusive),
        Action::AlterColumn(alter) => column_alter::alter(alter, table, schema),
        Action::DropColumn(drop) => column::drop(drop, table, schema).holding(exclusive),
        Action::RenameColumn(rename) => column::rename(rename, table, schema).holding(exclusive),
        Action::AddConstraint(add) => constraint::add(add, table, schema),
        Action::DropConstraint(drop) => constraint::drop(drop, table, schema).holding(exclusive),
        Action::ValidateConstraint(validate) => constraint::validate(validate, table),
        Action::TableRenameTo(rename) => {
            let new = rename
                .table_name()
                .and_then(|name| Name::of_definition(name.path()));
            if schema.is_made(table) {
                schema.make(new, false);
            }
            Change::new(format!("renames {table}"))
                .contracting(
                    "still uses the old name",
                    "create the new table or a view beside it, and drop the old name one release later",
                )
                .holding(exclusive)
        }
        Action::SetSchema(_) => Change::new(format!("moves {table} to another schema"))
            .contracting(
                "still looks for it in the old one",
                "move it one release later",
            )
            .holding(exclusive),
        Action::AttachPartition(attach) => attach_partition(attach, table, schema),
        other => storage(other, table)
            .or_else(|| behaviour(other, table))
            .unwrap_or_else(|| unknown(other, table)),
    }
}

/// Where and how the rows are kept.
fn storage(action: &Action, table: &Name) -> Option<Change> {
    let advice = "build a second table, fill it in batches, and switch";
    let rewritten = |what: &str| Change::new(format!("{what} {table}")).blocking(REWRITES, advice);
    Some(match action {
        Action::SetUnlogged(_) => {
            rewritten("sets UNLOGGED on").losing(format!("after a crash {table} is empty"))
        }
        Action::SetLogged(_) => rewritten("sets LOGGED on"),
        Action::SetTablespace(_) => rewritten("sets another tablespace for"),
        Action::SetAccessMethod(_) => rewritten("sets another access method for"),
        Action::SplitPartition(_) => rewritten("splits a partition of"),
        Action::MergePartitions(_) => rewritten("merges partitions of"),
        Action::SetOptions(_)
        | Action::ResetOptions(_)
        | Action::ClusterOn(_)
        | Action::SetWithoutCluster(_)
        | Action::SetWithoutOids(_)
        | Action::RenameConstraint(_) => Change::new(format!("sets storage options of {table}")),
        Action::DetachPartition(detach) => {
            let concurrently = matches!(
                detach.detach_partition_option(),
                Some(ast::DetachPartitionOption::DetachConcurrently(_))
            );
            let change = Change::new(format!("detaches a partition of {table}")).contracting(
                "no longer finds its rows",
                "detach it when no live release reads them",
            );
            if concurrently {
                change.outside_transaction()
            } else {
                change
            }
        }
        _ => return None,
    })
}

fn attach_partition(attach: &ast::AttachPartition, table: &Name, schema: &Schema) -> Change {
    let part = attach
        .table_name_ref()
        .and_then(|name| Name::of_reference(name.path_ref()));
    let Some(part) = part else {
        return Change::unread(
            format!("attaches a partition to {table}"),
            "it is not named",
        );
    };
    let change = Change::new(format!("attaches partition {part} to {table}"));
    if schema.is_made(&part) {
        return change;
    }
    change.blocking(
        format!("which blocks reads and writes of {part} while every row is looked at"),
        "attach a table that the pending files create, and fill it afterwards",
    )
}

/// Which rows and values are seen or refused.
fn behaviour(action: &Action, table: &Name) -> Option<Change> {
    let change = |what: &str| Change::new(format!("{what} {table}"));
    Some(match action {
        Action::EnableRls(_) | Action::ForceRls(_) => change("enables row level security on")
            .contracting(
                "may then read no rows without an error",
                "create the policies first, and enable it when every live release sets its role",
            ),
        Action::DisableRls(_) | Action::NoForceRls(_) => {
            change("disables row level security on").doubtful("rows are seen that were hidden")
        }
        Action::DisableTrigger(_) | Action::DisableRule(_) => {
            change("disables a trigger or rule of")
                .contracting("relies on what it does", "disable it one release later")
        }
        Action::EnableTrigger(_)
        | Action::EnableAlwaysTrigger(_)
        | Action::EnableReplicaTrigger(_)
        | Action::EnableRule(_)
        | Action::EnableAlwaysRule(_)
        | Action::EnableReplicaRule(_) => {
            change("enables a trigger or rule of").doubtful("writes may be changed or refused")
        }
        Action::OwnerTo(_) => change("sets another owner of").doubtful("rights may be missing"),
        Action::ReplicaIdentity(_) => {
            change("sets the replica identity of").doubtful("replication sees other keys")
        }
        Action::AlterConstraint(_) => change("changes when a constraint is checked on")
            .doubtful("it is checked at another time"),
        Action::InheritTable(_)
        | Action::NoInheritTable(_)
        | Action::OfType(_)
        | Action::NotOf(_) => {
            change("changes what is inherited by").doubtful("other rows are seen")
        }
        _ => return None,
    })
}

fn unknown(action: &Action, table: &Name) -> Change {
    let text = shown(action.syntax());
    Change::unread(
        format!("does `{text}` on {table}"),
        "this kind of change is not judged",
    )
}
