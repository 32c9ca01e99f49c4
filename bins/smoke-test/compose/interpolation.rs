//! Variables in the values of a Compose file: `$NAME`, `${NAME}`, `${NAME:-default}` and the like.

use super::Lookup;

/// Defaults within defaults deeper than this are no file that a person wrote.
const DEEPEST: usize = 16;

/// A value with its variables. One that is not set and has no default is refused: Compose itself
/// would go on with an empty text.
pub(super) fn interpolated(text: &str, lookup: Lookup<'_>) -> Result<String, String> {
    inner(text, lookup, DEEPEST)
}

fn inner(text: &str, lookup: Lookup<'_>, depth: usize) -> Result<String, String> {
    let mut done = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        done.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix('$') {
            done.push('$');
            rest = after;
        } else if let Some(after) = after.strip_prefix('{') {
            let end = closing(after).ok_or("has a `${` without its `}`")?;
            done.push_str(&braced(&after[..end], lookup, depth)?);
            rest = &after[end + 1..];
        } else {
            let (name, after) = after.split_at(name_length(after));
            if name.is_empty() {
                return Err("has a `$` without a name behind it".into());
            }
            done.push_str(&lookup(name)?.ok_or_else(|| unset(name))?);
            rest = after;
        }
    }
    done.push_str(rest);
    Ok(done)
}

/// What stands between `${` and its `}`.
fn braced(text: &str, lookup: Lookup<'_>, depth: usize) -> Result<String, String> {
    let (name, rule) = text.split_at(name_length(text));
    if name.is_empty() {
        return Err("has a `${` without a name behind it".into());
    }
    // With a colon, a variable that is set and empty counts as not set.
    let (bare, needs_text) = match rule.strip_prefix(':') {
        Some(bare) => (bare, true),
        None => (rule, false),
    };
    let value = lookup(name)?;
    let set = value.filter(|value| !(needs_text && value.is_empty()));
    let word = |word: &str| match depth.checked_sub(1) {
        Some(depth) => inner(word, lookup, depth),
        None => Err("has defaults within defaults without an end".into()),
    };
    match bare.split_at_checked(1) {
        None if !needs_text => set.ok_or_else(|| unset(name)),
        Some(("-", default)) => set.map_or_else(|| word(default), Ok),
        Some(("?", _)) => set.ok_or_else(|| unset(name)),
        Some(("+", other)) => set.map_or_else(|| Ok(String::new()), |_| word(other)),
        None | Some(_) => Err(format!("has a `${{{name}…}}` that Compose does not know")),
    }
}

fn unset(name: &str) -> String {
    let name = crate::answer::shown(name, 60);
    format!("needs the variable `{name}`, which is not set and has no default")
}

/// Where the `}` is that belongs to the `${` in front of the text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        match character {
            '{' if before == '$' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
        before = character;
    }
    None
}

fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.find(|c| !is_of_name(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Result<Option<String>, String> {
        match name {
            "A" => Ok(Some("1".into())),
            "EMPTY" => Ok(Some(String::new())),
            "ODD" => Err("cannot be known".into()),
            _ => Ok(None),
        }
    }

    #[test]
    fn each_form_means_what_compose_says() {
        for (text, wanted) in [
            ("a$$b", "a$b"),
            ("$A-", "1-"),
            ("${A}", "1"),
            ("${EMPTY}x", "x"),
            ("${EMPTY-2}", ""),
            ("${EMPTY:-2}", "2"),
            ("${B-2}", "2"),
            ("${B:-}", ""),
            ("${A:+3}${B:+4}", "3"),
            ("${EMPTY+5}${EMPTY:+6}", "5"),
            ("${B:-${C:-${A}}}!", "1!"),
            ("${A:?no}", "1"),
        ] {
            assert_eq!(interpolated(text, &lookup).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_has_no_value_or_no_end_is_refused() {
        let deep = "${B:-".repeat(100) + &"}".repeat(100);
        for text in [
            "$B",
            "${B}",
            "${EMPTY:?}",
            "${A",
            "$",
            "${}",
            "$1",
            "${A:}",
            "${A/x}",
            "${A:ä}",
            "${ODD:-1}",
            &deep,
        ] {
            assert!(interpolated(text, &lookup).is_err(), "{text}");
        }
    }
}
