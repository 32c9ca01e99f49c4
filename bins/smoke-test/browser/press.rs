//! Presses a keyboard shortcut and looks for what it must show.

use super::launch::Browser;
use super::protocol::Command;
use super::script;
use super::session::deadline;
use super::visit::BETWEEN_LOOKS;
use super::watch::Watch;
use crate::facts::Pressed;
use crate::plan::KeyPlan;
use serde_json::{Value, json};
use shared::error::{Error, Result};
use std::time::Duration;
use tokio::time::Instant;

/// A shortcut that has shown nothing for so long does nothing.
const LONGEST: Duration = Duration::from_secs(3);

impl Browser {
    /// Presses a shortcut on a page that is at rest.
    pub(super) async fn press(
        &mut self,
        session: &str,
        key: &KeyPlan,
        watch: &mut Watch<'_>,
    ) -> Result<Pressed> {
        let was_there = self.is_visible(session, &key.selector, watch).await?;
        let stroke = &key.stroke;
        for kind in ["keyDown", "keyUp"] {
            // A key that writes nothing has no text: <https://crbug.com/1041142>
            let text = stroke.text().filter(|_| kind == "keyDown");
            let kind = if kind == "keyDown" && text.is_none() {
                "rawKeyDown"
            } else {
                kind
            };
            let mut parameters = json!({
                "type": kind,
                "modifiers": stroke.modifiers,
                "key": stroke.key,
                "code": stroke.code,
                "windowsVirtualKeyCode": stroke.number,
            });
            if let Some(text) = text {
                parameters["text"] = text.into();
            }
            let command = Command::session(session, "Input.dispatchKeyEvent", parameters);
            self.call(command, Some(watch), deadline()).await?;
        }
        let end = Instant::now() + LONGEST;
        let mut is_there = self.is_visible(session, &key.selector, watch).await?;
        while !is_there && !watch.is_over && Instant::now() < end {
            let next = Instant::now() + BETWEEN_LOOKS;
            self.watch_until(watch, next).await?;
            is_there = self.is_visible(session, &key.selector, watch).await?;
        }
        // What the key sent may be stopped a little later than what it shows.
        let end = Instant::now() + BETWEEN_LOOKS;
        self.watch_until(watch, end).await?;
        Ok(Pressed {
            key: stroke.shown.clone(),
            selector: key.selector.clone(),
            was_there,
            is_there,
        })
    }

    async fn is_visible(
        &mut self,
        session: &str,
        selector: &str,
        watch: &mut Watch<'_>,
    ) -> Result<bool> {
        let call = script::visible(selector);
        let answer = self
            .evaluate(session, &call, watch, Instant::now())
            .await?
            .unwrap_or_default();
        if let Some(mistake) = script::mistake(&answer) {
            return Err(Error::unavailable(format!(
                "the page cannot be asked: {mistake}"
            )));
        }
        Ok(answer.pointer("/result/value").and_then(Value::as_bool) == Some(true))
    }
}
