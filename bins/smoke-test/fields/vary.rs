//! `Vary`: which request headers an answer depends on (RFC 9110, section 12.5.5).

use super::split;
use std::collections::BTreeSet;

/// The names in lower case; `*` is one of them when it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vary(BTreeSet<String>);

impl Vary {
    /// Reads the value of the header, all its lines joined by commas.
    pub(crate) fn parse(value: &str) -> Self {
        let names = split(value, ',').into_iter();
        Self(names.map(str::to_ascii_lowercase).collect())
    }

    /// Whether it depends on everything, so that no cache can ever use it again.
    pub(crate) fn is_any(&self) -> bool {
        self.0.contains("*")
    }

    /// Whether a cache keeps answers apart by this request header.
    pub(crate) fn covers(&self, name: &str) -> bool {
        self.is_any() || self.0.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_read_in_any_case() {
        let vary = Vary::parse("Accept-Encoding , ORIGIN");
        assert!(vary.covers("accept-encoding") && vary.covers("origin"));
        assert!(!vary.covers("cookie") && !vary.is_any());
        assert!(Vary::parse("*").covers("cookie"));
        assert_eq!(Vary::parse(""), Vary::default());
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "(?s).{0,60}") {
            let _ = Vary::parse(&value).covers("origin");
        }
    }
}
