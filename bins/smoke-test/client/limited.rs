//! A connection over which no more than so many bytes are read.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// More than this is not what a smoke test asks a server for.
const MOST: u64 = 16 << 20;

/// A connection that breaks off when too much comes.
#[derive(Debug)]
pub(crate) struct Limited<S> {
    stream: S,
    left: u64,
}

impl<S> Limited<S> {
    /// At most 16 MiB are read over it.
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, left: MOST }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Limited<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        if self.left == 0 {
            let reason = format!("more than {} MiB came", MOST >> 20);
            return Poll::Ready(Err(Error::new(ErrorKind::InvalidData, reason)));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let came = (buffer.filled().len() - before) as u64;
        self.left = self.left.saturating_sub(came);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Limited<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;

    #[test]
    fn what_never_ends_breaks_off() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let mut limited = Limited::new(tokio::io::join(tokio::io::repeat(b'x'), tokio::io::sink()));
        let mut all = Vec::new();
        let read = runtime
            .expect("a runtime can be made")
            .block_on(limited.read_to_end(&mut all));
        assert_eq!(
            read.expect_err("has no end").to_string(),
            "more than 16 MiB came"
        );
        assert!(all.len() as u64 <= MOST + (1 << 20));
    }
}
