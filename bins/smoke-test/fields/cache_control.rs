//! `Cache-Control` of an answer: RFC 9111, section 5.2.2.

use super::{pair, split};

/// Larger numbers mean this one: RFC 9111, section 1.2.2.
const LARGEST: u64 = 1 << 31;
/// The directives whose value is a number of seconds (the last two: RFC 5861).
const IN_SECONDS: [&str; 4] = [
    "max-age",
    "s-maxage",
    "stale-while-revalidate",
    "stale-if-error",
];

/// The directives in their order, names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CacheControl(Vec<(String, Option<String>)>);

impl CacheControl {
    /// Reads the value of the header, all its lines joined by commas.
    pub(crate) fn parse(value: &str) -> Self {
        Self(split(value, ',').into_iter().map(pair).collect())
    }

    /// Whether a directive is there, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// Whether it is there without a value. `no-cache="set-cookie"` is about that field alone.
    pub(crate) fn is_whole(&self, name: &str) -> bool {
        self.values(name).any(|value| value.is_none())
    }

    /// The number of seconds of a directive: of the first one, when it is there several times.
    pub(crate) fn seconds(&self, name: &str) -> Option<u64> {
        self.values(name).next().flatten().and_then(seconds)
    }

    /// What caches may read one way or the other, as it follows `has a `Cache-Control` in which `.
    pub(crate) fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        for name in IN_SECONDS {
            if let Some(value) = self
                .values(name)
                .find(|value| value.and_then(seconds).is_none())
            {
                let value = crate::answer::shown(value.unwrap_or_default(), 40);
                found.push(format!(
                    "`{name}` is `{value}`, which is no number of seconds"
                ));
            }
            let mut values: Vec<&str> = self.values(name).flatten().collect();
            values.dedup();
            if let [first, second, ..] = values[..] {
                let (first, second) = (
                    crate::answer::shown(first, 40),
                    crate::answer::shown(second, 40),
                );
                found.push(format!("`{name}` is both {first} and {second}"));
            }
        }
        // `must-understand` makes `no-store` a fallback for caches that do not know the status:
        // RFC 9111, section 5.2.2.3.
        let is_unstored = self.is_whole("no-store") && !self.has("must-understand");
        let pairs = [
            (
                self.is_whole("public") && self.is_whole("private"),
                "`public` and `private`",
            ),
            (
                is_unstored && self.is_whole("public"),
                "`public` and `no-store`",
            ),
            (
                is_unstored && self.has("immutable"),
                "`immutable` and `no-store`",
            ),
            (
                is_unstored && self.seconds("max-age").is_some_and(|age| age > 0),
                "a `max-age` and `no-store`",
            ),
        ];
        let pairs = pairs.into_iter().filter(|(is_so, _)| *is_so);
        found.extend(pairs.map(|(_, both)| format!("{both} contradict each other")));
        found
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Option<&'a str>> {
        let same = self.0.iter().filter(move |(key, _)| key == name);
        same.map(|(_, value)| value.as_deref())
    }
}

fn seconds(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Digits that do not fit are a number that is too large, and nothing else.
    is_number.then(|| {
        text.parse()
            .map_or(LARGEST, |seconds: u64| seconds.min(LARGEST))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn directives_are_read_in_any_case_and_quoting() {
        let control = CacheControl::parse("Public, MAX-AGE=\"31536000\" ,immutable,");
        assert!(control.has("public") && control.has("immutable"));
        assert_eq!(control.seconds("max-age"), Some(31_536_000));
        assert_eq!(control.contradictions(), Vec::<String>::new());
        let partly = CacheControl::parse("no-cache=\"set-cookie, x\", max-age=5");
        assert!(partly.has("no-cache") && !partly.is_whole("no-cache"));
        assert_eq!(partly.seconds("max-age"), Some(5));
    }

    #[test]
    fn a_number_without_end_is_the_largest_one() {
        let control = CacheControl::parse("max-age=99999999999999999999999");
        assert_eq!(control.seconds("max-age"), Some(LARGEST));
        for value in ["max-age", "max-age=-1", "max-age=1.5", "max-age="] {
            assert_eq!(
                CacheControl::parse(value).seconds("max-age"),
                None,
                "{value}"
            );
        }
    }

    #[test]
    fn contradictions_are_told() {
        for (value, told) in [
            ("max-age=0, max-age=60", "`max-age` is both 0 and 60"),
            (
                "max-age=soon",
                "`max-age` is `soon`, which is no number of seconds",
            ),
            (
                "public, private",
                "`public` and `private` contradict each other",
            ),
            (
                "no-store, max-age=60",
                "a `max-age` and `no-store` contradict each other",
            ),
            (
                "no-store, public",
                "`public` and `no-store` contradict each other",
            ),
            (
                "immutable, no-store",
                "`immutable` and `no-store` contradict each other",
            ),
        ] {
            assert_eq!(
                CacheControl::parse(value).contradictions(),
                [told],
                "{value}"
            );
        }
        for value in [
            "no-store, no-cache, must-revalidate, max-age=0",
            "must-understand, no-store, max-age=60",
            "max-age=60, max-age=60",
        ] {
            let none = Vec::<String>::new();
            assert_eq!(CacheControl::parse(value).contradictions(), none, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "(?s).{0,80}") {
            let control = CacheControl::parse(&value);
            let _ = (control.seconds("max-age"), control.contradictions());
        }

        #[test]
        fn what_was_written_is_read(age in 0u64..LARGEST, has_public: bool) {
            let public = if has_public { "public, " } else { "" };
            let control = CacheControl::parse(&format!("{public}max-age={age}"));
            prop_assert_eq!(control.seconds("max-age"), Some(age));
            prop_assert_eq!(control.has("public"), has_public);
        }
    }
}
