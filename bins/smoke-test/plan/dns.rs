//! A name and the records that it must have.

use super::Planned;
use super::host::is_name;
use super::scope::Scope;
use crate::dns::{canonical, reverse, word};
use core::net::{IpAddr, SocketAddr};
use shared::config::{DnsProbe, Located, RecordType, Span, Template};
use shared::error::Result;
use shared::gate::Step;
use std::collections::BTreeSet;

/// To find the name servers of a zone and their addresses takes about so many questions.
const QUESTIONS_OF_A_ZONE: u64 = 12;

/// Where name servers listen: RFC 1035, section 4.2.
const USUAL_PORT: u16 = 53;

/// A name and the records that it must have.
#[derive(Clone, Debug)]
pub(crate) struct DnsPlan {
    /// What it is called.
    pub(crate) name: String,
    /// The name that is asked for.
    pub(crate) host: String,
    /// The same as the file has it.
    pub(crate) shown: String,
    /// The type of the records.
    pub(crate) kind: RecordType,
    /// What they must be.
    pub(crate) wanted: Wanted,
    /// How long others may keep them.
    pub(crate) ttl_at_most: Option<Span>,
    /// Who is asked; those of this machine when none is named.
    pub(crate) resolver: Option<SocketAddr>,
    /// The port of the zone's own name servers, when they are asked.
    pub(crate) authoritative: Option<u16>,
    /// How long all of it may take.
    pub(crate) within: Span,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

/// What records must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// There must be none.
    None,
    /// There must be some, these among them.
    Some(BTreeSet<String>),
    /// These and no others.
    Exactly(BTreeSet<String>),
}

impl DnsPlan {
    /// The question as an address: RFC 4501.
    pub(crate) fn url(&self) -> String {
        format!("dns:{}?type={}", self.shown, word(self.kind))
    }
}

impl Planned for DnsPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["dns"]
    }

    fn steps(&self) -> Vec<Step> {
        let Self {
            name,
            kind,
            shown,
            within,
            ..
        } = self;
        let asked = match (self.resolver, self.authoritative) {
            (_, Some(_)) => "every name server of its zone".to_owned(),
            (Some(resolver), None) => resolver.to_string(),
            (None, None) => "the name server of this machine".to_owned(),
        };
        vec![Step::reads(
            format!("probe `{name}`: {} within {within}", self.wanted),
            format!("ask {asked} for {} of {shown}", word(*kind)),
        )]
    }

    fn requests(&self) -> u64 {
        if self.authoritative.is_some() || self.wanted == Wanted::None {
            QUESTIONS_OF_A_ZONE
        } else {
            1
        }
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => out.write_str("no record"),
            Self::Some(records) if records.is_empty() => out.write_str("at least one record"),
            Self::Some(records) => write!(out, "among others {}", listed(records)),
            Self::Exactly(records) => out.write_str(&listed(records)),
        }
    }
}

/// Records in a sentence.
pub(crate) fn listed<'a>(records: impl IntoIterator<Item = &'a String>) -> String {
    let shown = records
        .into_iter()
        .map(|text| crate::answer::shown(text, 120));
    shown.collect::<Vec<_>>().join(", ")
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &DnsProbe) -> Result<DnsPlan> {
    if probe.within.duration().is_zero() {
        return Err(scope.refuse("has a `within` of 0"));
    }
    let resolver = probe.resolver.as_ref();
    let resolver = resolver.map(|text| resolver_of(scope, text)).transpose()?;
    let shown = probe.host.raw().to_owned();
    Ok(DnsPlan {
        name: probe.name.value.clone(),
        host: host(scope, probe)?,
        kind: probe.kind,
        wanted: wanted(scope, probe)?,
        ttl_at_most: probe.ttl_at_most,
        resolver,
        authoritative: authoritative(scope, probe)?,
        within: probe.within,
        reproduce: reproduce(&shown, probe.kind, resolver),
        shown,
    })
}

/// The port of the zone's own name servers, when they are asked.
fn authoritative(scope: &Scope<'_>, probe: &DnsProbe) -> Result<Option<u16>> {
    match &probe.port {
        Some(port) if !probe.authoritative => {
            let message = "has a `port`, which is only asked with `authoritative: true`";
            Err(scope
                .refuse_at(port, message)
                .hint("`resolver` has a port of its own"))
        }
        Some(port) if port.value == 0 => {
            Err(scope.refuse_at(port, "has the port 0, which nothing listens on"))
        }
        Some(port) => Ok(Some(port.value)),
        None => Ok(probe.authoritative.then_some(USUAL_PORT)),
    }
}

fn host(scope: &Scope<'_>, probe: &DnsProbe) -> Result<String> {
    let real = scope.resolve(&probe.host)?;
    let host = real.expose();
    if let (RecordType::Ptr, Ok(ip)) = (probe.kind, host.parse()) {
        return Ok(reverse(ip));
    }
    let raw = probe.host.raw();
    if host.parse::<IpAddr>().is_ok() {
        let message = format!(
            "asks for {} of `{raw}`, which is an address",
            word(probe.kind)
        );
        return Err(scope.refuse_in(&probe.host, message));
    }
    if !is_name(host) {
        let message = format!("asks for `{raw}`, which is no name that can be asked for");
        let hint = "a name with letters beyond ASCII is written as `xn--…`";
        return Err(scope.refuse_in(&probe.host, message).hint(hint));
    }
    Ok(host.trim_end_matches('.').to_ascii_lowercase())
}

fn wanted(scope: &Scope<'_>, probe: &DnsProbe) -> Result<Wanted> {
    let records = |list: &[Template]| -> Result<BTreeSet<String>> {
        list.iter()
            .map(|text| record(scope, probe.kind, text))
            .collect()
    };
    let contains = records(&probe.contains)?;
    match &probe.expected {
        _ if probe.absent => {
            if probe.expected.is_some() || !contains.is_empty() || probe.ttl_at_most.is_some() {
                return Err(scope.refuse("has `absent` and says what the records must be"));
            }
            Ok(Wanted::None)
        }
        Some(expected) if expected.is_empty() => {
            let refusal = scope.refuse("has an empty `expected`, which no answer could equal");
            Err(refusal.hint("`absent: true` says that there must be no record"))
        }
        Some(_) if !contains.is_empty() => {
            Err(scope.refuse("has both `expected` and `contains`, of which the first says all"))
        }
        Some(expected) => Ok(Wanted::Exactly(records(expected)?)),
        None => Ok(Wanted::Some(contains)),
    }
}

fn record(scope: &Scope<'_>, kind: RecordType, text: &Template) -> Result<String> {
    let real = scope.resolve(text)?;
    canonical(kind, real.expose()).map_err(|form| {
        let (raw, word) = (text.raw(), word(kind));
        let message = format!("expects `{raw}` as {word}, which is no record of it");
        scope
            .refuse_in(text, message)
            .hint(format!("it is written as {form}"))
    })
}

fn resolver_of(scope: &Scope<'_>, text: &Located<String>) -> Result<SocketAddr> {
    let value = &text.value;
    let of_ip = value
        .parse::<IpAddr>()
        .map(|ip| SocketAddr::new(ip, USUAL_PORT));
    let parsed = value.parse::<SocketAddr>().or(of_ip);
    let parsed = parsed.ok().filter(|address| address.port() > 0);
    parsed.ok_or_else(|| {
        let message = format!("has the resolver `{value}`, which is no address");
        scope
            .refuse_at(text, message)
            .hint("it is written as `10.0.0.2` or `10.0.0.2:5353`")
    })
}

fn reproduce(shown: &str, kind: RecordType, resolver: Option<SocketAddr>) -> String {
    let mut command = "dig".to_owned();
    if let Some(resolver) = resolver {
        command.push_str(&format!(" @{}", resolver.ip()));
        if resolver.port() != USUAL_PORT {
            command.push_str(&format!(" -p {}", resolver.port()));
        }
    }
    let host = crate::reproduce::word(shown);
    match kind {
        RecordType::Ptr if shown.parse::<IpAddr>().is_ok() => format!("{command} -x {host}"),
        _ => format!("{command} {host} {}", word(kind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_asks_the_same_server_for_the_same() {
        let address = |text: &str| text.parse().ok();
        assert_eq!(
            reproduce("cal.example", RecordType::Mx, None),
            "dig cal.example MX"
        );
        assert_eq!(
            reproduce("${HOST}", RecordType::A, address("10.0.0.2:53")),
            "dig @10.0.0.2 \"${HOST}\" A"
        );
        assert_eq!(
            reproduce("192.0.2.1", RecordType::Ptr, address("[::1]:5353")),
            "dig @::1 -p 5353 -x 192.0.2.1"
        );
    }
}
