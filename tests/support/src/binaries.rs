//! The programs of this workspace that the stand runs, built on first use.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::{Error, Result};

const VARIABLE: &str = "SLUICEGATE_BINARIES";

static ALREADY_BUILT: OnceLock<PathBuf> = OnceLock::new();

/// Says where the programs are already built; the first call counts.
pub fn use_directory(directory: PathBuf) {
    ALREADY_BUILT.get_or_init(|| directory);
}

/// The path of `pm`, `stand` or `sample-service`: from the directory that `SLUICEGATE_BINARIES` or [`use_directory`] names, else built once.
pub fn binary(name: &str) -> Result<PathBuf> {
    let named = std::env::var_os(VARIABLE).map(PathBuf::from);
    if let Some(directory) = named.or_else(|| ALREADY_BUILT.get().cloned()) {
        let path = directory.join(name);
        // Absolute, because it will be run from another directory.
        return path.canonicalize().map_err(|why| {
            Error::new(format!(
                "`{}` was to be built already, but is not there: {why}",
                path.display()
            ))
        });
    }
    static BUILT: OnceLock<Result<BTreeMap<String, PathBuf>>> = OnceLock::new();
    let built = BUILT.get_or_init(build).as_ref().map_err(Clone::clone)?;
    built
        .get(name)
        .cloned()
        .ok_or_else(|| Error::new(format!("the workspace builds no `{name}`")))
}

fn build() -> Result<BTreeMap<String, PathBuf>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "-p", "support", "-p", "sample-service", "--bins"])
        .args([
            "--message-format",
            "json-render-diagnostics",
            "--manifest-path",
        ])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .map_err(|why| Error::new(format!("cannot run cargo: {why}")))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!(
            "cannot build the programs of the stand: {errors}"
        )));
    }
    Ok(executables(&String::from_utf8_lossy(&output.stdout)))
}

fn executables(messages: &str) -> BTreeMap<String, PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| {
            let name = message["target"]["name"].as_str()?;
            Some((
                name.to_owned(),
                PathBuf::from(message["executable"].as_str()?),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_read_from_the_messages_of_cargo() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"support"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"pm"},"executable":"/target/debug/pm"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(
            executables(messages),
            BTreeMap::from([("pm".into(), "/target/debug/pm".into())])
        );
    }
}
