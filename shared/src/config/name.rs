//! Names of projects, environments and services.

use crate::error::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// 1 to 64 of `a-z 0-9 _ -`, starting with a letter or digit, so that it can stand in a path, a
/// URL or a shell word as it is.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[a-z0-9][a-z0-9_-]{0,63}$"))]
pub struct Name(String);

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let is_valid = text.len() <= 64
            && text.bytes().next().is_some_and(plain)
            && text.bytes().all(|b| plain(b) || b == b'_' || b == b'-');
        if is_valid {
            Ok(Self(text))
        } else {
            Err(Error::config(format!("`{text}` cannot be a name"))
                .hint("use up to 64 of a-z, 0-9, `_` and `-`"))
        }
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder_or_become_a_flag() {
        for text in ["", "..", "a/b", "-x", "A", "a b", "ä", "a\n"] {
            assert!(Name::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(Name::try_from("cal-2_web".to_owned()).is_ok());
    }
}
