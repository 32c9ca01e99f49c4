//! Where the environment is: the address to ask, and the one to show, which never holds a secret.

use base64::Engine as _;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use shared::http::join;
use shared::secret::Secret;

/// Where a connection is opened to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Endpoint {
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// Whether TLS is spoken on it.
    pub(crate) is_secure: bool,
}

impl Endpoint {
    /// The host, and the port where it is not the usual one.
    pub(crate) fn authority(&self) -> String {
        let usual = if self.is_secure { 443 } else { 80 };
        if self.port == usual {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// An address to ask.
#[derive(Clone, Debug)]
pub(crate) struct Url {
    /// With everything that `${NAME}` stands for and with credentials.
    pub(crate) real: Secret,
    /// As the file has it, without credentials.
    pub(crate) shown: String,
    /// Where the connection is opened to.
    pub(crate) endpoint: Endpoint,
    /// The path and the query, as they are sent.
    pub(crate) target: Secret,
    /// `Basic …`, when a user or a password stands in front of the host.
    pub(crate) credentials: Option<Secret>,
}

impl Url {
    /// Whether a user or a password stands in front of the host.
    pub(crate) fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// Where it is, without who asks: what a redirect to it says.
    pub(crate) fn place(&self) -> String {
        match reqwest::Url::parse(self.real.expose()) {
            Ok(parsed) => without_user(parsed),
            Err(_) => self.shown.clone(),
        }
    }

    fn of(parsed: &reqwest::Url, shown: String) -> Result<Self, String> {
        let host = parsed.host_str().ok_or("no host")?.to_owned();
        let port = parsed.port_or_known_default().ok_or("no port")?;
        let endpoint = Endpoint {
            host,
            port,
            is_secure: parsed.scheme() == "https",
        };
        let query = parsed.query().map(|query| format!("?{query}"));
        let target = format!("{}{}", parsed.path(), query.unwrap_or_default());
        let (user, password) = (decoded(parsed.username()), parsed.password().map(decoded));
        let has_credentials = !user.is_empty() || password.is_some();
        let credentials = has_credentials.then(|| {
            let pair = format!("{user}:{}", password.unwrap_or_default());
            let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
            Secret::new(&*encoded);
            Secret::plain(format!("Basic {encoded}"))
        });
        Ok(Self {
            real: Secret::plain(parsed.as_str()),
            shown,
            endpoint,
            target: Secret::plain(target),
            credentials,
        })
    }
}

/// The environment's address, which paths are added to.
#[derive(Clone, Debug)]
pub(crate) struct Address(Url);

impl Address {
    /// Takes the address twice: resolved, and as the file has it. What stands in front of the
    /// host is a secret from then on. `Err` says what is wrong with it.
    pub(crate) fn parse(real: &str, raw: &str) -> Result<Self, String> {
        let parsed = reqwest::Url::parse(real)
            .map_err(|error| format!("the `url` cannot be asked: {error}"))?;
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err("the `url` must end before `?` and `#`: paths are added to it".into());
        }
        let (user, password) = (parsed.username(), parsed.password());
        for secret in secrets(user, password) {
            Secret::new(secret);
        }
        let shown = without_credentials(raw).trim_end_matches('/').to_owned();
        let mut url = Url::of(&parsed, shown)?;
        url.real = Secret::plain(real);
        Ok(Self(url))
    }

    /// The address of a path below it. `Err` says what is wrong with the path.
    pub(crate) fn at(&self, path: &str) -> Result<Url, String> {
        if path.chars().any(char::is_control) {
            return Err("a control character, which no address has".into());
        }
        if path.contains('#') {
            return Err("a `#`, and what follows it is never sent".into());
        }
        let real = join(self.0.real.expose(), path);
        let parsed = reqwest::Url::parse(&real).map_err(|error| format!("a mistake: {error}"))?;
        Url::of(&parsed, join(&self.0.shown, path))
    }

    /// Where connections to it are opened to.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// The address of a whole URL at the same host and port, asked as the same user; none when it
    /// is somewhere else.
    pub(crate) fn same_host(&self, url: &str) -> Option<Url> {
        let parsed = reqwest::Url::parse(url).ok()?;
        let there = Url::of(&parsed, String::new()).ok()?;
        let is_same = there.endpoint == self.0.endpoint && parsed.fragment().is_none();
        is_same
            .then(|| self.at_root(there.target.expose()))
            .flatten()
    }

    /// The address of a path with its query from the root of the host, wherever paths are added to
    /// it else: what a page or a redirect of the host names.
    pub(crate) fn at_root(&self, target: &str) -> Option<Url> {
        let mut parsed = reqwest::Url::parse(self.0.real.expose()).ok()?;
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        parsed.set_path(path);
        parsed.set_query(query);
        let shown = &self.0.shown;
        let start = shown.find("://").map_or(0, |at| at + 3);
        let end = shown[start..].find('/').map(|at| start + at);
        let host = &shown[..end.unwrap_or(shown.len())];
        Url::of(&parsed, join(host, target)).ok()
    }

    /// The address to show.
    pub(crate) fn shown(&self) -> &str {
        &self.0.shown
    }
}

/// A URL without who asks it.
pub(crate) fn without_user(mut url: reqwest::Url) -> String {
    // They fail for addresses without a host alone, which have none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// What must be masked: the password, or the user when it is a token that stands alone, as
/// written and decoded, and what basic authentication makes of the two.
fn secrets(user: &str, password: Option<&str>) -> Vec<String> {
    let mut secrets = Vec::new();
    let alone = password.unwrap_or(user);
    for text in [alone.to_owned(), decoded(alone)] {
        if !text.is_empty() {
            secrets.push(text);
        }
    }
    if !secrets.is_empty() {
        // Masked in base64 as well, so `Authorization: Basic …` is covered when it is echoed.
        secrets.push(format!(
            "{}:{}",
            decoded(user),
            decoded(password.unwrap_or_default())
        ));
    }
    secrets
}

/// A text in which `%` and two digits stand for a byte.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn without_credentials(raw: &str) -> String {
    let Some((scheme, rest)) = raw.split_once("://") else {
        return raw.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

/// The name that a certificate for this host must have; the brackets of an IPv6 address are no
/// part of it.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, InvalidDnsNameError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(bare.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn credentials_are_asked_with_and_never_shown() {
        let real = "http://deploy:p4ss%2Fword@staging.example:8080/";
        let address = Address::parse(real, "http://deploy:${PW}@staging.example:8080/")
            .expect("is an address");
        assert_eq!(address.shown(), "http://staging.example:8080");
        let url = address.at("/api/health?full=1").expect("is a path");
        assert_eq!(url.shown, "http://staging.example:8080/api/health?full=1");
        assert_eq!(
            url.real.expose(),
            "http://deploy:p4ss%2Fword@staging.example:8080/api/health?full=1"
        );
        assert!(url.has_credentials());
        let redact = shared::secret::redact;
        assert_eq!(redact("p4ss%2Fword and p4ss/word"), "*** and ***");
        // deploy:p4ss/word
        assert_eq!(redact("Basic ZGVwbG95OnA0c3Mvd29yZA=="), "Basic ***");
    }

    #[test]
    fn an_address_without_credentials_is_shown_as_the_file_has_it() {
        let address = Address::parse("http://127.0.0.1:80", "http://${HOST}:80").expect("parses");
        assert_eq!(address.shown(), "http://${HOST}:80");
        assert!(!address.at("/").expect("is a path").has_credentials());
    }

    #[test]
    fn what_paths_cannot_be_added_to_is_refused() {
        for url in [
            "http://",
            "http://a b",
            "http://a/?x=1",
            "http://a/#top",
            "http://a:99999",
        ] {
            assert!(Address::parse(url, url).is_err(), "{url}");
        }
        let address = Address::parse("http://a", "http://a").expect("parses");
        assert!(address.at("/x#y").is_err());
        assert!(address.at("/x\ny").is_err());
    }

    #[test]
    fn what_the_host_names_itself_is_not_below_the_path_of_the_address() {
        let real = "http://u:p@a.example:8080/app";
        let address = Address::parse(real, "http://u:${PW}@a.example:8080/app").expect("parses");
        let url = address.at_root("/app/main.js?v=1").expect("is a path");
        assert_eq!(url.shown, "http://a.example:8080/app/main.js?v=1");
        assert_eq!(url.target.expose(), "/app/main.js?v=1");
        assert!(url.has_credentials());
        assert_eq!(url.place(), "http://a.example:8080/app/main.js?v=1");
        let same = address.same_host("http://a.example:8080/app/health");
        let same = same.expect("is the same host");
        assert_eq!(same.place(), "http://a.example:8080/app/health");
        assert!(address.same_host("http://b.example:8080/app").is_none());
        let away = address.at_root("//evil.example/x").expect("is a path");
        assert_eq!(away.endpoint.host, "a.example");
    }

    #[test]
    fn a_path_cannot_leave_the_host() {
        let address = Address::parse("http://a.example", "http://a.example").expect("parses");
        for path in ["//evil.example/x", "@evil.example", "http://evil.example"] {
            let url = address.at(path).expect("is taken as a path");
            let parsed = reqwest::Url::parse(url.real.expose()).expect("was checked");
            assert_eq!(parsed.host_str(), Some("a.example"), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_an_address_panic(real in ".{0,60}", raw in ".{0,60}", path in ".{0,30}") {
            if let Ok(address) = Address::parse(&real, &raw) {
                let _ = address.at(&path);
            }
            let _ = decoded(&real);
        }
    }
}
