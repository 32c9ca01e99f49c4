//! What `pm` is asked and answers: one JSON document per line over a unix socket.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How long an order may take, on both sides.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// A process to be kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Child {
    /// The name by which it is stopped and started again; also the name of its log.
    pub name: String,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables in addition to those of `pm`.
    pub environment: BTreeMap<String, String>,
    /// The account it runs as, when not that of `pm`.
    pub user: Option<String>,
    /// The signal that asks it to end.
    pub stop_signal: StopSignal,
    /// Where its output goes, when not to `log/NAME.log`.
    pub log: Option<PathBuf>,
    /// Where it runs, when not in the directory of `pm`.
    pub working_directory: Option<PathBuf>,
}

/// The signal that asks a child to end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "UPPERCASE")]
#[value(rename_all = "UPPERCASE")]
pub enum StopSignal {
    /// SIGTERM
    #[default]
    Term,
    /// SIGINT
    Int,
    /// SIGQUIT
    Quit,
}

/// What `pm` is asked to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Order {
    /// Start this child; one that already runs under the name is stopped first.
    Start(Child),
    /// Stop the child with this name, if it runs.
    Stop(String),
    /// Tell which children there are.
    List,
}

/// What `pm` answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Reply {
    /// The child runs with this process id.
    Started(u32),
    /// No child runs under the name.
    Stopped,
    /// The children in the order of their start.
    Children(Vec<ChildState>),
    /// It could not be done, for this reason.
    Refused(String),
}

/// One child as `pm` sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChildState {
    /// Its name.
    pub name: String,
    /// Its process id; of the past when it does not run.
    pub pid: u32,
    /// `running`, or how it ended.
    pub state: String,
}

/// The state of a child that has not ended.
pub const RUNNING: &str = "running";

impl ChildState {
    /// Whether it has not ended.
    pub fn is_running(&self) -> bool {
        self.state == RUNNING
    }
}

/// The socket of the `pm` that serves this directory.
pub fn socket(directory: &Path) -> PathBuf {
    directory.join("pm.sock")
}

/// Sends one order and waits for its reply; a refusal is an error.
pub fn send(directory: &Path, order: &Order) -> Result<Reply> {
    let reply = exchange(directory, order).map_err(|why| {
        Error::new(format!(
            "no answer from pm in `{}`: {why}",
            directory.display()
        ))
    })?;
    match reply {
        Reply::Refused(reason) => Err(Error::new(reason)),
        Reply::Started(_) | Reply::Stopped | Reply::Children(_) => Ok(reply),
    }
}

fn exchange(directory: &Path, order: &Order) -> std::io::Result<Reply> {
    let mut stream = UnixStream::connect(socket(directory))?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    let mut line = serde_json::to_string(order)?;
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    let mut reply = String::new();
    BufReader::new(stream).read_line(&mut reply)?;
    Ok(serde_json::from_str(&reply)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_one_line() {
        let child = Child {
            name: "web".into(),
            argv: vec!["a\nb".into()],
            ..Child::default()
        };
        let line = serde_json::to_string(&Order::Start(child)).unwrap_or_default();
        assert_eq!(line.lines().count(), 1);
        assert!(line.contains(r#""stop_signal":"TERM""#), "{line}");
    }

    #[test]
    fn nobody_listening_is_one_clear_line() {
        let error = send(Path::new("/nowhere"), &Order::List)
            .err()
            .map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some("no answer from pm in `/nowhere`: No such file or directory (os error 2)")
        );
    }
}
