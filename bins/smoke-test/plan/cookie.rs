//! Cookies that an answer must set, and how.

use super::request_header::is_header_name;
use super::scope::Scope;
use shared::config::{CookieRule, Located};
use shared::error::Result;
use std::collections::BTreeMap;

/// Checks the rules of a probe.
pub(super) fn of(
    scope: &Scope<'_>,
    rules: &BTreeMap<String, Located<CookieRule>>,
) -> Result<Vec<(String, CookieRule)>> {
    let rules = rules
        .iter()
        .map(|(name, rule)| match impossible(name, &rule.value) {
            Some(why) => Err(scope.refuse_at(rule, format!("has the cookie `{name}` {why}"))),
            None => Ok((name.clone(), rule.value.clone())),
        });
    rules.collect()
}

/// Why no cookie could be so.
fn impossible(name: &str, rule: &CookieRule) -> Option<&'static str> {
    let has_prefix = name.to_ascii_lowercase().starts_with("__host-");
    let is_elsewhere = rule.path.as_deref().is_some_and(|path| path != "/");
    if !is_header_name(name) {
        Some("whose name cannot be one")
    } else if has_prefix && rule.host_prefix {
        Some("with `host_prefix`, which its name has already")
    } else if (has_prefix || rule.host_prefix) && is_elsewhere {
        Some("with a `path`, and the prefix `__Host-` is for `/` only")
    } else if rule
        .max_age_at_most
        .is_some_and(|span| span.duration().as_secs() == 0)
    {
        Some("with a `max_age_at_most` of less than 1s, which deletes it")
    } else if rule
        .path
        .as_deref()
        .is_some_and(|path| !path.starts_with('/'))
    {
        Some("with a `path` that does not begin with `/`")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_no_cookie_can_keep_is_refused() {
        for (name, yaml, is_refused) in [
            ("session", "{}", false),
            ("session", "{host_prefix: true, path: /}", false),
            ("__Host-session", "{}", false),
            ("__Host-session", "{host_prefix: true}", true),
            ("session", "{host_prefix: true, path: /app}", true),
            ("a b", "{}", true),
            ("session", "{max_age_at_most: 100ms}", true),
            ("session", "{path: app}", true),
        ] {
            let rule: CookieRule = serde_saphyr::from_str(yaml).expect("is a rule");
            assert_eq!(
                impossible(name, &rule).is_some(),
                is_refused,
                "{name} {yaml}"
            );
        }
    }
}
