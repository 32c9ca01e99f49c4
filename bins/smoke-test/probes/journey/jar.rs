//! Cookies of a journey, kept and sent back as browsers do. Which paths of a host they are for does
//! not matter to a journey. <https://www.rfc-editor.org/rfc/rfc6265#section-5.3>

use super::{cookie, guarded};
use crate::address::Endpoint;
use crate::answer::Answer;
use crate::fields::cookie::{Cookie, Life, covers};
use crate::plan::Request;
use crate::reproduce::Header;
use shared::secret::Secret;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What was kept, by host and name.
#[derive(Default)]
pub(super) struct Jar(BTreeMap<(String, String), Kept>);

struct Kept {
    value: String,
    /// For the subdomains of the host as well.
    is_for_subdomains: bool,
    is_secure: bool,
}

impl Jar {
    /// Keeps what an answer sets and removes what it ends. What browsers refuse is not kept: a
    /// journey that needs it must not come to its end.
    pub(super) fn keep(&mut self, request: &Request, answer: &Answer) {
        let host = request.host();
        for line in answer.values("set-cookie") {
            let (Some(read), Some((name, value))) = (Cookie::parse(line), cookie(line)) else {
                continue;
            };
            let is_refused = !read.rejections().is_empty()
                || !read.is_for(&host)
                || (read.is_secure && !is_trustworthy(&request.url.endpoint));
            if is_refused {
                continue;
            }
            let domain = read.domain.clone();
            let key = (domain.unwrap_or_else(|| host.clone()), name.to_owned());
            let is_over = matches!(read.life(answer.received), Life::Seconds(left) if left <= 0);
            if is_over || value.is_empty() {
                self.0.remove(&key);
                continue;
            }
            let kept = Kept {
                value: guarded(value),
                is_for_subdomains: read.domain.is_some(),
                is_secure: read.is_secure,
            };
            self.0.insert(key, kept);
        }
    }

    /// Puts what is for the request into it, unless it has a header for them of its own.
    pub(super) fn add(&self, request: &mut Request) {
        let host = request.host();
        let own = self.0.iter().filter(|((domain, _), kept)| {
            (*domain == host || (kept.is_for_subdomains && covers(domain, &host)))
                && (!kept.is_secure || is_trustworthy(&request.url.endpoint))
        });
        let pairs: Vec<String> = own
            .map(|((_, name), kept)| format!("{name}={}", kept.value))
            .collect();
        let has_own = |(name, _): &(String, Secret)| name.eq_ignore_ascii_case("cookie");
        if pairs.is_empty() || request.headers.iter().any(has_own) {
            return;
        }
        request
            .headers
            .push(("cookie".into(), Secret::plain(pairs.join("; "))));
        request.shown.push(Header {
            name: "cookie".into(),
            raw: "${COOKIE}".into(),
        });
    }
}

/// Where `Secure` cookies are kept and sent: over TLS, and on the machine itself.
/// <https://www.w3.org/TR/secure-contexts/#is-origin-trustworthy>
fn is_trustworthy(endpoint: &Endpoint) -> bool {
    let bare = endpoint.host.trim_matches(['[', ']']);
    let is_local = bare == "localhost" || bare.ends_with(".localhost");
    endpoint.is_secure || is_local || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{answer, request};

    fn at(host: &str) -> Request {
        let mut request = request("/");
        request.url.endpoint.host = host.into();
        request
    }

    fn keep(jar: &mut Jar, host: &str, lines: &[&str]) {
        let mut given = answer(200, "");
        let set = |line: &&str| ("set-cookie".to_owned(), (*line).to_owned());
        given.headers = lines.iter().map(set).collect();
        jar.keep(&at(host), &given);
    }

    fn sent(jar: &Jar, mut request: Request) -> String {
        jar.add(&mut request);
        let first = request.headers.first();
        first
            .map(|(_, value)| value.expose().to_owned())
            .unwrap_or_default()
    }

    #[test]
    fn cookies_come_back_to_their_host_until_they_are_over() {
        let mut jar = Jar::default();
        keep(&mut jar, "h", &["a=1; Path=/; HttpOnly", "b=2"]);
        assert_eq!(sent(&jar, at("h")), "a=1; b=2");
        assert_eq!(sent(&jar, at("other")), "");
        keep(&mut jar, "h", &["a=; Max-Age=0", "b=3"]);
        assert_eq!(sent(&jar, at("h")), "b=3");
        keep(
            &mut jar,
            "h",
            &["b=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
        );
        assert_eq!(sent(&jar, at("h")), "");
    }

    #[test]
    fn a_cookie_of_a_domain_is_for_its_subdomains_and_a_foreign_one_is_not_kept() {
        let mut jar = Jar::default();
        let lines = ["a=1; Domain=b.example", "c=2; Domain=evil.example", "d=3"];
        keep(&mut jar, "app.b.example", &lines);
        assert_eq!(sent(&jar, at("app.b.example")), "d=3; a=1");
        assert_eq!(sent(&jar, at("api.b.example")), "a=1");
        assert_eq!(sent(&jar, at("evil.example")), "");
        assert_eq!(sent(&jar, at("xb.example")), "");
    }

    #[test]
    fn a_secure_cookie_goes_over_tls_and_to_this_machine_alone() {
        let mut jar = Jar::default();
        keep(&mut jar, "h", &["a=1; Secure"]);
        assert_eq!(sent(&jar, at("h")), "");
        keep(&mut jar, "127.0.0.1", &["a=1; Secure"]);
        assert_eq!(sent(&jar, at("127.0.0.1")), "a=1");
        let mut first = at("h");
        first.url.endpoint.is_secure = true;
        let mut given = answer(200, "");
        given.headers = vec![("set-cookie".into(), "a=1; Secure".into())];
        jar.keep(&first, &given);
        assert_eq!(sent(&jar, first), "a=1");
        assert_eq!(sent(&jar, at("h")), "");
    }
}
