//! Which pages of other origins may use an address.

use super::request_header::is_header_name;
use super::scope::{KNOWN, Scope};
use super::{Planned, Request};
use shared::config::{CorsProbe, Located, nearest_hint};
use shared::error::Result;
use shared::gate::Step;

/// A port that no page is served at.
const ODD_PORT: u16 = 47;

/// Which pages of other origins may use an address.
#[derive(Clone, Debug)]
pub(crate) struct CorsPlan {
    /// What it is called.
    pub(crate) name: String,
    /// The method that a page would use.
    pub(crate) method: String,
    /// The request headers that it must be allowed to send, in lower case.
    pub(crate) headers: Vec<String>,
    /// Whether credentials must be allowed.
    pub(crate) credentials: bool,
    /// The origin that must be allowed.
    pub(crate) allowed: Party,
    /// Those that must not be.
    pub(crate) denied: Vec<Party>,
}

/// A page of another origin, and what it sends.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    /// Its origin.
    pub(crate) origin: String,
    /// Who it is to the service.
    pub(crate) standing: Standing,
    /// The question before the request: <https://fetch.spec.whatwg.org/#cors-preflight-fetch>.
    pub(crate) preflight: Request,
    /// The request itself, when it changes nothing.
    pub(crate) actual: Option<Request>,
}

/// Who a page is to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The file names its origin.
    Named,
    /// Its origin is made up, and nobody allows it on purpose; it is tried always.
    Stranger,
    /// Its host is that of the allowed one, by another scheme or port: some allow that where there
    /// is nothing to steal.
    Neighbour,
}

impl Planned for CorsPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["cors"]
    }

    fn steps(&self) -> Vec<Step> {
        let parties = std::iter::once((&self.allowed, "allowed"));
        let denied = self.denied.iter().map(|party| (party, "turned away"));
        let step = |(party, what): (&Party, &str)| {
            let purpose = format!("probe `{}`: `{}` is {what}", self.name, party.origin);
            let calls = std::iter::once(&party.preflight).chain(&party.actual);
            let calls: Vec<String> = calls.map(Request::call).collect();
            Step::reads(purpose, calls.join("\n"))
        };
        parties.chain(denied).map(step).collect()
    }

    fn requests(&self) -> u64 {
        let each = 1 + u64::from(self.allowed.actual.is_some());
        each * (self.denied.len() as u64 + 1)
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &CorsProbe) -> Result<CorsPlan> {
    let method = probe.method.as_str();
    if !KNOWN.contains(&method) {
        let message = format!("has the method `{method}`, which is not known");
        return Err(scope.refuse(message).hint(nearest_hint(method, &KNOWN)));
    }
    for header in &probe.headers {
        if !is_header_name(&header.value) {
            let message = format!("sends `{}`, which cannot be a header's name", header.value);
            return Err(scope.refuse_at(header, message));
        }
    }
    origins(scope, probe)?;
    let mut headers: Vec<String> = (probe.headers.iter())
        .map(|header| header.value.to_ascii_lowercase())
        .collect();
    headers.sort();
    headers.dedup();
    let page = scope.get(probe.at.as_ref(), &probe.path, probe.within)?;
    let party = |origin: &str, standing| party(&page, method, &headers, origin, standing);
    let mut denied: Vec<Party> = (probe.denied.iter())
        .map(|origin| party(&origin.value, Standing::Named))
        .collect();
    for (origin, standing) in others(&probe.origin.value, &scope.context.run.id) {
        if denied.iter().all(|party| party.origin != origin) {
            denied.push(party(&origin, standing));
        }
    }
    Ok(CorsPlan {
        name: probe.name.value.clone(),
        method: method.to_owned(),
        credentials: probe.credentials,
        allowed: party(&probe.origin.value, Standing::Named),
        denied,
        headers,
    })
}

fn party(
    page: &Request,
    method: &str,
    headers: &[String],
    origin: &str,
    standing: Standing,
) -> Party {
    let mut preflight = page.clone();
    preflight.method = "OPTIONS".into();
    preflight = preflight
        .with("origin", origin)
        .with("access-control-request-method", method);
    if !headers.is_empty() {
        preflight = preflight.with("access-control-request-headers", &headers.join(","));
    }
    let is_harmless = matches!(method, "GET" | "HEAD");
    let actual = is_harmless.then(|| {
        let mut actual = page.clone().with("origin", origin);
        actual.method = method.to_owned();
        actual
    });
    Party {
        origin: origin.to_owned(),
        standing,
        preflight,
        actual,
    }
}

/// Origins that nobody allows on purpose: that of sandboxed and local pages, one that nobody has
/// ever heard of, one that begins as the allowed one does and one that ends so. And those of the
/// allowed host without TLS and at another port.
fn others(allowed: &str, run: &str) -> Vec<(String, Standing)> {
    use Standing::{Neighbour, Stranger};
    let mut others = vec![
        ("null".to_owned(), Stranger),
        (format!("https://sluicegate-{run}.example"), Stranger),
    ];
    let (scheme, authority) = allowed.split_once("://").unwrap_or(("https", allowed));
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, format!(":{port}")),
        None => (authority, String::new()),
    };
    if !host.contains(|c: char| c.is_ascii_alphabetic()) || host.starts_with('[') {
        return others;
    }
    others.push((
        format!("{scheme}://{host}.sluicegate-{run}.example"),
        Stranger,
    ));
    if host.contains('.') {
        let site = site(host);
        others.push((format!("{scheme}://sluicegate-{run}{site}{port}"), Stranger));
        if scheme == "https" {
            others.push((format!("http://{host}"), Neighbour));
        }
        others.push((format!("{scheme}://{host}:{ODD_PORT}"), Neighbour));
    }
    others
}

/// The part of a host that somebody registers, as far as that can be told without a list: what ends
/// in it without a dot before is a foreign one. A whole host of three parts would not do: many
/// allow everything below their own domain.
fn site(host: &str) -> &str {
    const SECOND: [&str; 9] = ["ac", "co", "com", "edu", "go", "gov", "ne", "net", "org"];
    let labels: Vec<&str> = host.rsplit('.').collect();
    let is_of_a_country = |first: &str, second: &str| first.len() == 2 && SECOND.contains(&second);
    let count = match labels[..] {
        [first, second, _, ..] if is_of_a_country(first, second) => 3,
        _ => 2,
    };
    let before = labels.iter().skip(count).map(|label| label.len() + 1).sum();
    host.get(before..).unwrap_or(host)
}

fn origins(scope: &Scope<'_>, probe: &CorsProbe) -> Result<()> {
    let wrong = |origin: &Located<String>, why: &str| {
        Err(scope.refuse_at(origin, format!("has the origin `{}`, {why}", origin.value)))
    };
    if probe.origin.value == "null" {
        return wrong(
            &probe.origin,
            "which every sandboxed page has, so nobody can be meant",
        );
    }
    for origin in std::iter::once(&probe.origin).chain(&probe.denied) {
        if !is_origin(&origin.value) {
            return wrong(
                origin,
                "which must be a scheme and a host in lower case: `https://h`",
            );
        }
    }
    match probe
        .denied
        .iter()
        .find(|origin| origin.value == probe.origin.value)
    {
        Some(origin) => wrong(origin, "which must be allowed and denied"),
        None => Ok(()),
    }
}

/// As browsers write it: <https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin>.
fn is_origin(text: &str) -> bool {
    let parsed = reqwest::Url::parse(text);
    let is_same = |url: reqwest::Url| url.origin().ascii_serialization() == text;
    text == "null" || parsed.is_ok_and(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_would_send() {
        for origin in ["https://console.example", "http://127.0.0.1:3000", "null"] {
            assert!(is_origin(origin), "{origin}");
        }
        for origin in [
            "",
            "*",
            "console.example",
            "https://console.example/",
            "https://Console.example",
            "https://console.example:443",
            "https://console.example/app",
        ] {
            assert!(!is_origin(origin), "{origin}");
        }
    }

    fn tried(allowed: &str) -> Vec<String> {
        let others = others(allowed, "a1").into_iter();
        let others: Vec<String> = others.map(|(origin, _)| origin).collect();
        assert!(others.iter().all(|origin| is_origin(origin)), "{others:?}");
        others
    }

    #[test]
    fn strangers_are_new_in_each_run_and_look_alike() {
        assert_eq!(
            tried("https://console.example:8443"),
            [
                "null",
                "https://sluicegate-a1.example",
                "https://console.example.sluicegate-a1.example",
                "https://sluicegate-a1console.example:8443",
                "http://console.example",
                "https://console.example:47",
            ]
        );
        assert_eq!(tried("http://console.example").len(), 5);
        assert_eq!(tried("http://localhost:3000").len(), 3);
        assert_eq!(tried("http://127.0.0.1:3000").len(), 2);
        assert_eq!(tried("http://[fe80::1]:3000").len(), 2);
    }

    #[test]
    fn one_that_ends_alike_is_below_no_domain_of_the_service() {
        for (host, site) in [
            ("example.org", "example.org"),
            ("a.b.example.org", "example.org"),
            ("console.example.co.uk", "example.co.uk"),
            ("example.co.uk", "example.co.uk"),
            ("co.uk", "co.uk"),
        ] {
            assert_eq!(super::site(host), site, "{host}");
        }
    }
}
