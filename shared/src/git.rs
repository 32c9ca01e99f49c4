//! What the repository says: which commit a reference means, what its files were.

use crate::error::{Error, Result};
use crate::process::Command;
use crate::release::{Sha, Version};
use std::path::{Path, PathBuf};

/// A repository on this machine, read through the `git` program.
#[derive(Clone, Debug)]
pub struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The repository that holds this folder.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    fn git<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Command {
        // Without these, a hostile repository could start programs of its own choice.
        let safe = [
            "git",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
        ];
        Command::new(safe.into_iter().chain(words)).directory(&self.root)
    }

    /// The commit and the version that a reference means: a tag, a branch, a commit id. The
    /// version is the tag without a leading `v`; without a tag it is the short commit id.
    pub async fn resolve(&self, reference: &str) -> Result<(Sha, Version)> {
        let plain = reference.strip_prefix('v').unwrap_or(reference);
        for name in [reference.to_owned(), format!("v{plain}")] {
            let object = format!("{name}^{{commit}}");
            let options = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
            let commit = self.git(options.into_iter().chain([object.as_str()]));
            let points_at = format!("--points-at={object}");
            let tags = self.git(["tag", points_at.as_str()]);
            // Both at once: every gate waits for them.
            let (output, tags) = tokio::try_join!(commit.run(), tags.run())?;
            if output.is_success {
                let commit = Sha::try_from(output.stdout.trim().to_owned())?;
                let version = version(&name, &commit, &tags.stdout)?;
                return Ok((commit, version));
            }
            // `--quiet` keeps git silent about a reference that does not exist.
            let said = output.stderr.trim();
            if said.contains("not a git repository") {
                return Err(
                    Error::config("a release is a commit, and this is no git repository")
                        .at(self.root.display().to_string())
                        .hint("run in the repository, or name its configuration with `--config`"),
                );
            }
            let is_no_commit = said.contains("expected commit type");
            if !said.is_empty() && !is_no_commit {
                return Err(Error::config("git does not work here")
                    .at(self.root.display().to_string())
                    .source(said.to_owned()));
            }
        }
        Err(Error::config(format!("there is no release `{reference}`"))
            .at(self.root.display().to_string())
            .hint("name a tag, a branch or a commit that `git rev-parse` knows; in CI, fetch it"))
    }

    /// The bytes of a file as a commit has it.
    pub async fn file(&self, commit: &Sha, path: &Path) -> Result<String> {
        let object = format!("{commit}:./{}", path.display());
        let output = self
            .git(["show", "--no-textconv", "--end-of-options", &object])
            .succeed()
            .await;
        output.map(|output| output.stdout).map_err(|error| {
            Error::config(format!(
                "commit {} has no file `{}`",
                commit.short(),
                path.display()
            ))
            .source(error)
        })
    }

    /// The id of the object that a commit has at a path: equal ids are equal contents.
    pub async fn object(&self, commit: &Sha, path: &Path) -> Result<String> {
        let object = format!("{commit}:./{}", path.display());
        let output = self
            .git(["rev-parse", "--verify", "--end-of-options", &object])
            .run()
            .await?;
        if output.is_success {
            return Ok(output.stdout.trim().to_owned());
        }
        let message = format!("commit {} has no file `{}`", commit.short(), path.display());
        Err(Error::config(message))
    }

    /// Tracked files that differ from the commit that is checked out, and files git does not know.
    pub async fn changed_files(&self) -> Result<Vec<String>> {
        let output = self
            .git([
                "status",
                "--porcelain",
                "--untracked-files=normal",
                "--ignore-submodules=none",
            ])
            .succeed()
            .await?;
        Ok(output.stdout.lines().map(str::to_owned).collect())
    }

    /// The commit that is checked out.
    pub async fn head(&self) -> Result<Sha> {
        let output = self
            .git(["rev-parse", "--verify", "HEAD"])
            .succeed()
            .await?;
        Sha::try_from(output.stdout.trim().to_owned())
    }

    /// Whether one commit is the other or one of its ancestors.
    pub async fn is_ancestor(&self, commit: &Sha, of: &str) -> Result<bool> {
        let output = self
            .git([
                "merge-base",
                "--is-ancestor",
                "--end-of-options",
                commit.as_str(),
                of,
            ])
            .run()
            .await?;
        match output.status.as_str() {
            "exit 0" => Ok(true),
            "exit 1" => Ok(false),
            _ => Err(Error::unavailable(format!("git does not know `{of}`"))
                .source(output.stderr.trim().to_owned())
                .hint("fetch the branch with its history")),
        }
    }
}

/// What a commit is called when it is named like this and has these tags, one on each line.
fn version(name: &str, commit: &Sha, tags: &str) -> Result<Version> {
    let tags: Vec<&str> = tags.lines().collect();
    let tag = tags
        .iter()
        .find(|tag| **tag == name)
        .or_else(|| newest(&tags));
    match tag {
        Some(tag) => Version::try_from(tag.strip_prefix('v').unwrap_or(tag).to_owned())
            .or_else(|_| Version::try_from(commit.short().to_owned())),
        None => Version::try_from(commit.short().to_owned()),
    }
}

/// The highest of several tags by semantic version; those that are none come first.
fn newest<'a, 'b>(tags: &'b [&'a str]) -> Option<&'b &'a str> {
    tags.iter()
        .max_by_key(|tag| semver::Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> (tempfile::TempDir, Repository) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let script = "git init -q . && git config user.email a@b && git config user.name a && \
             echo one > file && git add . && git commit -qm one && git tag v1.0.0 && git tag note";
        let status = std::process::Command::new("sh")
            .args(["-c", script])
            .current_dir(folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .status();
        assert!(status.expect("sh is everywhere").success());
        let repository = Repository::at(folder.path());
        (folder, repository)
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be made")
            .block_on(future)
    }

    #[test]
    fn a_tag_is_found_with_and_without_its_v() {
        let (_folder, repository) = repository();
        for reference in ["v1.0.0", "1.0.0", "HEAD"] {
            let (_, version) = block_on(repository.resolve(reference)).expect("is a release");
            assert_eq!(version.as_str(), "1.0.0", "{reference}");
        }
        let (_, version) = block_on(repository.resolve("note")).expect("is a release");
        assert_eq!(version.as_str(), "note");
    }

    #[test]
    fn a_release_that_does_not_exist_is_a_config_error() {
        let (_folder, repository) = repository();
        for reference in ["v9.9.9", "--help", "", "a b", "HEAD^{tree}"] {
            let error = block_on(repository.resolve(reference)).expect_err("is none");
            assert!(
                error.to_string().contains("there is no release"),
                "{reference}: {error}"
            );
        }
    }

    #[test]
    fn files_are_read_as_the_commit_has_them() {
        let (folder, repository) = repository();
        let (commit, _) = block_on(repository.resolve("HEAD")).expect("is a release");
        std::fs::write(folder.path().join("file"), "two\n").expect("is writable");
        let text = block_on(repository.file(&commit, Path::new("file"))).expect("is there");
        assert_eq!(text, "one\n");
        assert_eq!(
            block_on(repository.changed_files()).expect("is a repository"),
            [" M file"]
        );
        assert!(block_on(repository.file(&commit, Path::new("none"))).is_err());
        assert!(block_on(repository.is_ancestor(&commit, "HEAD")).expect("is known"));
    }
}
