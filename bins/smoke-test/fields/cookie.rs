//! `Set-Cookie`: RFC 6265bis, sections 4.1.3 and 5.6. Values are never kept.
//! <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis>

use super::cookie_date;
use jiff::Timestamp;
use shared::config::SameSite;

/// Longer cookies are ignored: section 5.6.
const LONGEST: usize = 4096;

/// What a browser keeps of one line of the header, without the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cookie {
    /// Its name.
    pub(crate) name: String,
    /// Sent over TLS only.
    pub(crate) is_secure: bool,
    /// Kept from scripts.
    pub(crate) is_http_only: bool,
    /// Which requests from other sites carry it; none when that is left to the browser.
    pub(crate) same_site: Option<SameSite>,
    /// The host that it is for besides its own subdomains.
    pub(crate) domain: Option<String>,
    /// The path that it is for.
    pub(crate) path: Option<String>,
    /// Attributes that are there more than once; the last one holds.
    pub(crate) repeated: Vec<String>,
    /// Why browsers ignore it whatever its attributes are.
    pub(crate) ignored: Option<&'static str>,
    max_age: Option<i64>,
    expires: Option<Timestamp>,
}

/// How long a cookie lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Until the browser is closed.
    Session,
    /// So many seconds; none or fewer delete it.
    Seconds(i64),
}

impl Cookie {
    /// Reads one line of the header; none when it has no name.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() {
            return None;
        }
        let mut cookie = Self {
            name: name.to_owned(),
            ..Self::default()
        };
        if line.chars().any(|c| c.is_control() && c != '\t') {
            cookie.ignored = Some("it has a control character in it");
        } else if name.len() + value.len() > LONGEST {
            cookie.ignored = Some("its name and value are longer than 4096 bytes");
        }
        let mut seen = Vec::new();
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            if cookie.take(&key, value) {
                seen.push(key);
            }
        }
        seen.sort();
        cookie.repeated = repeated(&seen);
        Some(cookie)
    }

    /// Whether the attribute is one that means something.
    fn take(&mut self, key: &str, value: &str) -> bool {
        match key {
            "secure" => self.is_secure = true,
            "httponly" => self.is_http_only = true,
            "samesite" => self.same_site = same_site(value),
            // An attribute that cannot be read is as if it were not there.
            "max-age" => self.max_age = seconds(value).or(self.max_age),
            "expires" => self.expires = cookie_date::parse(value).or(self.expires),
            "domain" => {
                let domain = value.trim_start_matches('.').to_ascii_lowercase();
                self.domain = (!domain.is_empty()).then_some(domain);
            }
            "path" => self.path = value.starts_with('/').then(|| value.to_owned()),
            _ => return false,
        }
        true
    }

    /// How long it lives from now on: `Max-Age` before `Expires`.
    pub(crate) fn life(&self, now: Timestamp) -> Life {
        match (self.max_age, self.expires) {
            (Some(seconds), _) => Life::Seconds(seconds),
            (None, Some(end)) => Life::Seconds(end.as_second().saturating_sub(now.as_second())),
            (None, None) => Life::Session,
        }
    }

    /// Whether it is for the host that sets it. A domain of one label, such as `com`, is for no
    /// host but itself: browsers know from a list which others are nobody's own.
    pub(crate) fn is_for(&self, host: &str) -> bool {
        match &self.domain {
            None => true,
            Some(domain) => domain == host || (domain.contains('.') && covers(domain, host)),
        }
    }

    /// Why browsers do not take it: the rules of the prefixes and of `SameSite=None`.
    pub(crate) fn rejections(&self) -> Vec<&'static str> {
        let mut why: Vec<&'static str> = self.ignored.into_iter().collect();
        if self.same_site == Some(SameSite::None) && !self.is_secure {
            why.push("`SameSite=None` needs `Secure`");
        }
        let name = self.name.to_ascii_lowercase();
        let (is_host, is_secure) = (name.starts_with("__host-"), name.starts_with("__secure-"));
        if is_host && !self.is_secure {
            why.push("the prefix `__Host-` needs `Secure`");
        }
        if is_host && self.path.as_deref() != Some("/") {
            why.push("the prefix `__Host-` needs `Path=/`");
        }
        if is_host && self.domain.is_some() {
            why.push("the prefix `__Host-` forbids `Domain`");
        }
        if is_secure && !self.is_secure {
            why.push("the prefix `__Secure-` needs `Secure`");
        }
        why
    }
}

/// Whether a host is below a domain: RFC 6265, section 5.1.3.
pub(crate) fn covers(domain: &str, host: &str) -> bool {
    let is_below = host
        .strip_suffix(domain)
        .is_some_and(|rest| rest.ends_with('.'));
    is_below && !is_address(host)
}

/// Whether a host is an IP address rather than a name.
pub(crate) fn is_address(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare.parse::<core::net::IpAddr>().is_ok()
}

/// `Strict`, `Lax` or `None`.
pub(crate) fn word(same_site: SameSite) -> &'static str {
    match same_site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
        SameSite::None => "None",
    }
}

fn same_site(value: &str) -> Option<SameSite> {
    let known = [SameSite::Strict, SameSite::Lax, SameSite::None];
    let mut known = known.into_iter();
    known.find(|same_site| word(*same_site).eq_ignore_ascii_case(value))
}

fn seconds(value: &str) -> Option<i64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let limit = if value.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    is_number.then(|| value.parse().unwrap_or(limit))
}

fn repeated(sorted: &[String]) -> Vec<String> {
    let pairs = sorted.windows(2).filter(|pair| pair[0] == pair[1]);
    let mut names: Vec<String> = pairs.map(|pair| pair[0].clone()).collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cookie(line: &str) -> Cookie {
        Cookie::parse(line).expect("is a cookie")
    }

    #[test]
    fn attributes_are_read_in_any_case_and_the_value_is_forgotten() {
        let read = cookie("session=geheim; path=/; SECURE; HttpOnly; samesite=LAX; Max-Age=3600");
        assert!(read.is_secure && read.is_http_only);
        assert_eq!(read.same_site, Some(SameSite::Lax));
        assert_eq!(read.path.as_deref(), Some("/"));
        assert_eq!(read.life(Timestamp::UNIX_EPOCH), Life::Seconds(3600));
        assert!(!format!("{read:?}").contains("geheim"));
        assert_eq!(read.rejections(), Vec::<&str>::new());
    }

    #[test]
    fn max_age_goes_before_expires_and_the_last_attribute_holds() {
        let read = cookie("a=b; Expires=Thu, 01 Jan 1970 01:00:00 GMT; Max-Age=60; max-age=90");
        assert_eq!(read.life(Timestamp::UNIX_EPOCH), Life::Seconds(90));
        assert_eq!(read.repeated, ["max-age"]);
        let dated = cookie("a=b; Expires=Thu, 01 Jan 1970 01:00:00 GMT; Max-Age=soon");
        assert_eq!(dated.life(Timestamp::UNIX_EPOCH), Life::Seconds(3600));
        assert_eq!(cookie("a=b").life(Timestamp::UNIX_EPOCH), Life::Session);
        assert_eq!(
            cookie("a=; max-age=-1").life(Timestamp::UNIX_EPOCH),
            Life::Seconds(-1)
        );
        assert_eq!(cookie("a=b; samesite=lax; samesite=odd").same_site, None);
    }

    #[test]
    fn what_browsers_do_not_take_is_said() {
        for (line, why) in [
            (
                "a=b; SameSite=None",
                &["`SameSite=None` needs `Secure`"][..],
            ),
            (
                "__Host-a=b; Domain=example",
                &[
                    "the prefix `__Host-` needs `Secure`",
                    "the prefix `__Host-` needs `Path=/`",
                    "the prefix `__Host-` forbids `Domain`",
                ],
            ),
            ("__secure-a=b", &["the prefix `__Secure-` needs `Secure`"]),
            ("__Host-a=b; Secure; Path=/", &[]),
            ("a=b\u{1}", &["it has a control character in it"]),
        ] {
            assert_eq!(cookie(line).rejections(), why, "{line:?}");
        }
        let long = format!("a={}", "x".repeat(LONGEST));
        assert_eq!(cookie(&long).rejections().len(), 1);
        assert_eq!(Cookie::parse("session"), None);
        assert_eq!(Cookie::parse("=x; Secure"), None);
    }

    #[test]
    fn a_domain_is_for_itself_and_what_is_below_it() {
        for (domain, host, is_for) in [
            ("b.example", "b.example", true),
            (".B.example", "app.b.example", true),
            ("b.example", "xb.example", false),
            ("app.b.example", "b.example", false),
            ("evil.example", "b.example", false),
            ("example", "b.example", false),
            ("localhost", "localhost", true),
            ("0.0.1", "127.0.0.1", false),
        ] {
            let read = cookie(&format!("a=b; Domain={domain}"));
            assert_eq!(read.is_for(host), is_for, "{domain} {host}");
        }
        assert!(cookie("a=b").is_for("b.example"));
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "(?s).{0,80}") {
            if let Some(cookie) = Cookie::parse(&line) {
                let _ = (cookie.life(Timestamp::UNIX_EPOCH), cookie.rejections());
            }
        }

        #[test]
        fn a_value_is_never_kept(value in "[A-Z0-9]{12}") {
            let read = cookie(&format!("session={value}; Secure"));
            let shown = format!("{read:?}");
            prop_assert!(!shown.contains(&value));
        }
    }
}
