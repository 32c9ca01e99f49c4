//! `ETag`: which version of a page an answer is (RFC 9110, section 8.8.3).

use std::fmt;

/// A tag as it is sent and sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag {
    is_weak: bool,
    opaque: String,
}

impl EntityTag {
    /// Reads the value of the header; none when it is not a tag in quotes.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        let rest = value.strip_prefix("W/");
        let opaque = rest.unwrap_or(value).strip_prefix('"')?.strip_suffix('"')?;
        // Bytes above ASCII may stand in it, but what was lost in reading cannot be sent back.
        let is_fit = |c: char| c.is_ascii_graphic() && c != '"';
        opaque.chars().all(is_fit).then(|| Self {
            is_weak: rest.is_some(),
            opaque: opaque.to_owned(),
        })
    }

    /// Whether both name the same version, be it byte for byte or not: section 8.8.3.2.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weak = if self.is_weak { "W/" } else { "" };
        write!(out, "{weak}\"{}\"", self.opaque)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_weak_and_a_strong_tag_of_one_version_are_the_same() {
        let strong = EntityTag::parse("\"a1\"").expect("is a tag");
        let weak = EntityTag::parse("W/\"a1\"").expect("is a tag");
        assert!(strong.is_same(&weak));
        assert_eq!(weak.to_string(), "W/\"a1\"");
        for value in [
            "a1", "\"a1", "\"", "w/\"a1\"", "\"a\"b\"", "\"ä\"", "\"a b\"", "",
        ] {
            assert_eq!(EntityTag::parse(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(value in "(W/)?\"[!#-~]{0,20}\"") {
            let tag = EntityTag::parse(&value).expect("is a tag");
            prop_assert_eq!(tag.to_string(), value);
        }

        #[test]
        fn no_value_makes_it_panic(value in "(?s).{0,40}") {
            let _ = EntityTag::parse(&value);
        }
    }
}
