//! Finding programs: on PATH first, then in the directories where packages hide them.

use std::path::{Path, PathBuf};

/// The full path of a program, or none if the machine does not have it.
pub fn find(name: &str, directories: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(directories.iter().cloned())
        .map(|directory| directory.join(name))
        .find(|candidate| is_executable(candidate))
}

/// Where servers are besides PATH.
pub fn system_directories() -> Vec<PathBuf> {
    ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"]
        .map(PathBuf::from)
        .to_vec()
}

/// Where nginx is besides PATH.
pub fn nginx_directories() -> Vec<PathBuf> {
    [
        "/usr/sbin",
        "/usr/local/sbin",
        "/opt/homebrew/opt/nginx/bin",
        "/usr/local/opt/nginx/bin",
    ]
    .map(PathBuf::from)
    .to_vec()
}

/// Where the programs of PostgreSQL are besides PATH, the newest version first.
pub fn postgres_directories() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> =
        ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"]
            .into_iter()
            .flat_map(|parent| std::fs::read_dir(parent).into_iter().flatten().flatten())
            .filter_map(|entry| {
                Some((
                    postgres_version(entry.file_name().to_str()?)?,
                    entry.path().join("bin"),
                ))
            })
            .collect();
    found.sort_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, directory)| directory).collect()
}

// Debian names the directory `15`, Homebrew `postgresql@15`.
fn postgres_version(directory: &str) -> Option<u32> {
    directory
        .strip_prefix("postgresql@")
        .unwrap_or(directory)
        .parse()
        .ok()
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_outside_path_is_found_in_its_directory() -> std::io::Result<()> {
        let directory = tempfile::tempdir()?;
        let program = directory.path().join("only-here");
        std::fs::copy("/bin/sh", &program)?;
        assert_eq!(find("only-here", &[]), None);
        assert_eq!(find("only-here", &[directory.path().into()]), Some(program));
        Ok(())
    }

    #[test]
    fn both_names_of_a_postgres_directory_are_known() {
        assert_eq!(
            ["15", "postgresql@17", "redis"].map(postgres_version),
            [Some(15), Some(17), None]
        );
    }
}
