//! A part that can be left out with `false`, taken with its defaults with `true`, or spelled out.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// `false` leaves a part out, `true` takes its defaults, anything else says what it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Switch<T> {
    /// Left out.
    Off,
    /// Asked for.
    On(T),
}

impl<T> Switch<T> {
    /// What is asked for, when anything is.
    pub fn asked(&self) -> Option<&T> {
        match self {
            Self::Off => None,
            Self::On(value) => Some(value),
        }
    }
}

impl<T: Default> Default for Switch<T> {
    fn default() -> Self {
        Self::On(T::default())
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Switch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Part<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Part<T> {
            type Value = Switch<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("`false`, `true`, or what is asked for")
            }

            fn visit_bool<E>(self, is_asked: bool) -> Result<Switch<T>, E> {
                Ok(if is_asked {
                    Switch::default()
                } else {
                    Switch::Off
                })
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Switch<T>, E> {
                T::deserialize(word.into_deserializer()).map(Switch::On)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Switch<T>, A::Error> {
                T::deserialize(SeqAccessDeserializer::new(list)).map(Switch::On)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Switch<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Switch::On)
            }
        }

        deserializer.deserialize_any(Part(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Switch<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("SwitchOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let part = generator.subschema_for::<T>();
        schemars::json_schema!({ "anyOf": [{ "type": "boolean" }, part] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Limits {
        most: u64,
    }

    fn read(yaml: &str) -> Switch<Limits> {
        serde_saphyr::from_str(yaml).expect("is a part")
    }

    #[test]
    fn false_leaves_it_out_and_true_takes_the_defaults() {
        assert_eq!(read("false"), Switch::Off);
        assert_eq!(read("true"), Switch::default());
        assert_eq!(read("{most: 3}").asked(), Some(&Limits { most: 3 }));
    }

    #[test]
    fn words_and_lists_are_taken_and_unknown_keys_refused() {
        let list: Switch<Vec<String>> = serde_saphyr::from_str("[a, b]").expect("is a list");
        assert_eq!(list, Switch::On(vec!["a".into(), "b".into()]));
        let word: Switch<String> = serde_saphyr::from_str("deny").expect("is a word");
        assert_eq!(word, Switch::On("deny".into()));
        let error = serde_saphyr::from_str::<Switch<Limits>>("{mots: 3}");
        assert!(error.expect_err("is no key").to_string().contains("mots"));
        assert!(serde_saphyr::from_str::<Switch<Limits>>("7").is_err());
    }
}
