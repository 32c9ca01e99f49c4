//! Facts as tests need them: everything in order, two files applied, none pending.

use super::*;
use crate::sql::Catalogue;
use shared::schema_history::Row;

/// A file with that number, title and text.
pub fn file(version: &str, name: &str, text: &str) -> File {
    File {
        version: version.into(),
        name: name.into(),
        path: format!("db/{version}_{name}.sql"),
        digest: Digest::of(text.as_bytes()),
        text: text.into(),
        is_transactional: !text.starts_with("-- sluicegate: no-transaction"),
    }
}

/// The row that a file leaves.
pub fn row(file: &File) -> Row {
    Row {
        version: file.version.clone(),
        name: file.name.clone(),
        digest: file.digest.as_str().into(),
        applied_at: "2026-11-20T10:00:00.000000Z".into(),
        applied_by: "ada".into(),
        release: "1.0.0".into(),
        rollback_safe: "yes".into(),
    }
}

/// What a database has in which those files were applied, and a table `entries`.
pub fn seen(applied: &[File]) -> Seen {
    let mut catalogue = Catalogue::default();
    let column = |kind: &str| crate::sql::Column {
        kind: kind.into(),
        is_not_null: false,
    };
    let columns = [
        ("id".to_owned(), column("bigint")),
        ("note".to_owned(), column("text")),
    ];
    let entries = crate::sql::Relation {
        bytes: 1 << 20,
        columns: columns.into(),
        ..Default::default()
    };
    catalogue.relations.insert("entries".into(), entries);
    Seen {
        history: Some(applied.iter().map(row).collect()),
        catalogue,
        invalid_indexes: vec![],
        major: 15,
    }
}

/// Two files, both applied.
pub fn settled() -> Facts {
    let files = vec![
        file(
            "0001",
            "init",
            "create table entries (id bigint, note text)",
        ),
        file("0002", "more", "create table others (id bigint)"),
    ];
    with_files(&files, &files)
}

/// Those files on disk, of which these are applied.
pub fn with_files(files: &[File], applied: &[File]) -> Facts {
    let seen = seen(applied);
    Facts {
        environment: "production".into(),
        address: "cal@db:5432/cal".into(),
        release: "1.2.0".into(),
        files: files.to_vec(),
        directory: "db".into(),
        pending: Ok(pending(files, &seen)),
        database: Ok(seen),
        release_files: Ok(Comparison {
            release: "1.2.0 (01234567)".into(),
            commit: "0123456789".repeat(4),
            compared: files.len(),
            differences: vec![],
        }),
        live: Live::Release {
            version: "1.1.0".into(),
            since: "2026-11-20T10:00:00Z".into(),
        },
        backup: Dumped::NotNeeded,
        applied: Applied::NotAsked,
        left: None,
    }
}

/// A third file with that text is pending.
pub fn with_pending(text: &str) -> Facts {
    let applied = settled().files;
    let mut files = applied.clone();
    files.push(file("0003", "next", text));
    with_files(&files, &applied)
}

/// The database could not be read.
pub fn unreachable() -> Facts {
    let reason = "could not connect to PostgreSQL".to_owned();
    Facts {
        pending: Err(format!("which files are pending is not known: {reason}")),
        database: Err(reason),
        ..settled()
    }
}
