//! The `pg_dump` that fits the server, with the `pg_restore` beside it.

use shared::process::Command;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A pair of programs of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Makes the dump.
    pub dump: PathBuf,
    /// Reads it back.
    pub restore: PathBuf,
    /// `15.18`.
    pub version: String,
    /// `15`.
    pub major: u32,
}

/// Folders with programs of one version each, where packages put them besides PATH.
const PARENTS: [(&str, &str, &str); 4] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/usr", "pgsql-", "bin"),
];
/// More are not looked at.
const MOST_CANDIDATES: usize = 16;
const VERSION_DEADLINE: Duration = Duration::from_secs(10);

/// Finds one that can dump a server of that version: its own version, else the next newer one;
/// PATH comes first. Older programs refuse a newer server.
pub async fn find(server: u32) -> Result<Tool, String> {
    let mut seen = Vec::new();
    let mut best: Option<Tool> = None;
    for directory in directories().into_iter().take(MOST_CANDIDATES) {
        let Some(tool) = tool_in(&directory).await else {
            continue;
        };
        seen.push(format!("{} ({})", tool.dump.display(), tool.version));
        let is_better = best.as_ref().is_none_or(|best| tool.major < best.major);
        if tool.major >= server && is_better {
            best = Some(tool);
        }
    }
    best.ok_or_else(|| match seen.is_empty() {
        true => format!(
            "there is no `pg_dump` with `pg_restore` for PostgreSQL {server} on this machine"
        ),
        false => format!(
            "no `pg_dump` here can dump PostgreSQL {server}; found {}",
            seen.join(", ")
        ),
    })
}

fn directories() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for (parent, prefix, inner) in PARENTS {
        let mut found: Vec<PathBuf> = std::fs::read_dir(parent)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                let number = name.strip_prefix(prefix).unwrap_or_default();
                !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
            })
            .map(|entry| entry.path().join(inner))
            .collect();
        found.sort();
        directories.append(&mut found);
    }
    directories.retain(|directory| directory.is_absolute() && directory.join("pg_dump").is_file());
    directories.dedup();
    directories
}

async fn tool_in(directory: &Path) -> Option<Tool> {
    let (dump, restore) = (directory.join("pg_dump"), directory.join("pg_restore"));
    if !restore.is_file() {
        return None;
    }
    let asked = Command::new([dump.display().to_string(), "--version".into()]);
    let output = asked.deadline(VERSION_DEADLINE).run().await.ok()?;
    let version = version(&output.stdout)?.to_owned();
    let major = version
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()?;
    output.is_success.then_some(Tool {
        dump,
        restore,
        version,
        major,
    })
}

/// `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is 15.18.
fn version(said: &str) -> Option<&str> {
    said.split_once("(PostgreSQL) ")?
        .1
        .split_whitespace()
        .next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_taken_out_of_what_the_program_says() {
        assert_eq!(
            version("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some("15.18")
        );
        assert_eq!(version("pg_dump (PostgreSQL) 18beta1"), Some("18beta1"));
        assert_eq!(version("something else"), None);
    }
}
