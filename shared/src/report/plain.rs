//! Foreign text without anything that a terminal would obey.

/// The text with colours removed and every other control character spelled out: a terminal, a log
/// or a page then shows what is there and does nothing. Line ends stay.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = after_colour(rest) {
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push(' '),
            '\r' if rest.starts_with('\n') => {}
            _ if is_obeyed(c) => out.extend(c.escape_unicode()),
            _ => out.push(c),
        }
    }
    out
}

/// The same on one line.
pub(super) fn plain_line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The start of the text up to that many UTF-16 units, which is how GitHub counts; whether
/// anything is missing shows at its end.
pub(super) fn cut(text: &str, units: usize) -> String {
    if text.encode_utf16().count() <= units {
        return text.to_owned();
    }
    let mut left = units.saturating_sub(1);
    let fits = |c: &char| {
        let length = c.len_utf16();
        let is_fitting = length <= left;
        left = if is_fitting { left - length } else { 0 };
        is_fitting
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push('…');
    kept
}

/// What follows an ANSI control sequence (`ESC [ parameters letter`) at the start.
fn after_colour(text: &str) -> Option<&str> {
    let sequence = text.strip_prefix("\u{1b}[")?;
    let end = sequence.find(|c: char| !(' '..='?').contains(&c))?;
    let last = sequence[end..].chars().next()?;
    ('@'..='~').contains(&last).then(|| &sequence[end + 1..])
}

/// Control characters, those that turn the direction of writing (they make a text read otherwise
/// than it is: <https://trojansource.codes>), and those that XML forbids.
fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let separates = matches!(c, '\u{2028}' | '\u{2029}');
    c.is_control() || turns || separates || matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_other_control_characters_are_spelled_out() {
        assert_eq!(plain("\u{1b}[1;31mred\u{1b}[0m\r\nnext"), "red\nnext");
        assert_eq!(
            plain("a\u{1b}]0;title\u{7}b\rc\0"),
            r"a\u{1b}]0;title\u{7}b\u{d}c\u{0}"
        );
        assert_eq!(plain("\u{202e}txt\t\u{fffe}"), r"\u{202e}txt \u{fffe}");
        assert_eq!(plain("\u{1b}[31"), r"\u{1b}[31");
    }

    #[test]
    fn a_cut_text_says_so_and_keeps_whole_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("a😀😀", 4), "a😀…");
        assert_eq!(cut("😀😀a", 3), "😀…");
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_obeyed_is_left(text in proptest::prelude::any::<String>()) {
            let clean = plain(&text);
            proptest::prop_assert!(clean.chars().all(|c| c == '\n' || !is_obeyed(c)));
            proptest::prop_assert_eq!(plain(&clean), clean);
        }
    }
}
