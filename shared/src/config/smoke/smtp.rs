//! A mail server that greets and encrypts.

use super::super::{Located, Name, Span, Template};
use super::default_within;
use schemars::JsonSchema;
use serde::Deserialize;

/// A mail server that greets and encrypts. No mail is sent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` has the host; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// Another host: a name or an address, without a port.
    pub host: Option<Template>,
    /// The port on which it greets without TLS.
    #[serde(default = "default_port")]
    pub port: u16,
    /// Whether it must agree on TLS after `STARTTLS`, with a certificate that this machine trusts.
    #[serde(default = "yes")]
    pub starttls: bool,
    /// How long the whole conversation may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

fn default_port() -> u16 {
    25
}

fn yes() -> bool {
    true
}
