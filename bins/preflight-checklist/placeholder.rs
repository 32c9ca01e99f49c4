//! Values that documentation and templates put where a real one has to go.

use crate::url;

/// Whole values, in lower case and with `-` for `_` and blanks.
const STAND_INS: [&str; 18] = [
    "changeme",
    "password",
    "passwd",
    "passw0rd",
    "secret",
    "secret-key",
    "secretkey",
    "api-key",
    "apikey",
    "example",
    "sample",
    "placeholder",
    "replaceme",
    "todo",
    "tbd",
    "fixme",
    "xxx",
    "dummy",
];

/// How such values begin: `your-secret-key`, `change-me-in-production`, `replace-with-a-key`.
const BEGINNINGS: [&str; 6] = [
    "your-",
    "change-me",
    "changeme-",
    "change-this",
    "replace-me",
    "replace-with-",
];

/// As many equal digits are no port and no time limit any more.
const FEWEST_EQUAL_DIGITS: usize = 6;
const FEWEST_EQUAL_CHARACTERS: usize = 3;

/// Why a value is taken for a placeholder; nothing when it is not. Never quotes the value.
pub fn reason(value: &str) -> Option<&'static str> {
    let value = value.trim();
    if is_stand_in(value) {
        Some("a word that documentation puts in place of a real value")
    } else if has_angle_brackets(value) {
        Some("a name in angle brackets that nobody has replaced")
    } else if is_one_character(value) {
        Some("one character, repeated")
    } else if has_stand_in_login(value) {
        Some("a URL whose password is a placeholder or repeats the user's name")
    } else {
        None
    }
}

/// Whether a value contains `${NAME}`, which a file of variables does not replace.
pub fn has_reference(value: &str) -> bool {
    value.split("${").skip(1).any(|piece| {
        piece.contains('}') && piece.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    })
}

fn is_stand_in(value: &str) -> bool {
    let lower = value.to_lowercase().replace(['_', ' '], "-");
    STAND_INS.contains(&lower.as_str()) || BEGINNINGS.iter().any(|start| lower.starts_with(start))
}

/// `<name>` with at least three letters; shorter ones may be part of a random password.
fn has_angle_brackets(value: &str) -> bool {
    let is_whole = value.starts_with('<') && value.ends_with('>');
    let is_name = |inner: &str| {
        inner.len() >= 3
            && inner
                .chars()
                .all(|c| c.is_ascii_alphabetic() || "-_ ".contains(c))
    };
    is_whole
        || value.split('<').skip(1).any(|piece| {
            piece
                .split_once('>')
                .is_some_and(|(inner, _)| is_name(inner))
        })
}

fn is_one_character(value: &str) -> bool {
    let mut characters = value.chars();
    let Some(first) = characters.next() else {
        return false;
    };
    let fewest = if first.is_ascii_digit() {
        FEWEST_EQUAL_DIGITS
    } else {
        FEWEST_EQUAL_CHARACTERS
    };
    characters.all(|character| character == first) && value.chars().count() >= fewest
}

fn has_stand_in_login(value: &str) -> bool {
    let Ok(url) = url::parse(value) else {
        return false;
    };
    url.password.is_some_and(|password| {
        let is_pass = password.eq_ignore_ascii_case("pass");
        let is_users = !password.is_empty() && url.user == Some(password);
        is_pass || is_users || is_stand_in(password) || is_one_character(password)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_guides_are_found() {
        for value in [
            "your-secret-key",
            "your-encryption-key",
            "YOUR_API_KEY",
            "your-sentry-dsn",
            "changeme",
            "change-me",
            "CHANGE_ME_IN_PRODUCTION",
            "password",
            "secret",
            " Secret ",
            "example",
            "xxx",
            "xxxxxxxxxxxx",
            "000000",
            "todo",
            "TODO",
            "<token>",
            "<your key here>",
            "https://<project>.example.org",
            "postgres://user:password@localhost:5432/cal_system",
            "postgres://postgres:postgres@db/cal",
            "redis://:changeme@cache:6379",
            "postgres://u:pass@h/d",
        ] {
            assert!(reason(value).is_some(), "{value}");
        }
    }

    #[test]
    fn real_values_are_left_alone() {
        for value in [
            "",
            "7",
            "production",
            "7777",
            "33333",
            "on",
            "aa",
            "secretary",
            "8f1c9b7f0b5e4d3f9a6c2e1d",
            "a<9>b",
            "postgres://cal:k3Jv-9qLw@db:5432/cal_system",
            "https://key@sentry.io/12",
            "http://localhost:4900",
            "/opt/cal-system/vault",
            "passwords-are-long-enough-here",
        ] {
            assert_eq!(reason(value), None, "{value}");
        }
    }

    #[test]
    fn a_reference_is_seen_and_a_dollar_alone_is_not() {
        assert!(has_reference("postgres://u:${DB_PASSWORD}@h/d"));
        assert!(has_reference("${A:-b}"));
        assert!(!has_reference("a$b${"));
        assert!(!has_reference("$A ${1}"));
    }

    proptest::proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "(?s).{0,60}") {
            let _ = (reason(&value), has_reference(&value));
        }
    }
}
