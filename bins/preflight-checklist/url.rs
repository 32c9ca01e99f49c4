//! The parts of a URL that rules speak of; several hosts, as database drivers take them, included.

/// A URL taken apart. Nothing in here may be printed but the scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    /// In lower case.
    pub scheme: String,
    /// The user, when one is named.
    pub user: Option<&'a str>,
    /// The password, when there is one.
    pub password: Option<&'a str>,
}

/// Schemes that mean nothing without a host; others may name a file or a socket instead.
const NEEDS_HOST: [&str; 4] = ["http", "https", "ws", "wss"];

/// Takes a URL apart, or says what is wrong with it without quoting it.
pub fn parse(text: &str) -> Result<Url<'_>, &'static str> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it contains a blank or a control character");
    }
    let (scheme, rest) = text.split_once("://").ok_or("it has no `://`")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !is_scheme {
        return Err("what stands before `://` is no scheme");
    }
    let scheme = scheme.to_ascii_lowercase();
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (Some(login), hosts),
        None => (None, authority),
    };
    if hosts.is_empty() && (path.len() < 2 || NEEDS_HOST.contains(&scheme.as_str())) {
        return Err("it names no host");
    }
    if !hosts.is_empty() {
        hosts.split(',').try_for_each(host)?;
    }
    if let Some(login) = login {
        percent_encoding(login)?;
    }
    let (user, password) = match login.map(|login| (login, login.split_once(':'))) {
        Some((_, Some((user, password)))) => (Some(user), Some(password)),
        Some((user, None)) => (Some(user), None),
        None => (None, None),
    };
    Ok(Url {
        scheme,
        user,
        password,
    })
}

fn host(host: &str) -> Result<(), &'static str> {
    let (name, port) = if let Some(inner) = host.strip_prefix('[') {
        let (name, after) = inner
            .split_once(']')
            .ok_or("the `[` of its host is not closed")?;
        let port = after.strip_prefix(':').unwrap_or(after);
        if port == after && !after.is_empty() {
            return Err("there is something behind the `]` of its host");
        }
        (name, port)
    } else {
        host.split_once(':').unwrap_or((host, ""))
    };
    if name.is_empty() {
        return Err("it names no host");
    }
    if !port.is_empty() && port.parse::<u16>().is_err() {
        // Mostly a `/`, `#` or `?` in the password, which ends the part that holds the host.
        return Err(
            "its port is no number up to 65535; special characters of a password must be percent-encoded",
        );
    }
    Ok(())
}

fn percent_encoding(text: &str) -> Result<(), &'static str> {
    let is_encoded = text.split('%').skip(1).all(|piece| {
        let mut digits = piece.bytes().take(2);
        digits.len() == 2 && digits.all(|b| b.is_ascii_hexdigit())
    });
    if is_encoded {
        Ok(())
    } else {
        Err("a `%` in its login is not followed by two hexadecimal digits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_services_parse() {
        for (text, scheme, password) in [
            ("https://cal-system.io", "https", None),
            ("http://localhost:4900/path?x=1#y", "http", None),
            (
                "postgres://cal:p%40ss@db:5432/cal?sslmode=require",
                "postgres",
                Some("p%40ss"),
            ),
            (
                "postgresql://cal:pass@a:5432,b:5433/cal",
                "postgresql",
                Some("pass"),
            ),
            ("postgres:///cal?host=/run/postgresql", "postgres", None),
            ("redis://:pass@[::1]:6379/0", "redis", Some("pass")),
            ("REDISS://cache", "rediss", None),
            ("https://key@sentry.io/12", "https", None),
            ("sqlite:///data/cal.db", "sqlite", None),
        ] {
            let url = parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(
                (url.scheme.as_str(), url.password),
                (scheme, password),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_being_quoted() {
        for text in [
            "",
            "localhost:4900",
            "://host",
            "1http://host",
            "http://",
            "http:///path",
            "postgres:///",
            "http://host:port",
            "http://host:99999",
            "http://[::1",
            "http://[::1]x",
            "postgres://u:p/s#s@host/d",
            "postgres://u:p%zz@host/d",
            "postgres://u:p%@host/d",
            "http://a b",
            "http://a,/x",
        ] {
            let why = parse(text).expect_err(text);
            assert!(text.is_empty() || !why.contains(text), "{why}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,60}") {
            let _ = parse(&text);
        }

        #[test]
        fn nothing_after_a_scheme_makes_it_panic(text in "(?s)http://.{0,60}") {
            let _ = parse(&text);
        }
    }
}
