//! The variables of an environment: `NAME=value` files and the process, the later source first.

use crate::config::{Config, Environment, VariableSource};
use crate::error::{Error, Result};
use crate::secret::Secret;
use std::collections::BTreeMap;

/// A larger file is no file of variables.
const LARGEST_FILE: u64 = 1 << 20;

/// Whatever contains one of these is a secret: `DBPASSWORD`.
const SENSITIVE_PARTS: [&str; 5] = ["SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL"];
/// Whatever has one of these as a word of its own is one: `API_KEY`, but not `KEYBOARD_LAYOUT`.
const SENSITIVE_WORDS: [&str; 6] = ["KEY", "APIKEY", "DSN", "PRIVATE", "AUTH", "PASS"];

/// One variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its value. Never printed, whether or not it is masked.
    pub value: Secret,
    /// `file:line`, or `process`.
    pub source: String,
}

/// All variables of one environment, by name.
#[derive(Clone, Debug, Default)]
pub struct Variables(BTreeMap<String, Variable>);

impl Variables {
    /// Reads the files that the environment names; relative to the configuration's folder.
    pub fn load(config: &Config, environment: &Environment) -> Result<Self> {
        let mut variables = Self::default();
        for source in &environment.variables {
            match source {
                VariableSource::File(path) => {
                    let path = config.path(path);
                    let place = path.display().to_string();
                    let text = crate::file::read_text(&path, LARGEST_FILE).map_err(|error| {
                        Error::config("the variables cannot be read")
                            .at(&place)
                            .source(error)
                    })?;
                    variables.0.extend(parse(&text, &place)?);
                }
                VariableSource::Process => {
                    variables
                        .0
                        .extend(std::env::vars_os().filter_map(|(name, value)| {
                            let (name, value) =
                                (name.into_string().ok()?, value.into_string().ok()?);
                            let value = keep(&name, value);
                            Some((
                                name,
                                Variable {
                                    value,
                                    source: "process".into(),
                                },
                            ))
                        }))
                }
            }
        }
        Ok(variables)
    }

    /// The variable of that name.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.0
            .iter()
            .map(|(name, variable)| (name.as_str(), variable))
    }
}

/// Masks what its name, or a password inside it, says is secret. Masking every value would hide
/// words like `production` in every report.
fn keep(name: &str, value: String) -> Secret {
    let upper = name.to_ascii_uppercase();
    let is_sensitive = SENSITIVE_PARTS.iter().any(|part| upper.contains(part))
        || upper.split('_').any(|word| SENSITIVE_WORDS.contains(&word));
    if is_sensitive {
        return Secret::new(value);
    }
    if let Ok(url) = reqwest::Url::parse(&value)
        && let Some(password) = url.password()
    {
        // Masked as it stands in the URL; its decoded form is masked where it is decoded.
        let _masked = Secret::new(password);
        return Secret::new(value);
    }
    Secret::plain(value)
}

/// Reads `NAME=value` lines: `#` comments, an optional `export`, single quotes literally, double
/// quotes with `\n`, `\"` and `\\`; an unquoted value ends at ` #`.
pub fn parse(text: &str, place: &str) -> Result<BTreeMap<String, Variable>> {
    let mut variables = BTreeMap::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = format!("{place}:{}", index + 1);
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, rest)) = line.split_once('=') else {
            return Err(Error::config("this line is no `NAME=value`").at(at));
        };
        let name = name.trim();
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if name.is_empty() || !name.bytes().all(is_name) || name.as_bytes()[0].is_ascii_digit() {
            return Err(Error::config("this line has no valid variable name").at(at));
        }
        let value = unquote(rest.trim())
            .ok_or_else(|| Error::config(format!("the quote of `{name}` is not closed")).at(&at))?;
        let variable = Variable {
            value: keep(name, value),
            source: at,
        };
        variables.insert(name.to_owned(), variable);
    }
    Ok(variables)
}

fn unquote(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('\'') {
        return Some(rest[..rest.find('\'')?].to_owned());
    }
    let Some(rest) = text.strip_prefix('"') else {
        let end = text.find(" #").unwrap_or(text.len());
        return Some(text[..end].trim_end().to_owned());
    };
    let mut value = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(value),
            '\\' => match characters.next()? {
                'n' => value.push('\n'),
                escaped @ ('"' | '\\' | '$') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            plain => value.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str, name: &str) -> String {
        let variables = parse(text, ".env").expect("parses");
        variables[name].value.expose().to_owned()
    }

    #[test]
    fn every_way_of_writing_a_value_is_read() {
        for (text, expected) in [
            ("A=1", "1"),
            ("export A=1 # one", "1"),
            ("A='a # b'", "a # b"),
            (r#"A="a\n\"b\"" # c"#, "a\n\"b\""),
            ("A=", ""),
            ("A=x=y", "x=y"),
            ("\u{feff}A=1\r\n", "1"),
            ("A=1\nA=2", "2"),
        ] {
            assert_eq!(value(text, "A"), expected, "{text:?}");
        }
    }

    #[test]
    fn a_broken_line_is_named_by_its_number() {
        for text in ["ok=1\nnonsense", "ok=1\n=x", "ok=1\nA='x", "ok=1\n1A=x"] {
            let error = parse(text, ".env").expect_err("is broken").to_string();
            assert!(error.starts_with(".env:2: "), "{error}");
        }
    }

    #[test]
    fn names_and_passwords_make_a_value_secret_and_ordinary_words_stay_readable() {
        let text = "JWT_SECRET=h1dden-by-name\nDATABASE_URL=postgres://u:h1dden-in-url@h/d\n\
                    NODE_ENV=ordinary-word";
        parse(text, ".env").expect("parses");
        let redact = crate::secret::redact;
        assert_eq!(redact("h1dden-by-name h1dden-in-url"), "*** ***");
        assert_eq!(redact("ordinary-word"), "ordinary-word");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(?s).{0,100}") {
            let _ = parse(&text, ".env");
        }
    }
}
