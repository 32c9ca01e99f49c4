//! Foreign text in Markdown: escaped or fenced, here and nowhere else.

use crate::report::plain::{plain, plain_line};

/// One block of foreign text may not push everything else out.
const LARGEST_BLOCK: usize = 16 * 1024;

/// Foreign text in a code block that it cannot close.
pub fn fence(language: &str, text: &str) -> String {
    let text = clipped(&plain(text));
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("\n{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// Foreign text in a table cell or a paragraph; its line ends stay visible.
pub fn cell(text: &str) -> String {
    let text = plain(text);
    text.trim()
        .split('\n')
        .map(inline)
        .collect::<Vec<_>>()
        .join("<br>")
}

/// Foreign text on one line, nothing of which is Markdown, HTML or a mention; what stands between
/// two backticks is shown as code.
pub fn inline(text: &str) -> String {
    let text = plain_line(text);
    let has_pairs = text.matches('`').count().is_multiple_of(2);
    let mut is_code = false;
    let mut out = String::with_capacity(text.len());
    for (index, c) in text.char_indices() {
        match c {
            '`' if has_pairs => {
                out.push_str(if is_code { "</code>" } else { "<code>" });
                is_code = !is_code;
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // GitHub looks for mentions after it has decoded escapes and references, so only
            // something between the two characters stops it.
            '@' => out.push_str("@&#8203;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => out.extend(['\\', c]),
            '#' | '+' | '-' | '=' | '!' if index == 0 => out.extend(['\\', c]),
            // `1. ` and `1) ` would start a list.
            '.' | ')' if is_number(&text[..index]) && is_end(&text[index + 1..]) => {
                out.extend(['\\', c]);
            }
            _ => out.push(c),
        }
    }
    out
}

fn is_end(text: &str) -> bool {
    text.is_empty() || text.starts_with(' ')
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The start of the text, when it is too long to be shown whole.
pub(super) fn clipped(text: &str) -> String {
    if text.len() <= LARGEST_BLOCK {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(LARGEST_BLOCK);
    format!("{}\n(cut here; the receipt has all of it)", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_code_and_everything_else_is_text() {
        assert_eq!(inline("`a_b` is <b>"), "<code>a\\_b</code> is &lt;b&gt;");
        assert_eq!(inline("one ` alone"), "one \\` alone");
        assert_eq!(inline("@team # x\n- y"), "@&#8203;team # x - y");
        assert_eq!(inline("# x"), "\\# x");
        assert_eq!(inline("1. x"), "1\\. x");
        assert_eq!(inline("1.1.0"), "1.1.0");
        assert_eq!(
            cell("a|b\n[c](javascript:d)"),
            "a\\|b<br>\\[c\\](javascript:d)"
        );
    }

    #[test]
    fn a_fence_is_longer_than_any_run_of_backticks_in_it() {
        assert_eq!(fence("text", "a"), "\n```text\na\n```\n");
        assert_eq!(fence("text", "````\nx"), "\n`````text\n````\nx\n`````\n");
    }
}
