//! A connection that stays open, for those who ask often: to open one takes longer than a question.

use super::{connected, rows};
use crate::{Error, Result};
use std::sync::mpsc::{Sender, channel};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Rows = Vec<Vec<Option<String>>>;

/// Statements, and where their rows go.
struct Question {
    sql: String,
    answer: Sender<Result<Rows>>,
}

/// A connection that stays open until it is dropped.
#[derive(Debug)]
pub struct Session {
    questions: UnboundedSender<Question>,
}

impl Session {
    pub(super) fn open(url: String) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|why| Error::new(format!("cannot start a runtime: {why}")))?;
        let (questions, asked) = unbounded_channel();
        std::thread::spawn(move || runtime.block_on(serve(url, asked)));
        Ok(Self { questions })
    }

    /// Runs statements and answers the rows of all, each value as text. After a mistake nothing of
    /// them is left.
    pub fn query_strings(&self, sql: &str) -> Result<Rows> {
        let (answer, answered) = channel();
        let question = Question {
            sql: sql.to_owned(),
            answer,
        };
        let is_over = || Error::new("the connection is over");
        self.questions.send(question).map_err(|_| is_over())?;
        answered.recv().map_err(|_| is_over())?
    }
}

async fn serve(url: String, mut asked: UnboundedReceiver<Question>) {
    let connected = connected(&url).await;
    while let Some(Question { sql, answer }) = asked.recv().await {
        let found = match &connected {
            Ok(client) => {
                let found = rows(client, &sql).await;
                if found.is_err() {
                    let _ = rows(client, "ROLLBACK").await;
                }
                found
            }
            Err(why) => Err(Error::new(why.to_string())),
        };
        // Whoever asked may be gone.
        let _ = answer.send(found);
    }
}
