//! Values of JSON: compared, searched, and written into a sentence.

use serde_json::Value;

/// So much of a value goes into a sentence.
const LONGEST_VALUE: usize = 200;

/// A value as it may stand in a sentence.
pub(crate) fn written(value: &Value) -> String {
    // A part of a document may be the whole of a large one: only its beginning is written.
    let text = match value {
        Value::Array(items) if items.len() > LONGEST_VALUE => {
            format!("an array of {} items", items.len())
        }
        Value::Object(map) if map.len() > LONGEST_VALUE => {
            format!("an object of {} members", map.len())
        }
        other => other.to_string(),
    };
    crate::answer::shown(&text, LONGEST_VALUE)
}

/// None when the value cannot contain anything.
pub(super) fn contains(value: &Value, part: &Value) -> Option<bool> {
    match value {
        Value::String(text) => Some(match part {
            Value::String(part) => text.contains(part.as_str()),
            other => text.contains(&other.to_string()),
        }),
        Value::Array(items) => Some(items.iter().any(|item| is_same(item, part))),
        Value::Object(map) => part.as_str().map(|key| map.contains_key(key)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Equality as RFC 9535, section 2.3.5.2.2 has it: 1 and 1.0 are the same number.
pub(crate) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || (one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, value)| other.get(key).is_some_and(|twin| is_same(value, twin)))
        }
        (one, other) => one == other,
    }
}
