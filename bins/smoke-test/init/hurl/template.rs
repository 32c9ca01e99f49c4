//! `{{name}}` in a Hurl file: a value that was captured, one that the file sets, or one that is
//! given from outside and becomes a variable of the process.

use super::super::draft::{Draft, literal};
use crate::sensitive::is_sensitive;
use regex::{Captures, Regex};
use std::collections::{BTreeMap, BTreeSet};

/// What names mean at a place of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    captured: BTreeSet<String>,
    lost: BTreeSet<String>,
    set: BTreeMap<String, String>,
    read: BTreeSet<String>,
    /// Variables for secrets that the file has in plain sight, and what they must hold.
    hidden: BTreeMap<String, String>,
}

/// A piece of a text.
enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

impl Names {
    /// These are captured from now on.
    pub(super) fn add(&mut self, names: impl IntoIterator<Item = String>) {
        self.captured.extend(names);
    }

    /// These would have been captured by a request that is not carried over.
    pub(super) fn lose(&mut self, names: impl IntoIterator<Item = String>) {
        self.lost.extend(names);
    }

    /// The file says what this one is.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.set.insert(name.to_owned(), value.to_owned());
    }

    /// A text that may read variables of the process: the value of a header, a body.
    pub(super) fn with_variables(&mut self, text: &str) -> Result<String, String> {
        self.filled(text, literal, true)
    }

    /// A text that may not, such as a path; `written` is how its own parts are written.
    pub(super) fn without_variables(
        &mut self,
        text: &str,
        written: fn(&str) -> String,
    ) -> Result<String, String> {
        self.filled(text, written, false)
    }

    fn filled(
        &mut self,
        text: &str,
        written: fn(&str) -> String,
        has_variables: bool,
    ) -> Result<String, String> {
        let mut out = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => out.push_str(&written(text)),
                Piece::Name(name) if self.captured.contains(name) => {
                    out.push_str(&format!("{{{{{name}}}}}"));
                }
                Piece::Name(name) if self.set.contains_key(name) => {
                    out.push_str(&written(&self.set[name]));
                }
                Piece::Name(name) if self.lost.contains(name) => {
                    return Err(format!("nothing captures `{name}` any more"));
                }
                Piece::Name(name) if !is_name(name) => {
                    let shown = crate::answer::shown(name, 60);
                    return Err(format!(
                        "it uses `{{{{{shown}}}}}`, which only Hurl can make"
                    ));
                }
                Piece::Name(name) if has_variables => {
                    self.read.insert(name.to_owned());
                    out.push_str(&format!("${{{}}}", variable(name)));
                }
                Piece::Name(name) => {
                    return Err(format!(
                        "it uses `{name}` where no variable of the process can stand"
                    ));
                }
            }
        }
        Ok(out)
    }

    /// A header, a cookie or a field as it may stand in the draft: a secret in plain sight becomes a
    /// variable, because a draft is printed and committed.
    pub(super) fn hidden(&mut self, name: &str, value: &str) -> String {
        if !is_sensitive(name) || value.is_empty() || value.contains("{{") {
            return value.to_owned();
        }
        if value.contains("${") && !value.contains("$${") {
            return value.to_owned();
        }
        if name.eq_ignore_ascii_case("cookie") {
            let pairs = value.split(';').map(|pair| self.hidden_pair(pair.trim()));
            return pairs.collect::<Vec<_>>().join("; ");
        }
        // The scheme of `Bearer …` is none.
        match value.split_once(' ') {
            Some((scheme, secret)) if scheme.bytes().all(|b| b.is_ascii_alphabetic()) => {
                format!("{scheme} {}", self.variable_for(name, secret))
            }
            Some(_) | None => self.variable_for(name, value),
        }
    }

    /// The same for a document of JSON, by the names of its members.
    pub(super) fn hidden_in(&mut self, document: &str) -> Result<String, String> {
        let member = Regex::new(r#""([^"\\]*)"(\s*:\s*)"((?:[^"\\]|\\.)*)""#);
        let member = member.map_err(|error| error.to_string())?;
        let hidden = member.replace_all(document, |found: &Captures<'_>| {
            let (name, between, value) = (&found[1], &found[2], &found[3]);
            format!("\"{name}\"{between}\"{}\"", self.hidden(name, value))
        });
        Ok(hidden.into_owned())
    }

    fn hidden_pair(&mut self, pair: &str) -> String {
        match pair.split_once('=') {
            Some((name, value)) => {
                let variable = self.variable_for(&format!("cookie-{name}"), value);
                format!("{name}={variable}")
            }
            None => pair.to_owned(),
        }
    }

    /// `${HURL_X_API_KEY}`: the same for the same value, and another one for another.
    fn variable_for(&mut self, name: &str, value: &str) -> String {
        let upper: String = name
            .to_ascii_uppercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let mut number = 1;
        loop {
            let variable = match number {
                1 => format!("HURL_{upper}"),
                number => format!("HURL_{upper}_{number}"),
            };
            let known = self.hidden.entry(variable.clone());
            if known.or_insert_with(|| value.to_owned()) == value {
                return format!("${{{variable}}}");
            }
            number += 1;
        }
    }

    /// Says which variables the process needs.
    pub(super) fn tell(&self, draft: &mut Draft) {
        for name in &self.read {
            let what = format!("the Hurl variable `{name}`");
            draft.variables.insert(variable(name), what);
        }
        for name in self.hidden.keys() {
            let what = "a secret that the Hurl file has in plain sight";
            draft.variables.insert(name.clone(), what.to_owned());
        }
    }
}

/// Functions of Hurl look like names, but make a new value each time.
fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let is_function = matches!(name, "newUuid" | "newDate") || name.starts_with("getEnv");
    !name.is_empty() && !is_function && name.chars().all(is_part)
}

/// As variables of a process are usually called. `{{user}}` must not become `USER`, which every
/// process has.
fn variable(name: &str) -> String {
    format!("HURL_{}", name.to_ascii_uppercase().replace('-', "_"))
}

/// The name that a text begins with, and what follows it.
pub(super) fn leading(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix("{{")?.split_once("}}")?;
    Some((name.trim(), rest))
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else {
            break;
        };
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Name(name.trim()));
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names() -> Names {
        let mut names = Names::default();
        names.add(["token".to_owned()]);
        names.lose(["gone".to_owned()]);
        names.set("kind", "a b");
        names
    }

    #[test]
    fn a_name_is_replaced_by_what_it_means_there() {
        let text = |text| names().with_variables(text);
        assert_eq!(
            text("a {{token}} {{ kind }} ${X}"),
            Ok("a {{token}} a b $${X}".into())
        );
        assert_eq!(text("{{my-key}}"), Ok("${HURL_MY_KEY}".into()));
        assert!(text("{{gone}}").is_err_and(|why| why.contains("nothing captures `gone`")));
        assert!(text("{{newUuid}}").is_err_and(|why| why.contains("only Hurl can make")));
        let path = |text| names().without_variables(text, str::to_owned);
        assert_eq!(path("/x/{{token}}"), Ok("/x/{{token}}".into()));
        assert!(path("/x/{{id}}").is_err_and(|why| why.contains("no variable")));
    }

    #[test]
    fn the_variables_that_are_needed_are_said() {
        let (mut names, mut draft) = (names(), Draft::of("a.hurl", None));
        names
            .with_variables("{{api-key}} {{token}}")
            .expect("is known");
        names.tell(&mut draft);
        let keys: Vec<&str> = draft.variables.keys().map(String::as_str).collect();
        assert_eq!(keys, ["HURL_API_KEY"]);
    }

    #[test]
    fn a_secret_in_plain_sight_becomes_a_variable() {
        let mut names = names();
        for (name, value, written) in [
            (
                "Authorization",
                "Bearer abc.def",
                "Bearer ${HURL_AUTHORIZATION}",
            ),
            (
                "Authorization",
                "Bearer abc.def",
                "Bearer ${HURL_AUTHORIZATION}",
            ),
            (
                "Authorization",
                "Bearer other",
                "Bearer ${HURL_AUTHORIZATION_2}",
            ),
            ("X-Api-Key", "k-999", "${HURL_X_API_KEY}"),
            (
                "Cookie",
                "a=1; b=2",
                "a=${HURL_COOKIE_A}; b=${HURL_COOKIE_B}",
            ),
            ("Authorization", "Bearer {{token}}", "Bearer {{token}}"),
            ("Authorization", "Bearer ${HURL_T}", "Bearer ${HURL_T}"),
            ("Accept", "text/html", "text/html"),
        ] {
            assert_eq!(names.hidden(name, value), written);
        }
        let document = r#"{"user": "ada", "password" : "s3\"cret", "pin_token": "{{token}}"}"#;
        assert_eq!(
            names.hidden_in(document).as_deref(),
            Ok(r#"{"user": "ada", "password" : "${HURL_PASSWORD}", "pin_token": "{{token}}"}"#)
        );
        let mut draft = Draft::of("a.hurl", None);
        names.tell(&mut draft);
        assert!(!format!("{:?}", draft.variables).contains("abc.def"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[{}a-z$ ]{0,40}") {
            let _ = names().with_variables(&text);
            let _ = names().without_variables(&text, str::to_owned);
            let _ = leading(&text);
        }
    }
}
