//! A conversation with a Redis server.

use crate::answer::{Break, NoAnswer};
use crate::redis::Reply;
use crate::redis::resp;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// An open connection and what came over it and was not yet read.
#[derive(Debug)]
pub(crate) struct Session<S> {
    stream: S,
    unread: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Over an open connection; the caller sets the deadline and limits what is read.
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Sends one command and reads its reply.
    pub(crate) async fn ask(&mut self, words: &[&str]) -> Result<Reply, NoAnswer> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        let mut replies = self.ask_all(&[words]).await?;
        Ok(replies.pop().unwrap_or(Reply::Null))
    }

    /// Sends some commands at once and reads their replies.
    pub(crate) async fn ask_all(
        &mut self,
        commands: &[Vec<&[u8]>],
    ) -> Result<Vec<Reply>, NoAnswer> {
        let commands = commands.iter().map(|words| resp::command(words));
        let commands: Vec<Vec<u8>> = commands.collect();
        let sent = async {
            self.stream.write_all(&commands.concat()).await?;
            self.stream.flush().await
        };
        let mut broken = sent.await.err();
        let mut replies = Vec::new();
        // A server that hangs up at once may have said why.
        for _ in &commands {
            let reply = self.read().await;
            replies.push(reply.map_err(|no_answer| {
                broken
                    .take()
                    .map_or(no_answer, |error| NoAnswer::of_io(&error))
            })?);
        }
        Ok(replies)
    }

    async fn read(&mut self) -> Result<Reply, NoAnswer> {
        loop {
            let parsed = resp::parse(&self.unread)
                .map_err(|why| NoAnswer::new(Break::Protocol, format!("it answered {why}")))?;
            if let Some((reply, taken)) = parsed {
                self.unread.drain(..taken);
                return Ok(reply);
            }
            self.unread.reserve(16 << 10);
            let came = self.stream.read_buf(&mut self.unread).await;
            if came.map_err(|error| NoAnswer::of_io(&error))? == 0 {
                let reason = "it closed the connection without an answer";
                return Err(NoAnswer::new(Break::Closed, reason));
            }
        }
    }
}
