//! Cookies that must be set, and how; their values are never looked at.

use super::Found;
use crate::answer::{Answer, shown};
use crate::fields::cookie::{Cookie, Life, is_address, word};
use crate::plan::Expectations;
use jiff::Timestamp;
use shared::config::{CookieRule, SameSite};

/// Judges every cookie that is expected.
pub(crate) fn judge(expectations: &Expectations, answer: &Answer) -> Found {
    let mut found = Found::default();
    let lines = answer.values("set-cookie");
    let cookies: Vec<Cookie> = lines.into_iter().filter_map(Cookie::parse).collect();
    for (name, rule) in &expectations.cookies {
        let prefix = if rule.host_prefix { "__Host-" } else { "" };
        let wanted = format!("{prefix}{name}");
        let mut same = cookies
            .iter()
            .filter(|cookie| cookie.name == wanted)
            .peekable();
        if same.peek().is_none() {
            missing(name, &wanted, &cookies, &mut found);
        }
        for cookie in same {
            one(
                rule,
                cookie,
                (&expectations.host, answer.received),
                &mut found,
            );
        }
    }
    found
}

fn missing(name: &str, wanted: &str, cookies: &[Cookie], found: &mut Found) {
    if wanted != name && cookies.iter().any(|cookie| cookie.name == name) {
        let message = format!("sets the cookie `{name}` without the prefix `__Host-`");
        return found.wrong(message, format!("`{name}`"), format!("`{wanted}`"));
    }
    let names: Vec<String> = cookies
        .iter()
        .map(|cookie| shown(&cookie.name, 60))
        .collect();
    let observed = if names.is_empty() {
        "no cookie".to_owned()
    } else {
        format!("`{}`", names.join("`, `"))
    };
    found.wrong(
        format!("sets no cookie `{wanted}`"),
        observed,
        format!("`{wanted}`"),
    );
}

fn one(rule: &CookieRule, cookie: &Cookie, (host, now): (&str, Timestamp), found: &mut Found) {
    let (name, observed) = (&cookie.name, attributes(cookie, now));
    let mut faults = faults(rule, cookie, now);
    if let Some(domain) = cookie.domain.as_deref().filter(|_| !cookie.is_for(host)) {
        let domain = shown(domain, 60);
        // A service that is asked by its address, past what its users go through, sets its cookies
        // for the name that they use.
        if is_address(host) || !host.contains('.') {
            found.unknown.push(format!(
                "sets the cookie `{name}` for `{domain}` and was asked at `{host}`, so whether a \
                 browser keeps it cannot be told; send the header `host` with its name"
            ));
            return;
        }
        faults.push((
            format!("for `{domain}`, which browsers refuse from `{host}`"),
            format!("a cookie for `{host}`"),
        ));
    }
    for (fault, expected) in &faults {
        found.wrong(
            format!("sets the cookie `{name}` {fault}"),
            &observed,
            expected,
        );
    }
    if faults.is_empty() {
        found
            .evidence
            .push(format!("sets `{name}` with {observed}"));
    }
}

/// What is wrong, as it follows the cookie's name, and what had to be.
fn faults(rule: &CookieRule, cookie: &Cookie, now: Timestamp) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    let mut add = |fault: String, expected: &str| faults.push((fault, expected.to_owned()));
    for why in cookie.rejections() {
        add(
            format!("in a way that browsers refuse: {why}"),
            "a cookie that is kept",
        );
    }
    for name in &cookie.repeated {
        add(format!("with `{name}` twice"), "each attribute once");
    }
    if rule.secure && !cookie.is_secure {
        add("without `Secure`".into(), "Secure");
    }
    if rule.http_only && !cookie.is_http_only {
        add("without `HttpOnly`".into(), "HttpOnly");
    }
    if let Some(wanted) = rule.same_site
        && cookie.same_site != Some(wanted)
    {
        let expected = format!("SameSite={}", word(wanted));
        add(
            format!("{}, not `{expected}`", with_same_site(cookie.same_site)),
            &expected,
        );
    }
    if let Some(wanted) = &rule.path
        && cookie.path.as_ref() != Some(wanted)
    {
        add(
            format!("for another path than `{wanted}`"),
            &format!("Path={wanted}"),
        );
    }
    match (cookie.life(now), rule.max_age_at_most) {
        (Life::Seconds(left), _) if left <= 0 => {
            add("only to delete it".into(), "a cookie that lives");
        }
        (Life::Seconds(left), Some(most))
            if u64::try_from(left).unwrap_or(u64::MAX) > most.duration().as_secs() =>
        {
            add(
                format!("for {left} s, and {most} are allowed"),
                &format!("at most {most}"),
            );
        }
        (Life::Seconds(_) | Life::Session, _) => {}
    }
    faults
}

fn with_same_site(same_site: Option<SameSite>) -> String {
    match same_site {
        Some(same_site) => format!("with `SameSite={}`", word(same_site)),
        None => "without a `SameSite` that is known".into(),
    }
}

/// `Secure; HttpOnly; SameSite=Lax; Path=/; 3600 s`.
fn attributes(cookie: &Cookie, now: Timestamp) -> String {
    let mut words = Vec::new();
    if cookie.is_secure {
        words.push("Secure".to_owned());
    }
    if cookie.is_http_only {
        words.push("HttpOnly".to_owned());
    }
    words.extend(
        cookie
            .same_site
            .map(|same| format!("SameSite={}", word(same))),
    );
    words.extend(
        cookie
            .path
            .as_ref()
            .map(|path| format!("Path={}", shown(path, 60))),
    );
    words.extend(
        cookie
            .domain
            .as_ref()
            .map(|domain| format!("Domain={}", shown(domain, 60))),
    );
    words.push(match cookie.life(now) {
        Life::Session => "until the browser ends".to_owned(),
        Life::Seconds(left) => format!("for {left} s"),
    });
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{answer, expectations};

    fn found(name: &str, yaml: &str, lines: &[&str]) -> Found {
        let mut expectations = expectations();
        let rule = serde_saphyr::from_str(yaml).expect("is a rule");
        expectations.cookies.push((name.into(), rule));
        let mut answer = answer(200, "");
        answer.headers = lines
            .iter()
            .map(|line| ("set-cookie".to_owned(), (*line).to_owned()))
            .collect();
        judge(&expectations, &answer)
    }

    fn messages(name: &str, yaml: &str, lines: &[&str]) -> Vec<String> {
        let wrong = found(name, yaml, lines).wrong;
        wrong.into_iter().map(|wrong| wrong.message).collect()
    }

    #[test]
    fn attributes_are_evidence_and_the_value_is_not() {
        let line = "session=geheim; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=3600";
        let rule = "{same_site: strict, max_age_at_most: 24h, path: /}";
        let found = found("session", rule, &["other=1", line]);
        assert_eq!(
            found.evidence,
            ["sets `session` with Secure; HttpOnly; SameSite=Strict; Path=/; for 3600 s"]
        );
        assert!(found.wrong.is_empty());
    }

    #[test]
    fn a_cookie_that_is_not_set_is_a_finding() {
        assert_eq!(messages("session", "{}", &[]), ["sets no cookie `session`"]);
        assert_eq!(
            messages("session", "{}", &["sessions=1", "session"]).len(),
            1
        );
        assert_eq!(
            messages(
                "session",
                "{host_prefix: true}",
                &["session=1; Secure; HttpOnly"]
            ),
            ["sets the cookie `session` without the prefix `__Host-`"]
        );
    }

    #[test]
    fn every_fault_is_told() {
        let rule = "{same_site: lax, max_age_at_most: 1h, path: /}";
        let line = "session=geheim; SameSite=None; Path=/app; Max-Age=7200; max-age=7200";
        let all = found("session", rule, &[line]);
        let told: Vec<&str> = all
            .wrong
            .iter()
            .map(|wrong| wrong.message.as_str())
            .collect();
        assert_eq!(
            told,
            [
                "sets the cookie `session` in a way that browsers refuse: `SameSite=None` needs \
                 `Secure`",
                "sets the cookie `session` with `max-age` twice",
                "sets the cookie `session` without `Secure`",
                "sets the cookie `session` without `HttpOnly`",
                "sets the cookie `session` with `SameSite=None`, not `SameSite=Lax`",
                "sets the cookie `session` for another path than `/`",
                "sets the cookie `session` for 7200 s, and 1h are allowed",
            ]
        );
        assert!(!format!("{all:?}").contains("geheim"));
    }

    #[test]
    fn a_cookie_for_a_foreign_domain_is_a_finding_and_unknown_where_the_name_is() {
        let at = |host: &str| {
            let mut expectations = expectations();
            let rule = serde_saphyr::from_str("{}").expect("is a rule");
            expectations.cookies.push(("session".into(), rule));
            expectations.host = host.into();
            let mut answer = answer(200, "");
            let line = "session=1; Secure; HttpOnly; Domain=b.example";
            answer.headers = vec![("set-cookie".into(), line.into())];
            judge(&expectations, &answer)
        };
        assert_eq!(at("app.b.example").evidence.len(), 1);
        assert_eq!(
            at("app.c.example").wrong[0].message,
            "sets the cookie `session` for `b.example`, which browsers refuse from `app.c.example`"
        );
        let by_address = at("127.0.0.1");
        assert!(by_address.wrong.is_empty() && by_address.evidence.is_empty());
        assert!(by_address.unknown[0].starts_with("sets the cookie `session` for `b.example` and"));
    }

    #[test]
    fn a_deleted_cookie_and_a_broken_prefix_are_findings() {
        let unasked = "{secure: false, http_only: false}";
        assert_eq!(
            messages("session", unasked, &["session=; Max-Age=0"]),
            ["sets the cookie `session` only to delete it"]
        );
        assert_eq!(
            messages(
                "__Host-session",
                unasked,
                &["__Host-session=1; Secure; Path=/; Domain=h"]
            ),
            [
                "sets the cookie `__Host-session` in a way that browsers refuse: the prefix \
                 `__Host-` forbids `Domain`"
            ]
        );
        assert_eq!(
            messages("session", unasked, &["session=1"]),
            Vec::<String>::new()
        );
    }
}
