//! The paper: words in the margin, text behind it, lines and gaps.

use super::super::Appearance;
use super::super::plain::plain;
use super::super::reading::Standing;
use anstyle::{AnsiColor, Style};

/// `UNKNOWN` and two blanks; everything that belongs to a record starts behind them.
pub(super) const MARGIN: usize = 9;

/// A report as far as it is written.
pub(super) struct Screen<'a> {
    pub(super) text: String,
    pub(super) appearance: &'a Appearance,
}

impl Screen<'_> {
    /// A word of the margin and what stands behind it.
    pub(super) fn headed(&mut self, standing: Standing, rest: &str) {
        let word = standing.word();
        self.styled(word, rest, MARGIN - word.len());
    }

    pub(super) fn styled(&mut self, word: &str, rest: &str, blanks: usize) {
        let rest = format!("{}{rest}", " ".repeat(blanks));
        let rest = rest.trim_end();
        if self.appearance.is_coloured {
            let style = style_of_word(word);
            self.text
                .push_str(&format!("{style}{word}{style:#}{rest}\n"));
        } else {
            self.text.push_str(&format!("{word}{rest}\n"));
        }
    }

    /// Foreign text, each of its lines behind the margin.
    pub(super) fn block(&mut self, margin: usize, text: &str) {
        for line in plain(text).trim_end().split('\n') {
            self.line(&format!("{}{line}", " ".repeat(margin)));
        }
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// An empty line, unless there is one.
    pub(super) fn gap(&mut self) {
        if !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    pub(super) fn room(&self, taken: usize) -> usize {
        let width = self.appearance.width.map_or(usize::MAX, usize::from);
        width.saturating_sub(taken)
    }
}

/// How a word of the margin is written.
fn style_of_word(word: &str) -> Style {
    let colour = match word {
        "PASS" => AnsiColor::Green,
        "FAIL" | "UNSETTLED" => AnsiColor::Red,
        "UNKNOWN" => AnsiColor::Magenta,
        "WARN" => AnsiColor::Yellow,
        // `WAIVED` and `SKIP`: nothing to look at.
        _ => return Style::new().dimmed(),
    };
    colour.on_default().bold()
}
