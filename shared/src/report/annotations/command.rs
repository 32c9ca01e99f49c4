//! Workflow commands as text: the only escaper of our own, and the only place where foreign ones are
//! defused. The grammar is the runner's:
//! <https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs>.

use crate::report::plain::plain_line;

/// One workflow command as a line without its end. Properties with an empty value are left out.
pub fn command(name: &str, properties: &[(&str, &str)], message: &str) -> String {
    let mut line = format!("::{name}");
    let mut separator = ' ';
    for (key, value) in properties.iter().filter(|(_, value)| !value.is_empty()) {
        line.push(separator);
        line.push_str(&format!("{key}={}", property(value)));
        separator = ',';
    }
    line.push_str("::");
    line.push_str(&data(message));
    line
}

/// Opens a section of the log that can be folded.
pub fn group(title: &str) -> String {
    command("group", &[], &plain_line(title))
}

/// Closes it; sections do not nest.
pub fn end_group() -> String {
    command("endgroup", &[], "")
}

/// Has the platform mask a value; none when there is nothing to mask, which the runner warns of.
pub fn mask(value: &str) -> Option<String> {
    (!value.trim().is_empty()).then(|| command("add-mask", &[], value))
}

/// Foreign output of which no line is a workflow command.
pub fn neutralize(text: &str) -> String {
    without_commands(text, Spelling::Backslash)
}

/// How a character that would make a command is written instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Spelling {
    /// With a backslash before it.
    Backslash,
    /// As a JSON escape, which means the same.
    Json,
    /// As a character reference, which means the same.
    Markup,
}

impl Spelling {
    fn colon(self) -> &'static str {
        match self {
            Self::Backslash => "\\:",
            Self::Json => "\\u003a",
            Self::Markup => "&#58;",
        }
    }

    fn bracket(self) -> &'static str {
        match self {
            Self::Backslash => "\\[",
            Self::Json => "\\u005b",
            Self::Markup => "&#91;",
        }
    }
}

/// The text with `::name::` at the start of a line and `##[` anywhere made harmless.
pub(in crate::report) fn without_commands(text: &str, spelling: Spelling) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive(['\n', '\r']) {
        let mut is_start = is_command(line);
        let mut hashes = 0;
        for c in line.chars() {
            match c {
                ':' if is_start => {
                    is_start = false;
                    out.push_str(spelling.colon());
                }
                '[' if hashes >= 2 => out.push_str(spelling.bracket()),
                _ => out.push(c),
            }
            hashes = match c {
                '#' => hashes + 1,
                _ if is_invisible(c) => hashes,
                _ => 0,
            };
        }
    }
    out
}

fn is_command(line: &str) -> bool {
    let seen: String = line.chars().filter(|c| !is_invisible(*c)).collect();
    seen.trim_start()
        .strip_prefix("::")
        .is_some_and(|rest| rest.contains("::"))
}

/// The runner compares by the rules of a language (`StartsWith` and `IndexOf` without `Ordinal`),
/// which pass over zero-width and control characters. Too many are counted here, never too few.
fn is_invisible(c: char) -> bool {
    let is_symbol = !c.is_ascii() && !c.is_alphanumeric() && !c.is_whitespace();
    // Letters by their class, and yet nothing is seen of them.
    let is_filler = matches!(
        c,
        '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}'
    );
    is_symbol || is_filler || (c.is_control() && !c.is_whitespace())
}

/// `%` first: the runner decodes it last.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::runner;
    use proptest::prelude::*;

    #[test]
    fn the_escapes_are_the_runners() {
        let line = command(
            "error",
            &[("file", "a,b:c%"), ("line", ""), ("title", "t\n")],
            "100 %\r\n::x::",
        );
        assert_eq!(
            line,
            "::error file=a%2Cb%3Ac%25,title=t%0A::100 %25%0D%0A::x::"
        );
    }

    #[test]
    fn sections_and_masks_are_one_line_each() {
        assert_eq!(group("canary\n::error::x"), "::group::canary ::error::x");
        assert_eq!(end_group(), "::endgroup::");
        assert_eq!(
            mask("two\nlines").as_deref(),
            Some("::add-mask::two%0Alines")
        );
        assert_eq!(mask(" \n"), None);
    }

    #[test]
    fn a_foreign_command_is_shown_and_not_obeyed() {
        assert_eq!(
            neutralize("  ::error::x\nplain\r::debug::y"),
            "  \\::error::x\nplain\r\\::debug::y"
        );
        assert_eq!(neutralize("a ##[error]b"), "a ##\\[error]b");
        assert_eq!(
            neutralize("\u{200b}:\u{feff}:error::x"),
            "\u{200b}\\:\u{feff}:error::x"
        );
        assert_eq!(neutralize("##\u{200d}[error]"), "##\u{200d}\\[error]");
        let harmless = "::1 is closed\nstd::fmt::Display\n# # [x]\n[a]: b";
        assert_eq!(neutralize(harmless), harmless);
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_the_runner_reads(
            title in runner::foreign_text(), message in runner::foreign_text()
        ) {
            // The runner trims the properties and drops a leading `=`; nothing can be done here.
            let title = title.trim().trim_start_matches('=');
            let line = command("error", &[("file", "a:b,c"), ("title", title)], &message);
            prop_assert!(!line.contains(['\n', '\r']));
            let read = runner::command(&line).expect("is a command");
            prop_assert_eq!(&read.data, &message);
            prop_assert_eq!(&read.properties["file"], "a:b,c");
            prop_assert_eq!(read.properties.get("title").map_or("", |title| title), title);
        }

        #[test]
        fn no_foreign_line_is_obeyed_and_nothing_is_lost(text in runner::foreign_text()) {
            let safe = neutralize(&text);
            prop_assert!(!runner::is_obeyed(&safe), "{safe:?}");
            prop_assert_eq!(neutralize(&safe), safe.clone());
            prop_assert_eq!(safe.replace('\\', ""), text.replace('\\', ""));
        }
    }
}
