//! The `.env` file beside a Compose file, from which Compose takes what its process has not:
//! <https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax>.

use super::interpolation::interpolated;
use std::collections::BTreeMap;
use std::path::Path;

/// Larger ones are not written by people.
const LARGEST: u64 = 1 << 20;

/// What a `.env` file sets.
#[derive(Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, Written>);

/// A value as it is written.
#[derive(Debug, PartialEq, Eq)]
enum Written {
    /// As it is.
    Literal(String),
    /// With variables in it.
    Open(String),
    /// In a way that is not read here.
    Odd,
}

impl Environment {
    /// Reads the one beside a Compose file; there need be none.
    pub(crate) fn beside(file: &Path) -> std::io::Result<Self> {
        match shared::file::read_text(&file.with_file_name(".env"), LARGEST) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Reads its text. Nothing is refused: what cannot be read may be a value that nobody needs.
    fn parse(text: &str) -> Self {
        let mut values = BTreeMap::new();
        let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        loop {
            rest = rest.trim_start();
            rest = rest.strip_prefix("export ").unwrap_or(rest);
            let Some(end) = rest.find(['=', ':', '#', '\n']) else {
                break;
            };
            let name = rest[..end].trim();
            if name.is_empty() || !rest[end..].starts_with(['=', ':']) {
                rest = rest.split_once('\n').map_or("", |(_, after)| after);
                continue;
            }
            // A value in quotes may go on over lines.
            let (value, after) = value(&rest[end + 1..]);
            values.insert(name.to_owned(), value);
            rest = after;
        }
        Self(values)
    }

    /// The value of a variable, that of the process first; `Err` says why it is not known.
    pub(crate) fn value(
        &self,
        name: &str,
        process: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<String>, String> {
        self.found(name, process, true)
    }

    fn found(
        &self,
        name: &str,
        process: &dyn Fn(&str) -> Option<String>,
        is_outer: bool,
    ) -> Result<Option<String>, String> {
        if let Some(value) = process(name) {
            return Ok(Some(value));
        }
        match self.0.get(name) {
            None => Ok(None),
            Some(Written::Literal(value)) => Ok(Some(value.clone())),
            // No deeper than once: a variable may be made of itself.
            Some(Written::Open(text)) if is_outer => {
                let lookup = |other: &str| self.found(other, process, false);
                interpolated(text, &lookup).map(Some).map_err(|_| odd(name))
            }
            Some(Written::Open(_) | Written::Odd) => Err(odd(name)),
        }
    }
}

fn odd(name: &str) -> String {
    format!(
        "needs the variable `{}`, whose value in `.env` cannot be read; set it in the process",
        crate::answer::shown(name, 60)
    )
}

/// The value at the start of a text, and what is behind its line.
fn value(text: &str) -> (Written, &str) {
    let is_blank = |character: char| matches!(character, ' ' | '\t');
    let text = text.trim_start_matches(is_blank);
    let behind = |text| str::split_once(text, '\n').map_or("", |(_, after)| after);
    if let Some(quoted) = text.strip_prefix('\'') {
        return match quoted.split_once('\'') {
            Some((value, after)) => (literal_or_odd(value, false), behind(after)),
            None => (Written::Odd, behind(text)),
        };
    }
    if let Some(quoted) = text.strip_prefix('"') {
        let mut before = ' ';
        let end = quoted.find(|character| {
            let is_end = character == '"' && before != '\\';
            before = character;
            is_end
        });
        return match end {
            Some(end) => (
                literal_or_odd(&quoted[..end], true),
                behind(&quoted[end + 1..]),
            ),
            None => (Written::Odd, behind(text)),
        };
    }
    let (line, after) = text.split_once('\n').unwrap_or((text, ""));
    // A remark needs a blank in front of it.
    let ends = [line.find(" #"), line.find("\t#")].into_iter().flatten();
    let end = match line.starts_with('#') {
        true => 0,
        false => ends.min().unwrap_or(line.len()),
    };
    (literal_or_odd(line[..end].trim_end(), true), after)
}

fn literal_or_odd(text: &str, has_variables: bool) -> Written {
    if text.contains('\\') {
        Written::Odd
    } else if has_variables && text.contains('$') {
        Written::Open(text.to_owned())
    } else {
        Written::Literal(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &str = "# ports\n\nexport A=1\r\nB = 2 # two\nC=\"3\" # three\nD='$4'\nE: 5\nF=\n\
                        G=x#y\nH=\"a\nA=9\n\"\nI=${A}0\nJ=${I}\nK=a\\nb\nL=$NO\nM\nN=${L:-7}\nA2=6";

    #[test]
    fn each_value_is_what_compose_says() {
        let environment = Environment::parse(FILE);
        let value = |name: &str| environment.value(name, &|_| None);
        for (name, wanted) in [
            ("A", "1"),
            ("B", "2"),
            ("C", "3"),
            ("D", "$4"),
            ("E", "5"),
            ("F", ""),
            ("G", "x#y"),
            ("H", "a\nA=9\n"),
            ("I", "10"),
            ("A2", "6"),
        ] {
            assert_eq!(value(name), Ok(Some(wanted.into())), "{name}");
        }
        for name in ["J", "K", "L", "N"] {
            assert!(value(name).is_err(), "{name}");
        }
        assert_eq!(value("M"), Ok(None));
        assert_eq!(value("Z"), Ok(None));
    }

    #[test]
    fn the_process_comes_first() {
        let environment = Environment::parse("A=1\nB=$A");
        let process = |name: &str| (name == "A").then(|| "8".to_owned());
        assert_eq!(environment.value("A", &process), Ok(Some("8".into())));
        assert_eq!(environment.value("B", &process), Ok(Some("8".into())));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,60}", lines in "[A-C=:\"'# $\\\\\n\r]{0,60}") {
            for text in [text, lines] {
                let environment = Environment::parse(&text);
                for name in ["A", "B", "C"] {
                    let _ = environment.value(name, &|_| None);
                }
            }
        }
    }
}
