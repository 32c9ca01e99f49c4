//! What must hold for a value, ready to be asked of many.

mod shape;
mod vacuous;
mod value;

pub(crate) use value::{is_same, written};

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value;
use shared::config::{Expectation, Length, Located, Policy, Predicates, Shape, Span};
use std::time::Duration;
use value::contains;

/// A pattern may not take more memory than this.
const LARGEST_PATTERN: usize = 1 << 20;

/// What must hold for a value.
#[derive(Clone, Debug)]
pub(crate) struct Predicate {
    rules: Vec<Rule>,
    /// For which of several values.
    pub(crate) policy: Policy,
    /// Whether nothing at all may be there.
    pub(crate) is_absence: bool,
}

/// One thing that must hold.
#[derive(Clone, Debug)]
enum Rule {
    Equals(Value),
    Not(Value),
    In(Vec<Value>),
    NotIn(Vec<Value>),
    LessThan(f64),
    AtMost(f64),
    MoreThan(f64),
    AtLeast(f64),
    Contains(Value),
    NotContains(Value),
    StartsWith(String),
    EndsWith(String),
    Matches(Regex),
    NotMatches(Regex),
    Exists,
    Empty(bool),
    Is(Shape),
    Length(Length),
    Version(semver::VersionReq),
    Recent(Span),
}

/// A mistake in one predicate; `place` is the line and column when it has one of its own.
pub(crate) struct Mistake {
    /// What is wrong with it.
    pub(crate) message: String,
    /// Where, from 1.
    pub(crate) place: Option<(u64, u64)>,
}

impl Predicate {
    /// Reads what the file says.
    pub(crate) fn of(expectation: &Expectation) -> Result<Self, Mistake> {
        let Expectation(said) = expectation;
        if let Some(why) = vacuous::fault(said) {
            return Err(mistake(why));
        }
        let mut rules = values(said);
        rules.extend(numbers(said));
        rules.extend(texts(said)?);
        let is_absence = said.exists == Some(false);
        if is_absence && !rules.is_empty() {
            return Err(mistake(
                "has `exists: false` beside another predicate, so nothing could hold",
            ));
        }
        if said.exists == Some(true) {
            rules.push(Rule::Exists);
        }
        if rules.is_empty() && !is_absence {
            return Err(mistake("names no predicate, so everything would hold"));
        }
        Ok(Self {
            rules,
            policy: said.policy,
            is_absence,
        })
    }

    /// Why it does not hold for a value; `now` is when the value came. What comes as a text by
    /// itself, such as a header, is the number that it spells.
    pub(crate) fn refuses(&self, value: &Value, now: Timestamp) -> Option<String> {
        let mut rules = self.rules.iter();
        let broken = rules.find(|rule| !rule.holds(value, now))?;
        Some(broken.to_string())
    }

    /// The same for a value of a document, which has a type: a text in it is no number.
    pub(crate) fn refuses_typed(&self, value: &Value, now: Timestamp) -> Option<String> {
        let mut rules = self.rules.iter();
        let is_text = value.is_string();
        let broken =
            rules.find(|rule| (is_text && rule.is_of_numbers()) || !rule.holds(value, now))?;
        Some(broken.to_string())
    }

    /// Everything that must hold, as it follows `must `.
    pub(crate) fn wanted(&self) -> String {
        if self.is_absence {
            return "not be there".into();
        }
        let rules: Vec<String> = self.rules.iter().map(Rule::to_string).collect();
        rules.join(" and ")
    }
}

fn mistake(message: impl Into<String>) -> Mistake {
    Mistake {
        message: message.into(),
        place: None,
    }
}

fn values(said: &Predicates) -> Vec<Rule> {
    let rules = [
        said.equals.clone().map(Rule::Equals),
        said.not.clone().map(Rule::Not),
        said.one_of.clone().map(Rule::In),
        said.not_in.clone().map(Rule::NotIn),
        said.contains.clone().map(Rule::Contains),
        said.not_contains.clone().map(Rule::NotContains),
        said.empty.map(Rule::Empty),
        said.is.map(Rule::Is),
        said.length.map(Rule::Length),
        said.recent.map(Rule::Recent),
    ];
    rules.into_iter().flatten().collect()
}

fn numbers(said: &Predicates) -> Vec<Rule> {
    let rules = [
        said.less_than.map(Rule::LessThan),
        said.at_most.map(Rule::AtMost),
        said.more_than.map(Rule::MoreThan),
        said.at_least.map(Rule::AtLeast),
    ];
    rules.into_iter().flatten().collect()
}

fn texts(said: &Predicates) -> Result<Vec<Rule>, Mistake> {
    let mut rules = Vec::new();
    for (text, rule) in [
        (&said.starts_with, Rule::StartsWith as fn(String) -> Rule),
        (&said.ends_with, Rule::EndsWith),
    ] {
        match text {
            Some(text) if text.is_empty() => {
                return Err(mistake("compares with an empty text, which every text has"));
            }
            Some(text) => rules.push(rule(text.clone())),
            None => {}
        }
    }
    if let Some(pattern) = &said.matches {
        rules.push(Rule::Matches(compiled(pattern)?));
    }
    if let Some(pattern) = &said.not_matches {
        rules.push(Rule::NotMatches(compiled(pattern)?));
    }
    if let Some(range) = &said.version {
        let parsed = semver::VersionReq::parse(&range.value).map_err(|error| Mistake {
            message: format!(
                "has `{}`, which is no range of versions: {error}",
                range.value
            ),
            place: Some((range.line, range.column)),
        })?;
        rules.push(Rule::Version(parsed));
    }
    Ok(rules)
}

/// A regular expression of the file; the mistake in it is pointed at by its column.
pub(crate) fn compiled(pattern: &Located<String>) -> Result<Regex, Mistake> {
    let built = regex::RegexBuilder::new(&pattern.value)
        .size_limit(LARGEST_PATTERN)
        .build();
    built.map_err(|error| {
        // The last line of the library's message says what is wrong; those before it draw it.
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        let why = last.trim_start_matches("error: ");
        Mistake {
            message: format!(
                "has `{}`, which is no regular expression: {why}",
                crate::answer::shown(&pattern.value, 60)
            ),
            place: Some((pattern.line, pattern.column)),
        }
    })
}

impl Rule {
    fn is_of_numbers(&self) -> bool {
        matches!(
            self,
            Self::LessThan(_) | Self::AtMost(_) | Self::MoreThan(_) | Self::AtLeast(_)
        )
    }

    fn holds(&self, value: &Value, now: Timestamp) -> bool {
        let number = |holds: &dyn Fn(f64) -> bool| shape::number(value).is_some_and(holds);
        let text = |holds: &dyn Fn(&str) -> bool| value.as_str().is_some_and(holds);
        match self {
            Self::Equals(wanted) => is_same(value, wanted),
            Self::Not(other) => !is_same(value, other),
            Self::In(wanted) => wanted.iter().any(|wanted| is_same(value, wanted)),
            Self::NotIn(others) => !others.iter().any(|other| is_same(value, other)),
            Self::LessThan(limit) => number(&|number| number < *limit),
            Self::AtMost(limit) => number(&|number| number <= *limit),
            Self::MoreThan(limit) => number(&|number| number > *limit),
            Self::AtLeast(limit) => number(&|number| number >= *limit),
            Self::Contains(part) => contains(value, part) == Some(true),
            Self::NotContains(part) => contains(value, part) == Some(false),
            Self::StartsWith(start) => text(&|text| text.starts_with(start)),
            Self::EndsWith(end) => text(&|text| text.ends_with(end)),
            Self::Matches(pattern) => text(&|text| pattern.is_match(text)),
            Self::NotMatches(pattern) => text(&|text| !pattern.is_match(text)),
            Self::Exists => true,
            Self::Empty(wanted) => shape::length(value).is_some_and(|n| (n == 0) == *wanted),
            Self::Is(shape) => shape::is(value, *shape),
            Self::Length(length) => shape::length(value).is_some_and(|n| {
                length.equals.is_none_or(|wanted| n == wanted)
                    && length.at_least.is_none_or(|least| n >= least)
                    && length.at_most.is_none_or(|most| n <= most)
            }),
            Self::Version(range) => {
                text(&|text| shape::version(text).is_some_and(|found| range.matches(&found)))
            }
            Self::Recent(span) => shape::instant(value).is_some_and(|then| {
                let apart = now.duration_since(then).unsigned_abs();
                apart <= span.duration() + Duration::from_millis(1)
            }),
        }
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |values: &[Value]| values.iter().map(written).collect::<Vec<_>>().join(", ");
        match self {
            Self::Equals(value) => write!(out, "be {}", written(value)),
            Self::Not(value) => write!(out, "not be {}", written(value)),
            Self::In(values) => write!(out, "be one of {}", list(values)),
            Self::NotIn(values) => write!(out, "be none of {}", list(values)),
            Self::LessThan(limit) => write!(out, "be less than {limit}"),
            Self::AtMost(limit) => write!(out, "be at most {limit}"),
            Self::MoreThan(limit) => write!(out, "be more than {limit}"),
            Self::AtLeast(limit) => write!(out, "be at least {limit}"),
            Self::Contains(part) => write!(out, "contain {}", written(part)),
            Self::NotContains(part) => write!(out, "not contain {}", written(part)),
            Self::StartsWith(start) => write!(out, "start with `{start}`"),
            Self::EndsWith(end) => write!(out, "end with `{end}`"),
            Self::Matches(pattern) => write!(out, "match `{pattern}`"),
            Self::NotMatches(pattern) => write!(out, "not match `{pattern}`"),
            Self::Exists => out.write_str("be there"),
            Self::Empty(true) => out.write_str("be empty"),
            Self::Empty(false) => out.write_str("not be empty"),
            Self::Is(shape) => write!(out, "be {}", shape::word(*shape)),
            Self::Length(length) => write!(out, "have a length {}", shape::wanted(*length)),
            Self::Version(range) => write!(out, "be a version in `{range}`"),
            Self::Recent(span) => write!(out, "be a time within {span} of now"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().expect("is an instant")
    }

    fn predicate(yaml: &str) -> Predicate {
        let read: Expectation = serde_saphyr::from_str(yaml).expect("is an expectation");
        match Predicate::of(&read) {
            Ok(predicate) => predicate,
            Err(mistake) => panic!("{}", mistake.message),
        }
    }

    fn refused(yaml: &str) -> String {
        let read: Expectation = serde_saphyr::from_str(yaml).expect("is an expectation");
        Predicate::of(&read)
            .err()
            .map(|mistake| mistake.message)
            .unwrap_or_default()
    }

    #[test]
    fn each_predicate_holds_for_what_it_says_and_for_nothing_else() {
        for (yaml, right, wrong) in [
            ("ok", json!("ok"), json!("OK")),
            ("1", json!(1.0), json!("1")),
            ("{not: down}", json!("up"), json!("down")),
            ("{in: [a, b]}", json!("b"), json!("c")),
            ("{not_in: [a, b]}", json!("c"), json!("a")),
            ("{less_than: 5}", json!(4.9), json!(5)),
            ("{at_most: 5}", json!("5"), json!(5.1)),
            ("{more_than: 5}", json!(6), json!(5)),
            ("{at_least: 5}", json!(5), json!(null)),
            ("{contains: b}", json!(["a", "b"]), json!(["a"])),
            ("{contains: b}", json!("abc"), json!(1)),
            ("{not_contains: b}", json!({"a": 1}), json!({"b": 1})),
            ("{starts_with: a}", json!("ab"), json!("ba")),
            ("{ends_with: a}", json!("ba"), json!("ab")),
            ("{matches: '^v[0-9]+$'}", json!("v12"), json!("v1x")),
            ("{not_matches: '[0-9]'}", json!("abc"), json!("a1")),
            ("{empty: true}", json!([]), json!(["a"])),
            ("{empty: false}", json!("a"), json!("")),
            ("{is: integer}", json!(3.0), json!(3.5)),
            (
                "{length: {at_least: 2, at_most: 3}}",
                json!("äö"),
                json!([1]),
            ),
            ("{version: '>=1.2, <2'}", json!("v1.2"), json!("2.0.0")),
            (
                "{recent: 60s}",
                json!("2026-11-21T11:59:01Z"),
                json!("2026-11-21T11:58:59Z"),
            ),
        ] {
            let predicate = predicate(yaml);
            assert_eq!(predicate.refuses(&right, now()), None, "{yaml} {right}");
            assert!(predicate.refuses(&wrong, now()).is_some(), "{yaml} {wrong}");
        }
    }

    #[test]
    fn all_predicates_must_hold_and_the_broken_one_is_named() {
        let predicate = predicate("{at_least: 1, at_most: 5}");
        assert_eq!(predicate.refuses(&json!(3), now()), None);
        assert_eq!(
            predicate.refuses(&json!(6), now()).as_deref(),
            Some("be at most 5")
        );
        assert_eq!(predicate.wanted(), "be at most 5 and be at least 1");
    }

    #[test]
    fn what_says_nothing_or_contradicts_itself_is_refused() {
        assert_eq!(
            refused("{}"),
            "names no predicate, so everything would hold"
        );
        assert_eq!(
            refused("{exists: false, equals: 1}"),
            "has `exists: false` beside another predicate, so nothing could hold"
        );
        assert_eq!(
            refused("{matches: '(a'}"),
            "has `(a`, which is no regular expression: unclosed group"
        );
        assert!(refused("{version: nope}").contains("is no range of versions"));
        assert!(refused("{starts_with: ''}").contains("empty text"));
        for yaml in [
            "{contains: ''}",
            "{not_contains: ''}",
            "{matches: ''}",
            "{not_matches: ''}",
            "{in: []}",
            "{not_in: []}",
            "{length: {}}",
            "{length: {at_least: 0}}",
        ] {
            assert!(!refused(yaml).is_empty(), "{yaml}");
        }
    }

    proptest! {
        #[test]
        fn no_value_makes_a_predicate_panic(text in ".{0,30}", number: f64, index in 0usize..9) {
            let all = [
                "{matches: a+}", "{recent: 5s}", "{version: '>=1'}", "{length: {equals: 3}}",
                "{is: url}", "{is: ip}", "{is: date-time}", "{at_most: 3}", "{contains: a}",
            ];
            let predicate = predicate(all[index]);
            for value in [json!(text), json!(number), json!([text]), json!(null)] {
                let _ = predicate.refuses(&value, now());
            }
        }
    }
}
