//! Values that must never be seen, and the one list that every sink is cleaned with.

use std::sync::{LazyLock, RwLock};

/// Shorter values are not masked: hiding `1` or `on` would only garble the report.
const SHORTEST_MASKED: usize = 4;

// One list for the whole process, so that a secret made anywhere is masked in every sink,
// panics and foreign library output included, without being passed along.
static KNOWN: LazyLock<RwLock<Vec<String>>> = LazyLock::new(RwLock::default);

/// A value that is masked in `Debug` and in everything that passes [`redact`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the value and has it masked from now on: as it is, line by line, percent-encoded,
    /// in base64, and as JSON escapes it.
    pub fn new(value: impl Into<String>) -> Self {
        let value = value.into();
        remember(&value);
        Self(value)
    }

    /// A value of the same type that may be seen: a literal from the file.
    pub fn plain(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret(***)")
    }
}

fn remember(value: &str) {
    use base64::Engine as _;
    let mut forms = vec![
        value.to_owned(),
        percent_encoded(value),
        base64::engine::general_purpose::STANDARD.encode(value),
    ];
    forms.extend(value.lines().map(|line| line.trim().to_owned()));
    forms.push(value.escape_debug().to_string());
    // JSON as PHP writes it, and as .NET does.
    forms.push(value.replace('/', "\\/"));
    forms.push(value.replace('+', "\\u002B"));
    let mut known = KNOWN
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    for form in forms {
        if form.len() >= SHORTEST_MASKED && !known.contains(&form) {
            known.push(form);
        }
    }
    // The longest first, so that a secret which contains another is hidden whole.
    known.sort_by_key(|form| std::cmp::Reverse(form.len()));
}

/// The value with everything encoded that is not unreserved: RFC 3986, section 2.3.
pub fn percent_encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// The text with every known secret replaced by `***`.
pub fn redact(text: &str) -> String {
    let known = KNOWN
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut clean = text.to_owned();
    for secret in known.iter() {
        if clean.contains(secret.as_str()) {
            clean = clean.replace(secret.as_str(), "***");
        }
    }
    clean
}

/// Every value to mask, for a platform that masks by itself (GitHub's `::add-mask::`).
pub fn known() -> Vec<Secret> {
    let known = KNOWN
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    known.iter().cloned().map(Secret).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_in_every_form_it_may_take() {
        let secret = Secret::new("s3cr3t p@ss\nsecond-line");
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        assert_eq!(redact("a s3cr3t p@ss\nsecond-line b"), "a *** b");
        assert_eq!(redact("only second-line here"), "only *** here");
        assert!(!redact("x s3cr3t%20p%40ss%0Asecond-line").contains("s3cr3t"));
        assert!(!redact("czNjcjN0IHBAc3MKc2Vjb25kLWxpbmU=").contains("czNj"));
        let _token = Secret::new("ab/cd+ef/gh");
        assert_eq!(redact(r"ab\/cd+ef\/gh ab/cd\u002Bef/gh"), "*** ***");
    }

    #[test]
    fn a_longer_secret_hides_whole_even_when_it_contains_another() {
        let _short = Secret::new("inner-part");
        let _long = Secret::new("outer-inner-part-outer");
        assert_eq!(redact("outer-inner-part-outer"), "***");
    }

    #[test]
    fn a_tiny_value_is_not_masked() {
        let _tiny = Secret::new("on");
        assert_eq!(redact("turned on"), "turned on");
    }
}
