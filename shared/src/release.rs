//! Which build is meant: version, commit, artifact.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A git commit id: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha(String);

impl Sha {
    /// The first eight digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..8]
    }

    /// All digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sha {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        let is_hex = text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if is_hex && (text.len() == 40 || text.len() == 64) {
            Ok(Self(text))
        } else {
            Err(Error::config(format!("`{text}` is not a full commit id")))
        }
    }
}

impl From<Sha> for String {
    fn from(sha: Sha) -> Self {
        sha.0
    }
}

impl fmt::Display for Sha {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A SHA-256 digest as 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// The digest of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(hex(&sha2::Sha256::digest(bytes)))
    }

    /// The digest of everything a reader has left, read piece by piece.
    pub fn of_reader(reader: &mut impl std::io::Read) -> std::io::Result<Self> {
        use sha2::Digest as _;
        let mut hasher = sha2::Sha256::new();
        let mut piece = vec![0; 1 << 16];
        loop {
            match reader.read(&mut piece)? {
                0 => return Ok(Self(hex(&hasher.finalize()))),
                read => hasher.update(&piece[..read]),
            }
        }
    }

    /// The hexadecimal digits without a prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

impl TryFrom<String> for Digest {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        let digits = text.strip_prefix("sha256:").unwrap_or(&text);
        let is_hex = digits
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if is_hex && digits.len() == 64 {
            Ok(Self(digits.to_owned()))
        } else {
            Err(Error::config(format!("`{text}` is not a SHA-256 digest")))
        }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "sha256:{}", self.0)
    }
}

/// What people call a release: 1 to 128 of `A-Z a-z 0-9 . _ + -`, not starting with `-` or `.`,
/// so that it can stand in a path or an argument.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(String);

impl Version {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Version {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        let is_valid = (1..=128).contains(&text.len())
            && text.chars().all(allowed)
            && !text.starts_with(['-', '.']);
        if is_valid {
            Ok(Self(text))
        } else {
            Err(Error::config(format!("`{text}` cannot name a version"))
                .hint("use 1 to 128 letters, digits, `.`, `_`, `+` or `-`"))
        }
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// One build that can be put on an environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Release {
    /// The tag without a leading `v`, else the short commit id.
    pub version: Version,
    /// The commit it was built from.
    pub commit: Sha,
    /// Digest of each service's artifact, by service; empty when the service declares none.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub artifacts: std::collections::BTreeMap<String, Digest>,
}

impl Release {
    /// Whether what a service says of itself means this release: its version, its commit, or at
    /// least seven digits of its commit. A leading `v` is ignored. Of several names with commas
    /// between them, as several lines of one header mean, each must be of this release.
    pub fn is_named_by(&self, said: &str) -> bool {
        said.split(',').map(str::trim).all(|name| {
            let plain = name.strip_prefix('v').unwrap_or(name);
            plain == self.version.as_str()
                || (name.len() >= 7 && self.commit.as_str().starts_with(name))
        })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.version, self.commit.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release() -> Release {
        Release {
            version: Version::try_from("1.1.0".to_owned()).expect("is a version"),
            commit: Sha::try_from("0123456789".repeat(4)).expect("is 40 hexadecimal digits"),
            artifacts: Default::default(),
        }
    }

    #[test]
    fn a_service_names_its_release_by_version_or_commit() {
        for said in [
            "1.1.0",
            "v1.1.0",
            " 1.1.0\n",
            "0123456",
            &"0123456789".repeat(4),
            "1.1.0, 0123456",
        ] {
            assert!(release().is_named_by(said), "{said}");
        }
        let others = ["", "1.1", "1.1.00", "012345", "12345678", "1.2.0"];
        for said in others.into_iter().chain(["1.1.0, 1.2.0", "1.1.0,", ","]) {
            assert!(!release().is_named_by(said), "{said}");
        }
    }

    #[test]
    fn a_version_cannot_be_a_flag_or_a_path() {
        for text in ["", "-rf", "../x", "a b", "a/b", "a\nb"] {
            assert!(Version::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_short_or_upper_case_commit_is_refused() {
        assert!(Sha::try_from("abc".to_owned()).is_err());
        assert!(Sha::try_from("A".repeat(40)).is_err());
        assert!(Sha::try_from("a".repeat(64)).is_ok());
    }
}
