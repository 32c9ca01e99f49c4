//! What an assertion of a Hurl file means as an expectation of a probe; none where it means nothing.

use super::assertion::Assertion;
use serde_json::{Value, json};
use serde_json_path::JsonPath;

/// What must hold at a path. A path that may select several nodes gives Hurl a list of them.
pub(super) fn at_path(path: &str, assertion: &Assertion) -> Option<Value> {
    JsonPath::parse(path).ok()?;
    let is_single = !path.contains(['*', '?', ':', ',']) && !path.contains("..");
    if !is_single {
        let value = assertion.value.clone();
        return match (assertion.predicate.as_str(), assertion.is_negated, value) {
            _ if !assertion.filters.is_empty() => None,
            ("contains", false, Some(value)) => Some(json!({ "equals": value, "for": "any" })),
            ("exists", false, None) => Some(json!({ "exists": true, "for": "any" })),
            _ => None,
        };
    }
    match assertion.filters.as_slice() {
        [] => expectation(assertion),
        [filter] if filter == "count" && !assertion.is_negated => length(assertion),
        _ => None,
    }
}

fn length(assertion: &Assertion) -> Option<Value> {
    let count = assertion.value.as_ref()?.as_u64()?;
    let length = match assertion.predicate.as_str() {
        "==" => json!({ "equals": count }),
        ">" => json!({ "at_least": count.checked_add(1)? }),
        ">=" => json!({ "at_least": count }),
        "<" => json!({ "at_most": count.checked_sub(1)? }),
        "<=" => json!({ "at_most": count }),
        _ => return None,
    };
    Some(json!({ "length": length }))
}

/// A predicate of Hurl as one of ours.
pub(super) fn expectation(assertion: &Assertion) -> Option<Value> {
    let Assertion {
        is_negated, value, ..
    } = assertion;
    let number = value.as_ref().is_some_and(Value::is_number);
    let text = value
        .as_ref()
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty());
    let pattern = text.filter(|text| regex::Regex::new(text).is_ok());
    let is = |shape: &str| (!is_negated).then(|| json!({ "is": shape }));
    let key = |name: &str| value.as_ref().map(|value| json!({ name: value }));
    match (assertion.predicate.as_str(), is_negated) {
        ("==", false) | ("!=", true) => key("equals"),
        ("!=", false) | ("==", true) => key("not"),
        (">", false) | ("<=", true) if number => key("more_than"),
        (">=", false) | ("<", true) if number => key("at_least"),
        ("<", false) | (">=", true) if number => key("less_than"),
        ("<=", false) | (">", true) if number => key("at_most"),
        ("startsWith", false) => text.map(|text| json!({ "starts_with": text })),
        ("endsWith", false) => text.map(|text| json!({ "ends_with": text })),
        ("contains", false) => key("contains"),
        ("contains", true) => key("not_contains"),
        ("matches", false) => pattern.map(|text| json!({ "matches": text })),
        ("matches", true) => pattern.map(|text| json!({ "not_matches": text })),
        ("exists", _) => Some(json!({ "exists": !is_negated })),
        ("isEmpty", _) => Some(json!({ "empty": !is_negated })),
        ("isInteger", _) => is("integer"),
        ("isNumber", _) => is("number"),
        ("isString", _) => is("string"),
        ("isBoolean", _) => is("boolean"),
        ("isList", _) => is("array"),
        ("isObject", _) => is("object"),
        ("isUuid", _) => is("uuid"),
        ("isIsoDate", _) => is("date-time"),
        ("isIpv4", _) => is("ip"),
        _ => None,
    }
}
