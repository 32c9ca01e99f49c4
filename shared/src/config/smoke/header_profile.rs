//! Which security headers an answer must have.

use super::super::Located;
use super::{Expectation, Switch};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Which security headers an answer must have. What is not given is asked with its defaults;
/// `false` leaves a part out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderProfile {
    /// `Strict-Transport-Security`; judged over `https` only, because browsers ignore it otherwise.
    #[serde(default)]
    pub hsts: Switch<Hsts>,
    /// `Content-Security-Policy`.
    #[serde(default)]
    pub content_security_policy: Switch<ContentSecurityPolicy>,
    /// Who may show the page in a frame, by `frame-ancestors` or `X-Frame-Options`.
    #[serde(default)]
    pub frame: Switch<Frame>,
    /// The values of `Referrer-Policy` that will do; by default those that send no path to others:
    /// `no-referrer`, `same-origin`, `strict-origin`, `strict-origin-when-cross-origin`.
    #[serde(default)]
    pub referrer_policy: Switch<ReferrerPolicies>,
    /// `Permissions-Policy`: by feature the allowlist that it must have, such as `()` or `(self)`;
    /// by default any that browsers can read.
    #[serde(default)]
    pub permissions_policy: Switch<BTreeMap<String, Located<String>>>,
    /// `X-Content-Type-Options: nosniff`.
    #[serde(default)]
    pub content_type_options: Switch<ContentTypeOptions>,
    /// Further response headers: their exact values, or what must hold for them.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<Expectation>>,
    /// Headers that must not be there; by default those that name what the service is built with.
    #[serde(default = "default_hidden")]
    pub hidden: Vec<Located<String>>,
    /// Headers that may be there, but must not tell a version; `server` by default.
    #[serde(default = "default_without_version")]
    pub without_version: Vec<Located<String>>,
}

impl Default for HeaderProfile {
    fn default() -> Self {
        Self {
            hsts: Switch::default(),
            content_security_policy: Switch::default(),
            frame: Switch::default(),
            referrer_policy: Switch::default(),
            permissions_policy: Switch::default(),
            content_type_options: Switch::default(),
            headers: BTreeMap::new(),
            hidden: default_hidden(),
            without_version: default_without_version(),
        }
    }
}

/// What `Strict-Transport-Security` must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hsts {
    /// The least `max-age`, in seconds; half a year (15552000) when not given.
    #[serde(default = "default_hsts")]
    pub max_age: u64,
    /// Whether `includeSubDomains` must be there.
    #[serde(default)]
    pub include_subdomains: bool,
    /// Whether `preload` must be there.
    #[serde(default)]
    pub preload: bool,
}

impl Default for Hsts {
    fn default() -> Self {
        Self {
            max_age: default_hsts(),
            include_subdomains: false,
            preload: false,
        }
    }
}

/// What `Content-Security-Policy` must say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContentSecurityPolicy {
    /// By directive the sources that it must have, no others and in any order, as they stand in
    /// the header.
    #[serde(default)]
    pub directives: BTreeMap<String, Located<String>>,
    /// By directive the sources that must have no effect in it; by default what lets foreign or
    /// inline scripts run: `script-src: ["'unsafe-inline'", "'unsafe-eval'", "*", "http:",
    /// "https:", "data:"]`.
    #[serde(default = "default_forbidden")]
    pub forbidden: BTreeMap<String, Located<Vec<String>>>,
}

impl Default for ContentSecurityPolicy {
    fn default() -> Self {
        Self {
            directives: BTreeMap::new(),
            forbidden: default_forbidden(),
        }
    }
}

/// Who may show a page in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Frame {
    /// Nobody.
    Deny,
    /// At most pages of the same origin.
    #[default]
    Sameorigin,
}

/// The values of `Referrer-Policy` that will do.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ReferrerPolicies(pub Vec<Located<String>>);

impl Default for ReferrerPolicies {
    fn default() -> Self {
        Self(
            [
                "no-referrer",
                "same-origin",
                "strict-origin",
                "strict-origin-when-cross-origin",
            ]
            .map(nowhere)
            .into(),
        )
    }
}

/// What `X-Content-Type-Options` must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContentTypeOptions {
    /// Browsers take the content type as it is.
    #[default]
    Nosniff,
}

fn default_hsts() -> u64 {
    15_552_000
}

fn default_forbidden() -> BTreeMap<String, Located<Vec<String>>> {
    let sources = [
        "'unsafe-inline'",
        "'unsafe-eval'",
        "*",
        "http:",
        "https:",
        "data:",
    ];
    let sources = sources.map(str::to_owned).to_vec();
    BTreeMap::from([("script-src".to_owned(), nowhere(sources))])
}

fn default_hidden() -> Vec<Located<String>> {
    let names = [
        "x-powered-by",
        "x-aspnet-version",
        "x-aspnetmvc-version",
        "x-generator",
    ];
    names.map(nowhere).into()
}

fn default_without_version() -> Vec<Located<String>> {
    vec![nowhere("server")]
}

/// A default has no place in the file.
fn nowhere<T>(value: impl Into<T>) -> Located<T> {
    Located {
        value: value.into(),
        line: 0,
        column: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_can_be_left_out_or_spelled_out() {
        let profile: HeaderProfile = serde_saphyr::from_str(
            "{hsts: false, frame: deny, referrer_policy: [no-referrer], \
             content_type_options: nosniff, permissions_policy: {camera: ()}, \
             content_security_policy: {forbidden: {}, directives: {base-uri: \"'none'\"}}}",
        )
        .expect("is a profile");
        assert_eq!(profile.hsts, Switch::Off);
        assert_eq!(profile.frame, Switch::On(Frame::Deny));
        let referrers = profile.referrer_policy.asked().expect("is asked");
        assert_eq!(referrers.0[0].value, "no-referrer");
        let policy = profile.content_security_policy.asked().expect("is asked");
        assert!(policy.forbidden.is_empty());
        assert_eq!(policy.directives["base-uri"].value, "'none'");
        let permissions = profile.permissions_policy.asked().expect("is asked");
        assert_eq!(permissions["camera"].value, "()");
    }

    #[test]
    fn nothing_given_asks_for_everything() {
        let profile: HeaderProfile = serde_saphyr::from_str("{}").expect("is a profile");
        assert_eq!(profile.hsts.asked(), Some(&Hsts::default()));
        let policy = profile.content_security_policy.asked().expect("is asked");
        assert_eq!(policy.forbidden["script-src"].value.len(), 6);
        assert_eq!(profile.hidden.len(), 4);
        assert!(serde_saphyr::from_str::<HeaderProfile>("{frame: never}").is_err());
    }
}
