//! Whether an answer has the security headers of a profile.

mod content_security;
mod frame;
mod strict_transport;

use crate::answer::{Answer, shown};
use crate::expectations::{Found, LONGEST_EXCERPT, headers};
use crate::fields::content_security::Policies;
use crate::fields::permissions::{self, Allowlist};
use crate::fields::{product, referrer};
use crate::plan::Profile;
use std::collections::BTreeMap;

/// Judges every header that is asked for.
pub(crate) fn judge(profile: &Profile, answer: &Answer) -> Found {
    let mut found = Found::default();
    let policies = Policies::parse(&answer.values("content-security-policy"));
    strict_transport::judge(profile, answer, &mut found);
    if let Some(asked) = &profile.content_security {
        content_security::judge(asked, &policies, answer, &mut found);
    }
    if let Some(frame) = profile.frame {
        frame::judge(frame, &policies, answer, &mut found);
    }
    if let Some(wanted) = &profile.referrers {
        referrers(wanted, answer, &mut found);
    }
    if let Some(wanted) = &profile.permissions {
        permissions_of(wanted, answer, &mut found);
    }
    if profile.nosniff {
        nosniff(answer, &mut found);
    }
    for (name, predicate) in &profile.headers {
        headers::header(name, predicate, answer, &mut found);
    }
    hidden(profile, answer, &mut found);
    found
}

fn referrers(wanted: &[String], answer: &Answer, found: &mut Found) {
    let expected = wanted.join(" or ");
    let Some(value) = answer.header("referrer-policy") else {
        return found.wrong("has no `Referrer-Policy`", "no such header", expected);
    };
    let observed = format!("`{}`", shown(&value, LONGEST_EXCERPT));
    match referrer::effective(&value) {
        Some(policy) if wanted.iter().any(|wanted| wanted == policy) => {
            found
                .evidence
                .push(format!("`Referrer-Policy` holds: `{policy}`"));
        }
        Some(policy) => {
            let message = format!("has the `Referrer-Policy` `{policy}`, not {expected}");
            found.wrong(message, observed, expected);
        }
        None => {
            let message = format!("has a `Referrer-Policy` that no browser knows: {observed}");
            found.wrong(message, observed, expected);
        }
    }
}

fn permissions_of(wanted: &BTreeMap<String, Allowlist>, answer: &Answer, found: &mut Found) {
    let said: Vec<String> = wanted
        .iter()
        .map(|(feature, list)| format!("{feature}={list}"))
        .collect();
    let expected = if said.is_empty() {
        "a policy that browsers can read".to_owned()
    } else {
        said.join(", ")
    };
    let Some(value) = answer.header("permissions-policy") else {
        return found.wrong("has no `Permissions-Policy`", "no such header", expected);
    };
    let observed = format!("`{}`", shown(&value, LONGEST_EXCERPT));
    let features = match permissions::parse(&value) {
        Ok(features) if !features.is_empty() => features,
        Ok(_) => {
            return found.wrong("has an empty `Permissions-Policy`", observed, expected);
        }
        Err(why) => {
            let message = format!("has a `Permissions-Policy` that browsers ignore: {why}");
            return found.wrong(message, observed, expected);
        }
    };
    for (feature, list) in wanted {
        let message = match features.get(feature) {
            Some(said) if said == list => continue,
            Some(said) => format!("has `{feature}={said}` in `Permissions-Policy`, not `{list}`"),
            None => format!("has no `{feature}` in `Permissions-Policy`"),
        };
        found.wrong(message, &observed, format!("{feature}={list}"));
    }
    let (all, asked) = (features.len(), wanted.len());
    found.evidence.push(format!(
        "`Permissions-Policy` can be read: {all} features, {asked} compared"
    ));
}

fn nosniff(answer: &Answer, found: &mut Found) {
    let Some(value) = answer.header("x-content-type-options") else {
        return found.wrong(
            "has no `X-Content-Type-Options`",
            "no such header",
            "nosniff",
        );
    };
    // Browsers take the first of several: <https://fetch.spec.whatwg.org/#determine-nosniff>.
    let first = value.split(',').next().unwrap_or_default().trim();
    if first.eq_ignore_ascii_case("nosniff") {
        found
            .evidence
            .push("`X-Content-Type-Options` holds: `nosniff`".into());
        return;
    }
    let observed = format!("`{}`", shown(&value, LONGEST_EXCERPT));
    let message = format!("has `X-Content-Type-Options` with {observed}, not `nosniff`");
    found.wrong(message, observed, "nosniff");
}

/// What tells strangers which known weaknesses to try.
fn hidden(profile: &Profile, answer: &Answer, found: &mut Found) {
    for name in &profile.hidden {
        match answer.header(name) {
            None => found.evidence.push(format!("`{name}` is hidden")),
            Some(value) => {
                let value = headers::shown_value(name, &value);
                let message = format!("shows `{name}` with {value}");
                found.wrong(message, value, "no such header");
            }
        }
    }
    for name in &profile.without_version {
        let value = answer.header(name);
        let Some(version) = value.as_deref().and_then(product::version) else {
            found.evidence.push(format!("`{name}` tells no version"));
            continue;
        };
        let version = shown(version, LONGEST_EXCERPT);
        let value = headers::shown_value(name, &value.unwrap_or_default());
        let message = format!("tells the version {version} in `{name}`");
        found.wrong(message, value, "no version");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, answer};

    fn found(profile: &Profile, headers: &[(&str, &str)]) -> Found {
        let mut answer = answer(200, "");
        answer.headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        judge(profile, &answer)
    }

    fn messages(profile: &Profile, headers: &[(&str, &str)]) -> Vec<String> {
        let wrong = found(profile, headers).wrong;
        wrong.into_iter().map(|wrong| wrong.message).collect()
    }

    #[test]
    fn the_referrer_policy_that_holds_is_judged() {
        let profile = Profile {
            referrers: Some(vec!["no-referrer".into(), "same-origin".into()]),
            ..Profile::default()
        };
        let of = |value: &str| messages(&profile, &[("referrer-policy", value)]);
        assert_eq!(of("unsafe-url, same-origin"), Vec::<String>::new());
        assert_eq!(
            of("unsafe-url"),
            ["has the `Referrer-Policy` `unsafe-url`, not no-referrer or same-origin"]
        );
        assert_eq!(
            of("never"),
            ["has a `Referrer-Policy` that no browser knows: `never`"]
        );
        assert_eq!(messages(&profile, &[]), ["has no `Referrer-Policy`"]);
    }

    #[test]
    fn permissions_are_compared_feature_by_feature() {
        let mut profile = Profile {
            permissions: Some(BTreeMap::new()),
            ..Profile::default()
        };
        let policy = [("permissions-policy", "camera=(), usb=(self)")];
        assert_eq!(messages(&profile, &policy), Vec::<String>::new());
        let list = |text: &str| permissions::allowlist(text).expect("is a list");
        profile.permissions = Some(BTreeMap::from([
            ("camera".into(), list("()")),
            ("usb".into(), list("()")),
            ("midi".into(), list("()")),
        ]));
        assert_eq!(
            messages(&profile, &policy),
            [
                "has no `midi` in `Permissions-Policy`",
                "has `usb=(self)` in `Permissions-Policy`, not `()`"
            ]
        );
        let of = |value: &str| messages(&profile, &[("permissions-policy", value)]);
        assert_eq!(
            of("camera 'none'"),
            ["has a `Permissions-Policy` that browsers ignore: `camera` has no allowlist"]
        );
        assert_eq!(of(""), ["has an empty `Permissions-Policy`"]);
        assert_eq!(messages(&profile, &[]), ["has no `Permissions-Policy`"]);
    }

    #[test]
    fn the_first_of_several_content_type_options_counts() {
        let profile = Profile {
            nosniff: true,
            ..Profile::default()
        };
        let of = |value: &str| messages(&profile, &[("x-content-type-options", value)]);
        assert_eq!(of("NoSniff, nosniff"), Vec::<String>::new());
        assert_eq!(
            of("no, nosniff"),
            ["has `X-Content-Type-Options` with `no, nosniff`, not `nosniff`"]
        );
        assert_eq!(messages(&profile, &[]), ["has no `X-Content-Type-Options`"]);
    }

    #[test]
    fn a_version_and_a_hidden_header_are_told() {
        let profile = Profile {
            hidden: vec!["x-powered-by".into()],
            without_version: vec!["server".into()],
            ..Profile::default()
        };
        let shown = [("server", "nginx/1.22.1"), ("x-powered-by", "Express")];
        assert_eq!(
            messages(&profile, &shown),
            [
                "shows `x-powered-by` with `Express`",
                "tells the version 1.22.1 in `server`"
            ]
        );
        let hidden = found(&profile, &[("server", "nginx")]);
        assert_eq!(
            hidden.evidence,
            ["`x-powered-by` is hidden", "`server` tells no version"]
        );
        assert!(hidden.wrong.is_empty());
    }

    #[test]
    fn further_headers_are_judged_by_what_must_hold() {
        let profile = Profile {
            headers: vec![("x-xss-protection".into(), sample::predicate("'0'"))],
            ..Profile::default()
        };
        assert_eq!(
            messages(&profile, &[]),
            ["has no header `x-xss-protection`, which must be \"0\""]
        );
    }
}
