//! A port that speaks TLS, and what its certificates and versions must be.

use super::Planned;
use super::request::Request;
use super::scope::Scope;
use crate::address::Endpoint;
use crate::address::{Address, Url};
use crate::predicate::Predicate;
use crate::reproduce;
use rustls::SupportedProtocolVersion;
use rustls::pki_types::ServerName;
use shared::config::{Located, Template, TlsProbe, TlsVersion, TlsVersions};
use shared::error::Result;
use shared::gate::Step;
use shared::secret::Secret;
use std::collections::BTreeSet;
use std::time::Duration;

/// What is offered in a handshake.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// Where.
    pub(crate) at: Endpoint,
    /// The name that is asked for.
    pub(crate) name: ServerName<'static>,
    /// The versions.
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
    /// The protocols, by ALPN.
    pub(crate) protocols: Vec<String>,
    /// How long it may take.
    pub(crate) within: Duration,
}

/// What the library speaks; the older ones are asked by hand.
pub(crate) const MODERN: [TlsVersion; 2] = [TlsVersion::Tls12, TlsVersion::Tls13];
/// Public certificates are valid for 398 days at most, and those of an own authority for years.
const MOST_DAYS: u32 = 3650;

/// A port that speaks TLS, and what its certificates and versions must be.
#[derive(Clone, Debug)]
pub(crate) struct TlsPlan {
    /// What it is called.
    pub(crate) name: String,
    /// `host:port`, as the file has it.
    pub(crate) shown: String,
    /// What is offered by the first handshake.
    pub(crate) offer: Offer,
    /// The names that the certificate must have.
    pub(crate) names: Vec<(String, ServerName<'static>)>,
    /// How many whole days every certificate must still be valid.
    pub(crate) min_days: u32,
    /// What must be spoken; when there is none, 1.2 or 1.3.
    pub(crate) require: BTreeSet<TlsVersion>,
    /// What must be refused.
    pub(crate) refuse: BTreeSet<TlsVersion>,
    /// Of which protocols one must be agreed on.
    pub(crate) alpn: Vec<String>,
    /// What must hold for the issuer.
    pub(crate) issuer: Option<Predicate>,
    /// Whether a ticket must be given in TLS 1.2.
    pub(crate) tickets: Option<bool>,
    /// Asks for the time, where HTTP is spoken.
    pub(crate) clock: Option<Request>,
    /// The command that shows a handshake by hand.
    pub(crate) reproduce: String,
}

impl TlsPlan {
    /// The versions that are offered by hand.
    pub(crate) fn by_hand(&self) -> impl Iterator<Item = TlsVersion> {
        let refused = self.refuse.iter().copied();
        refused.filter(|version| !MODERN.contains(version))
    }
}

impl Planned for TlsPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["certificate", "chain", "tls-versions"]
    }

    fn steps(&self) -> Vec<Step> {
        let (name, shown, days) = (&self.name, &self.shown, self.min_days);
        let mut steps = vec![Step::reads(
            format!("probe `{name}`: certificates with {days} days left, TLS 1.2 or 1.3"),
            format!("TLS handshakes with {shown}"),
        )];
        let old: Vec<&str> = self.by_hand().map(TlsVersion::name).collect();
        if !old.is_empty() {
            steps.push(Step::reads(
                format!("probe `{name}`: {} must be refused", old.join(" and ")),
                format!("a ClientHello of each to {shown}"),
            ));
        }
        steps
    }

    fn requests(&self) -> u64 {
        // Two handshakes, and what is asked besides. How many addresses there are, and which
        // refusals are asked again, is not known before.
        let by_hand = self.by_hand().count() as u64;
        2 + by_hand + u64::from(self.tickets.is_some()) + u64::from(self.clock.is_some())
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &TlsProbe) -> Result<TlsPlan> {
    if probe.min_days > MOST_DAYS {
        let days = probe.min_days;
        return Err(scope.refuse(format!(
            "wants {days} days, and no certificate lasts so long ({MOST_DAYS} at most)"
        )));
    }
    if probe.within.duration().is_zero() {
        return Err(scope.refuse("has a `within` of 0"));
    }
    let (address, shown) = address(scope, probe)?;
    let is_of_http = probe.address.is_none();
    let host = match &probe.server_name {
        Some(name) => name.value.clone(),
        None => address.endpoint().host.clone(),
    };
    let name = named(&host).ok_or_else(|| match &probe.server_name {
        Some(at) => scope.refuse_at(at, format!("has `{host}`, which cannot be a host's name")),
        None => scope.refuse("asks a host without a name that a certificate could have"),
    })?;
    let (require, refuse) = versions(scope, &probe.versions)?;
    let issuer = probe.issuer.as_deref();
    let issuer = issuer
        .map(|issuer| super::expectations::predicate(scope, issuer))
        .transpose()?;
    if issuer.as_ref().is_some_and(|issuer| issuer.is_absence) {
        return Err(scope.refuse("wants no `issuer`, and every certificate has one"));
    }
    let alpn = alpn(scope, &probe.alpn)?;
    Ok(TlsPlan {
        name: probe.name.value.clone(),
        reproduce: reproduce::handshake(&shown, &name),
        offer: Offer {
            at: address.endpoint().clone(),
            name: name.clone(),
            versions: rustls::ALL_VERSIONS,
            protocols: offered(&alpn, is_of_http),
            within: probe.within.duration(),
        },
        names: names(scope, host, name, &probe.names)?,
        min_days: probe.min_days,
        require,
        refuse,
        alpn,
        issuer,
        tickets: probe.tickets,
        clock: clock(scope, probe, address, is_of_http)?,
        shown,
    })
}

/// Where it is, and how that is shown.
fn address(scope: &Scope<'_>, probe: &TlsProbe) -> Result<(Address, String)> {
    match &probe.address {
        Some(template) => {
            if let Some(at) = &probe.at {
                return Err(scope.refuse_at(at, "has both `at` and `address`"));
            }
            own(scope, template)
        }
        None => {
            let address = scope.address(probe.at.as_ref())?;
            if !address.endpoint().is_secure {
                let shown = address.shown();
                return Err(scope
                    .refuse(format!(
                        "asks `{shown}`, which does not start with `https://`"
                    ))
                    .hint("name an address with `at`, or `address: host:port`"));
            }
            Ok((address.clone(), reproduce::authority(address.shown())))
        }
    }
}

fn own(scope: &Scope<'_>, template: &Template) -> Result<(Address, String)> {
    let refuse = |why: String| template.refuse(scope.file(), why);
    let real = scope.resolve(template)?;
    if real.expose().is_empty() || real.expose().contains(['/', '@', '?', '#']) {
        return Err(refuse(
            "an `address` is `host:port` and nothing else".into(),
        ));
    }
    let raw = format!("https://{}", template.raw());
    let parsed = Address::parse(&format!("https://{}", real.expose()), &raw);
    let shown = reproduce::authority(&raw);
    parsed.map(|address| (address, shown)).map_err(refuse)
}

/// The name as a certificate may have it.
fn named(host: &str) -> Option<ServerName<'static>> {
    crate::address::server_name(host).ok()
}

fn names(
    scope: &Scope<'_>,
    host: String,
    name: ServerName<'static>,
    further: &[Located<String>],
) -> Result<Vec<(String, ServerName<'static>)>> {
    let mut names = vec![(host, name)];
    for text in further {
        let name = named(&text.value).ok_or_else(|| {
            let message = format!("has `{}` in `names`, which is no host's name", text.value);
            scope.refuse_at(text, message)
        })?;
        if names.iter().any(|(_, known)| *known == name) {
            let message = format!("has the name `{}` twice", text.value);
            return Err(scope.refuse_at(text, message));
        }
        names.push((text.value.clone(), name));
    }
    Ok(names)
}

fn versions(
    scope: &Scope<'_>,
    versions: &TlsVersions,
) -> Result<(BTreeSet<TlsVersion>, BTreeSet<TlsVersion>)> {
    let set = |list: &[Located<TlsVersion>]| list.iter().map(|one| one.value).collect();
    let (require, refuse): (BTreeSet<_>, BTreeSet<_>) =
        (set(&versions.require), set(&versions.refuse));
    for version in &versions.require {
        let name = version.value.name();
        if refuse.contains(&version.value) {
            return Err(scope.refuse_at(version, format!("both requires and refuses {name}")));
        }
        if !MODERN.contains(&version.value) {
            let message = format!("requires {name}, which RFC 8996 forbids");
            return Err(scope.refuse_at(version, message));
        }
    }
    if MODERN.iter().all(|version| refuse.contains(version)) {
        return Err(scope.refuse("refuses both TLSv1.2 and TLSv1.3, so nothing would be left"));
    }
    Ok((require, refuse))
}

fn alpn(scope: &Scope<'_>, protocols: &[Located<String>]) -> Result<Vec<String>> {
    for protocol in protocols {
        // RFC 7301, section 3.1: from 1 to 255 bytes.
        if !(1..=255).contains(&protocol.value.len()) {
            return Err(scope.refuse_at(protocol, "has a protocol of no or too many letters"));
        }
    }
    Ok(protocols
        .iter()
        .map(|protocol| protocol.value.clone())
        .collect())
}

/// A server of HTTP is offered what browsers offer: it could not choose wrongly otherwise.
fn offered(wanted: &[String], is_of_http: bool) -> Vec<String> {
    let mut offered = wanted.to_vec();
    let of_http: &[&str] = if is_of_http { &["h2", "http/1.1"] } else { &[] };
    for protocol in of_http {
        if !offered.iter().any(|known| known == protocol) {
            offered.push((*protocol).to_owned());
        }
    }
    offered
}

/// The connection is open to whoever answers, so nothing secret is sent over it: neither the
/// credentials nor the path of the address.
fn clock(
    scope: &Scope<'_>,
    probe: &TlsProbe,
    address: Address,
    is_of_http: bool,
) -> Result<Option<Request>> {
    if !is_of_http {
        return Ok(None);
    }
    let url = address
        .at("/")
        .map_err(|why| scope.refuse(format!("has {why}")))?;
    let url = Url {
        target: Secret::plain("/"),
        credentials: None,
        ..url
    };
    let mut request = Request::get(url, probe.within);
    request.method = "HEAD".into();
    Ok(Some(request))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_http_is_offered_what_browsers_offer() {
        let asked = ["h2".to_owned()];
        assert_eq!(offered(&asked, true), ["h2", "http/1.1"]);
        assert_eq!(offered(&asked, false), ["h2"]);
        assert!(offered(&[], false).is_empty());
        assert_eq!(offered(&[], true), ["h2", "http/1.1"]);
    }

    #[test]
    fn names_and_addresses_can_be_names_of_a_certificate() {
        for name in ["a.example", "localhost", "10.0.0.1", "[::1]", "::1"] {
            assert!(named(name).is_some(), "{name}");
        }
        for name in ["", "*.a.example", "a b", "a..b"] {
            assert!(named(name).is_none(), "{name}");
        }
    }
}
