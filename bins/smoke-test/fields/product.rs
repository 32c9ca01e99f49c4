//! `Server` and its like: whether they tell a version (RFC 9110, section 10.2.4).

use regex::Regex;
use std::sync::LazyLock;

static VERSION: LazyLock<Regex> = LazyLock::new(|| pattern(r"/v?\d[\w.+~-]*|\b\d+\.\d[\w.+~-]*"));
static IN_PAGE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:nginx|openresty|apache|tomcat|jetty|caddy|lighttpd|microsoft-iis|litespeed|gunicorn|uvicorn|werkzeug|php|openssl|express|node\.js|spring boot)(?:/| v)\d[\w.]*",
    )
});

/// The version in a header's value.
pub(crate) fn version(value: &str) -> Option<&str> {
    VERSION
        .find(value)
        .map(|found| found.as_str().trim_start_matches('/'))
}

/// A server with its version in a page: error pages of servers like to have it at their foot.
pub(crate) fn in_page(body: &str) -> Option<&str> {
    IN_PAGE.find(body).map(|found| found.as_str())
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the literal is a pattern")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_alone_tells_no_version() {
        for value in [
            "nginx",
            "cloudflare",
            "Caddy",
            "Google Frontend",
            "HTTP3-Server",
            "",
        ] {
            assert_eq!(version(value), None, "{value}");
        }
        assert_eq!(version("nginx/1.22.1"), Some("1.22.1"));
        assert_eq!(version("Apache/2 (Debian)"), Some("2"));
        assert_eq!(version("Jetty(9.4.z)"), Some("9.4.z"));
        assert_eq!(version("WildFly 10.1"), Some("10.1"));
    }

    #[test]
    fn the_foot_of_an_error_page_is_seen() {
        assert_eq!(
            in_page("<center>nginx/1.22.1</center>"),
            Some("nginx/1.22.1")
        );
        assert_eq!(
            in_page("<h3>Apache Tomcat/9.0.1</h3>"),
            Some("Tomcat/9.0.1")
        );
        assert_eq!(in_page("<center>nginx</center> since 1.22"), None);
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "(?s).{0,60}") {
            let _ = (version(&value), in_page(&value));
        }
    }
}
