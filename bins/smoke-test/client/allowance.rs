//! How much a run may ask of an environment: so many requests in all, so many in any second.

use crate::answer::{Break, NoAnswer};
use std::cell::Cell;
use std::time::Duration;
use tokio::time::Instant;

/// What is left of it.
#[derive(Debug)]
pub(crate) struct Allowance {
    most: u64,
    taken: Cell<u64>,
    kept: Cell<u64>,
    gap: Duration,
    next: Cell<Option<Instant>>,
}

impl Allowance {
    /// So many requests, and so many in any second; so many are kept back for clean-ups, which no
    /// repetition of something else may use up.
    pub(crate) fn new(most: u64, per_second: f64, kept: u64) -> Self {
        Self {
            most,
            taken: Cell::new(0),
            kept: Cell::new(kept),
            gap: Duration::from_secs_f64(1.0 / per_second),
            next: Cell::new(None),
        }
    }

    /// Takes one request, and waits until it may be sent.
    pub(crate) async fn take(&self) -> Result<(), NoAnswer> {
        let wait = self.reserve(Instant::now())?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Takes one request; how long it must wait. A tenth of a second's requests may be sent at
    /// once, so that a few probes need not wait for each other.
    pub(crate) fn reserve(&self, now: Instant) -> Result<Duration, NoAnswer> {
        self.count()?;
        let burst = Duration::from_millis(100);
        let next = self.next.get().map_or(now, |next| next.max(now));
        self.next.set(Some(next + self.gap));
        Ok(next.saturating_duration_since(now).saturating_sub(burst))
    }

    /// Takes one request that was sent already.
    pub(crate) fn count(&self) -> Result<(), NoAnswer> {
        if self.taken.get() + self.kept.get() >= self.most {
            let most = self.most;
            let reason = format!("the {most} requests that `allow.requests` grants are used up");
            return Err(NoAnswer::new(Break::Allowance, reason));
        }
        self.taken.set(self.taken.get() + 1);
        Ok(())
    }

    /// Gives one of those that were kept back to the request that follows.
    pub(crate) fn release(&self) {
        self.kept.set(self.kept.get().saturating_sub(1));
    }

    /// How many were taken.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<F: Future>(future: F) -> F::Output {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build();
        runtime.expect("a runtime can be made").block_on(future)
    }

    #[test]
    fn what_is_used_up_is_refused() {
        run(async {
            let allowance = Allowance::new(2, 1000.0, 0);
            assert!(allowance.take().await.is_ok());
            assert!(allowance.take().await.is_ok());
            let refused = allowance.take().await.expect_err("two were granted");
            assert_eq!(refused.at, Break::Allowance);
            assert_eq!(allowance.taken(), 2);
        });
    }

    #[test]
    fn what_is_kept_back_is_taken_by_a_clean_up_alone() {
        run(async {
            let allowance = Allowance::new(2, 1000.0, 1);
            assert!(allowance.take().await.is_ok());
            assert!(allowance.take().await.is_err());
            allowance.release();
            assert!(allowance.take().await.is_ok());
            allowance.release();
            assert!(allowance.take().await.is_err());
        });
    }

    #[test]
    fn more_than_a_tenth_of_a_second_ahead_has_to_wait() {
        run(async {
            let allowance = Allowance::new(100, 10.0, 0);
            let start = Instant::now();
            for _ in 0..21 {
                allowance.take().await.expect("100 were granted");
            }
            let took = start.elapsed();
            assert!(took >= Duration::from_millis(1880), "{took:?}");
            assert!(took <= Duration::from_millis(1920), "{took:?}");
        });
    }
}
