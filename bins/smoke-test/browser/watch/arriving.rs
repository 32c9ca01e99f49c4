//! What comes to a page while its requests are open: parts of answers, and WebSockets.

use super::{MOST_OPEN, Watch};
use crate::browser::protocol::text;
use crate::plan::Figure;
use serde_json::Value;
use tokio::time::Instant;

/// A stream of news has smaller parts, a download hardly any.
const SIZEABLE: u64 = 1 << 10;

impl Watch<'_> {
    /// A part of an answer has come.
    pub(super) fn flowing(&mut self, parameters: &Value, now: Instant) {
        let (id, part) = (text(parameters, "/requestId"), length(parameters));
        if self.received.len() >= MOST_OPEN && !self.received.contains_key(id) {
            return;
        }
        let before = self.received.entry(id.to_owned()).or_default();
        *before = before.saturating_add(part);
        self.visit.bytes = self.visit.bytes.saturating_add(part);
        // Once it is too much, more of it decides nothing.
        let most = self.rules.plan.most(Figure::Bytes);
        if part >= SIZEABLE && most.is_some_and(|most| self.visit.bytes as f64 <= most) {
            self.flowed = Some(now);
        }
    }

    /// A WebSocket is opened. Nothing can stop it; it counts.
    pub(super) fn socket(&mut self, parameters: &Value) {
        if self.sockets.len() < MOST_OPEN {
            let url = crate::answer::shown(text(parameters, "/url"), 200);
            let id = text(parameters, "/requestId").to_owned();
            self.sockets.insert(id, url);
        }
        if let Err(no_answer) = self.rules.allowance.count() {
            self.used_up = Some(no_answer.reason);
            self.is_over = true;
        }
    }

    /// An answer is at its end, and now counts with its headers.
    pub(super) fn finished(&mut self, parameters: &Value) {
        let before = self.received.remove(text(parameters, "/requestId"));
        let rest = length(parameters).saturating_sub(before.unwrap_or_default());
        self.visit.bytes = self.visit.bytes.saturating_add(rest);
    }

    /// A WebSocket did not open, or broke.
    pub(super) fn socket_failed(&mut self, parameters: &Value) {
        let url = self.sockets.get(text(parameters, "/requestId"));
        let url = url.map(String::as_str).unwrap_or_default();
        let why = text(parameters, "/errorMessage");
        self.visit
            .failed
            .add(&format!("WebSocket {url} failed: {why}"));
    }
}

/// A float becomes the nearest number, and nonsense 0.
fn length(parameters: &Value) -> u64 {
    let bytes = parameters.get("encodedDataLength").and_then(Value::as_f64);
    bytes.unwrap_or_default() as u64
}
