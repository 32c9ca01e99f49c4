//! What is written to the console of a page, by the page and by the browser.

use super::protocol::text;
use crate::facts::Visit;
use serde_json::Value;

/// What a page writes to its console.
pub(super) fn written(parameters: &Value, visit: &mut Visit) {
    if !matches!(text(parameters, "/type"), "error" | "assert") {
        return;
    }
    let arguments = parameters.get("args").and_then(Value::as_array);
    let words = arguments.into_iter().flatten().take(5).map(|argument| {
        let value = argument.get("value").filter(|value| !value.is_null());
        match value.or_else(|| argument.get("description")) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => crate::predicate::written(other),
            None => text(argument, "/type").to_owned(),
        }
    });
    let words: Vec<String> = words.collect();
    visit.console.add(&words.join(" "));
}

/// What the browser itself writes to the console. It repeats failed requests there.
pub(super) fn logged(parameters: &Value, visit: &mut Visit) {
    let words = text(parameters, "/entry/text");
    if words.starts_with("Mixed Content:") {
        visit.mixed.add(words);
    } else if text(parameters, "/entry/level") == "error"
        && text(parameters, "/entry/source") != "network"
    {
        visit.console.add(words);
    }
}

/// An error that nothing caught, and where.
pub(super) fn thrown(parameters: &Value) -> String {
    let words = text(parameters, "/exceptionDetails/exception/description");
    let words = words.lines().next().unwrap_or_default();
    let words = match words {
        "" => text(parameters, "/exceptionDetails/text"),
        words => words,
    };
    match text(parameters, "/exceptionDetails/url") {
        "" => words.to_owned(),
        url => {
            let line = parameters
                .pointer("/exceptionDetails/lineNumber")
                .and_then(Value::as_u64);
            // The protocol counts lines from 0.
            format!(
                "{words} ({url}:{})",
                line.unwrap_or_default().saturating_add(1)
            )
        }
    }
}
