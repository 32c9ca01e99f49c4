//! `Content-Security-Policy`: <https://www.w3.org/TR/CSP3/>.

use std::collections::BTreeMap;

/// The directives that stand in for one that is missing, nearest first: section 6.8.3.
const FALLBACKS: [(&str, &[&str]); 16] = [
    ("script-src-elem", &["script-src", "default-src"]),
    ("script-src-attr", &["script-src", "default-src"]),
    ("style-src-elem", &["style-src", "default-src"]),
    ("style-src-attr", &["style-src", "default-src"]),
    ("worker-src", &["child-src", "script-src", "default-src"]),
    ("frame-src", &["child-src", "default-src"]),
    ("script-src", &["default-src"]),
    ("style-src", &["default-src"]),
    ("child-src", &["default-src"]),
    ("connect-src", &["default-src"]),
    ("font-src", &["default-src"]),
    ("img-src", &["default-src"]),
    ("manifest-src", &["default-src"]),
    ("media-src", &["default-src"]),
    ("object-src", &["default-src"]),
    ("prefetch-src", &["default-src"]),
];
/// Those for which nothing stands in.
const OTHERS: [&str; 12] = [
    "default-src",
    "base-uri",
    "form-action",
    "frame-ancestors",
    "sandbox",
    "report-to",
    "report-uri",
    "require-trusted-types-for",
    "trusted-types",
    "upgrade-insecure-requests",
    "block-all-mixed-content",
    "webrtc",
];

/// The names of all directives.
pub(crate) fn directives() -> Vec<&'static str> {
    let with_fallback = FALLBACKS.iter().map(|(name, _)| *name);
    with_fallback.chain(OTHERS).collect()
}

/// Every policy of an answer; all of them hold at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policies(Vec<Policy>);

/// Directives by name with their sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Policy(BTreeMap<String, Vec<String>>);

impl Policies {
    /// Reads all lines of the header; one line may hold several policies.
    pub(crate) fn parse(values: &[&str]) -> Self {
        let policies = values.iter().flat_map(|value| value.split(','));
        let policies = policies.map(Policy::parse);
        Self(policies.filter(|policy| !policy.0.is_empty()).collect())
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many directives they have.
    pub(crate) fn directives(&self) -> usize {
        self.0.iter().map(|policy| policy.0.len()).sum()
    }

    /// The sources of a directive in every policy that has it.
    pub(crate) fn lists(&self, directive: &str) -> Vec<&[String]> {
        let found = self.0.iter().filter_map(|policy| policy.0.get(directive));
        found.map(Vec::as_slice).collect()
    }

    /// Whether some policy has the directive or one that stands in for it.
    pub(crate) fn governs(&self, directive: &str) -> bool {
        self.0
            .iter()
            .any(|policy| policy.governing(directive).is_some())
    }

    /// Where a source has an effect that is forbidden in a directive: there, or in one that stands
    /// before it for elements or for attributes.
    pub(crate) fn opened<'a>(&self, directive: &'a str, source: &str) -> Option<&'a str> {
        let mut places = std::iter::once(directive).chain(parts(directive).iter().copied());
        // What is written into an attribute comes from nowhere else.
        let applies = |place: &str| source.starts_with('\'') || !place.ends_with("-attr");
        places.find(|place| applies(place) && self.allows(place, source))
    }

    /// Whether a source has an effect in a directive: no policy leaves it out or overrules it.
    pub(crate) fn allows(&self, directive: &str, source: &str) -> bool {
        self.0
            .iter()
            .all(|policy| match policy.governing(directive) {
                None => true,
                Some(sources) => is_effective(sources, directive, &plain(source)),
            })
    }
}

impl Policy {
    fn parse(text: &str) -> Self {
        let mut policy = Self::default();
        for part in text.split(';') {
            let mut words = part.split_ascii_whitespace().map(str::to_owned);
            let Some(name) = words.next() else { continue };
            // The first of two directives of one name holds: section 2.2.1.
            let name = name.to_ascii_lowercase();
            policy.0.entry(name).or_insert_with(|| words.collect());
        }
        policy
    }

    fn governing(&self, directive: &str) -> Option<&[String]> {
        let fallbacks = FALLBACKS.iter().find(|(name, _)| *name == directive);
        let fallbacks = fallbacks.map_or(&[][..], |(_, fallbacks)| fallbacks);
        let mut names = std::iter::once(directive).chain(fallbacks.iter().copied());
        names.find_map(|name| self.0.get(name)).map(Vec::as_slice)
    }
}

/// The directives that stand before one: sections 6.1.10 to 6.1.15.
fn parts(directive: &str) -> &'static [&'static str] {
    match directive {
        "script-src" => &["script-src-elem", "script-src-attr"],
        "style-src" => &["style-src-elem", "style-src-attr"],
        _ => &[],
    }
}

/// A source in lower case. Every host of a scheme, at whatever port, is written as the scheme, and
/// every host of any as `*`.
fn plain(source: &str) -> String {
    let source = source.to_ascii_lowercase();
    let whole = source.strip_suffix('/').unwrap_or(&source);
    let is_port = |port: &str| port == "*" || port.bytes().all(|byte| byte.is_ascii_digit());
    let host = match whole.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        Some(_) | None => whole,
    };
    match host.strip_suffix('*') {
        Some("") => "*".to_owned(),
        Some(scheme) if scheme.ends_with("://") => scheme.replace("//", ""),
        Some(_) | None => source,
    }
}

/// Whether a source stands in a list and is not overruled by another one: sections 6.7.3.2 and
/// 6.7.2.1.
fn is_effective(sources: &[String], directive: &str, source: &str) -> bool {
    let has = |wanted: &str| sources.iter().any(|one| plain(one) == wanted);
    let is_script = directive.starts_with("script-src") || directive == "default-src";
    let is_strict = is_script && has("'strict-dynamic'");
    let has_own = sources.iter().any(|one| is_nonce_or_hash(one));
    let is_overruled = match source {
        "'unsafe-inline'" => is_strict || has_own,
        keyword if keyword.starts_with('\'') => false,
        _ => is_strict,
    };
    has(source) && !is_overruled
}

/// Whether browsers take it for one: a nonce without a value, as of an empty template, is none, and
/// overrules nothing. Section 2.3.1.
fn is_nonce_or_hash(source: &str) -> bool {
    let starts = ["'nonce-", "'sha256-", "'sha384-", "'sha512-"];
    let Some((start, value)) = source.split_once('-') else {
        return false;
    };
    let has_start = starts.iter().any(|known| {
        let known = known.trim_end_matches('-');
        start.eq_ignore_ascii_case(known)
    });
    let value = value.strip_suffix('\'').unwrap_or_default();
    let digits = value.trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    has_start
        && !digits.is_empty()
        && value.len() - digits.len() <= 2
        && digits.bytes().all(is_digit)
}

/// Sources in an order of their own, keywords and schemes in lower case.
pub(crate) fn normalized<'a>(sources: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut sources: Vec<String> = sources
        .map(|source| {
            // A nonce and a hash mean something else in other letters.
            if is_nonce_or_hash(source) || source.contains('/') {
                source.to_owned()
            } else {
                source.to_ascii_lowercase()
            }
        })
        .collect();
    sources.sort();
    sources.dedup();
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted(list: &str) -> Vec<String> {
        normalized(list.split_ascii_whitespace())
    }

    fn policies(values: &[&str]) -> Policies {
        Policies::parse(values)
    }

    #[test]
    fn what_a_source_does_is_told_by_its_neighbours() {
        let inline = "'unsafe-inline'";
        for (value, source, is_allowed) in [
            ("script-src 'self' 'unsafe-inline'", inline, true),
            ("default-src 'self' 'UNSAFE-INLINE'", inline, true),
            (
                "script-src 'self'; default-src 'unsafe-inline'",
                inline,
                false,
            ),
            ("script-src 'nonce-aB1' 'unsafe-inline'", inline, false),
            ("script-src 'sha256-aB1=' 'unsafe-inline'", inline, false),
            (
                "script-src 'strict-dynamic' 'nonce-a' https:",
                "https:",
                false,
            ),
            (
                "script-src 'strict-dynamic' 'unsafe-eval'",
                "'unsafe-eval'",
                true,
            ),
            ("script-src https:", "https:", true),
            ("script-src *", "*", true),
            ("script-src https://*.example", "*", false),
            ("img-src 'self'", "*", true),
            ("script-src 'self'; script-src *", "*", false),
        ] {
            let allowed = policies(&[value]).allows("script-src", source);
            assert_eq!(allowed, is_allowed, "{value}");
        }
    }

    #[test]
    fn what_stands_before_a_directive_opens_it_as_well() {
        let inline = "'unsafe-inline'";
        for (value, source, place) in [
            (
                "script-src 'self'; script-src-elem 'self' 'unsafe-inline' https:",
                inline,
                Some("script-src-elem"),
            ),
            (
                "script-src 'self'; script-src-elem 'self' https:",
                "https:",
                Some("script-src-elem"),
            ),
            (
                "script-src 'self'; script-src-attr 'unsafe-inline'",
                inline,
                Some("script-src-attr"),
            ),
            ("script-src 'self'; script-src-attr https:", "https:", None),
            ("script-src 'self'; script-src-attr 'none'", inline, None),
            ("script-src 'self'; style-src 'unsafe-inline'", inline, None),
            ("script-src 'unsafe-inline'", inline, Some("script-src")),
        ] {
            let opened = policies(&[value]).opened("script-src", source);
            assert_eq!(opened, place, "{value}");
        }
    }

    #[test]
    fn a_nonce_without_a_value_and_every_host_by_another_name_are_seen_through() {
        for (value, source, is_allowed) in [
            (
                "script-src 'nonce-' 'unsafe-inline'",
                "'unsafe-inline'",
                true,
            ),
            (
                "script-src 'nonce-{{n}}' 'unsafe-inline'",
                "'unsafe-inline'",
                true,
            ),
            (
                "script-src 'sha256-=' 'unsafe-inline'",
                "'unsafe-inline'",
                true,
            ),
            (
                "script-src 'NONCE-a_b-c+/==' 'unsafe-inline'",
                "'unsafe-inline'",
                false,
            ),
            ("script-src https://*", "https:", true),
            ("script-src HTTP://*:80/", "http:", true),
            ("script-src *:*", "*", true),
            ("script-src *:443", "*", true),
            ("script-src *.example:443", "*", false),
            ("script-src https://*.example", "https:", false),
            ("script-src https://*/lib/", "https:", false),
        ] {
            let allowed = policies(&[value]).allows("script-src", source);
            assert_eq!(allowed, is_allowed, "{value}");
        }
    }

    #[test]
    fn all_policies_hold_at_once() {
        let both = policies(&["default-src 'self'", "script-src *, img-src *"]);
        assert!(!both.allows("script-src", "*"));
        assert!(both.governs("worker-src") && !both.governs("base-uri"));
        assert_eq!(both.directives(), 3);
        assert!(policies(&["", " ; ;"]).is_empty());
    }

    #[test]
    fn lists_are_compared_without_their_order() {
        assert_eq!(
            sorted("data:  'self' HTTPS: 'self'"),
            ["'self'", "data:", "https:"]
        );
        assert_ne!(sorted("'nonce-A'"), sorted("'nonce-a'"));
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "(?s).{0,80}", source in ".{0,10}") {
            let policies = policies(&[&value]);
            let _ = policies.allows("script-src", &source);
            let _ = sorted(&value);
        }

        #[test]
        fn one_more_policy_never_allows_more(
            first in "(script-src|default-src|img-src)( ('self'|\\*|https:)){0,3}",
            second in "(script-src|default-src|img-src)( ('self'|\\*|https:)){0,3}",
        ) {
            let (one, both) = (policies(&[&first]), policies(&[&first, &second]));
            prop_assert!(one.allows("script-src", "*") || !both.allows("script-src", "*"));
        }
    }
}
