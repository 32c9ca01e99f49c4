//! Predicates that say nothing, so that a probe with them could never fail, or never hold.

use serde_json::Value;
use shared::config::{Length, Located, Predicates};

/// Why one of the predicates would hold for everything, or for nothing.
pub(super) fn fault(said: &Predicates) -> Option<&'static str> {
    let is_no_text = |text: &Option<Value>| text.as_ref().is_some_and(|text| *text == "");
    let is_no_list = |list: &Option<Vec<Value>>| list.as_ref().is_some_and(Vec::is_empty);
    let is_no_pattern =
        |pattern: &Option<Located<String>>| pattern.as_ref().is_some_and(|p| p.value.is_empty());
    let is_no_length = |length: Length| {
        let is_bare = length.equals.is_none() && length.at_most.is_none();
        is_bare && length.at_least.unwrap_or(0) == 0
    };
    if is_no_text(&said.contains) || is_no_text(&said.not_contains) {
        Some("looks for an empty text, which every text contains")
    } else if is_no_pattern(&said.matches) || is_no_pattern(&said.not_matches) {
        Some("has an empty regular expression, which finds something in every text")
    } else if is_no_list(&said.one_of) || is_no_list(&said.not_in) {
        Some("compares with an empty list, in which nothing is")
    } else if said.length.is_some_and(is_no_length) {
        Some("has a `length` without a limit, which everything has")
    } else {
        None
    }
}
