//! `Referrer-Policy`: <https://www.w3.org/TR/referrer-policy/>.

use super::split;

/// Every policy there is.
pub(crate) const POLICIES: [&str; 8] = [
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
];

/// The policy that holds: the last one that is known, so that older browsers find one as well.
pub(crate) fn effective(value: &str) -> Option<&'static str> {
    split(value, ',').into_iter().rev().find_map(|word| {
        let mut known = POLICIES.into_iter();
        known.find(|policy| policy.eq_ignore_ascii_case(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_known_policy_holds() {
        assert_eq!(effective("no-referrer"), Some("no-referrer"));
        assert_eq!(
            effective("no-referrer, Strict-Origin, newer"),
            Some("strict-origin")
        );
        assert_eq!(effective("never"), None);
        assert_eq!(effective(""), None);
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "(?s).{0,60}") {
            let _ = effective(&value);
        }
    }
}
