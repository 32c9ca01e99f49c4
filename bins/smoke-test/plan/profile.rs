//! Which security headers an answer must have, checked and ready to be judged by.

use super::expectations;
use super::request_header::is_header_name;
use super::scope::Scope;
use crate::address::Url;
use crate::fields::content_security::{Policies, directives, normalized};
use crate::fields::permissions::{Allowlist, allowlist};
use crate::fields::referrer;
use crate::predicate::Predicate;
use shared::config::{
    ContentSecurityPolicy, Frame, HeaderProfile, Hsts, Located, ReferrerPolicies, nearest_hint,
};
use shared::error::Result;
use std::collections::BTreeMap;

/// Which security headers an answer must have; none is not asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    /// Whether it is asked over TLS, without which browsers ignore `Strict-Transport-Security`.
    pub(crate) is_secure: bool,
    /// `Strict-Transport-Security`.
    pub(crate) hsts: Option<Hsts>,
    /// `Content-Security-Policy`.
    pub(crate) content_security: Option<ContentSecurity>,
    /// Who may show the page in a frame.
    pub(crate) frame: Option<Frame>,
    /// The values of `Referrer-Policy` that will do.
    pub(crate) referrers: Option<Vec<String>>,
    /// `Permissions-Policy`: what it must say of features.
    pub(crate) permissions: Option<BTreeMap<String, Allowlist>>,
    /// `X-Content-Type-Options`.
    pub(crate) nosniff: bool,
    /// Further headers and what must hold for their values.
    pub(crate) headers: Vec<(String, Predicate)>,
    /// Headers that must not be there.
    pub(crate) hidden: Vec<String>,
    /// Headers that must not tell a version.
    pub(crate) without_version: Vec<String>,
}

/// What `Content-Security-Policy` must say.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContentSecurity {
    /// Directives with exactly these sources, sorted.
    pub(crate) directives: Vec<(String, Vec<String>)>,
    /// Directives and a source that must have no effect in each.
    pub(crate) forbidden: Vec<(String, String)>,
}

/// Checks a profile of the file for pages at this address.
pub(super) fn of(scope: &Scope<'_>, profile: &HeaderProfile, url: &Url) -> Result<Profile> {
    let is_secure = url.endpoint.is_secure;
    let policy = profile.content_security_policy.asked();
    let referrers = profile.referrer_policy.asked();
    let permissions = profile.permissions_policy.asked();
    let profile = Profile {
        is_secure,
        hsts: profile.hsts.asked().copied(),
        content_security: policy
            .map(|policy| content_security(scope, policy))
            .transpose()?,
        frame: profile.frame.asked().copied(),
        referrers: referrers
            .map(|list| referrer_policies(scope, list))
            .transpose()?,
        permissions: permissions
            .map(|map| permissions_policy(scope, map))
            .transpose()?,
        nosniff: profile.content_type_options.asked().is_some(),
        headers: expectations::headers(scope, &profile.headers)?,
        hidden: names(scope, &profile.hidden)?,
        without_version: names(scope, &profile.without_version)?,
    };
    match impossible(&profile) {
        Some(why) => Err(scope.refuse(why)),
        None => Ok(profile),
    }
}

/// Whether an answer could have one of the statuses.
pub(super) fn statuses(scope: &Scope<'_>, statuses: &[u16]) -> Result<()> {
    if statuses.is_empty() {
        return Err(scope.refuse("has no `status`, so no answer would do"));
    }
    match statuses
        .iter()
        .find(|status| !(100..=599).contains(*status))
    {
        Some(status) => Err(scope.refuse(format!(
            "has the status {status}, which is not from 100 to 599"
        ))),
        None => Ok(()),
    }
}

fn content_security(scope: &Scope<'_>, policy: &ContentSecurityPolicy) -> Result<ContentSecurity> {
    let mut asked = ContentSecurity::default();
    for (directive, list) in &policy.directives {
        known(scope, directive, list)?;
        if list.value.contains([';', ',']) {
            let message = format!("has `{directive}` with a `;` or `,`, which ends a directive");
            return Err(scope.refuse_at(list, message));
        }
        let sources = normalized(list.value.split_ascii_whitespace());
        asked.directives.push((directive.clone(), sources));
    }
    for (directive, sources) in &policy.forbidden {
        known(scope, directive, sources)?;
        for source in &sources.value {
            // What is written out whole overrules nothing that is forbidden by name.
            let wanted = policy.directives.get(directive);
            let wanted = wanted.map(|list| format!("{directive} {}", list.value));
            let both = wanted.is_some_and(|it| Policies::parse(&[&it]).allows(directive, source));
            if both {
                let message = format!("wants and forbids {source} in `{directive}`");
                return Err(scope.refuse(message).hint(format!(
                    "leave {source} out of `forbidden: {{{directive}: […]}}`, which has it by \
                     default"
                )));
            }
            asked.forbidden.push((directive.clone(), source.clone()));
        }
    }
    Ok(asked)
}

fn known<T>(scope: &Scope<'_>, directive: &str, place: &Located<T>) -> Result<()> {
    let all = directives();
    if all.contains(&directive) {
        return Ok(());
    }
    let message = format!("names `{directive}`, which is no directive");
    Err(scope
        .refuse_at(place, message)
        .hint(nearest_hint(directive, &all)))
}

fn referrer_policies(scope: &Scope<'_>, list: &ReferrerPolicies) -> Result<Vec<String>> {
    if list.0.is_empty() {
        return Err(scope.refuse("has an empty `referrer_policy`, so none would do"));
    }
    for policy in &list.0 {
        if !referrer::POLICIES.contains(&policy.value.as_str()) {
            let message = format!("names `{}`, which is no referrer policy", policy.value);
            let hint = nearest_hint(&policy.value, &referrer::POLICIES);
            return Err(scope.refuse_at(policy, message).hint(hint));
        }
    }
    Ok(list.0.iter().map(|policy| policy.value.clone()).collect())
}

fn permissions_policy(
    scope: &Scope<'_>,
    map: &BTreeMap<String, Located<String>>,
) -> Result<BTreeMap<String, Allowlist>> {
    let read = map.iter().map(|(feature, text)| {
        let read = allowlist(&text.value).map_err(|why| {
            let message = format!("has an allowlist of `{feature}` in which {why}");
            scope
                .refuse_at(text, message)
                .hint("write `()`, `(self)` or `*`")
        });
        Ok((feature.clone(), read?))
    });
    read.collect()
}

fn names(scope: &Scope<'_>, names: &[Located<String>]) -> Result<Vec<String>> {
    for name in names {
        if !is_header_name(&name.value) {
            let message = format!(
                "hides `{}`, which cannot be the name of a header",
                name.value
            );
            return Err(scope.refuse_at(name, message));
        }
    }
    Ok(names
        .iter()
        .map(|name| name.value.to_ascii_lowercase())
        .collect())
}

/// Why no answer could ever hold, or every one would.
fn impossible(profile: &Profile) -> Option<String> {
    let others = [
        profile.content_security.is_some(),
        profile.frame.is_some(),
        profile.referrers.is_some(),
        profile.permissions.is_some(),
        profile.nosniff,
        !profile.headers.is_empty(),
        !profile.hidden.is_empty(),
        !profile.without_version.is_empty(),
    ];
    if !others.contains(&true) {
        match profile.hsts {
            None => return Some("asks for no header at all".into()),
            Some(_) if !profile.is_secure => {
                return Some("asks only for `hsts`, which browsers ignore over http".into());
            }
            Some(_) => {}
        }
    }
    if profile.hsts.is_some_and(|hsts| hsts.max_age == 0) {
        return Some("has an `hsts` with a `max_age` of 0, which switches it off".into());
    }
    let mut wanted = profile
        .headers
        .iter()
        .filter(|(_, predicate)| !predicate.is_absence);
    let both = wanted.find(|(name, _)| profile.hidden.contains(&name.to_ascii_lowercase()));
    both.map(|(name, _)| format!("wants the header `{name}` and wants it hidden"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_that_nothing_or_everything_satisfies_is_refused() {
        assert_eq!(
            impossible(&Profile::default()).as_deref(),
            Some("asks for no header at all")
        );
        let mut only = Profile {
            hsts: Some(Hsts::default()),
            ..Profile::default()
        };
        assert_eq!(
            impossible(&only).as_deref(),
            Some("asks only for `hsts`, which browsers ignore over http")
        );
        only.is_secure = true;
        assert_eq!(impossible(&only), None);
        only.hsts = Some(Hsts {
            max_age: 0,
            ..Hsts::default()
        });
        let why = impossible(&only).expect("can never hold");
        assert!(why.contains("`max_age` of 0"), "{why}");
    }

    #[test]
    fn a_header_cannot_be_wanted_and_hidden() {
        let predicate = crate::sample::predicate("PHP");
        let profile = Profile {
            headers: vec![("X-Powered-By".into(), predicate)],
            hidden: vec!["x-powered-by".into()],
            ..Profile::default()
        };
        let why = impossible(&profile).expect("can never hold");
        assert_eq!(why, "wants the header `X-Powered-By` and wants it hidden");
    }
}
