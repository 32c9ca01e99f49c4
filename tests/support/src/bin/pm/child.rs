//! One child process: its start, its end, and the signals in between.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use support::account::Account;
use support::protocol::{Child, RUNNING, StopSignal};
use support::{Error, Result};
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::timeout;

const STOP_DEADLINE: Duration = Duration::from_secs(5);
const KILL_DEADLINE: Duration = Duration::from_secs(2);

/// A child that was started and may have ended since.
#[derive(Debug)]
pub(crate) struct KeptChild {
    sequence: u64,
    pid: Pid,
    stop_signal: Signal,
    end: watch::Receiver<Option<String>>,
}

impl KeptChild {
    /// Starts the child in a process group of its own.
    pub(crate) fn spawn(child: &Child, home: &Path, sequence: u64) -> Result<Self> {
        let named = |why: String| Error::new(format!("cannot start `{}`: {why}", child.name));
        let mut command = command(child, home).map_err(|error| named(error.to_string()))?;
        let mut process = command
            .spawn()
            .map_err(|why| named(format!("`{}`: {why}", child.argv[0])))?;
        let pid = process
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| named("it has no process id".into()))?;
        let (ended, end) = watch::channel(None);
        tokio::task::spawn_local(async move {
            let state = process
                .wait()
                .await
                .map_or_else(|why| why.to_string(), end_state);
            // What the child left behind goes with it, for example the workers of a killed nginx.
            let _ = kill_process_group(pid, Signal::KILL);
            ended.send_replace(Some(state));
        });
        Ok(Self {
            sequence,
            pid,
            stop_signal: signal_of(child.stop_signal),
            end,
        })
    }

    /// Its place in the order of start.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// `running`, or how it ended.
    pub(crate) fn state(&self) -> String {
        self.end.borrow().clone().unwrap_or_else(|| RUNNING.into())
    }

    /// Asks it to end, makes it end after five seconds, and returns once it is gone.
    pub(crate) async fn stop(&self) -> Result<()> {
        if self.end.borrow().is_some() {
            return Ok(());
        }
        let _ = kill_process(self.pid, self.stop_signal);
        if self.ends_within(STOP_DEADLINE).await {
            return Ok(());
        }
        let _ = kill_process_group(self.pid, Signal::KILL);
        if self.ends_within(KILL_DEADLINE).await {
            return Ok(());
        }
        Err(Error::new(format!(
            "process {} survived SIGKILL",
            self.pid()
        )))
    }

    async fn ends_within(&self, deadline: Duration) -> bool {
        let mut end = self.end.clone();
        timeout(deadline, end.wait_for(Option::is_some))
            .await
            .is_ok()
    }
}

fn command(child: &Child, home: &Path) -> Result<Command> {
    let program = child
        .argv
        .first()
        .ok_or_else(|| Error::new("no program is given"))?;
    let log = child
        .log
        .clone()
        .unwrap_or_else(|| home.join("log").join(format!("{}.log", child.name)));
    let output = opened(&log)?;
    let errors = output
        .try_clone()
        .map_err(|why| Error::new(format!("cannot share the log: {why}")))?;
    let directory: PathBuf = child
        .working_directory
        .clone()
        .unwrap_or_else(|| home.to_owned());
    let mut command = Command::new(program);
    command
        .args(&child.argv[1..])
        .envs(&child.environment)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .process_group(0);
    if let Some(user) = &child.user {
        let account = Account::named(user)?;
        command.uid(account.user).gid(account.group);
    }
    Ok(command)
}

fn opened(log: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .map_err(|why| Error::new(format!("cannot open the log `{}`: {why}", log.display())))
}

fn signal_of(signal: StopSignal) -> Signal {
    match signal {
        StopSignal::Term => Signal::TERM,
        StopSignal::Int => Signal::INT,
        StopSignal::Quit => Signal::QUIT,
    }
}

fn end_state(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "ended".into(),
    }
}
