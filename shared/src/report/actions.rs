//! GitHub Actions around the run: where outputs and the step summary go, and what it says of itself.

use super::{outputs, summary};
use crate::error::{Error, Result};
use crate::receipt::Receipt;
use crate::release::Digest;
use crate::verdict::Exit;
use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// What the environment of a step says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    output: Option<PathBuf>,
    step_summary: Option<PathBuf>,
    /// The page of this run.
    pub run_url: Option<String>,
    /// Who started it.
    pub actor: Option<String>,
    /// The commit that started it.
    pub sha: Option<String>,
    /// Whether the person who started it asked for more lines.
    pub is_debug: bool,
}

impl Actions {
    /// Reads the environment; nothing outside GitHub Actions.
    pub fn from_environment(lookup: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        if get("GITHUB_ACTIONS").as_deref() != Some("true") {
            return None;
        }
        let run_url = || {
            let server = get("GITHUB_SERVER_URL")?;
            let (repository, id) = (get("GITHUB_REPOSITORY")?, get("GITHUB_RUN_ID")?);
            Some(format!("{server}/{repository}/actions/runs/{id}"))
        };
        Some(Self {
            output: get("GITHUB_OUTPUT").map(PathBuf::from),
            step_summary: get("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            run_url: run_url(),
            actor: get("GITHUB_ACTOR"),
            sha: get("GITHUB_SHA"),
            is_debug: get("RUNNER_DEBUG").as_deref() == Some("1"),
        })
    }

    /// Adds the outputs and the summary to the files of the step. One that cannot be written does
    /// not keep the other from being written.
    pub fn publish(&self, receipt: &Receipt, path: &Path, digest: &Digest) -> Vec<Error> {
        let outputs = || self.append_outputs(&outputs::entries(receipt, path, digest));
        let step_summary = || {
            let Some(file) = &self.step_summary else {
                return Ok(());
            };
            append(file, |size| summary_within(receipt, size))
        };
        [outputs(), step_summary()]
            .into_iter()
            .filter_map(Result::err)
            .collect()
    }

    /// Adds the outputs of a run that left no receipt. `settled` is left out: such a run cannot
    /// vouch for what an earlier one left behind.
    pub fn publish_without_receipt(&self, exit: Exit, why: &str) -> Result<()> {
        let entry = |name: &str, value: String| (name.to_owned(), value);
        self.append_outputs(&[
            entry("verdict", exit.word().to_owned()),
            entry("exit-code", exit.code().to_string()),
            entry("summary", why.to_owned()),
        ])
    }

    fn append_outputs(&self, entries: &[(String, String)]) -> Result<()> {
        let Some(file) = &self.output else {
            return Ok(());
        };
        let text = outputs::format(entries, &mut outputs::random_delimiter)?;
        append(file, |_| Ok(text))
    }
}

/// What is already there counts too: the runner drops the whole file when it is too large.
fn summary_within(receipt: &Receipt, size: u64) -> Result<String> {
    let taken = usize::try_from(size).unwrap_or(usize::MAX);
    let text = summary::within(receipt, summary::LIMIT.saturating_sub(taken));
    if text.is_empty() {
        return Err(Error::unavailable("the step summary has no room left"));
    }
    Ok(text)
}

/// Adds text to a file that earlier commands of the same step may have written to. Half a line at
/// its end is ended first, or it would become part of ours.
fn append(path: &Path, text: impl FnOnce(u64) -> Result<String>) -> Result<()> {
    let place = path.display().to_string();
    let unwritable = |error: std::io::Error| {
        Error::unavailable("could not write for GitHub Actions")
            .at(place.clone())
            .source(error)
    };
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .open(path)
        .map_err(unwritable)?;
    let mut last = Vec::new();
    let size = file.metadata().map_err(unwritable)?.len();
    if size > 0 {
        file.seek(SeekFrom::End(-1))
            .and_then(|_| file.read_to_end(&mut last))
            .map_err(unwritable)?;
    }
    let end = if last.is_empty() || last == b"\n" {
        ""
    } else {
        "\n"
    };
    let text = format!("{end}{}", text(size + end.len() as u64)?);
    file.write_all(text.as_bytes()).map_err(unwritable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{runner, sample};

    fn environment(pairs: &[(&str, String)]) -> Option<Actions> {
        let find = |name: &str| {
            pairs
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone())
        };
        Actions::from_environment(&find)
    }

    fn publish(before: &str, summary_before: &str) -> (Vec<Error>, String, String) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (output, summary) = (folder.path().join("output"), folder.path().join("summary"));
        std::fs::write(&output, before).expect("the folder is writable");
        std::fs::write(&summary, summary_before).expect("the folder is writable");
        let actions = environment(&[
            ("GITHUB_ACTIONS", "true".into()),
            ("GITHUB_OUTPUT", output.display().to_string()),
            ("GITHUB_STEP_SUMMARY", summary.display().to_string()),
        ])
        .expect("is GitHub Actions");
        let errors = actions.publish(
            &sample::failed_canary(),
            Path::new("r.json"),
            &Digest::of(b"x"),
        );
        let read = |path| std::fs::read_to_string(path).expect("is there");
        (errors, read(output), read(summary))
    }

    #[test]
    fn only_github_actions_is_github_actions() {
        assert_eq!(environment(&[]), None);
        assert_eq!(environment(&[("GITHUB_ACTIONS", "false".into())]), None);
        let actions = environment(&[
            ("GITHUB_ACTIONS", "true".into()),
            ("GITHUB_SERVER_URL", "https://github.com".into()),
            ("GITHUB_REPOSITORY", "acme/cal".into()),
            ("GITHUB_RUN_ID", "77".into()),
            ("GITHUB_ACTOR", "ada".into()),
            ("GITHUB_SHA", String::new()),
            ("RUNNER_DEBUG", "1".into()),
        ])
        .expect("is GitHub Actions");
        assert_eq!(
            actions.run_url.as_deref(),
            Some("https://github.com/acme/cal/actions/runs/77")
        );
        assert_eq!((actions.actor.as_deref(), actions.sha), (Some("ada"), None));
        assert!(actions.is_debug);
    }

    #[test]
    fn outputs_are_added_to_what_is_there_even_behind_half_a_line() {
        for before in ["", "a=b\n", "a=b"] {
            let (errors, output, summary) = publish(before, "# before");
            assert!(errors.is_empty(), "{errors:?}");
            assert!(output.starts_with(before));
            let read = runner::outputs(&output).expect("the runner can read it");
            assert!(read.contains(&("verdict".into(), "fail".into())));
            assert_eq!(read.contains(&("a".into(), "b".into())), !before.is_empty());
            assert!(summary.starts_with("# before\n## FAIL"));
        }
    }

    #[test]
    fn summaries_of_one_step_share_its_limit() {
        let (errors, _, summary) = publish("", &"x".repeat(summary::LIMIT - 3000));
        assert!(errors.is_empty(), "{errors:?}");
        assert!(summary.len() <= summary::LIMIT && summary.contains("Left out for size"));
        let (errors, output, summary) = publish("", &"x".repeat(summary::LIMIT));
        assert_eq!(errors.len(), 1);
        assert_eq!(summary.len(), summary::LIMIT);
        assert!(output.contains("verdict<<"));
    }

    #[test]
    fn one_file_that_cannot_be_written_does_not_stop_the_other() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let summary = folder.path().join("summary");
        let actions = Actions {
            output: Some(folder.path().to_owned()),
            step_summary: Some(summary.clone()),
            ..Actions::default()
        };
        let errors = actions.publish(&sample::passed(), Path::new("r.json"), &Digest::of(b"x"));
        assert_eq!(errors.len(), 1);
        assert!(
            std::fs::read_to_string(summary)
                .expect("is there")
                .starts_with("## PASS")
        );
    }
}
