//! A parser's complaint in our words: file:line:column, the offending line, the nearest key.

use crate::error::Error;

/// Turns the parser's error into ours.
pub(super) fn explain(error: &serde_saphyr::Error, text: &str, file: &str) -> Error {
    use serde_saphyr::Error as Yaml;
    let inner = error.without_snippet();
    let (message, hint) = match inner {
        Yaml::SerdeUnknownField {
            field, expected, ..
        } => (
            format!("there is no key `{field}` here"),
            nearest_hint(field, expected),
        ),
        Yaml::SerdeUnknownVariant {
            variant, expected, ..
        } => (
            format!("there is no kind `{variant}` here"),
            nearest_hint(variant, expected),
        ),
        Yaml::SerdeMissingField { field, .. } => {
            // The parser gives the last key of the section.
            (
                format!("the key `{field}` is missing beside this one"),
                String::new(),
            )
        }
        other => (
            other.render_with_formatter(&serde_saphyr::UserMessageFormatter),
            String::new(),
        ),
    };
    let place = inner.location().filter(|location| location.line() > 0);
    let (place, line) = match place {
        Some(location) => (
            format!("{file}:{}:{}", location.line(), location.column()),
            offending_line(text, location.line()),
        ),
        None => (file.to_owned(), None),
    };
    let message = strip_location(&message);
    let problem = Error::config(match line {
        Some(line) => format!("{message} (in `{line}`)"),
        None => message,
    })
    .at(place);
    if hint.is_empty() {
        problem
    } else {
        problem.hint(hint)
    }
}

/// The parser ends its messages with `at line 3, column 7`; the place is already in front.
fn strip_location(message: &str) -> String {
    let end = message
        .find(" at line ")
        .or_else(|| message.find(" (line "));
    let message = end.map_or(message, |end| &message[..end]);
    message.trim_end_matches('.').trim().to_owned()
}

fn offending_line(text: &str, line: u64) -> Option<String> {
    const LONGEST: usize = 80;
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    let line = text.lines().nth(index)?.trim();
    if line.is_empty() {
        return None;
    }
    if line.chars().count() <= LONGEST {
        return Some(line.to_owned());
    }
    Some(line.chars().take(LONGEST).chain("…".chars()).collect())
}

/// `did you mean …`, or the list of what is known.
pub fn nearest_hint(word: &str, known: &[&str]) -> String {
    if let Some(nearest) = similar::get_close_matches(word, known, 1, 0.6).first() {
        return format!("did you mean `{nearest}`?");
    }
    let mut sorted: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
    sorted.sort();
    match sorted.len() {
        0 => "nothing is known here".to_owned(),
        1 => format!("it must be {}", sorted[0]),
        _ => format!("it must be one of {}", sorted.join(", ")),
    }
}
