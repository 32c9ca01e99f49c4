//! What must hold for a value: equality written plainly, or predicates by name.

use super::super::{Located, Span};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// What must hold for a value. A plain value or a list must be equal; a map names predicates, all
/// of which must hold (`{equals: {…}}` for equality with a map).
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation(pub Predicates);

/// Everything that can be said of a value; what is not given is not asked.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Predicates {
    /// Equal, numbers by their value.
    pub equals: Option<Value>,
    /// Not equal.
    pub not: Option<Value>,
    /// Equal to one of these.
    #[serde(rename = "in")]
    pub one_of: Option<Vec<Value>>,
    /// Equal to none of these.
    pub not_in: Option<Vec<Value>>,
    /// A number below this.
    pub less_than: Option<f64>,
    /// A number up to this.
    pub at_most: Option<f64>,
    /// A number above this.
    pub more_than: Option<f64>,
    /// A number from this.
    pub at_least: Option<f64>,
    /// A text with this part, a list with this member, or a map with this key.
    pub contains: Option<Value>,
    /// Neither of these.
    pub not_contains: Option<Value>,
    /// A text that begins so.
    pub starts_with: Option<String>,
    /// A text that ends so.
    pub ends_with: Option<String>,
    /// A text in which this regular expression finds something; `^…$` for all of it.
    pub matches: Option<Located<String>>,
    /// A text in which it finds nothing.
    pub not_matches: Option<Located<String>>,
    /// Whether it is there at all.
    pub exists: Option<bool>,
    /// Whether it is an empty text, list or map.
    pub empty: Option<bool>,
    /// Its type, or the form of its text.
    pub is: Option<Shape>,
    /// How many characters, members or keys it has.
    pub length: Option<Length>,
    /// A version in this range, as in Cargo: `>=1.2, <2`.
    pub version: Option<Located<String>>,
    /// A date and time (RFC 3339, or seconds or milliseconds since 1970) no further from now than
    /// this.
    pub recent: Option<Span>,
    /// For which of several selected values all of this must hold.
    #[serde(rename = "for", default)]
    pub policy: Policy,
}

/// The type of a value, or the form of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// A text.
    String,
    /// A number.
    Number,
    /// A number without a fraction.
    Integer,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// A map.
    Object,
    /// Null.
    Null,
    /// A UUID (RFC 9562) as text.
    Uuid,
    /// A date and time (RFC 3339) as text.
    DateTime,
    /// A date (RFC 3339, `full-date`) as text.
    Date,
    /// An absolute URL as text.
    Url,
    /// An address with an `@` as text.
    Email,
    /// An IPv4 or IPv6 address as text.
    Ip,
}

/// How many characters, members or keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Length {
    /// Exactly so many.
    pub equals: Option<u64>,
    /// So many or more.
    pub at_least: Option<u64>,
    /// So many or fewer.
    pub at_most: Option<u64>,
}

/// For which of several selected values something must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// For every one.
    #[default]
    All,
    /// For at least one.
    Any,
    /// For exactly one.
    One,
}

impl Expectation {
    /// Equality with a value.
    pub fn equals(value: Value) -> Self {
        Self(Predicates {
            equals: Some(value),
            ..Predicates::default()
        })
    }
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Plain;

        impl<'de> Visitor<'de> for Plain {
            type Value = Expectation;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a value, or a map of predicates")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Expectation, E> {
                Ok(Expectation::equals(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Expectation, E> {
                Ok(Expectation::equals(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Expectation, E> {
                Ok(Expectation::equals(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Expectation, E> {
                Ok(Expectation::equals(value.into()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Expectation, E> {
                Ok(Expectation::equals(value.into()))
            }

            fn visit_unit<E>(self) -> Result<Expectation, E> {
                Ok(Expectation::equals(Value::Null))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Expectation, A::Error> {
                let list = Deserialize::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(Expectation::equals(Value::Array(list)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Expectation, A::Error> {
                Predicates::deserialize(MapAccessDeserializer::new(map)).map(Expectation)
            }
        }

        deserializer.deserialize_any(Plain)
    }
}

impl JsonSchema for Expectation {
    fn schema_name() -> Cow<'static, str> {
        "Expectation".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let predicates = generator.subschema_for::<Predicates>();
        schemars::json_schema!({
            "description": "A value or list that must be equal, or predicates that must all hold",
            "anyOf": [
                { "type": ["string", "number", "boolean", "null", "array"] },
                predicates,
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(yaml: &str) -> Expectation {
        serde_saphyr::from_str(yaml).expect("is an expectation")
    }

    #[test]
    fn a_plain_value_or_a_list_means_equality() {
        for (yaml, value) in [
            ("ok", json!("ok")),
            ("1", json!(1)),
            ("1.5", json!(1.5)),
            ("true", json!(true)),
            ("null", json!(null)),
            ("[a, 1]", json!(["a", 1])),
            ("'1'", json!("1")),
        ] {
            assert_eq!(read(yaml), Expectation::equals(value), "{yaml}");
        }
    }

    #[test]
    fn a_map_names_predicates_and_an_unknown_one_is_refused() {
        let expectation = read("{at_most: 5, is: integer, for: any}").0;
        assert_eq!(expectation.at_most, Some(5.0));
        assert_eq!(expectation.is, Some(Shape::Integer));
        assert_eq!(expectation.policy, Policy::Any);
        let equal = read("{equals: {a: 1}}").0.equals;
        assert_eq!(equal, Some(json!({"a": 1})));
        assert!(serde_saphyr::from_str::<Expectation>("{at_mots: 5}").is_err());
    }
}
