//! A port that speaks TLS, its certificates and its versions.

use super::super::{Located, Name, Span, Template};
use super::{Expectation, default_within};
use schemars::JsonSchema;
use serde::Deserialize;

/// A port that speaks TLS: its certificates, their chain, and the versions that it speaks, at every
/// address of its host. Where TLS 1.2 shows other certificates than 1.3, both are judged.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given. It must start
    /// with `https://`.
    pub at: Option<Located<Name>>,
    /// `host:port` in place of an address, for what speaks no HTTP; port 443 when not given.
    pub address: Option<Template>,
    /// The name that is asked for (SNI) and that the certificate must have; the host of the
    /// address when not given.
    pub server_name: Option<Located<String>>,
    /// Further names and IP addresses that the certificate must have.
    #[serde(default)]
    pub names: Vec<Located<String>>,
    /// How many whole days every certificate that is sent must still be valid; 14 when not given.
    #[serde(default = "default_days")]
    pub min_days: u32,
    /// Which versions must be spoken, and which refused.
    #[serde(default)]
    pub versions: TlsVersions,
    /// Protocols of which one must be agreed on by ALPN, for example `[h2]`.
    #[serde(default)]
    pub alpn: Vec<Located<String>>,
    /// What must hold for the issuer of the certificate, written as in RFC 4514:
    /// `CN=R11,O=Let's Encrypt,C=US`.
    pub issuer: Option<Box<Located<Expectation>>>,
    /// Whether a session ticket must be given in TLS 1.2 (`true`), or must not (`false`).
    pub tickets: Option<bool>,
    /// How long each handshake may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// Which versions of TLS must be spoken, and which refused.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsVersions {
    /// Each of these must be spoken; when none is given, TLS 1.2 or 1.3 must be.
    #[serde(default)]
    pub require: Vec<Located<TlsVersion>>,
    /// Each of these must be refused; TLS 1.0 and 1.1 when not given. A closed connection, or an
    /// alert that is not about the version, is a refusal only when a handshake of today succeeds
    /// right after it.
    #[serde(default = "default_refused")]
    pub refuse: Vec<Located<TlsVersion>>,
}

/// A version of TLS, named as nginx and OpenSSL name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
pub enum TlsVersion {
    /// TLS 1.0: RFC 2246.
    #[serde(rename = "TLSv1")]
    Tls10,
    /// TLS 1.1: RFC 4346.
    #[serde(rename = "TLSv1.1")]
    Tls11,
    /// TLS 1.2: RFC 5246.
    #[serde(rename = "TLSv1.2")]
    Tls12,
    /// TLS 1.3: RFC 8446.
    #[serde(rename = "TLSv1.3")]
    Tls13,
}

impl TlsVersion {
    /// Its number on the wire.
    pub fn number(self) -> u16 {
        match self {
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }

    /// Its name, as the file has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls10 => "TLSv1",
            Self::Tls11 => "TLSv1.1",
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }
}

impl Default for TlsVersions {
    fn default() -> Self {
        Self {
            require: Vec::new(),
            refuse: default_refused(),
        }
    }
}

fn default_days() -> u32 {
    14
}

/// Both are deprecated: RFC 8996.
fn default_refused() -> Vec<Located<TlsVersion>> {
    let unplaced = |value| Located {
        value,
        line: 0,
        column: 0,
    };
    vec![unplaced(TlsVersion::Tls10), unplaced(TlsVersion::Tls11)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_named_as_servers_name_them() {
        let versions: TlsVersions =
            serde_saphyr::from_str("{require: [TLSv1.2, TLSv1.3], refuse: [TLSv1]}")
                .expect("is a list of versions");
        let names = |list: &[Located<TlsVersion>]| -> Vec<&str> {
            list.iter().map(|one| one.value.name()).collect()
        };
        assert_eq!(names(&versions.require), ["TLSv1.2", "TLSv1.3"]);
        assert_eq!(names(&versions.refuse), ["TLSv1"]);
        assert_eq!(names(&TlsVersions::default().refuse), ["TLSv1", "TLSv1.1"]);
        assert!(serde_saphyr::from_str::<TlsVersions>("{refuse: [SSLv3]}").is_err());
    }
}
