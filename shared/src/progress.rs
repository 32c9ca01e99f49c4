//! That a long wait is alive: a bar on a terminal, a line every ten seconds in a CI log.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

/// How often a log gets a line.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// One long piece of work. Ends when dropped.
pub struct Progress {
    bar: Option<indicatif::ProgressBar>,
    started: Instant,
    said: Instant,
    what: String,
}

impl Progress {
    /// Starts; nothing is written to a log before the first ten seconds are over.
    pub fn start(what: impl Into<String>) -> Self {
        let what = what.into();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = indicatif::ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(120));
            bar.set_message(what.clone());
            bar
        });
        let now = Instant::now();
        Self {
            bar,
            started: now,
            said: now,
            what,
        }
    }

    /// Says how far it is; cheap enough for every round of a loop.
    pub fn tell(&mut self, state: &str) {
        let state = crate::secret::redact(state);
        match &self.bar {
            Some(bar) => bar.set_message(format!("{}: {state}", self.what)),
            None if self.said.elapsed() >= HEARTBEAT => {
                self.said = Instant::now();
                let seconds = self.started.elapsed().as_secs();
                tracing::info!("{}: {state} ({seconds} s)", self.what);
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
