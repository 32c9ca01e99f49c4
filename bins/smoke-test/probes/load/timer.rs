//! A timer that is finer than the runtime's, whose unit is a millisecond: a request that is sent half
//! a millisecond late looks half a millisecond slow.

use std::time::Duration;
use tokio::time::Instant;

#[cfg(target_os = "linux")]
pub(super) use of_linux::Timer;
#[cfg(not(target_os = "linux"))]
pub(super) use of_the_runtime::Timer;

#[cfg(target_os = "linux")]
mod of_linux {
    use super::{Duration, Instant};
    use rustix::fd::OwnedFd;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use std::cell::Cell;
    use tokio::net::unix::pipe::Receiver;

    /// A timer of the kernel, which is read like a pipe that gets eight bytes when it rings:
    /// <https://man7.org/linux/man-pages/man2/timerfd_create.2.html>.
    pub(in super::super) struct Timer {
        timer: Option<(Receiver, OwnedFd)>,
        set: Cell<Option<Instant>>,
    }

    impl Timer {
        /// Falls back to the runtime's where the kernel has none left.
        pub(in super::super) fn new() -> Self {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let made = timerfd_create(TimerfdClockId::Monotonic, flags);
            let timer = made.ok().and_then(|timer| {
                let same = timer.try_clone().ok()?;
                Some((Receiver::from_owned_fd_unchecked(same).ok()?, timer))
            });
            Self {
                timer,
                set: Cell::new(None),
            }
        }

        /// Ends when it is that time, or soon after.
        pub(in super::super) async fn until(&self, at: Instant) {
            let left = at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            match &self.timer {
                Some((bell, timer)) if self.set(timer, at, left) => self.ring(bell).await,
                Some(_) | None => tokio::time::sleep_until(at).await,
            }
        }

        fn set(&self, timer: &OwnedFd, at: Instant, left: Duration) -> bool {
            if self.set.get() == Some(at) {
                return true;
            }
            let value = Itimerspec {
                it_interval: Timespec::default(),
                it_value: Timespec {
                    tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                    tv_nsec: left.subsec_nanos().into(),
                },
            };
            let is_set = timerfd_settime(timer, TimerfdTimerFlags::empty(), &value);
            self.set.set(is_set.is_ok().then_some(at));
            is_set.is_ok()
        }

        async fn ring(&self, bell: &Receiver) {
            let mut count = [0; 8];
            // What was left of an earlier ring reads as nothing, and is waited out.
            while bell.readable().await.is_ok() {
                if bell.try_read(&mut count).is_ok() {
                    break;
                }
            }
            self.set.set(None);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod of_the_runtime {
    use super::Instant;

    /// The runtime's own.
    pub(in super::super) struct Timer;

    impl Timer {
        /// There is nothing to set up.
        pub(in super::super) fn new() -> Self {
            Self
        }

        /// Ends when it is that time, or up to a millisecond after.
        pub(in super::super) async fn until(&self, at: Instant) {
            tokio::time::sleep_until(at).await;
        }
    }
}

/// A deadline that moves with every request without being registered anew.
pub(crate) struct Deadline {
    patience: Duration,
    at: Instant,
    sleep: std::pin::Pin<Box<tokio::time::Sleep>>,
}

impl Deadline {
    /// So long after each start.
    pub(crate) fn new(patience: Duration) -> Self {
        let at = Instant::now() + patience;
        Self {
            patience,
            at,
            sleep: Box::pin(tokio::time::sleep_until(at)),
        }
    }

    /// What comes of this, or none when it takes too long from that start.
    pub(crate) async fn limit<T>(
        &mut self,
        start: Instant,
        asked: impl Future<Output = T>,
    ) -> Option<T> {
        self.at = start + self.patience;
        let mut asked = std::pin::pin!(asked);
        std::future::poll_fn(|context| {
            if let std::task::Poll::Ready(answer) = asked.as_mut().poll(context) {
                return std::task::Poll::Ready(Some(answer));
            }
            // It rings at the deadline of some request before, and then waits for this one's.
            while self.sleep.as_mut().poll(context).is_ready() {
                if self.sleep.deadline() >= self.at {
                    return std::task::Poll::Ready(None);
                }
                self.sleep.as_mut().reset(self.at);
            }
            std::task::Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime can be made").block_on(future)
    }

    #[test]
    fn it_never_rings_early_and_can_be_set_anew() {
        run(async {
            let timer = Timer::new();
            for wait in [3, 1, 2] {
                let at = Instant::now() + Duration::from_millis(wait);
                timer.until(at).await;
                assert!(Instant::now() >= at);
            }
            let late = Instant::now() + Duration::from_secs(60);
            let soon = Instant::now() + Duration::from_millis(2);
            tokio::select! {
                () = timer.until(late) => panic!("a minute is not over"),
                () = tokio::time::sleep_until(soon) => {}
            }
            let next = Instant::now() + Duration::from_millis(2);
            timer.until(next).await;
            assert!(Instant::now() >= next && Instant::now() < late);
            timer.until(Instant::now()).await;
        });
    }

    #[test]
    fn a_deadline_counts_from_each_start() {
        run(async {
            let mut deadline = Deadline::new(Duration::from_millis(40));
            let quick = tokio::time::sleep(Duration::from_millis(25));
            assert!(deadline.limit(Instant::now(), quick).await.is_some());
            // The first deadline rings in the middle of this one, and is none of its business.
            let quick = tokio::time::sleep(Duration::from_millis(25));
            assert!(deadline.limit(Instant::now(), quick).await.is_some());
            let start = Instant::now();
            let never = std::future::pending::<()>();
            assert!(deadline.limit(start, never).await.is_none());
            assert!(start.elapsed() >= Duration::from_millis(40));
        });
    }
}
