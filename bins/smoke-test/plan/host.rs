//! The host of a probe that speaks something other than HTTP.

use super::scope::Scope;
use core::net::IpAddr;
use shared::config::{Located, Name, Template};
use shared::error::Result;
use shared::secret::Secret;

/// A name has no more characters: RFC 1035, section 2.3.4.
const LONGEST: usize = 253;

/// A host to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// A name, or an address without brackets.
    pub(crate) real: Secret,
    /// As the file has it.
    pub(crate) shown: String,
}

/// The host that a probe names, or that of the environment, with the port of its address then.
pub(super) fn of(
    scope: &Scope<'_>,
    at: Option<&Located<Name>>,
    host: Option<&Template>,
) -> Result<(Host, Option<u16>)> {
    let Some(template) = host else {
        let url = scope.url(at, "/")?;
        let host = Host {
            real: Secret::plain(bare(&url.endpoint.host)),
            shown: host_of(&url.shown).to_owned(),
        };
        return Ok((host, Some(url.endpoint.port)));
    };
    if let Some(at) = at {
        return Err(scope.refuse_at(at, "has both `at` and `host`"));
    }
    let real = scope.resolve(template)?;
    let raw = template.raw();
    if !is_host(real.expose()) {
        let message = format!("has the host `{raw}`, which is neither a name nor an address");
        return Err(scope.refuse_in(template, message));
    }
    let host = Host {
        real: Secret::plain(bare(real.expose())),
        shown: raw.to_owned(),
    };
    Ok((host, None))
}

fn is_host(text: &str) -> bool {
    bare(text).parse::<IpAddr>().is_ok() || is_name(text)
}

/// Whether a text can be asked for in the domain name system: RFC 1035, section 2.3.4, and
/// underscores as in RFC 8552.
pub(super) fn is_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        (1..=63).contains(&label.len())
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.len() <= LONGEST && text.split('.').all(is_label)
}

fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// The host in an address as it is shown.
fn host_of(shown: &str) -> &str {
    let authority = shown.split_once("://").map_or(shown, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains([']', '}']) => host,
        Some(_) | None => authority,
    };
    bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_else() {
        for host in ["a", "db.example", "_x.example.", "10.0.0.1", "::1", "[::1]"] {
            assert!(is_host(host), "{host}");
        }
        let long = "a.".repeat(127) + "a";
        for host in [
            "", ".", "a b", "a:80", "a/b", "http://a", "a..b", "ä", &long,
        ] {
            assert!(!is_host(host), "{host}");
        }
    }

    #[test]
    fn the_host_of_an_address_is_shown_without_its_port() {
        for (shown, host) in [
            ("http://h/", "h"),
            ("https://${HOST}:80/", "${HOST}"),
            ("https://${HOST:-a}/", "${HOST:-a}"),
            ("http://[::1]:80/", "::1"),
            ("http://[::1]/", "::1"),
        ] {
            assert_eq!(host_of(shown), host);
        }
    }
}
