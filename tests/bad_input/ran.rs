//! Runs a gate to its end and keeps what it said.

use std::process::{Child, Command};
use std::time::Duration;
use support::deadline::wait_until;

/// How long a gate may take over an input that is wrong.
const DEADLINE: Duration = Duration::from_secs(60);

/// How a gate ended.
pub struct Ran {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs a command to its end, which must come within the deadline.
pub fn run(command: &mut Command) -> Ran {
    let mut child = command.spawn().expect("the binary is built");
    let stdout = read_aside(child.stdout.take());
    let stderr = read_aside(child.stderr.take());
    let ended = wait_until("the gate ends", DEADLINE, || ended(&mut child));
    if ended.is_err() {
        child.kill().expect("it is ours");
    }
    let code = ended.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |reader: std::thread::JoinHandle<String>| reader.join().expect("reads to the end");
    Ran {
        code,
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

fn ended(child: &mut Child) -> Result<Option<i32>, String> {
    match child.try_wait().expect("it is ours") {
        Some(status) => Ok(status.code()),
        None => Err("it still runs".into()),
    }
}

fn read_aside<R: std::io::Read + Send + 'static>(
    pipe: Option<R>,
) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Ran {
    /// The lines of standard error that tell an error.
    pub fn errors(&self) -> Vec<&str> {
        self.stderr
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect()
    }

    /// Whether the program broke instead of answering.
    pub fn is_broken(&self) -> bool {
        let words = ["panicked", "this is a bug in Sluicegate", "stack backtrace"];
        self.code.is_none() || words.iter().any(|word| self.stderr.contains(word))
    }
}
