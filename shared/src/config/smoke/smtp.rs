//! A mail server that greets and encrypts.

use super::super::{Located, Name, Span, Template};
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
    /// How long the whole conversation may take; 30 s when not given, because servers let strangers
    /// wait before they greet.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// Postfix waits 6 s to see who speaks too early, under load less:
/// <https://www.postfix.org/postconf.5.html#postscreen_greet_wait>.
fn default_within() -> Span {
    Span::seconds(30)
}

fn default_port() -> u16 {
    25
}

fn yes() -> bool {
    true
}
