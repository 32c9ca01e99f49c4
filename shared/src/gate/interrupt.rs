//! A request to stop: SIGINT, SIGTERM or SIGHUP. Runners of GitHub send SIGINT and kill 10 s
//! later: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation>.

use crate::error::{Error, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells whether the run has been asked to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Starts to listen for the three signals.
    pub fn listen() -> Result<Self> {
        let fail = |error| Error::unavailable("could not listen for signals").source(error);
        let mut interrupt = signal(SignalKind::interrupt()).map_err(fail)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(fail)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(fail)?;
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            tracing::warn!("asked to stop");
            sender.send_replace(true);
            // Later signals are swallowed: what is being put back must not be broken off.
            std::future::pending::<()>().await;
        });
        Ok(Self(receiver))
    }

    /// Whether the run has been asked to stop.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when the run is asked to stop.
    pub async fn wait(&mut self) {
        if self.0.wait_for(|is_set| *is_set).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits for that long; `false` when the run was asked to stop before it was over.
    pub async fn sleep(&mut self, duration: std::time::Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(duration) => true,
            () = self.wait() => false,
        }
    }
}
