//! A running `pm` and its children, for as long as this process lives.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::binaries::binary;
use crate::deadline::wait_until;
use crate::ports::random_number;
use crate::protocol::{self, Child, ChildState, Order, Reply};
use crate::{Error, Result};

const START_DEADLINE: Duration = Duration::from_secs(10);
const END_DEADLINE: Duration = Duration::from_secs(20);

/// Holds the stdin of a `pm`; when this is dropped, or this process dies in whatever way, all children end.
#[derive(Debug)]
pub struct ProcessManager {
    directory: PathBuf,
    process: std::process::Child,
}

impl ProcessManager {
    /// Starts a `pm` that serves this directory and leaves it there at the end.
    pub fn start(directory: impl Into<PathBuf>) -> Result<Self> {
        Self::run(directory.into(), &[])
    }

    /// Starts a `pm` that serves a new temporary directory and removes it at the end.
    pub fn start_temporary() -> Result<Self> {
        let name = format!("sluicegate-{:016x}", random_number());
        Self::run(std::env::temp_dir().join(name), &["--remove"])
    }

    /// Starts a child, after the end of the one that ran under its name; answers its process id.
    pub fn start_child(&self, child: Child) -> Result<u32> {
        match protocol::send(&self.directory, &Order::Start(child))? {
            Reply::Started(pid) => Ok(pid),
            other @ (Reply::Stopped | Reply::Children(_) | Reply::Refused(_)) => {
                Err(unexpected(&other))
            }
        }
    }

    /// Stops a child and waits until it is gone; one that does not run is fine.
    pub fn stop_child(&self, name: &str) -> Result<()> {
        match protocol::send(&self.directory, &Order::Stop(name.into()))? {
            Reply::Stopped => Ok(()),
            other @ (Reply::Started(_) | Reply::Children(_) | Reply::Refused(_)) => {
                Err(unexpected(&other))
            }
        }
    }

    /// All children in the order of their start.
    pub fn children(&self) -> Result<Vec<ChildState>> {
        match protocol::send(&self.directory, &Order::List)? {
            Reply::Children(children) => Ok(children),
            other @ (Reply::Started(_) | Reply::Stopped | Reply::Refused(_)) => {
                Err(unexpected(&other))
            }
        }
    }

    /// Tries until the child answers; gives up at the deadline or as soon as the child has ended, and shows its log.
    pub fn wait_for_child<T>(
        &self,
        name: &str,
        deadline: Duration,
        mut attempt: impl FnMut() -> std::result::Result<T, String>,
    ) -> Result<T> {
        let answered = wait_until(
            &format!("waiting for `{name}`"),
            deadline,
            || match attempt() {
                Ok(value) => Ok(Ok(value)),
                Err(reason) => match self.end_of(name) {
                    Some(end) => Ok(Err(Error::new(format!("`{name}` {end}")))),
                    None => Err(reason),
                },
            },
        );
        answered.and_then(|value| value).map_err(|error| {
            let log = std::fs::read_to_string(self.log(name)).unwrap_or_default();
            Error::new(format!("{error}; its log: {}", log.trim()))
        })
    }

    /// The directory it serves.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The process id of `pm` itself.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The log of a child.
    pub fn log(&self, name: &str) -> PathBuf {
        self.directory.join("log").join(format!("{name}.log"))
    }

    fn end_of(&self, name: &str) -> Option<String> {
        match self.children() {
            Ok(children) => {
                let child = children.into_iter().find(|child| child.name == name)?;
                (!child.is_running()).then_some(child.state)
            }
            Err(error) => Some(format!("is out of reach: {error}")),
        }
    }

    fn run(directory: PathBuf, options: &[&str]) -> Result<Self> {
        let program = binary("pm")?;
        let mut process = Command::new(&program)
            .arg("run")
            .arg("--dir")
            .arg(&directory)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C in the terminal must reach the owner only, whose end then ends the children in order.
            .process_group(0)
            .spawn()
            .map_err(|why| Error::new(format!("cannot run `{}`: {why}", program.display())))?;
        wait_until("starting pm", START_DEADLINE, || {
            match process.try_wait() {
                Ok(None) => Ok(protocol::send(&directory, &Order::List).is_ok()),
                Ok(Some(_)) => Ok(true),
                Err(why) => Err(why.to_string()),
            }
            .and_then(|is_settled| {
                if is_settled {
                    Ok(())
                } else {
                    Err("it does not answer yet".into())
                }
            })
        })?;
        if process.try_wait().is_ok_and(|ended| ended.is_none()) {
            let directory = directory.canonicalize().unwrap_or(directory);
            return Ok(Self { directory, process });
        }
        let mut reason = String::new();
        if let Some(mut errors) = process.stderr.take() {
            let _ = errors.read_to_string(&mut reason);
        }
        Err(Error::new(reason.trim().to_owned()))
    }
}

impl Drop for ProcessManager {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let ended = wait_until("stopping pm", END_DEADLINE, || {
            match self.process.try_wait() {
                Ok(Some(_)) => Ok(()),
                Ok(None) => Err("it is still stopping its children".into()),
                Err(why) => Err(why.to_string()),
            }
        });
        // It goes on by itself even so: killing it would leave its children behind.
        if let Err(error) = ended {
            eprintln!("{error}");
        }
    }
}

fn unexpected(reply: &Reply) -> Error {
    Error::new(format!("pm gave an answer to another question: {reply:?}"))
}
