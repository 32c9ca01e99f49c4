//! How the runner reads what we write, for the tests: its grammar written down again.
//!
//! <https://github.com/actions/runner/blob/main/src/Runner.Worker/FileCommandManager.cs> and
//! <https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs>.

use proptest::prelude::*;
use std::collections::BTreeMap;

/// What a command says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) name: String,
    pub(super) properties: BTreeMap<String, String>,
    pub(super) data: String,
}

/// Reads a line of a log as `::name key=value::data`.
pub(super) fn command(line: &str) -> Option<Command> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (info, data) = rest.split_once("::")?;
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    let pairs = properties
        .trim()
        .split(',')
        .filter_map(|pair| pair.split_once('='));
    Some(Command {
        name: name.to_lowercase(),
        properties: pairs
            // Empty parts are passed over, so a value loses the `=` it starts with.
            .map(|(key, value)| {
                (
                    key.to_owned(),
                    decoded(value.trim_start_matches('='), &PROPERTY),
                )
            })
            .collect(),
        data: decoded(data, &DATA),
    })
}

/// Whether any line of a log would be obeyed. The runner's comparison passes over characters of no
/// width.
pub(super) fn is_obeyed(log: &str) -> bool {
    log.split(['\n', '\r']).any(|line| {
        let seen: String = line.chars().filter(|c| !IGNORED.contains(c)).collect();
        command(&seen).is_some() || seen.contains("##[")
    })
}

const IGNORED: [char; 8] = [
    '\0', '\u{1b}', '\u{ad}', '\u{200b}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{fe0f}',
];
const DATA: [(&str, &str); 3] = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")];
const PROPERTY: [(&str, &str); 5] = [
    ("%0D", "\r"),
    ("%0A", "\n"),
    ("%3A", ":"),
    ("%2C", ","),
    ("%25", "%"),
];

/// One after the other over the whole text, `%25` last.
fn decoded(text: &str, escapes: &[(&str, &str)]) -> String {
    escapes
        .iter()
        .fold(text.to_owned(), |text, (escape, plain)| {
            text.replace(escape, plain)
        })
}

/// Reads a file of outputs; the step fails where this does.
pub(super) fn outputs(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut entries = Vec::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines
        .next()
        .map(|line| line.strip_suffix('\n').unwrap_or(line))
    {
        if line.is_empty() {
            continue;
        }
        let here = |sign: &str| line.find(sign).unwrap_or(usize::MAX);
        if let (true, Some((name, value))) = (here("=") < here("<<"), line.split_once('=')) {
            entries.push((name.to_owned(), value.to_owned()));
            continue;
        }
        let (name, delimiter) = line
            .split_once("<<")
            .ok_or(format!("invalid format `{line}`"))?;
        if name.is_empty() || delimiter.is_empty() {
            return Err(format!("`{line}` has no name or no delimiter"));
        }
        let mut value = String::new();
        loop {
            let line = lines.next().ok_or("matching delimiter not found")?;
            if line.strip_suffix('\n').unwrap_or(line) == delimiter {
                break;
            }
            value.push_str(line);
        }
        let value = value.strip_suffix('\n').unwrap_or(&value);
        entries.push((name.to_owned(), value.to_owned()));
    }
    Ok(entries)
}

/// What could break a report.
#[rustfmt::skip]
const FRAGMENTS: [&str; 55] = [
    "::", "::error::", "::set-output name=a::", "##[", "##[error]", "##", "[", ":", "\n", "\r",
    "\r\n", "%", "%0A", "%250A", "%3A", ",", "=", "<<", "EOF", "`", "```", "\n```\n", "~~~", "|",
    "\\", "*", "_", "#", "- ", "1. ", "@team", "<script>", "</details>", "<!--", "-->", "]]>",
    "](javascript:alert(1))", "[x]", "&lt;", "&#58;", "\"", "'", "\0", "\u{1b}[31m", "\u{1b}]0;",
    "\u{200b}", "\u{fe0f}", "\u{feff}", "\u{202e}", "\u{fffe}", "\t", " ", "é", "😀", "$x$",
];

/// Texts made of that.
pub(super) fn foreign_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => proptest::sample::select(FRAGMENTS.to_vec()).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}
