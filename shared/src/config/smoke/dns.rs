//! What a name means in the domain name system.

use super::super::{Located, Name, Span, Template};
use super::default_within;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a name means in the domain name system.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// The whole name that is asked for; for `PTR` an address will do.
    pub host: Template,
    /// The type of the records.
    #[serde(rename = "type")]
    pub kind: RecordType,
    /// All of the records, in any order, written as in a zone file: `203.0.113.7`,
    /// `10 mail.example.com`, `0 issue "letsencrypt.org"`.
    pub expected: Option<Vec<Template>>,
    /// Records that must be there, whatever else is.
    #[serde(default)]
    pub contains: Vec<Template>,
    /// Whether there must be no such record. A server that neither speaks for the zone nor asks
    /// others cannot tell.
    #[serde(default)]
    pub absent: bool,
    /// How long others may keep the records. Only a name server of the zone knows that: an answer
    /// of another one can show that it is too long, never that it is not.
    pub ttl_at_most: Option<Span>,
    /// Who is asked, `address` or `address:port`; the first of `/etc/resolv.conf` that answers
    /// when not given.
    pub resolver: Option<Located<String>>,
    /// Whether every name server of the zone is asked itself; they must all say the same.
    #[serde(default)]
    pub authoritative: bool,
    /// The port on which the name servers of the zone are asked; 53 when not given.
    pub port: Option<Located<u16>>,
    /// How long all of it may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// A type of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// The name that this one stands for.
    Cname,
    /// Where mail goes: `10 mail.example.com`.
    Mx,
    /// Texts, the pieces of each joined.
    Txt,
    /// Who may issue certificates: `0 issue "letsencrypt.org"`.
    Caa,
    /// The name servers of a zone.
    Ns,
    /// Where a service is: `0 5 443 host.example.com`.
    Srv,
    /// The name of an address.
    Ptr,
}
