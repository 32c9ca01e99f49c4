//! The numbered files on disk: read whole, and refused with their place when one is not as it
//! must be.

use crate::plan::File;
use crate::sql;
use shared::error::{Error, Result};
use shared::release::Digest;
use shared::schema_history::compare;
use std::path::Path;

const NAMES: &str = "name migrations `0001_what_it_does.sql`: at least four digits, then letters, \
                     digits, `_` or `-`";
const DIRECTIVE: &str = "-- sluicegate: no-transaction";
/// Larger files are data, not a change of the schema.
const LARGEST: u64 = 8 << 20;
/// `bigint` holds eighteen digits whatever they are.
const MOST_DIGITS: usize = 18;

/// The files of the folder `directory` in the order of their numbers; `shown` is how the
/// configuration names the folder.
pub fn read(directory: &Path, shown: &Path) -> Result<Vec<File>> {
    let place = shown.display().to_string();
    let unreadable = |error: std::io::Error| {
        Error::config("the folder of the migrations cannot be read")
            .at(&place)
            .source(error)
            .hint("correct `migrations.tool.sql.directory`")
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name.eq_ignore_ascii_case("readme.md") {
            continue;
        }
        let path = shown.join(&name).display().to_string();
        let (version, title) = split(&name).ok_or_else(|| {
            Error::config("this is no name of a migration")
                .at(&path)
                .hint(NAMES)
        })?;
        let (version, title) = (version.to_owned(), title.to_owned());
        let bytes = bytes(&entry, &path)?;
        files.push(file(version, title, path, bytes)?);
    }
    if files.is_empty() {
        return Err(Error::config("there is no migration in this folder")
            .at(place)
            .hint(NAMES));
    }
    files.sort_by(|one, other| {
        compare(&one.version, &other.version).then(one.path.cmp(&other.path))
    });
    for pair in files.windows(2) {
        if compare(&pair[0].version, &pair[1].version).is_eq() {
            let message = format!(
                "the number {} is also that of `{}`",
                pair[1].version, pair[0].path
            );
            return Err(Error::config(message)
                .at(&pair[1].path)
                .hint("give one of them a higher number"));
        }
    }
    Ok(files)
}

/// Refuses a folder for backups that cannot be one.
pub fn assert_folder(path: &Path, shown: &Path) -> Result<()> {
    if path.exists() && !path.is_dir() {
        return Err(Error::config("this is no folder")
            .at(shown.display().to_string())
            .hint("correct `migrations.backup.directory`"));
    }
    Ok(())
}

/// Number and title of a well-formed name.
fn split(name: &str) -> Option<(&str, &str)> {
    let (version, title) = name.strip_suffix(".sql")?.split_once('_')?;
    let is_number =
        (4..=MOST_DIGITS).contains(&version.len()) && version.bytes().all(|b| b.is_ascii_digit());
    let is_title = !title.is_empty()
        && title
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    (is_number && is_title).then_some((version, title))
}

fn bytes(entry: &std::fs::DirEntry, path: &str) -> Result<Vec<u8>> {
    let refuse = |why: &str| Err(Error::config(why).at(path));
    let unreadable = |error: std::io::Error| {
        Error::config("the migration cannot be read")
            .at(path)
            .source(error)
    };
    let kind = entry.file_type().map_err(unreadable)?;
    if kind.is_symlink() {
        return refuse("a migration must be a file, not a link: its bytes are not in the commit");
    }
    if !kind.is_file() {
        return refuse("a migration must be a file");
    }
    if entry.metadata().map_err(unreadable)?.len() > LARGEST {
        return refuse("the migration is larger than 8 MiB");
    }
    std::fs::read(entry.path()).map_err(unreadable)
}

fn file(version: String, name: String, path: String, bytes: Vec<u8>) -> Result<File> {
    let digest = Digest::of(&bytes);
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let (line, column) = sql::position(&String::from_utf8_lossy(valid), valid.len());
        Error::config("the migration is not UTF-8").at(format!("{path}:{line}:{column}"))
    })?;
    if let Some(offset) = text.find('\0') {
        let (line, column) = sql::position(&text, offset);
        return Err(
            Error::config("the migration has a NUL byte").at(format!("{path}:{line}:{column}"))
        );
    }
    if sql::is_blank(&text) {
        return Err(Error::config("the migration has no statement").at(format!("{path}:1:1")));
    }
    let is_transactional = text
        .lines()
        .next()
        .is_none_or(|first| first.trim_end() != DIRECTIVE);
    for (index, line) in text.lines().enumerate() {
        let is_directive = line.trim_start().strip_prefix("--").is_some_and(|comment| {
            comment
                .trim_start()
                .to_lowercase()
                .starts_with("sluicegate:")
        });
        if is_directive && (index > 0 || is_transactional) {
            return Err(Error::config("this means nothing to migrate-gate")
                .at(format!("{path}:{}:1", index + 1))
                .hint(format!(
                    "only `{DIRECTIVE}` is known, and only in the first line"
                )));
        }
    }
    Ok(File {
        version,
        name,
        path,
        digest,
        text,
        is_transactional,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_folder(files: &[(&str, &[u8])]) -> Result<Vec<File>> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).expect("the folder is writable");
        }
        read(folder.path(), Path::new("db"))
    }

    fn refusal(files: &[(&str, &[u8])]) -> String {
        read_folder(files).expect_err("must be refused").to_string()
    }

    #[test]
    fn files_come_in_the_order_of_their_numbers() {
        let files = read_folder(&[
            ("10000_c.sql", b"select 3"),
            ("0002_b-x.sql", b"-- sluicegate: no-transaction\nselect 2"),
            ("0001_a.sql", b"select 1"),
            ("README.md", b"how to"),
            (".gitkeep", b""),
        ])
        .expect("are well formed");
        let seen: Vec<(&str, &str, bool)> = files
            .iter()
            .map(|file| {
                (
                    file.version.as_str(),
                    file.name.as_str(),
                    file.is_transactional,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("0001", "a", true),
                ("0002", "b-x", false),
                ("10000", "c", true)
            ]
        );
        assert_eq!(files[0].path, "db/0001_a.sql");
        assert_eq!(files[0].digest, Digest::of(b"select 1"));
    }

    #[test]
    fn a_name_that_is_none_is_refused_with_its_place() {
        for name in [
            "1_a.sql",
            "0001.sql",
            "0001_.sql",
            "0001_a.SQL",
            "0001_a.sql.bak",
            "notes.txt",
            "0001_a b.sql",
            "0001-a.sql",
        ] {
            let said = refusal(&[("0009_ok.sql", b"select 1"), (name, b"select 1")]);
            assert!(
                said.starts_with(&format!("db/{name}: this is no name of a migration")),
                "{said}"
            );
        }
    }

    #[test]
    fn one_number_for_two_files_is_refused() {
        let said = refusal(&[("0001_a.sql", b"select 1"), ("00001_b.sql", b"select 1")]);
        assert!(
            said.contains("db/0001_a.sql: the number 0001 is also that of `db/00001_b.sql`"),
            "{said}"
        );
    }

    #[test]
    fn bytes_that_cannot_be_a_migration_are_refused_with_their_place() {
        assert!(
            refusal(&[("0001_a.sql", b"select 1;\n x\xff")])
                .starts_with("db/0001_a.sql:2:3: the migration is not UTF-8")
        );
        assert!(
            refusal(&[("0001_a.sql", b"select\0")])
                .starts_with("db/0001_a.sql:1:7: the migration has a NUL byte")
        );
        assert!(
            refusal(&[("0001_a.sql", b"-- nothing\n;\n")])
                .starts_with("db/0001_a.sql:1:1: the migration has no statement")
        );
        assert!(
            refusal(&[("0001_a.sql", b"")])
                .starts_with("db/0001_a.sql:1:1: the migration has no statement")
        );
    }

    #[test]
    fn a_directive_that_is_misspelt_or_misplaced_is_refused() {
        for (text, line) in [
            (&b"-- sluicegate: no-transactions\nselect 1"[..], 1),
            (b"select 1;\n-- sluicegate: no-transaction\n", 2),
            (b"--Sluicegate: whatever\nselect 1", 1),
        ] {
            let said = refusal(&[("0001_a.sql", text)]);
            assert!(
                said.starts_with(&format!("db/0001_a.sql:{line}:1: this means nothing")),
                "{said}"
            );
        }
    }

    #[test]
    fn an_empty_missing_or_linked_folder_is_refused() {
        assert!(refusal(&[]).starts_with("db: there is no migration in this folder"));
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let said = read(&folder.path().join("none"), Path::new("db"))
            .expect_err("is not there")
            .to_string();
        assert!(
            said.starts_with("db: the folder of the migrations cannot be read"),
            "{said}"
        );
        std::fs::create_dir(folder.path().join("0001_a.sql")).expect("the folder is writable");
        let said = read(folder.path(), Path::new("db"))
            .expect_err("is a folder")
            .to_string();
        assert!(
            said.starts_with("db/0001_a.sql: a migration must be a file"),
            "{said}"
        );
        std::fs::remove_dir(folder.path().join("0001_a.sql")).expect("the folder is writable");
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("0001_a.sql"))
            .expect("the folder is writable");
        let said = read(folder.path(), Path::new("db"))
            .expect_err("is a link")
            .to_string();
        assert!(said.contains("not a link"), "{said}");
    }
}
