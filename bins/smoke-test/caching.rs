//! Whether an answer may be cached as its class says, and is revalidated as caches do it.

use crate::answer::{Answer, shown};
use crate::expectations::{Found, LONGEST_EXCERPT};
use crate::facts::{Conditional, Validator};
use crate::fields::cache_control::CacheControl;
use crate::fields::entity_tag::EntityTag;
use crate::fields::vary::Vary;
use crate::plan::{CacheRule, class_word};
use shared::config::CacheClass;

/// Headers by which caches and content delivery networks say that they stand in front. The second
/// is RFC 9211; the others are what is in use.
const MARKS: [&str; 9] = [
    "age",
    "cache-status",
    "cf-cache-status",
    "x-cache",
    "x-cache-status",
    "x-cache-hits",
    "x-proxy-cache",
    "x-vercel-cache",
    "cdn-cache",
];

/// Judges the directives of an answer and what stands beside them.
pub(crate) fn first(rule: CacheRule, answer: &Answer, found: &mut Found) {
    let expected = wanted(rule);
    let Some(value) = answer.header("cache-control") else {
        return found.wrong("has no `Cache-Control`", "no such header", expected);
    };
    let observed = format!("`{}`", shown(&value, LONGEST_EXCERPT));
    let control = CacheControl::parse(&value);
    let faults = faults(rule, &control);
    for fault in &faults {
        let message = format!("has a `Cache-Control` {fault}");
        found.wrong(message, &observed, &expected);
    }
    for contradiction in control.contradictions() {
        let message = format!("has a `Cache-Control` in which {contradiction}");
        found.wrong(message, &observed, &expected);
    }
    if faults.is_empty() {
        let class = class_word(rule.class);
        found.evidence.push(format!("is `{class}`: {observed}"));
    }
    beside(rule, answer, found);
}

/// What a `Cache-Control` lacks, or has too much, for its class.
pub(crate) fn faults(rule: CacheRule, control: &CacheControl) -> Vec<String> {
    let mut faults = Vec::new();
    let (needed, forbidden): (&[&str], &[&str]) = match rule.class {
        CacheClass::Immutable => (&["immutable"], &["no-store", "no-cache", "private"]),
        CacheClass::NoStore => (&["no-store"], &[]),
        CacheClass::Revalidate => (&[], &["no-store", "immutable"]),
        CacheClass::Public => (&[], &["no-store", "no-cache", "private"]),
        CacheClass::Private => (&["private"], &["public", "s-maxage"]),
    };
    let lacking = needed.iter().filter(|name| !control.is_whole(name));
    faults.extend(lacking.map(|name| format!("without `{name}`")));
    let is_there =
        |name: &&&str| control.is_whole(name) || (control.has(name) && **name == "s-maxage");
    let odd = forbidden.iter().filter(is_there);
    faults.extend(odd.map(|name| format!("with `{name}`")));
    if rule.class == CacheClass::Revalidate {
        faults.extend(unasked(control));
    } else {
        faults.extend(ages(rule, control));
    }
    faults
}

/// Why something could be used again without a question.
fn unasked(control: &CacheControl) -> Option<String> {
    let is_asked = control.is_whole("no-cache")
        || (control.seconds("max-age") == Some(0) && control.is_whole("must-revalidate"));
    if !is_asked {
        return Some("without `no-cache`, and without `max-age=0, must-revalidate`".into());
    }
    let shared = control.seconds("s-maxage").filter(|seconds| *seconds > 0)?;
    let is_whole = control.is_whole("no-cache");
    (!is_whole).then(|| format!("with an `s-maxage` of {shared} s, so shared caches do not ask"))
}

/// Shared caches go by `s-maxage` where there is one, and browsers by `max-age`: what everybody may
/// keep is judged by both.
fn ages(rule: CacheRule, control: &CacheControl) -> Vec<String> {
    let (own, shared) = (control.seconds("max-age"), control.seconds("s-maxage"));
    let shared = shared.filter(|_| rule.class == CacheClass::Public);
    let limit = |age: Option<u64>| match (rule.least, rule.most) {
        (Some(least), _) if age < Some(least) => Some(format!("at least {least} s are wanted")),
        (_, Some(most)) if age.is_none() => Some(format!("at most {most} s are allowed")),
        (_, Some(most)) if age > Some(most) => Some(format!("{most} s are allowed")),
        (_, _) => None,
    };
    let said = [("a `max-age`", own), ("an `s-maxage`", shared)].into_iter();
    let faults = said.filter_map(|(word, age)| {
        let what = limit(Some(age?))?;
        Some(format!("with {word} of {} s, and {what}", age?))
    });
    let missing = limit(None).filter(|_| own.or(shared).is_none());
    let missing = missing.map(|what| format!("without a `max-age`, and {what}"));
    faults.chain(missing).collect()
}

/// `max-age` of at least 31536000, immutable.
fn wanted(rule: CacheRule) -> String {
    let class = match rule.class {
        CacheClass::Immutable => "`immutable`",
        CacheClass::NoStore => "`no-store`",
        CacheClass::Revalidate => "`no-cache`, or `max-age=0, must-revalidate`",
        CacheClass::Public => "what shared caches may keep",
        CacheClass::Private => "`private`",
    };
    let least = rule
        .least
        .map(|least| format!(" with a `max-age` from {least} s"));
    let most = rule
        .most
        .map(|most| format!(" with a `max-age` up to {most} s"));
    format!(
        "{class}{}{}",
        least.unwrap_or_default(),
        most.unwrap_or_default()
    )
}

/// Headers that make a cache keep too many copies, or one that is somebody's own.
fn beside(rule: CacheRule, answer: &Answer, found: &mut Found) {
    let is_kept_by_all = match rule.class {
        CacheClass::Immutable | CacheClass::Public => true,
        CacheClass::Revalidate | CacheClass::Private | CacheClass::NoStore => false,
    };
    let value = answer.header("vary").unwrap_or_default();
    let vary = Vary::parse(&value);
    let observed = format!("`Vary: {}`", shown(&value, LONGEST_EXCERPT));
    if rule.class != CacheClass::NoStore && vary.is_any() {
        found.wrong(
            "has `Vary: *`, so no cache ever uses it again",
            &observed,
            "no `*`",
        );
    } else if is_kept_by_all {
        for name in ["cookie", "user-agent", "authorization"] {
            if vary.covers(name) {
                let message = format!("varies by `{name}`, so caches keep one copy for each user");
                found.wrong(message, &observed, format!("no `{name}`"));
            }
        }
    }
    if is_kept_by_all {
        if answer.header("set-cookie").is_some() {
            let message = "sets a cookie, which a shared cache would give to everybody";
            found.wrong(message, "`Set-Cookie`", "no cookie");
        }
        if answer.header("content-encoding").is_some() && !vary.covers("accept-encoding") {
            let message = "is compressed without `Vary: Accept-Encoding`, so a shared cache gives \
                           it to those who cannot read it";
            found.wrong(message, &observed, "`Vary: Accept-Encoding`");
        }
    }
    let age = answer
        .header("age")
        .and_then(|age| age.trim().parse::<u64>().ok());
    let is_own = matches!(rule.class, CacheClass::Private | CacheClass::NoStore);
    if let Some(age) = age.filter(|age| is_own && *age > 0) {
        let message = format!("comes from a shared cache that has kept it for {age} s");
        found.wrong(
            message,
            format!("`Age: {age}`"),
            "an answer of the service itself",
        );
    }
}

/// Whether some answer tells that a cache stands in front.
pub(crate) fn mark(answers: &[&Answer], found: &mut Found) {
    let marks = MARKS.iter().find_map(|name| {
        let mut values = answers.iter().filter_map(|answer| answer.header(name));
        values
            .next()
            .map(|value| format!("`{name}: {}`", shown(&value, 60)))
    });
    match marks {
        Some(mark) => found
            .evidence
            .push(format!("comes through a cache: {mark}")),
        None => {
            let expected = format!("one of `{}`", MARKS.join("`, `"));
            found.wrong(
                "has no header of a cache in front",
                "none of them",
                expected,
            );
        }
    }
}

/// Whether what can be revalidated is there at all.
pub(crate) fn validators(rule: CacheRule, answer: &Answer, found: &mut Found) {
    let tag = answer.header("etag");
    if let Some(tag) = tag.as_deref().filter(|tag| EntityTag::parse(tag).is_none()) {
        let observed = format!("`{}`", shown(tag, LONGEST_EXCERPT));
        let message = format!("has an `ETag` that is none: {observed}");
        found.wrong(message, observed, "a text in quotes");
    }
    if tag.is_some() || answer.header("last-modified").is_some() {
        return;
    }
    if rule.class == CacheClass::Revalidate {
        let message = "has neither `ETag` nor `Last-Modified`, so it is sent whole each time";
        found.wrong(message, "neither", "`ETag` or `Last-Modified`");
    } else {
        found
            .evidence
            .push("has no `ETag` and no `Last-Modified` to ask with".into());
    }
}

/// Judges an answer to a request with a condition.
pub(crate) fn conditional(
    whole: &Answer,
    condition: &Conditional,
    answer: &Answer,
    found: &mut Found,
) {
    let (status, what) = (answer.status, words(&condition.validator));
    let observed = status.to_string();
    // A rate limit or a proxy answers for the page.
    if status >= 500 || status == 429 {
        found.unknown.push(format!("answered {status} to {what}"));
        return;
    }
    match (&condition.validator, status) {
        (Validator::Foreign, 200) => {
            found.evidence.push(format!("200 to {what}"));
        }
        (Validator::Foreign, _) => {
            let message = format!("answered {status} to {what}, so a cache keeps its old copy");
            found.wrong(message, observed, "200");
        }
        (Validator::Tag(_) | Validator::Date(_), 304) => {
            found.evidence.push(format!("200, then 304 to {what}"));
            renewed(whole, answer, found);
        }
        (Validator::Tag(tag), _) => {
            let message = match answer.header("etag").filter(|other| is_other(tag, other)) {
                Some(other) => format!(
                    "answered {status} to {what} with another `ETag`, `{}`: it differs from \
                     answer to answer, or from instance to instance",
                    shown(&other, 60)
                ),
                None => format!("answered {status} to {what}, not 304"),
            };
            found.wrong(message, observed, "304");
        }
        (Validator::Date(_), _) => {
            found.wrong(
                format!("answered {status} to {what}, not 304"),
                observed,
                "304",
            );
        }
    }
}

fn words(validator: &Validator) -> String {
    match validator {
        Validator::Tag(tag) => format!("`If-None-Match: {}`", shown(tag, 60)),
        Validator::Date(date) => format!("`If-Modified-Since: {}`", shown(date, 60)),
        Validator::Foreign => "`If-None-Match` with a tag that it never gave".into(),
    }
}

fn is_other(tag: &str, other: &str) -> bool {
    match (EntityTag::parse(tag), EntityTag::parse(other)) {
        (Some(tag), Some(other)) => !tag.is_same(&other),
        (_, _) => false,
    }
}

/// A cache takes over what a 304 says: RFC 9111, section 4.3.4.
fn renewed(whole: &Answer, answer: &Answer, found: &mut Found) {
    let (before, after) = (
        whole.header("cache-control"),
        answer.header("cache-control"),
    );
    if let (Some(before), Some(after)) = (before, after)
        && CacheControl::parse(&before) != CacheControl::parse(&after)
    {
        let (before, after) = (shown(&before, 100), shown(&after, 100));
        let message = format!("has another `Cache-Control` in its 304: `{after}`");
        found.wrong(message, format!("`{after}`"), format!("`{before}`"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Asked;
    use crate::sample::{answer, request};

    fn rule(class: CacheClass, least: Option<u64>, most: Option<u64>) -> CacheRule {
        CacheRule { class, least, most }
    }

    fn told(rule: CacheRule, value: &str) -> Vec<String> {
        faults(rule, &CacheControl::parse(value))
    }

    fn with(headers: &[(&str, &str)]) -> Answer {
        let mut answer = answer(200, "");
        let headers = headers.iter();
        answer.headers = headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        answer
    }

    fn messages(found: Found) -> Vec<String> {
        found.wrong.into_iter().map(|wrong| wrong.message).collect()
    }

    #[test]
    fn each_class_has_its_directives() {
        let none = Vec::<String>::new();
        let public = rule(CacheClass::Public, Some(1), Some(3600));
        let private = rule(CacheClass::Private, None, Some(60));
        let revalidate = rule(CacheClass::Revalidate, None, None);
        let no_store = rule(CacheClass::NoStore, None, None);
        for (rule, value) in [
            (
                CacheRule::immutable(),
                "public, max-age=31536000, immutable",
            ),
            (no_store, "no-store"),
            (
                no_store,
                "private, no-cache, no-store, max-age=0, must-revalidate",
            ),
            (revalidate, "no-cache"),
            (revalidate, "public, max-age=0, must-revalidate"),
            (public, "max-age=60"),
            (public, "s-maxage=60"),
            (public, "no-cache=\"set-cookie\", max-age=60"),
            (private, "private, max-age=60"),
        ] {
            assert_eq!(told(rule, value), none, "{value}");
        }
    }

    #[test]
    fn what_a_class_lacks_or_has_too_much_is_told() {
        let public = rule(CacheClass::Public, Some(1), Some(3600));
        let private = rule(CacheClass::Private, None, Some(60));
        let revalidate = rule(CacheClass::Revalidate, None, None);
        let no_store = rule(CacheClass::NoStore, None, None);
        let immutable = CacheRule::immutable();
        let unasked = "without `no-cache`, and without `max-age=0, must-revalidate`";
        for (rule, value, wrong) in [
            (immutable, "max-age=31536000", &["without `immutable`"][..]),
            (
                immutable,
                "private, max-age=60, immutable",
                &[
                    "with `private`",
                    "with a `max-age` of 60 s, and at least 31536000 s are wanted",
                ],
            ),
            (
                immutable,
                "immutable",
                &["without a `max-age`, and at least 31536000 s are wanted"],
            ),
            (no_store, "no-cache", &["without `no-store`"]),
            (revalidate, "max-age=60", &[unasked]),
            (revalidate, "no-store", &["with `no-store`", unasked]),
            (
                revalidate,
                "max-age=0, must-revalidate, s-maxage=60",
                &["with an `s-maxage` of 60 s, so shared caches do not ask"],
            ),
            (
                public,
                "max-age=60, s-maxage=31536000",
                &["with an `s-maxage` of 31536000 s, and 3600 s are allowed"],
            ),
            (
                public,
                "max-age=60, s-maxage=0",
                &["with an `s-maxage` of 0 s, and at least 1 s are wanted"],
            ),
            (public, "private, max-age=60", &["with `private`"]),
            (
                public,
                "max-age=7200",
                &["with a `max-age` of 7200 s, and 3600 s are allowed"],
            ),
            (
                private,
                "public, s-maxage=60",
                &[
                    "without `private`",
                    "with `public`",
                    "with `s-maxage`",
                    "without a `max-age`, and at most 60 s are allowed",
                ],
            ),
        ] {
            assert_eq!(told(rule, value), wrong, "{value}");
        }
    }

    #[test]
    fn what_stands_beside_is_told() {
        let immutable = ("cache-control", "max-age=31536000, immutable");
        for (headers, message) in [
            (
                &[immutable, ("vary", "*")][..],
                "has `Vary: *`, so no cache ever uses it again",
            ),
            (
                &[immutable, ("vary", "Cookie")],
                "varies by `cookie`, so caches keep one copy for each user",
            ),
            (
                &[immutable, ("set-cookie", "a=geheim")],
                "sets a cookie, which a shared cache would give to everybody",
            ),
            (
                &[immutable, ("content-encoding", "gzip")],
                "is compressed without `Vary: Accept-Encoding`, so a shared cache gives it to \
                 those who cannot read it",
            ),
        ] {
            let mut found = Found::default();
            first(CacheRule::immutable(), &with(headers), &mut found);
            assert!(!format!("{found:?}").contains("geheim"));
            assert_eq!(messages(found), [message]);
        }
        let mut found = Found::default();
        let own = [("cache-control", "private"), ("age", "12")];
        first(
            rule(CacheClass::Private, None, None),
            &with(&own),
            &mut found,
        );
        assert_eq!(
            messages(found),
            ["comes from a shared cache that has kept it for 12 s"]
        );
    }

    #[test]
    fn a_missing_and_a_contradicting_header_are_told() {
        let mut found = Found::default();
        let rule = rule(CacheClass::NoStore, None, None);
        first(rule, &with(&[]), &mut found);
        first(
            rule,
            &with(&[("cache-control", "no-store, max-age=60")]),
            &mut found,
        );
        assert_eq!(
            messages(found),
            [
                "has no `Cache-Control`",
                "has a `Cache-Control` in which a `max-age` and `no-store` contradict each other"
            ]
        );
    }

    #[test]
    fn a_cache_in_front_is_known_by_its_headers() {
        let mut found = Found::default();
        mark(
            &[&with(&[]), &with(&[("cf-cache-status", "HIT")])],
            &mut found,
        );
        assert_eq!(
            found.evidence,
            ["comes through a cache: `cf-cache-status: HIT`"]
        );
        mark(&[&with(&[])], &mut found);
        assert_eq!(messages(found), ["has no header of a cache in front"]);
    }

    #[test]
    fn what_cannot_be_asked_for_again_is_told() {
        let revalidate = rule(CacheClass::Revalidate, None, None);
        let mut found = Found::default();
        validators(revalidate, &with(&[]), &mut found);
        validators(revalidate, &with(&[("etag", "abc")]), &mut found);
        validators(CacheRule::immutable(), &with(&[]), &mut found);
        assert_eq!(
            found.evidence,
            ["has no `ETag` and no `Last-Modified` to ask with"]
        );
        assert_eq!(
            messages(found),
            [
                "has neither `ETag` nor `Last-Modified`, so it is sent whole each time",
                "has an `ETag` that is none: `abc`"
            ]
        );
    }

    fn asked_again(validator: Validator, status: u16, headers: &[(&str, &str)]) -> Found {
        let mut again = with(headers);
        again.status = status;
        let condition = Conditional {
            validator,
            request: request("/"),
            asked: Asked {
                attempts: 1,
                answer: Ok(again.clone()),
            },
        };
        let whole = with(&[("cache-control", "no-cache"), ("etag", "\"a\"")]);
        let mut found = Found::default();
        conditional(&whole, &condition, &again, &mut found);
        found
    }

    #[test]
    fn a_304_is_wanted_for_what_was_given_and_only_for_that() {
        let tag = || Validator::Tag("\"a\"".into());
        let date = || Validator::Date("Thu, 01 Jan 2026 00:00:00 GMT".into());
        assert_eq!(
            asked_again(tag(), 304, &[]).evidence,
            ["200, then 304 to `If-None-Match: \"a\"`"]
        );
        assert_eq!(asked_again(Validator::Foreign, 200, &[]).wrong, []);
        for (found, message) in [
            (
                asked_again(tag(), 200, &[("etag", "W/\"a\"")]),
                "answered 200 to `If-None-Match: \"a\"`, not 304",
            ),
            (
                asked_again(tag(), 200, &[("etag", "\"b\"")]),
                "answered 200 to `If-None-Match: \"a\"` with another `ETag`, `\"b\"`: it differs \
                 from answer to answer, or from instance to instance",
            ),
            (
                asked_again(date(), 200, &[]),
                "answered 200 to `If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT`, not 304",
            ),
            (
                asked_again(Validator::Foreign, 304, &[]),
                "answered 304 to `If-None-Match` with a tag that it never gave, so a cache keeps \
                 its old copy",
            ),
            (
                asked_again(tag(), 304, &[("cache-control", "max-age=60")]),
                "has another `Cache-Control` in its 304: `max-age=60`",
            ),
        ] {
            assert_eq!(messages(found), [message]);
        }
        for status in [429, 503] {
            let found = asked_again(Validator::Foreign, status, &[]);
            assert_eq!((found.unknown.len(), found.wrong.len()), (1, 0), "{status}");
        }
    }
}
