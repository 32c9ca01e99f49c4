//! A text that came by itself: the frame of a WebSocket, the data of an event.

use super::{Found, LONGEST_EXCERPT, json};
use crate::answer::{Answer, shown};
use crate::plan::Expectations;
use crate::predicate::Predicate;
use crate::sensitive::discreet_text;
use serde_json::Value;

/// What must hold for a text.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// For the text itself.
    pub(crate) text: Option<Predicate>,
    /// For the document that it is.
    pub(crate) json: Expectations,
}

impl Text {
    /// Whether anything must hold at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_none() && self.json.json.is_empty()
    }

    /// Judges a text; `now` is when it came.
    pub(crate) fn judge(&self, text: &str, now: jiff::Timestamp) -> Found {
        let mut found = Found::default();
        if let Some(predicate) = &self.text {
            let observed = format!("`{}`", shown(&discreet_text(text), LONGEST_EXCERPT));
            match predicate.refuses(&Value::from(text), now) {
                None => found.evidence.push(format!("is {observed}")),
                Some(broken) => {
                    found.wrong(
                        format!("is {observed}, which must {broken}"),
                        observed,
                        broken,
                    );
                }
            }
        }
        if !self.json.json.is_empty() {
            let answer = Answer {
                body: text.as_bytes().to_vec(),
                received: now,
                ..Answer::default()
            };
            let of_json = json::judge(&self.json, &answer);
            found.evidence.extend(of_json.evidence);
            found.wrong.extend(of_json.wrong);
            found.unknown.extend(of_json.unknown);
        }
        found
    }

    /// Whether all of it holds for a text.
    pub(crate) fn holds(&self, text: &str, now: jiff::Timestamp) -> bool {
        let found = self.judge(text, now);
        found.wrong.is_empty() && found.unknown.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn text(predicate: Option<&str>, path: Option<&str>) -> Text {
        let mut json = sample::expectations();
        json.json
            .extend(path.map(|path| sample::selected(path, "ok")));
        Text {
            text: predicate.map(sample::predicate),
            json,
        }
    }

    fn now() -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    #[test]
    fn the_text_and_the_document_must_both_hold() {
        let both = text(Some("{contains: ok}"), Some("$.status"));
        assert!(both.holds(r#"{"status":"ok"}"#, now()));
        assert!(!both.holds(r#"{"status":"down"}"#, now()));
        assert!(!both.holds("ok", now()));
        assert!(
            !text(None, None)
                .judge("x", now())
                .wrong
                .iter()
                .any(|_| true)
        );
    }

    #[test]
    fn what_is_wrong_shows_the_text() {
        let found = text(Some("pong"), None).judge("ping", now());
        assert_eq!(found.wrong[0].message, "is `ping`, which must be \"pong\"");
    }
}
