//! The one door to standard output and standard error.

use crate::error::{Error, Result};
use crate::gate::Common;
use crate::secret::redact;
use std::io::{IsTerminal as _, Write};

/// Writes a report to standard output, without secrets.
pub fn report(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    (out.write_all(redact(text).as_bytes()))
        .and_then(|()| out.flush())
        .map_err(|error| {
            Error::config("the report could not be written to standard output").source(error)
        })
}

/// Writes workflow commands to standard error, one a line: a runner reads both streams, and
/// standard output stays the report alone. They are not cleaned: masks are made of secrets, and
/// annotations come from a receipt that is clean already.
pub fn commands(lines: &[String]) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut text = lines.join("\n");
    text.push('\n');
    (std::io::stderr().lock().write_all(text.as_bytes())).map_err(|error| {
        Error::unavailable("the annotations could not be written to standard error").source(error)
    })
}

/// Prints one error as one line.
pub fn error(error: &Error) {
    let line = redact(&format!("error: {error}\n"));
    // Nothing is left to tell it to when standard error is closed.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

/// Sends the program's own log to standard error, cleaned of secrets.
pub fn start_tracing(common: &Common) {
    use tracing_subscriber::filter::LevelFilter;
    let is_debugged = std::env::var("RUNNER_DEBUG").is_ok_and(|value| value == "1");
    let level = match (common.quiet, common.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) if !is_debugged => LevelFilter::INFO,
        (false, 0 | 1) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let is_coloured = common.is_coloured(std::io::stderr().is_terminal());
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .without_time()
        .with_ansi(is_coloured)
        .with_writer(Cleaned::default)
        .finish();
    // A second call in one process keeps the first.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Has a panic print one cleaned line that asks for a report.
pub fn mask_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let text = crate::error::one_line(&redact(&panic.to_string()));
        let line = format!("error: this is a bug in Sluicegate, please report it: {text}\n");
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }));
}

/// Collects one event and writes it cleaned when it is whole.
#[derive(Default)]
struct Cleaned(Vec<u8>);

impl Write for Cleaned {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Cleaned {
    fn drop(&mut self) {
        let line = redact(&String::from_utf8_lossy(&self.0));
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}
