//! What a program writes, kept short: the beginning, and the end of what is too long.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Of longer output only the end is kept besides.
const LONGEST_OUTPUT: usize = 8 << 20;
/// So much of it.
const LONGEST_END: usize = 64 << 10;

/// What is kept of a stream.
#[derive(Default)]
struct Kept {
    start: Vec<u8>,
    end: VecDeque<u8>,
    left_out: u64,
}

impl Kept {
    fn add(&mut self, bytes: &[u8]) {
        let room = LONGEST_OUTPUT.saturating_sub(self.start.len());
        let (start, rest) = bytes.split_at(bytes.len().min(room));
        self.start.extend_from_slice(start);
        self.end.extend(rest);
        let surplus = self.end.len().saturating_sub(LONGEST_END);
        self.end.drain(..surplus);
        self.left_out += surplus as u64;
    }

    /// All of it, and how much is missing. Lines that are not whole are left out, because half a
    /// secret would not be masked.
    fn text(self) -> (Vec<u8>, u64) {
        let (mut start, end) = (self.start, Vec::from(self.end));
        if self.left_out == 0 {
            start.extend(end);
            return (start, 0);
        }
        let is_end = |byte: &u8| *byte == b'\n';
        start.truncate(start.iter().rposition(is_end).map_or(0, |last| last + 1));
        if let Some(first) = end.iter().position(is_end) {
            start.extend_from_slice(&end[first..]);
        }
        (start, self.left_out)
    }
}

/// A stream that is being read.
pub(super) struct Reading {
    task: JoinHandle<()>,
    kept: Arc<Mutex<Kept>>,
}

impl Reading {
    /// Reads it from now on.
    pub(super) fn of(stream: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
        let kept = Arc::<Mutex<Kept>>::default();
        let sink = kept.clone();
        let task = tokio::spawn(async move {
            let Some(mut stream) = stream else { return };
            let mut chunk = vec![0; 8192];
            while let Ok(read @ 1..) = stream.read(&mut chunk).await {
                let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
                sink.add(&chunk[..read]);
            }
        });
        Self { task, kept }
    }

    /// Whether it has come to its end by then; asked once.
    pub(super) async fn is_closed(&mut self, until: Instant) -> bool {
        tokio::time::timeout_at(until, &mut self.task).await.is_ok()
    }

    /// What has come.
    pub(super) fn take(self) -> (Vec<u8>, u64) {
        self.task.abort();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *kept).text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_long_output_the_end_is_kept_and_the_gap_is_told() {
        let mut kept = Kept::default();
        kept.add(&b"verbose\n".repeat(LONGEST_OUTPUT / 8));
        kept.add(b"3 FAILED\n");
        assert!(kept.text().0.ends_with(b"verbose\n3 FAILED\n"), "all of it");
        let mut kept = Kept::default();
        for _ in 0..3 {
            kept.add(&b"secret".repeat(LONGEST_OUTPUT / 6));
        }
        kept.add(b"\n3 FAILED\n");
        let (text, left_out) = kept.text();
        assert_eq!(String::from_utf8_lossy(&text), "\n3 FAILED\n");
        assert!(left_out > 0);
    }
}
