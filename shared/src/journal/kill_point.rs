//! Where a test may have the process die, in builds with debug assertions only: before and after
//! every line of the journal.

#[cfg(debug_assertions)]
/// Counts one more point, and dies there when asked to.
pub(super) fn pass() {
    use std::sync::atomic::{AtomicU64, Ordering};
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let passed = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    let asked = std::env::var("SLUICEGATE_TEST_KILL_POINT").ok();
    if asked.and_then(|number| number.parse().ok()) == Some(passed) {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        // Death may come a moment after the call returns; nothing more may happen until then.
        loop {
            std::thread::park();
        }
    }
}

#[cfg(not(debug_assertions))]
/// Nothing, in a release.
pub(super) const fn pass() {}
