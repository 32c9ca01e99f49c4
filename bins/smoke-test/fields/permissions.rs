//! `Permissions-Policy`: <https://www.w3.org/TR/permissions-policy/>, a dictionary of structured
//! fields (RFC 9651).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Who may use a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Allowlist {
    /// Everybody.
    All,
    /// These origins: `self`, `src`, or as they are.
    Only(BTreeSet<String>),
}

impl fmt::Display for Allowlist {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => out.write_str("*"),
            Self::Only(origins) => {
                let words = origins.iter().map(|origin| match origin.as_str() {
                    "self" | "src" => origin.clone(),
                    _ => format!("\"{origin}\""),
                });
                write!(out, "({})", words.collect::<Vec<_>>().join(" "))
            }
        }
    }
}

/// The features with their allowlists. `Err` says why browsers ignore all of it.
pub(crate) fn parse(value: &str) -> Result<BTreeMap<String, Allowlist>, String> {
    let mut rest = Rest(value.trim_matches([' ', '\t']));
    let mut features = BTreeMap::new();
    while !rest.0.is_empty() {
        let name = rest.key()?;
        if !rest.takes('=') {
            return Err(format!("`{name}` has no allowlist"));
        }
        // The last of two members of one name holds: RFC 9651, section 4.2.2.
        features.insert(name, rest.member()?);
        rest.skip_space();
        if rest.0.is_empty() {
            break;
        }
        if !rest.takes(',') {
            return Err(rest.odd("a comma"));
        }
        rest.skip_space();
        if rest.0.is_empty() {
            return Err("it ends with a comma".into());
        }
    }
    Ok(features)
}

/// One allowlist as it stands behind `=`.
pub(crate) fn allowlist(text: &str) -> Result<Allowlist, String> {
    let mut rest = Rest(text.trim());
    let allowlist = rest.member()?;
    if rest.0.is_empty() {
        Ok(allowlist)
    } else {
        Err(rest.odd("its end"))
    }
}

/// What is not read yet.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn takes(&mut self, character: char) -> bool {
        let rest = self.0.strip_prefix(character);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn skip_space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    fn odd(&self, wanted: &str) -> String {
        format!(
            "`{}` stands where {wanted} should be",
            crate::answer::shown(self.0, 20)
        )
    }

    fn take(&mut self, is_part: impl Fn(char) -> bool) -> String {
        let end = self.0.find(|c| !is_part(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken.to_owned()
    }

    fn key(&mut self) -> Result<String, String> {
        if !self
            .0
            .starts_with(|c: char| c.is_ascii_lowercase() || c == '*')
        {
            return Err(self.odd("a feature"));
        }
        Ok(self.take(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.*".contains(c)))
    }

    fn member(&mut self) -> Result<Allowlist, String> {
        let mut origins = BTreeSet::new();
        if self.takes('(') {
            self.0 = self.0.trim_start_matches(' ');
            while !self.takes(')') {
                origins.insert(self.item()?);
                if !self.0.starts_with([' ', ')']) {
                    return Err(self.odd("`)`"));
                }
                self.0 = self.0.trim_start_matches(' ');
            }
        } else {
            origins.insert(self.item()?);
        }
        self.parameters()?;
        Ok(if origins.contains("*") {
            Allowlist::All
        } else {
            Allowlist::Only(origins)
        })
    }

    /// An origin in quotes, or a word.
    fn item(&mut self) -> Result<String, String> {
        let text = if self.takes('"') {
            self.string()?
        } else if self
            .0
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '*')
        {
            self.take(is_of_word)
        } else {
            return Err(self.odd("an origin"));
        };
        self.parameters()?;
        Ok(text)
    }

    fn string(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut characters = self.0.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.0 = &self.0[at + 1..];
                    return Ok(text);
                }
                '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
                ' '..='~' => text.push(character),
                _ => return Err(self.odd("a text of ASCII")),
            }
        }
        Err("a quote is not closed".into())
    }

    /// `;report-to=x`, which says nothing of who may use a feature.
    fn parameters(&mut self) -> Result<(), String> {
        while self.takes(';') {
            self.0 = self.0.trim_start_matches(' ');
            self.key()?;
            if self.takes('=') {
                if self.takes('"') {
                    self.string()?;
                } else {
                    self.take(|c| is_of_word(c) || c == '?');
                }
            }
        }
        Ok(())
    }
}

/// RFC 9651, section 3.3.4.
fn is_of_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:/".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn features_are_read_with_their_allowlists() {
        let value = "camera=(), geolocation=(self \"https://a.example\");report-to=x,\tfullscreen=*, usb=self";
        let features = parse(value).expect("is a policy");
        let shown: Vec<String> = features
            .iter()
            .map(|(name, allowlist)| format!("{name}={allowlist}"))
            .collect();
        assert_eq!(
            shown,
            [
                "camera=()",
                "fullscreen=*",
                "geolocation=(\"https://a.example\" self)",
                "usb=(self)"
            ]
        );
        assert_eq!(allowlist("( self )"), allowlist("self"));
        assert_eq!(parse(""), Ok(BTreeMap::new()));
    }

    #[test]
    fn what_browsers_cannot_read_is_said() {
        for (value, why) in [
            ("camera 'none'", "`camera` has no allowlist"),
            ("camera", "`camera` has no allowlist"),
            ("Camera=()", "`Camera=()` stands where a feature should be"),
            ("camera=(self", "`` stands where `)` should be"),
            ("camera=(\"https://a)", "a quote is not closed"),
            ("camera=();", "`` stands where a feature should be"),
            (
                "camera=() usb=()",
                "`usb=()` stands where a comma should be",
            ),
            ("camera=(),", "it ends with a comma"),
            ("camera=1", "`1` stands where an origin should be"),
        ] {
            assert_eq!(parse(value), Err(why.to_owned()), "{value}");
        }
        assert!(allowlist("()()").is_err());
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "(?s).{0,60}") {
            let _ = (parse(&value), allowlist(&value));
        }

        #[test]
        fn near_misses_do_not_panic_either(value in "[a-c=(), \"\\\\;*]{0,30}") {
            let _ = parse(&value);
        }

        #[test]
        fn what_is_shown_is_read_the_same(origins in proptest::collection::btree_set("https://[a-z]{1,8}", 0..4)) {
            let list = Allowlist::Only(origins);
            prop_assert_eq!(allowlist(&list.to_string()), Ok(list));
        }
    }
}
