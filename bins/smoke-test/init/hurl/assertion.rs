//! One assertion or capture of a Hurl file: what is looked at, and what must hold for it.
//! <https://hurl.dev/docs/asserting-response.html>

use serde_json::Value;

/// One assertion.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assertion {
    /// What is looked at.
    pub(super) query: Query,
    /// What is made of it first: the names of filters.
    pub(super) filters: Vec<String>,
    /// Whether it must not hold.
    pub(super) is_negated: bool,
    /// `==`, `contains`, `exists`, …; empty for a capture.
    pub(super) predicate: String,
    /// What it is compared with.
    pub(super) value: Option<Value>,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// `status`, `header`, `jsonpath`, …
    pub(super) name: String,
    /// What follows it: a header's name, a path.
    pub(super) argument: Option<String>,
}

/// Queries that something must follow.
const WITH_ARGUMENT: [&str; 7] = [
    "header",
    "cookie",
    "xpath",
    "jsonpath",
    "regex",
    "variable",
    "certificate",
];
const PREDICATES: [&str; 29] = [
    "==",
    "!=",
    ">",
    ">=",
    "<",
    "<=",
    "equals",
    "notEquals",
    "greaterThan",
    "greaterThanOrEquals",
    "lessThan",
    "lessThanOrEquals",
    "startsWith",
    "endsWith",
    "contains",
    "includes",
    "matches",
    "exists",
    "isEmpty",
    "isInteger",
    "isFloat",
    "isNumber",
    "isString",
    "isBoolean",
    "isList",
    "isObject",
    "isUuid",
    "isIsoDate",
    "isIpv4",
];

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Value(Value),
}

impl Assertion {
    /// Reads one. `Err` has the column, from 1 within the text, and what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, (usize, String)> {
        let tokens = tokens(text)?;
        let mut tokens = tokens.into_iter().peekable();
        let Some((column, Token::Word(name))) = tokens.next() else {
            return Err((
                1,
                "here a query is expected, such as `status` or `jsonpath`".into(),
            ));
        };
        if PREDICATES.contains(&name.as_str()) || name == "not" {
            return Err((
                column,
                format!("here a query is expected, and not yet `{name}`"),
            ));
        }
        let argument = match tokens.peek() {
            Some((_, Token::Value(Value::String(_)))) => match tokens.next() {
                Some((_, Token::Value(Value::String(text)))) => Some(text),
                Some(_) | None => None,
            },
            Some(_) | None => None,
        };
        if argument.is_none() && WITH_ARGUMENT.contains(&name.as_str()) {
            return Err((column, format!("`{name}` needs a text in quotes behind it")));
        }
        let mut assertion = Self {
            query: Query { name, argument },
            filters: Vec::new(),
            is_negated: false,
            predicate: String::new(),
            value: None,
        };
        for (column, token) in tokens {
            match token {
                _ if assertion.value.is_some() => {
                    return Err((column, "nothing more is expected here".into()));
                }
                Token::Word(word) if !assertion.predicate.is_empty() => {
                    // A word that is no known value, such as a template without quotes.
                    assertion.value = Some(Value::String(word));
                }
                Token::Word(word) if word == "not" => assertion.is_negated = true,
                Token::Word(word) if PREDICATES.contains(&word.as_str()) => {
                    assertion.predicate = symbol(&word).to_owned();
                }
                Token::Word(word) => assertion.filters.push(word),
                Token::Value(value) if !assertion.predicate.is_empty() => {
                    assertion.value = Some(value);
                }
                // What a filter takes; filters other than `count` are not carried over anyway.
                Token::Value(_) if !assertion.filters.is_empty() => {}
                Token::Value(_) => return Err((column, "here a predicate is expected".into())),
            }
        }
        Ok(assertion)
    }
}

/// Old names of predicates.
fn symbol(word: &str) -> &str {
    match word {
        "equals" => "==",
        "notEquals" => "!=",
        "greaterThan" => ">",
        "greaterThanOrEquals" => ">=",
        "lessThan" => "<",
        "lessThanOrEquals" => "<=",
        "includes" => "contains",
        other => other,
    }
}

/// Words and values, each with its column.
fn tokens(text: &str) -> Result<Vec<(usize, Token)>, (usize, String)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let column = text[..at].chars().count() + 1;
        let rest = &text[at..];
        let length = match next {
            ' ' | '\t' => {
                at += 1;
                continue;
            }
            '#' => break,
            '"' | '`' => {
                let (value, length) =
                    string(rest, next).ok_or((column, "the text is not closed".to_owned()))?;
                tokens.push((column, Token::Value(Value::String(value))));
                length
            }
            '/' => {
                let (value, length) = pattern(rest)
                    .ok_or((column, "the regular expression is not closed".to_owned()))?;
                tokens.push((column, Token::Value(Value::String(value))));
                length
            }
            _ => {
                let length = rest.find([' ', '\t']).unwrap_or(rest.len());
                tokens.push((column, word(&rest[..length])));
                length
            }
        };
        at += length;
    }
    Ok(tokens)
}

fn word(text: &str) -> Token {
    // Numbers, truth values and null are written as in JSON.
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => Token::Value(value),
        Ok(_) | Err(_) => Token::Word(text.to_owned()),
    }
}

/// A text in quotes, and how many bytes it takes.
fn string(text: &str, quote: char) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            _ if character == quote => return Some((out, at + 1)),
            '\\' => match characters.next()?.1 {
                'n' => out.push('\n'),
                'r' => out.push('\r'),
                't' => out.push('\t'),
                'b' => out.push('\u{8}'),
                'f' => out.push('\u{c}'),
                'u' => out.push(code_point(&mut characters)?),
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    None
}

/// `{1f600}`
fn code_point(characters: &mut impl Iterator<Item = (usize, char)>) -> Option<char> {
    characters.next().filter(|(_, open)| *open == '{')?;
    let digits: String = characters
        .map(|(_, digit)| digit)
        .take_while(|digit| *digit != '}')
        .take(8)
        .collect();
    u32::from_str_radix(&digits, 16)
        .ok()
        .and_then(char::from_u32)
}

/// A regular expression between slashes, and how many bytes it takes.
fn pattern(text: &str) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '/' => return Some((out, at + 1)),
            '\\' => match characters.next()?.1 {
                '/' => out.push('/'),
                other => out.extend(['\\', other]),
            },
            other => out.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(
        text: &str,
    ) -> (
        String,
        Option<String>,
        Vec<String>,
        bool,
        String,
        Option<Value>,
    ) {
        let read = Assertion::parse(text).unwrap_or_else(|why| panic!("{text}: {why:?}"));
        let Query { name, argument } = read.query;
        (
            name,
            argument,
            read.filters,
            read.is_negated,
            read.predicate,
            read.value,
        )
    }

    #[test]
    fn queries_filters_and_predicates_are_told_apart() {
        let none = Vec::<String>::new;
        assert_eq!(
            read("status == 200 # fine"),
            (
                "status".into(),
                None,
                none(),
                false,
                "==".into(),
                Some(json!(200))
            )
        );
        assert_eq!(
            read(r#"jsonpath "$.a[\"b\"]" not contains "x\ty\u{e4}""#),
            (
                "jsonpath".into(),
                Some("$.a[\"b\"]".into()),
                none(),
                true,
                "contains".into(),
                Some(json!("x\tyä"))
            )
        );
        assert_eq!(
            read(r#"jsonpath "$.a" count greaterThan 3"#),
            (
                "jsonpath".into(),
                Some("$.a".into()),
                vec!["count".into()],
                false,
                ">".into(),
                Some(json!(3))
            )
        );
        let (.., value) = read(r"header `X-A` matches /^a\/\d+$/");
        assert_eq!(value, Some(json!(r"^a/\d+$")));
        let (.., predicate, value) = read("body exists");
        assert_eq!((predicate.as_str(), value), ("exists", None));
    }

    #[test]
    fn a_mistake_has_its_column() {
        for (text, column, why) in [
            ("", 1, "a query is expected"),
            ("== 200", 1, "a query is expected"),
            ("jsonpath == 1", 1, "needs a text in quotes"),
            ("header \"a", 8, "the text is not closed"),
            (
                "body matches /a",
                14,
                "the regular expression is not closed",
            ),
            ("status == 200 300", 15, "nothing more is expected"),
            ("status 200", 8, "a predicate is expected"),
        ] {
            let (at, message) = Assertion::parse(text).expect_err(text);
            assert_eq!(at, column, "{text}: {message}");
            assert!(message.contains(why), "{text}: {message}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}", like in "[a-z\"`/\\\\{}# $.=!<>0-9]{0,60}") {
            let _ = Assertion::parse(&text);
            let _ = Assertion::parse(&like);
        }
    }
}
