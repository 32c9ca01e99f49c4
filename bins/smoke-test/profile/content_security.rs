//! `Content-Security-Policy`.

use crate::answer::{Answer, shown};
use crate::expectations::{Found, LONGEST_EXCERPT};
use crate::fields::content_security::{Policies, normalized};
use crate::plan::ContentSecurity;

/// Judges what is enforced; a policy that is only reported stops nothing.
pub(super) fn judge(
    asked: &ContentSecurity,
    policies: &Policies,
    answer: &Answer,
    found: &mut Found,
) {
    if policies.is_empty() {
        let is_reported = answer
            .header("content-security-policy-report-only")
            .is_some();
        let message = if is_reported {
            "has only `Content-Security-Policy-Report-Only`, which stops nothing"
        } else {
            "has no `Content-Security-Policy`"
        };
        return found.wrong(message, "no such header", "a policy that is enforced");
    }
    let value = answer.header("content-security-policy").unwrap_or_default();
    let observed = format!("`{}`", shown(&value, LONGEST_EXCERPT));
    let before = found.wrong.len();
    compare(asked, policies, &observed, found);
    forbid(asked, policies, &observed, found);
    if found.wrong.len() == before {
        let (all, compared) = (policies.directives(), asked.directives.len());
        let forbidden = asked.forbidden.len();
        found.evidence.push(format!(
            "`Content-Security-Policy` holds: {all} directives, {compared} compared, none of \
             {forbidden} forbidden sources has an effect"
        ));
    }
}

fn compare(asked: &ContentSecurity, policies: &Policies, observed: &str, found: &mut Found) {
    for (directive, wanted) in &asked.directives {
        let expected = format!("{directive} {}", wanted.join(" "));
        let lists = policies.lists(directive);
        let lists = lists
            .iter()
            .map(|list| normalized(list.iter().map(String::as_str)));
        let lists: Vec<Vec<String>> = lists.collect();
        let message = match lists.first() {
            Some(_) if lists.contains(wanted) => continue,
            None => format!("has no `{directive}` in `Content-Security-Policy`"),
            Some(list) => {
                let changes = [("more", list, wanted), ("fewer", wanted, list)];
                let changes = changes.map(|(what, one, other)| difference(what, one, other));
                let changes = changes.into_iter().flatten().collect::<Vec<_>>().join(", ");
                format!("has another `{directive}` in `Content-Security-Policy`: {changes}")
            }
        };
        found.wrong(message, observed, expected);
    }
}

/// `more https: data:`, when one list has what the other has not.
fn difference(what: &str, one: &[String], other: &[String]) -> Option<String> {
    let missing = one.iter().filter(|source| !other.contains(source));
    let missing: Vec<&str> = missing.map(String::as_str).collect();
    (!missing.is_empty()).then(|| format!("{what} {}", shown(&missing.join(" "), LONGEST_EXCERPT)))
}

fn forbid(asked: &ContentSecurity, policies: &Policies, observed: &str, found: &mut Found) {
    let mut open: Vec<&str> = Vec::new();
    for (directive, source) in &asked.forbidden {
        if !policies.governs(directive) {
            if !open.contains(&directive.as_str()) {
                open.push(directive);
                let message = format!(
                    "has no `{directive}` in `Content-Security-Policy`, and nothing that stands \
                     in for it, so everything is allowed"
                );
                found.wrong(message, observed, format!("a `{directive}`"));
            }
        } else if let Some(place) = policies.opened(directive, source) {
            let source = shown(source, 60);
            let message = format!("allows {source} in `{place}`");
            found.wrong(message, observed, format!("{directive} without {source}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::answer;

    fn messages(asked: &ContentSecurity, headers: &[(&str, &str)]) -> Vec<String> {
        let mut answer = answer(200, "");
        answer.headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let policies = Policies::parse(&answer.values("content-security-policy"));
        let mut found = Found::default();
        judge(asked, &policies, &answer, &mut found);
        assert!(found.wrong.is_empty() || found.evidence.is_empty());
        found.wrong.into_iter().map(|wrong| wrong.message).collect()
    }

    fn forbidden() -> ContentSecurity {
        ContentSecurity {
            directives: Vec::new(),
            forbidden: ["'unsafe-inline'", "*"]
                .map(|source| ("script-src".to_owned(), source.to_owned()))
                .into(),
        }
    }

    #[test]
    fn a_source_that_is_forbidden_is_told() {
        let of = |value: &str| messages(&forbidden(), &[("content-security-policy", value)]);
        assert_eq!(of("default-src 'self'"), Vec::<String>::new());
        assert_eq!(
            of("script-src 'nonce-a' 'unsafe-inline'"),
            Vec::<String>::new()
        );
        assert_eq!(
            of("script-src * 'unsafe-inline'"),
            [
                "allows 'unsafe-inline' in `script-src`",
                "allows * in `script-src`"
            ]
        );
        assert_eq!(
            of("img-src 'self'"),
            [
                "has no `script-src` in `Content-Security-Policy`, and nothing that stands in for \
                 it, so everything is allowed"
            ]
        );
    }

    #[test]
    fn no_policy_and_one_that_is_only_reported_are_told() {
        assert_eq!(
            messages(&forbidden(), &[]),
            ["has no `Content-Security-Policy`"]
        );
        assert_eq!(
            messages(
                &forbidden(),
                &[("content-security-policy-report-only", "default-src 'self'")]
            ),
            ["has only `Content-Security-Policy-Report-Only`, which stops nothing"]
        );
    }

    #[test]
    fn directives_are_compared_by_their_sources() {
        let asked = ContentSecurity {
            directives: vec![("img-src".into(), vec!["'self'".into(), "data:".into()])],
            forbidden: Vec::new(),
        };
        let of = |value: &str| messages(&asked, &[("content-security-policy", value)]);
        assert_eq!(of("img-src DATA: 'self'"), Vec::<String>::new());
        assert_eq!(
            of("default-src 'self'"),
            ["has no `img-src` in `Content-Security-Policy`"]
        );
        assert_eq!(
            of("img-src 'self' https:"),
            ["has another `img-src` in `Content-Security-Policy`: more https:, fewer data:"]
        );
    }
}
