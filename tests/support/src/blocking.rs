//! Running a future to its end from anywhere, also from inside another runtime.

use std::future::Future;

use crate::{Error, Result};

/// Runs the future on a runtime and a thread of its own and waits for it.
pub(crate) fn block_on<T: Send>(future: impl Future<Output = Result<T>> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|why| Error::new(format!("cannot start a runtime: {why}")))?
                .block_on(future)
        });
        running
            .join()
            .unwrap_or_else(|_| Err(Error::new("the thread that waited has panicked")))
    })
}
