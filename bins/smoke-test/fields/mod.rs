//! What the values of response headers mean: pure parsers that no value can surprise.

pub(crate) mod cache_control;
pub(crate) mod content_security;
pub(crate) mod cookie;
mod cookie_date;
pub(crate) mod encoding;
pub(crate) mod entity_tag;
pub(crate) mod media_type;
pub(crate) mod permissions;
pub(crate) mod product;
pub(crate) mod referrer;
pub(crate) mod strict_transport;
pub(crate) mod vary;

/// The parts between a mark, without the space around them; empty ones are left out. A mark in a
/// quoted string separates nothing: RFC 9110, section 5.6.
pub(crate) fn split(text: &str, mark: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut is_quoted, mut is_escaped) = (0, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if character == mark && !is_quoted => {
                parts.push(&text[start..at]);
                start = at + mark.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    let parts = parts.into_iter().map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

/// `Name=value` as a name in lower case and its value, whose quotes are taken off.
pub(crate) fn pair(part: &str) -> (String, Option<String>) {
    match part.split_once('=') {
        Some((name, value)) => (
            name.trim().to_ascii_lowercase(),
            Some(unquoted(value.trim())),
        ),
        None => (part.trim().to_ascii_lowercase(), None),
    }
}

fn unquoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let Some(inner) = inner else {
        return text.to_owned();
    };
    let mut is_escaped = false;
    let mut value = String::new();
    for character in inner.chars() {
        if character == '\\' && !is_escaped {
            is_escaped = true;
        } else {
            is_escaped = false;
            value.push(character);
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mark_in_quotes_separates_nothing() {
        assert_eq!(
            split(r#" a, private="x, \"y", ,b"#, ','),
            ["a", r#"private="x, \"y""#, "b"]
        );
        assert_eq!(split("", ','), Vec::<&str>::new());
        assert_eq!(pair(r#"Private="x, \"y""#).1.as_deref(), Some("x, \"y"));
        assert_eq!(pair(" Public "), ("public".into(), None));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parts_panic(text in "(?s).{0,60}") {
            for part in split(&text, ';') {
                prop_assert!(!part.is_empty());
                let _ = pair(part);
            }
        }
    }
}
