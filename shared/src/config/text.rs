//! Strings of the file that remember their place, and `${NAME}` in them.

use crate::error::{Error, Result};
use crate::secret::Secret;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer};
use std::borrow::Cow;

/// A value with the line and column (both from 1) at which the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// From 1; 0 when unknown.
    pub line: u64,
    /// From 1; 0 when unknown.
    pub column: u64,
}

impl<T> Located<T> {
    /// A config error about this value.
    pub fn refuse(&self, file: &str, message: impl Into<String>) -> Error {
        Error::config(message).at(format!("{file}:{}:{}", self.line, self.column))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        Ok(Self {
            line: spanned.referenced.line(),
            column: spanned.referenced.column(),
            value: spanned.value,
        })
    }
}

impl<T: JsonSchema> JsonSchema for Located<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A string in which `${NAME}` stands for a variable of the process; `$${` writes a literal `${`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Located<String>);

impl Template {
    /// The string as the file has it: without any secret.
    pub fn raw(&self) -> &str {
        &self.0.value
    }

    /// The names that it reads.
    pub fn names(&self) -> Vec<&str> {
        pieces(self.raw())
            .filter_map(|piece| match piece {
                Piece::Name(name) => Some(name),
                Piece::Literal(_) | Piece::Unclosed => None,
            })
            .collect()
    }

    /// The string with every `${NAME}` replaced. Each value read so is a secret from then on,
    /// and so is the whole result.
    pub fn resolve(&self, file: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Secret> {
        let mut text = String::new();
        let mut is_secret = false;
        for piece in pieces(self.raw()) {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Unclosed => return Err(self.0.refuse(file, "`${` is not closed by `}`")),
                Piece::Name(name) => {
                    let value = lookup(name).ok_or_else(|| {
                        self.0
                            .refuse(
                                file,
                                format!("the environment variable `{name}` is not set"),
                            )
                            .hint("set it, or write `$${` for a literal `${`")
                    })?;
                    text.push_str(Secret::new(value).expose());
                    is_secret = true;
                }
            }
        }
        // A literal URL in the file is no secret; masking it would hide every address.
        Ok(if is_secret {
            Secret::new(text)
        } else {
            Secret::plain(text)
        })
    }

    /// A config error about this string.
    pub fn refuse(&self, file: &str, message: impl Into<String>) -> Error {
        self.0.refuse(file, message)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Located::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Template {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "`${NAME}` reads the environment; the value is masked everywhere"
        })
    }
}

enum Piece<'a> {
    Literal(&'a str),
    Name(&'a str),
    Unclosed,
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(after) = rest.strip_prefix("$${") {
            rest = after;
            return Some(Piece::Literal("${"));
        }
        if let Some(after) = rest.strip_prefix("${") {
            let Some(end) = after.find('}') else {
                rest = "";
                return Some(Piece::Unclosed);
            };
            rest = &after[end + 1..];
            return Some(Piece::Name(&after[..end]));
        }
        let start = usize::from(rest.starts_with('$'));
        let end = rest[start..].find('$').map_or(rest.len(), |at| at + start);
        let (literal, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Literal(literal))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn template(text: &str) -> Template {
        Template(Located {
            value: text.into(),
            line: 3,
            column: 7,
        })
    }

    fn resolve(text: &str) -> Result<String> {
        let lookup = |name: &str| (name == "PASSWORD").then(|| "hunter22".to_owned());
        let secret = template(text).resolve("sluicegate.yml", &lookup)?;
        Ok(secret.expose().to_owned())
    }

    #[test]
    fn names_are_replaced_and_the_result_is_masked() {
        assert_eq!(
            resolve("postgres://u:${PASSWORD}@h/d").expect("resolves"),
            "postgres://u:hunter22@h/d"
        );
        assert_eq!(crate::secret::redact("hunter22"), "***");
    }

    #[test]
    fn a_doubled_dollar_is_literal_and_a_single_one_means_nothing() {
        assert_eq!(
            resolve("$${PASSWORD} $x $").expect("resolves"),
            "${PASSWORD} $x $"
        );
    }

    #[test]
    fn an_unset_name_says_where_it_stands() {
        let error = resolve("a${NOPE}").expect_err("is not set").to_string();
        assert_eq!(
            error,
            "sluicegate.yml:3:7: the environment variable `NOPE` is not set; \
             set it, or write `$${` for a literal `${`"
        );
        assert!(resolve("${PASSWORD").is_err());
    }

    proptest! {
        #[test]
        fn text_without_a_brace_comes_back_unchanged(text in "[a-z$ /:]{0,20}") {
            prop_assert_eq!(resolve(&text).expect("names nothing"), text);
        }
    }
}
