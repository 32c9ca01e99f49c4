//! Types of values, forms of texts, and what a text or number stands for.

use jiff::Timestamp;
use serde_json::Value;
use shared::config::{Length, Shape};

/// Whether a value has a shape.
pub(super) fn is(value: &Value, shape: Shape) -> bool {
    let text = |holds: fn(&str) -> bool| value.as_str().is_some_and(holds);
    match shape {
        Shape::String => value.is_string(),
        Shape::Number => value.is_number(),
        Shape::Integer => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Shape::Boolean => value.is_boolean(),
        Shape::Array => value.is_array(),
        Shape::Object => value.is_object(),
        Shape::Null => value.is_null(),
        Shape::Uuid => text(is_uuid),
        Shape::DateTime => text(|text| text.parse::<Timestamp>().is_ok()),
        Shape::Date => text(|text| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()),
        Shape::Url => text(is_url),
        Shape::Email => text(is_email),
        Shape::Ip => text(|text| text.parse::<core::net::IpAddr>().is_ok()),
    }
}

/// `a number`, `a UUID`.
pub(super) fn word(shape: Shape) -> &'static str {
    match shape {
        Shape::String => "a text",
        Shape::Number => "a number",
        Shape::Integer => "a whole number",
        Shape::Boolean => "true or false",
        Shape::Array => "a list",
        Shape::Object => "an object",
        Shape::Null => "null",
        Shape::Uuid => "a UUID",
        Shape::DateTime => "a date and time (RFC 3339)",
        Shape::Date => "a date",
        Shape::Url => "a URL",
        Shape::Email => "an e-mail address",
        Shape::Ip => "an IP address",
    }
}

/// `of 3`, `of at least 2 and at most 5`.
pub(super) fn wanted(length: Length) -> String {
    let parts = [
        length.equals.map(|n| format!("of {n}")),
        length.at_least.map(|n| format!("of at least {n}")),
        length.at_most.map(|n| format!("of at most {n}")),
    ];
    parts
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" and ")
}

/// The number that a value is, or that its text spells.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// How many characters, members or keys a value has.
pub(super) fn length(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => Some(text.chars().count() as u64),
        Value::Array(items) => Some(items.len() as u64),
        Value::Object(map) => Some(map.len() as u64),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The instant that a value means: RFC 3339, or seconds or milliseconds since 1970.
pub(super) fn instant(value: &Value) -> Option<Timestamp> {
    if let Some(text) = value.as_str()
        && let Ok(instant) = text.parse()
    {
        return Some(instant);
    }
    // Seconds reach this number in the year 5138, milliseconds did in March 1973.
    const FIRST_MILLISECONDS: f64 = 1e11;
    let number = number(value)?;
    let milliseconds = if number.abs() < FIRST_MILLISECONDS {
        number * 1000.0
    } else {
        number
    };
    Timestamp::from_millisecond(milliseconds as i64).ok()
}

/// A version however it is written: `v1.2`, `16.4 (Debian)`, `1.2.3-rc.1`.
pub(super) fn version(text: &str) -> Option<semver::Version> {
    let text = text.trim().trim_start_matches(['v', 'V']);
    let word = text.split_whitespace().next()?;
    if let Ok(version) = semver::Version::parse(word) {
        return Some(version);
    }
    let digits = word
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .next()?;
    let mut parts = digits.split('.').filter(|part| !part.is_empty());
    let mut part = || parts.next().map_or(Some(0), |part| part.parse().ok());
    let first = digits.starts_with(|c: char| c.is_ascii_digit());
    first.then_some(())?;
    Some(semver::Version::new(part()?, part()?, part()?))
}

/// Whether it leads to a host: `Error: no database` parses as a URL as well.
fn is_url(text: &str) -> bool {
    let is_written_out = text.contains("://") && !text.contains(char::is_whitespace);
    is_written_out && reqwest::Url::parse(text).is_ok_and(|url| url.has_host())
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && groups
            .iter()
            .all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    !local.is_empty() && domain.contains('.') && !text.chars().any(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shapes_are_told_apart() {
        for (shape, right, wrong) in [
            (
                Shape::Uuid,
                "123e4567-e89b-12d3-a456-426614174000",
                "123e4567",
            ),
            (Shape::DateTime, "2026-11-21T10:00:00+01:00", "2026-11-21"),
            (Shape::Date, "2026-02-28", "2026-02-30"),
            (Shape::Url, "https://a.example/x", "/x"),
            (Shape::Url, "redis://a:6379/0", "Error: database is down"),
            (Shape::Url, "http://[::1]:80", "localhost:8080/x"),
            (Shape::Email, "a@b.example", "a@b"),
            (Shape::Ip, "::1", "1.2.3"),
        ] {
            assert!(is(&json!(right), shape), "{right}");
            assert!(!is(&json!(wrong), shape), "{wrong}");
        }
    }

    #[test]
    fn instants_and_versions_are_read_as_people_write_them() {
        let noon = instant(&json!("2026-11-21T12:00:00Z"));
        assert_eq!(instant(&json!(1_795_262_400)), noon);
        assert_eq!(instant(&json!(1_795_262_400_000_u64)), noon);
        assert_eq!(instant(&json!("never")), None);
        for (text, parsed) in [
            ("v1.2", "1.2.0"),
            ("16.4 (Debian 16.4-1)", "16.4.0"),
            ("1.2.3-rc.1", "1.2.3-rc.1"),
            ("24.0.7-ce", "24.0.7-ce"),
            ("7", "7.0.0"),
        ] {
            assert_eq!(version(text).expect(text).to_string(), parsed);
        }
        assert_eq!(version("latest"), None);
    }
}
