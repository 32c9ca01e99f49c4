//! `Strict-Transport-Security`: RFC 6797, section 6.1.

use super::{pair, split};
use std::collections::BTreeSet;

/// What a browser keeps of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StrictTransport {
    /// In seconds.
    pub(crate) max_age: u64,
    /// Whether it holds for the hosts below, too.
    pub(crate) includes_subdomains: bool,
    /// Whether the owner agrees to have it built into browsers.
    pub(crate) preload: bool,
}

impl StrictTransport {
    /// Reads one line of the header. `Err` says why browsers ignore all of it.
    pub(crate) fn parse(value: &str) -> Result<Self, String> {
        let mut seen = BTreeSet::new();
        let mut max_age = None;
        for (name, value) in split(value, ';').into_iter().map(pair) {
            if !seen.insert(name.clone()) {
                let name = crate::answer::shown(&name, 40);
                return Err(format!("`{name}` is there twice"));
            }
            if name == "max-age" {
                let value = value.unwrap_or_default();
                max_age = Some(seconds(&value).ok_or_else(|| {
                    let value = crate::answer::shown(&value, 40);
                    format!("`max-age` is `{value}`, which is no number of seconds")
                })?);
            }
        }
        Ok(Self {
            max_age: max_age.ok_or("it has no `max-age`")?,
            includes_subdomains: seen.contains("includesubdomains"),
            preload: seen.contains("preload"),
        })
    }
}

fn seconds(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn directives_are_read_in_any_case_and_order() {
        let read = StrictTransport::parse("includeSubDomains ; Max-Age=\"31536000\"; x=1;");
        assert_eq!(
            read,
            Ok(StrictTransport {
                max_age: 31_536_000,
                includes_subdomains: true,
                preload: false,
            })
        );
    }

    #[test]
    fn quotes_blanks_and_large_numbers_are_read_as_browsers_read_them() {
        for (value, age) in [
            (
                "MAX-AGE = \"31536000\" ;includesubdomains;preload;",
                31_536_000,
            ),
            ("preload; unknown=1; includeSubDomains; max-age=0", 0),
            (
                "max-age=99999999999999999999;preload;includeSubDomains",
                u64::MAX,
            ),
        ] {
            let read = StrictTransport {
                max_age: age,
                includes_subdomains: true,
                preload: true,
            };
            assert_eq!(StrictTransport::parse(value), Ok(read), "{value}");
        }
    }

    #[test]
    fn what_browsers_ignore_is_said() {
        for (value, why) in [
            ("", "it has no `max-age`"),
            ("includeSubDomains", "it has no `max-age`"),
            ("max-age", "`max-age` is ``, which is no number of seconds"),
            (
                "max-age=1d",
                "`max-age` is `1d`, which is no number of seconds",
            ),
            ("max-age=1; MAX-AGE=2", "`max-age` is there twice"),
        ] {
            assert_eq!(
                StrictTransport::parse(value),
                Err(why.to_owned()),
                "{value}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "(?s).{0,80}") {
            let _ = StrictTransport::parse(&value);
        }
    }
}
