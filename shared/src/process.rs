//! Runs a program of the project or the system: with a deadline, its output kept short and clean.

mod reading;

use crate::error::{Error, Result};
use crate::secret::{Secret, redact};
use crate::shell::quoted;
use reading::Reading;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::process::Stdio;
use std::time::Duration;
use tokio::time::Instant;

/// What a program is started with. No value of `secrets` is ever an argument.
#[derive(Clone, Debug, Default)]
pub struct Command {
    words: Vec<String>,
    directory: Option<std::path::PathBuf>,
    variables: Vec<(String, Secret)>,
    deadline: Option<Duration>,
    is_ended_whole: bool,
}

/// What a program did.
#[derive(Clone, Debug)]
pub struct Output {
    /// Exit status 0.
    pub is_success: bool,
    /// `exit 3` or `signal 9`.
    pub status: String,
    /// Standard output, secrets masked: its first 8 MiB and, when there was more, its end.
    pub stdout: String,
    /// The same of standard error.
    pub stderr: String,
    /// Why this is not all of standard output, when it is not.
    pub cut: Option<String>,
}

/// What was written before the exit has come by then.
const GRACE: Duration = Duration::from_millis(200);
const DEFAULT_DEADLINE: Duration = Duration::from_secs(60);

impl Command {
    /// A program with its arguments, not passed through a shell.
    pub fn new<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        Self {
            words: words.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Where it runs.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<std::path::PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// A variable that it sees besides those of this process.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.variables.push((name.into(), value));
        self
    }

    /// After this long it is killed. One minute when not set.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// What it leaves running in its process group ends with it.
    #[must_use]
    pub fn ended_whole(mut self) -> Self {
        self.is_ended_whole = true;
        self
    }

    /// The command as a person would type it.
    pub fn line(&self) -> String {
        let words: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        redact(&words.join(" "))
    }

    /// Runs it to its end. `Err` when it could not be started or was killed at the deadline.
    pub async fn run(&self) -> Result<Output> {
        let Some((program, arguments)) = self.words.split_first() else {
            return Err(Error::config("an empty command cannot be run"));
        };
        let mut command = tokio::process::Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A terminal's Ctrl-C must not reach it before this process has decided what to do.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        for (name, value) in &self.variables {
            command.env(name, value.expose());
        }
        let child = command.spawn().map_err(|error| {
            let hint = match error.kind() {
                std::io::ErrorKind::NotFound => "install it, or correct its name",
                _ => "check its permissions",
            };
            Error::unavailable(format!("could not start `{program}`"))
                .source(error)
                .hint(hint)
        })?;
        let mut group = Group(child);
        let mut stdout = Reading::of(group.0.stdout.take());
        let mut stderr = Reading::of(group.0.stderr.take());
        let deadline = self.deadline.unwrap_or(DEFAULT_DEADLINE);
        let ended = async {
            // The exit ends the wait: a background child may hold the pipes open for ever.
            let status = match self.is_ended_whole {
                true => None,
                false => Some(group.0.wait().await),
            };
            if status.is_none() {
                group.ended().await;
            }
            let grace = Instant::now() + GRACE;
            let is_closed = stdout.is_closed(grace).await;
            stderr.is_closed(grace).await;
            let status = match status {
                Some(status) => status,
                None => {
                    group.kill();
                    group.0.wait().await
                }
            };
            (status, is_closed)
        };
        let Ok((status, is_closed)) = tokio::time::timeout(deadline, ended).await else {
            return Err(Error::unavailable(format!(
                "`{}` did not end within {} s and was killed",
                self.line(),
                deadline.as_secs_f64()
            )));
        };
        let status = status.map_err(|error| {
            Error::unavailable(format!("could not wait for `{program}`")).source(error)
        })?;
        let (stdout, left_out) = stdout.take();
        let (stderr, _) = stderr.take();
        let cut = match (is_closed, left_out) {
            (true, 0) => None,
            (true, left_out) => Some(format!("{left_out} bytes of its output were not kept")),
            (false, _) => Some("what it left running still has its output open".into()),
        };
        Ok(Output {
            is_success: status.success(),
            status: describe(status),
            stdout: redact(&String::from_utf8_lossy(&stdout)),
            stderr: redact(&String::from_utf8_lossy(&stderr)),
            cut,
        })
    }

    /// Runs it and takes anything but exit 0 as an error that shows the end of its output.
    pub async fn succeed(&self) -> Result<Output> {
        let output = self.run().await?;
        if output.is_success {
            return Ok(output);
        }
        let said = if output.stderr.trim().is_empty() {
            &output.stdout
        } else {
            &output.stderr
        };
        let lines: Vec<&str> = said.trim().lines().collect();
        let end = lines[lines.len().saturating_sub(3)..].join(" / ");
        Err(Error::unavailable(format!(
            "`{}` ended with {}: {end}",
            self.line(),
            output.status
        )))
    }
}

/// A child and everything it started; killed whole when it is given up.
struct Group(tokio::process::Child);

impl Group {
    /// An id is only there while the child has not been waited for, so it cannot be another's.
    fn id(&self) -> Option<Pid> {
        let id = self.0.id().and_then(|id| i32::try_from(id).ok());
        id.and_then(Pid::from_raw)
    }

    /// Waits until the child has ended, and leaves it its id.
    async fn ended(&self) {
        let Some(id) = self.id() else { return };
        let wait = move || {
            let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while waitid(WaitId::Pid(id), how).err() == Some(rustix::io::Errno::INTR) {}
        };
        // It fails only together with the run.
        let _ = tokio::task::spawn_blocking(wait).await;
    }

    fn kill(&self) {
        if let Some(id) = self.id() {
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

fn describe(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no status".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &Command) -> Result<Output> {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be made")
            .block_on(command.run())
    }

    #[test]
    fn output_and_status_come_back_with_secrets_masked() {
        let command = Command::new(["sh", "-c", "echo $TOKEN; echo bad >&2; exit 3"])
            .variable("TOKEN", Secret::new("abcdef123456"));
        let output = run(&command).expect("sh is everywhere");
        assert_eq!(
            (output.stdout.as_str(), output.stderr.as_str()),
            ("***\n", "bad\n")
        );
        assert_eq!(output.status, "exit 3");
        assert!(!output.is_success);
    }

    #[test]
    fn a_program_that_hangs_is_killed_at_the_deadline() {
        let command = Command::new(["sleep", "60"]).deadline(Duration::from_millis(50));
        let error = run(&command).expect_err("it sleeps longer");
        assert!(error.to_string().contains("did not end within"), "{error}");
    }

    #[test]
    fn what_it_started_is_killed_with_it_at_the_deadline() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let script = "(sleep 0.3; touch late) & wait";
        let command = Command::new(["sh", "-c", script])
            .directory(folder.path())
            .deadline(Duration::from_millis(50));
        assert!(run(&command).is_err());
        let end = std::time::Instant::now() + Duration::from_millis(600);
        while std::time::Instant::now() < end {
            assert!(
                !folder.path().join("late").exists(),
                "the grandchild went on"
            );
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_background_child_that_holds_the_pipe_does_not_hold_us() {
        let command = Command::new(["sh", "-c", "echo ready; sleep 30 &"]);
        let start = std::time::Instant::now();
        let output = run(&command).expect("sh is everywhere");
        assert_eq!(output.stdout, "ready\n");
        let why = "what it left running still has its output open";
        assert_eq!(output.cut.as_deref(), Some(why));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn what_it_leaves_running_ends_with_it_when_that_is_asked_for() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let script = "(sleep 0.6; touch late) >/dev/null 2>&1 & echo ready";
        let command = Command::new(["sh", "-c", script]).directory(folder.path());
        let output = run(&command.ended_whole()).expect("sh is everywhere");
        assert_eq!((output.stdout.as_str(), output.cut), ("ready\n", None));
        assert_eq!(output.status, "exit 0");
        let end = std::time::Instant::now() + Duration::from_millis(900);
        while std::time::Instant::now() < end {
            assert!(!folder.path().join("late").exists(), "it went on");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&Command::new(["no-such-program"])).expect_err("it is not there");
        assert!(
            error
                .to_string()
                .contains("could not start `no-such-program`"),
            "{error}"
        );
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(
            Command::new(["a b", "it's", "", "--x=1"]).line(),
            r"'a b' 'it'\''s' '' --x=1"
        );
    }
}
