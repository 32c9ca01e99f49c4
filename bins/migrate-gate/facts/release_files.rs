//! The files on disk beside those of the release's commit, byte for byte.

use crate::plan::Plan;
use shared::gate::Context;
use shared::process::{Command, Output};
use shared::secret::Secret;
use std::collections::BTreeMap;
use std::path::Path;

/// So many files are hashed by one call of git.
const FILES_PER_CALL: usize = 200;

/// What was compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The release, with its commit.
    pub release: String,
    /// The commit.
    pub commit: String,
    /// How many files the commit has.
    pub compared: usize,
    /// Where they differ.
    pub differences: Vec<Difference>,
}

/// One file that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Its bytes differ.
    Changed(String),
    /// The release does not have it.
    OnlyOnDisk(String),
    /// It is not on disk.
    OnlyInRelease(String),
}

/// Compares.
pub async fn compare(context: &Context, plan: &Plan) -> Result<Comparison, String> {
    let release = context.release().map_err(|error| error.to_string())?;
    let root = &context.config.root;
    let directory = relative(&plan.directory)?;
    let tree = format!("{}:./{directory}", release.commit);
    let listed = git(root, &["ls-tree", "-z", &tree]).await?;
    let mut committed = match listed.is_success {
        true => blobs(&listed.stdout)?,
        // A folder that the commit does not have holds none of its files.
        false if listed.stderr.contains("Not a valid object name") => BTreeMap::new(),
        false => {
            return Err(format!(
                "git could not list `{directory}`: {}",
                listed.stderr.trim()
            ));
        }
    };
    let compared = committed.len();
    let paths: Vec<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
    let mut differences = Vec::new();
    for paths in paths.chunks(FILES_PER_CALL) {
        let on_disk = hashes(root, paths).await?;
        for (path, hash) in paths.iter().zip(on_disk) {
            let name = path.rsplit('/').next().unwrap_or(path);
            match committed.remove(name) {
                Some(same) if same == hash => {}
                Some(_) => differences.push(Difference::Changed((*path).to_owned())),
                None => differences.push(Difference::OnlyOnDisk((*path).to_owned())),
            }
        }
    }
    let gone = committed.into_keys().filter(|name| name.ends_with(".sql"));
    differences.extend(gone.map(|name| Difference::OnlyInRelease(format!("{directory}/{name}"))));
    Ok(Comparison {
        release: release.to_string(),
        commit: release.commit.to_string(),
        compared,
        differences,
    })
}

fn relative(directory: &Path) -> Result<String, String> {
    if directory.is_absolute() {
        return Err(format!(
            "`{}` is outside of the repository",
            directory.display()
        ));
    }
    Ok(directory
        .display()
        .to_string()
        .trim_end_matches('/')
        .to_owned())
}

async fn hashes(root: &Path, paths: &[&str]) -> Result<Vec<String>, String> {
    // Without filters: what is applied are the bytes on disk, not what git would commit.
    let words: Vec<&str> = ["hash-object", "--no-filters", "--"]
        .iter()
        .chain(paths)
        .copied()
        .collect();
    let output = git(root, &words).await?;
    let hashes: Vec<String> = output.stdout.lines().map(str::to_owned).collect();
    if output.is_success && hashes.len() == paths.len() {
        return Ok(hashes);
    }
    Err(format!(
        "git could not digest the files: {}",
        output.stderr.trim()
    ))
}

async fn git(root: &Path, words: &[&str]) -> Result<Output, String> {
    let safe = [
        "git",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.hooksPath=/dev/null",
    ];
    let command = Command::new(safe.iter().chain(words).copied())
        .directory(root)
        .variable("LC_ALL", Secret::plain("C"));
    command.run().await.map_err(|error| error.to_string())
}

/// Name and object of every file of `git ls-tree -z`.
fn blobs(listed: &str) -> Result<BTreeMap<String, String>, String> {
    let mut blobs = BTreeMap::new();
    for line in listed.split('\0').filter(|line| !line.is_empty()) {
        let (meta, name) = line.split_once('\t').ok_or("git listed a file oddly")?;
        let mut words = meta.split(' ').skip(1);
        if let (Some("blob"), Some(object)) = (words.next(), words.next()) {
            blobs.insert(name.to_owned(), object.to_owned());
        }
    }
    Ok(blobs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_lists_is_taken_apart() {
        let listed =
            "100644 blob aaa\t0001_a.sql\x00040000 tree bbb\told\x00100644 blob ccc\tREADME.md\0";
        let blobs = blobs(listed).expect("is a listing");
        assert_eq!(
            blobs.into_iter().collect::<Vec<_>>(),
            [
                ("0001_a.sql".to_owned(), "aaa".to_owned()),
                ("README.md".to_owned(), "ccc".to_owned()),
            ]
        );
        assert!(super::blobs("odd\0").is_err());
    }

    #[test]
    fn a_folder_elsewhere_is_not_of_the_release() {
        assert!(relative(Path::new("/srv/db")).is_err());
        assert_eq!(
            relative(Path::new("db/migrations/")).as_deref(),
            Ok("db/migrations")
        );
    }
}
