//! That an address is asked over HTTPS and nothing else.

use super::Planned;
use super::request::Request;
use super::scope::Scope;
use crate::address::{Address, Endpoint};
use crate::reproduce;
use shared::config::{Hsts, HttpsProbe};
use shared::error::Result;
use shared::gate::Step;

/// That an address is asked over HTTPS and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct HttpsPlan {
    /// What it is called.
    pub(crate) name: String,
    /// What is asked over HTTPS.
    pub(crate) secure: Request,
    /// The same over plain HTTP.
    pub(crate) clear: Request,
    /// The statuses with which plain HTTP may lead to HTTPS.
    pub(crate) statuses: Vec<u16>,
    /// What browsers must be told to remember.
    pub(crate) hsts: Option<Hsts>,
    /// The command that shows the answer over HTTPS.
    pub(crate) reproduce_secure: String,
    /// The command that shows the answer over plain HTTP.
    pub(crate) reproduce_clear: String,
}

impl HttpsPlan {
    /// Where plain HTTP is tried.
    pub(crate) fn door(&self) -> &Endpoint {
        &self.clear.url.endpoint
    }
}

impl Planned for HttpsPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["https-only"]
    }

    fn steps(&self) -> Vec<Step> {
        let (name, secure) = (&self.name, &self.secure.url.shown);
        let hsts = if self.hsts.is_some() {
            ", with HSTS"
        } else {
            ""
        };
        vec![
            Step::reads(
                format!("probe `{name}`: leads to {secure} or is closed"),
                self.clear.call(),
            ),
            Step::reads(format!("probe `{name}`: answers{hsts}"), self.secure.call()),
        ]
    }

    fn requests(&self) -> u64 {
        // Whether the port is open, and what each of the two answers.
        3
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &HttpsProbe) -> Result<HttpsPlan> {
    let address = scope.address(probe.at.as_ref())?;
    if !address.endpoint().is_secure {
        let shown = address.shown();
        return Err(scope
            .refuse(format!(
                "asks `{shown}`, which does not start with `https://`"
            ))
            .hint("name another of the environment's `addresses` with `at`"));
    }
    if probe.redirect.is_empty() {
        return Err(scope.refuse("has no status in `redirect`, so nothing could lead to HTTPS"));
    }
    if let Some(other) = probe
        .redirect
        .iter()
        .find(|status| !(301..=308).contains(*status))
    {
        return Err(scope.refuse(format!("has {other} in `redirect`, which is no redirect")));
    }
    if probe.port == 0 || probe.port == address.endpoint().port {
        let port = probe.port;
        return Err(scope.refuse(format!(
            "has the `port` {port}, which cannot speak plain HTTP"
        )));
    }
    let secure = scope.get(probe.at.as_ref(), &probe.path, probe.within)?;
    let clear = clear(address, probe.port);
    let clear = clear.and_then(|address| address.at(&probe.path));
    let clear = clear.map_err(|why| scope.refuse(format!("has a `path` with {why}")))?;
    let clear = Request::get(clear, probe.within);
    Ok(HttpsPlan {
        name: probe.name.value.clone(),
        reproduce_secure: reproduce::request(&secure),
        reproduce_clear: reproduce::request(&clear),
        secure,
        clear,
        statuses: probe.redirect.clone(),
        hsts: probe.hsts,
    })
}

/// The same host over plain HTTP. Credentials stay behind, and so does the path of the address,
/// which may have a secret in it.
fn clear(address: &Address, port: u16) -> Result<Address, String> {
    let place = |host: &str| match port {
        80 => format!("http://{host}"),
        port => format!("http://{host}:{port}"),
    };
    let shown = reproduce::authority(address.shown());
    let shown_host = shown
        .rsplit_once(':')
        .map_or(shown.as_str(), |(host, _)| host);
    Address::parse(&place(&address.endpoint().host), &place(shown_host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_asked_without_credentials() {
        let address = Address::parse(
            "https://u:hunter22@a.example:8443/app",
            "https://u:${PW}@${HOST}:8443/app",
        );
        let clear = clear(&address.expect("is an address"), 8080).expect("is an address");
        let url = clear.at("/x").expect("is a path");
        assert_eq!(url.real.expose(), "http://a.example:8080/x");
        assert_eq!(url.shown, "http://${HOST}:8080/x");
        assert!(url.credentials.is_none());
    }

    #[test]
    fn the_usual_port_is_not_shown() {
        let address = Address::parse("https://[::1]/", "https://[::1]/").expect("is an address");
        let clear = clear(&address, 80).expect("is an address");
        assert_eq!(clear.shown(), "http://[::1]");
        assert_eq!(clear.endpoint().port, 80);
    }
}
