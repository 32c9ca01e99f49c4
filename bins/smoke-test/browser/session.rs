//! Commands and their answers, while what happens to the page is written down.

use super::launch::Browser;
use super::protocol::{Command, Said, text};
use super::watch::Watch;
use crate::facts::PageEnd as End;
use base64::Engine as _;
use serde_json::{Value, json};
use shared::error::{Error, Result};
use std::time::Duration;
use tokio::time::Instant;

/// A browser that does not answer a command for so long never will.
const LONGEST_ANSWER: Duration = Duration::from_secs(10);

/// A page that is busy still gets this long to say how it is, however late it is.
const LAST_CHANCE: Duration = Duration::from_secs(2);

/// Until when a page that has so long may answer.
pub(super) fn extended(end: Instant) -> Instant {
    end.max(Instant::now()) + LAST_CHANCE
}

/// Until when an answer to a command is waited for.
pub(super) fn deadline() -> Instant {
    Instant::now() + LONGEST_ANSWER
}

impl Browser {
    /// Has a command carried out.
    pub(super) async fn call(
        &mut self,
        command: Command,
        watch: Option<&mut Watch<'_>>,
        deadline: Instant,
    ) -> Result<Value> {
        let method = command.method;
        match self.ask(command, watch, deadline).await? {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(why)) => Err(Error::unavailable(format!(
                "the browser refuses `{method}`: {why}"
            ))),
            None => Err(Error::unavailable(format!(
                "the browser does not answer `{method}`"
            ))),
        }
    }

    /// The same, with what the browser says against it; none when it does not answer in time.
    pub(super) async fn ask(
        &mut self,
        command: Command,
        mut watch: Option<&mut Watch<'_>>,
        deadline: Instant,
    ) -> Result<Option<std::result::Result<Value, String>>> {
        let number = self.connection.send(command).await?;
        loop {
            let Some(said) = self.hear(watch.as_deref_mut(), deadline).await? else {
                return Ok(None);
            };
            match said {
                Said::Answer(answered, answer) if answered == number => return Ok(Some(answer)),
                said => {
                    if let Some(watch) = watch.as_deref_mut() {
                        self.take(said, watch, None).await?;
                    }
                }
            }
        }
    }

    /// What the browser says next, or none until then. Requests that had to wait are let go when
    /// their time has come.
    pub(super) async fn hear(
        &mut self,
        mut watch: Option<&mut Watch<'_>>,
        deadline: Instant,
    ) -> Result<Option<Said>> {
        loop {
            while let Some(command) =
                (watch.as_deref_mut()).and_then(|watch| watch.take_due(Instant::now()))
            {
                self.connection.send(command).await?;
            }
            let due = watch.as_deref().and_then(Watch::due);
            let wake = due.map_or(deadline, |due| due.min(deadline));
            match tokio::time::timeout_at(wake, self.connection.next()).await {
                Ok(said) => return said.map(Some),
                Err(_) if wake >= deadline => return Ok(None),
                Err(_) => {}
            }
        }
    }

    /// Watches the page until then.
    pub(super) async fn watch_until(&mut self, watch: &mut Watch<'_>, end: Instant) -> Result<()> {
        while Instant::now() < end
            && let Some(said) = self.hear(Some(watch), end).await?
        {
            self.take(said, watch, None).await?;
        }
        Ok(())
    }

    /// Takes whatever the browser says by itself.
    pub(super) async fn take(
        &mut self,
        said: Said,
        watch: &mut Watch<'_>,
        navigation: Option<u64>,
    ) -> Result<()> {
        match said {
            Said::Event(event) => {
                for command in watch.see(&event, Instant::now()) {
                    self.connection.send(command).await?;
                }
            }
            Said::Answer(number, answer) if Some(number) == navigation && !watch.is_over => {
                let why = match &answer {
                    Ok(answer) => text(answer, "/errorText"),
                    Err(why) => why,
                };
                if !why.is_empty() {
                    watch.end(End::Nothing(crate::answer::shown(why, 200)));
                }
            }
            // What was sent without waiting for it.
            Said::Answer(..) => {}
        }
        Ok(())
    }

    /// Runs a script in a world of its own within the page; none when the page does not answer.
    pub(super) async fn evaluate(
        &mut self,
        session: &str,
        script: &str,
        watch: &mut Watch<'_>,
        end: Instant,
    ) -> Result<Option<Value>> {
        let frame = json!({ "frameId": watch.frame(), "worldName": "sluicegate" });
        let command = Command::session(session, "Page.createIsolatedWorld", frame);
        let world = self.ask(command, Some(watch), extended(end)).await?;
        let Some(Ok(world)) = world else {
            return Ok(None);
        };
        let parameters = json!({
            "expression": script,
            "contextId": world.get("executionContextId"),
            "awaitPromise": true,
            "returnByValue": true,
        });
        let command = Command::session(session, "Runtime.evaluate", parameters);
        let answer = self.ask(command, Some(watch), extended(end)).await?;
        Ok(answer.and_then(std::result::Result::ok))
    }

    /// The source of the page itself; empty when the browser no longer has it.
    pub(super) async fn source(
        &mut self,
        session: &str,
        request: &str,
        watch: &mut Watch<'_>,
    ) -> Result<String> {
        let parameters = json!({ "requestId": request });
        let command = Command::session(session, "Network.getResponseBody", parameters);
        let Some(Ok(body)) = self.ask(command, Some(watch), deadline()).await? else {
            return Ok(String::new());
        };
        let source = text(&body, "/body");
        if body.get("base64Encoded").and_then(Value::as_bool) == Some(true) {
            let bytes = base64::engine::general_purpose::STANDARD.decode(source);
            return Ok(String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned());
        }
        Ok(source.to_owned())
    }
}
