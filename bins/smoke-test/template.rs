//! `{{name}}` in the texts of a journey, replaced by what an earlier step captured.

use std::collections::BTreeMap;

/// Values by their names.
pub(crate) type Values = BTreeMap<String, String>;

/// Whether a text can be a name: letters, digits, `_` and `-`.
pub(crate) fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !text.is_empty() && text.len() <= 64 && text.chars().all(is_part)
}

/// The names that a text uses.
pub(crate) fn names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, name, after)) = next(rest) {
        names.push(name);
        rest = after;
    }
    names
}

/// The text with every name replaced. `Err` is the first name without a value.
pub(crate) fn filled(text: &str, values: &Values) -> Result<String, String> {
    written(text, values, |_, value| value.to_owned())
}

/// The same for JSON: within its texts a value is escaped, elsewhere it is a number or a document.
pub(crate) fn filled_json(text: &str, values: &Values) -> Result<String, String> {
    let mut is_in_text = false;
    written(text, values, |before, value| {
        is_in_text = ends_in_text(before, is_in_text);
        if !is_in_text {
            return value.to_owned();
        }
        let quoted = serde_json::Value::from(value).to_string();
        let inner = quoted
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        inner.unwrap_or_default().to_owned()
    })
}

/// The same for a path with its query: within it a value is encoded, so that it cannot end its part
/// of it; one that it begins with is a path by itself, as servers give them in `Location`.
pub(crate) fn filled_path(text: &str, values: &Values) -> Result<String, String> {
    let mut is_first = true;
    written(text, values, |before, value| {
        let begins = std::mem::take(&mut is_first) && before.is_empty();
        if begins {
            value.to_owned()
        } else {
            shared::secret::percent_encoded(value)
        }
    })
}

/// Whether a text of JSON is open behind this, when it was or was not before.
fn ends_in_text(before: &str, was_open: bool) -> bool {
    let mut is_open = was_open;
    let mut bytes = before.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => is_open = !is_open,
            // What is escaped ends nothing.
            b'\\' if is_open => drop(bytes.next()),
            _ => {}
        }
    }
    is_open
}

fn written(
    text: &str,
    values: &Values,
    mut write: impl FnMut(&str, &str) -> String,
) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = next(rest) {
        filled.push_str(before);
        let value = values.get(name).ok_or_else(|| name.to_owned())?;
        filled.push_str(&write(before, value));
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// What stands before the next `{{name}}`, the name, and what follows it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text[from..].find("{{")?;
        let inner = &text[open + 2..];
        let close = inner.find("}}")?;
        let name = inner[..close].trim();
        if is_name(name) {
            return Some((&text[..open], name, &inner[close + 2..]));
        }
        // Braces of something else, such as JSON in JSON.
        from = open + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn in_a_text_of_json_a_value_is_escaped_and_elsewhere_it_is_not() {
        let values = Values::from([("a".into(), "x\"\\\n".into()), ("n".into(), "7".into())]);
        let filled = filled_json(
            r#"{"q\"": "{{a}}{{a}}", "n": {{n}}, "{{n}}": "\\"}"#,
            &values,
        );
        let read: serde_json::Value =
            serde_json::from_str(&filled.expect("both are known")).expect("is JSON");
        let expected = serde_json::json!({"q\"": "x\"\\\nx\"\\\n", "n": 7, "7": "\\"});
        assert_eq!(read, expected);
    }

    #[test]
    fn names_are_replaced_and_other_braces_are_left() {
        let values = Values::from([("id".to_owned(), "7".to_owned())]);
        assert_eq!(
            filled("/users/{{id}}/{{ id }}", &values).as_deref(),
            Ok("/users/7/7")
        );
        assert_eq!(
            filled(r#"{"a":{"b":{{id}}}}"#, &values).as_deref(),
            Ok(r#"{"a":{"b":7}}"#)
        );
        assert_eq!(filled("{{nope}}", &values), Err("nope".into()));
        assert_eq!(names("{{a}} {{b c}} {{d}}"), ["a", "d"]);
        assert_eq!(filled("{{ {{id}}", &values).as_deref(), Ok("{{ 7"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_one_without_names_is_unchanged(text in "[{}a-c ä]{0,30}") {
            let values = Values::new();
            if names(&text).is_empty() {
                prop_assert_eq!(filled(&text, &values), Ok(text));
            }
        }
    }
}
