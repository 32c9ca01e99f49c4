//! What people and tools read of a run; every report is made of the receipt and nothing else.

pub mod actions;
pub mod annotations;
pub mod catalogue;
mod console;
mod html;
mod json;
mod junit;
pub mod outputs;
mod plain;
mod reading;
mod sarif;
pub mod summary;

use crate::error::Result;
use crate::receipt::Receipt;

/// What `--format` takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a person at a screen.
    #[default]
    Text,
    /// The receipt itself.
    Json,
    /// The step summary.
    Markdown,
    /// For code scanning.
    Sarif,
    /// For test reports.
    Junit,
    /// One page without scripts.
    Html,
}

/// How the text looks; the other formats always look the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appearance {
    /// Whether words are coloured.
    pub is_coloured: bool,
    /// Columns of the screen, when there is one.
    pub width: Option<u16>,
    /// Whether everything is shown.
    pub is_verbose: bool,
}

/// The report in that format, ending in a line end. No line of it is a workflow command, so that
/// any of them may be printed into the log of a CI run.
pub fn render(format: Format, receipt: &Receipt, appearance: &Appearance) -> Result<String> {
    use annotations::Spelling;
    let (text, spelling) = match format {
        Format::Text => (console::render(receipt, appearance), Spelling::Backslash),
        Format::Markdown => (summary::markdown(receipt), Spelling::Backslash),
        Format::Json => (json::render(receipt)?, Spelling::Json),
        Format::Sarif => (sarif::render(receipt)?, Spelling::Json),
        // Not every reader of JUnit files knows character references.
        Format::Junit => (junit::render(receipt)?, Spelling::Backslash),
        Format::Html => (html::render(receipt), Spelling::Markup),
    };
    Ok(annotations::without_commands(&text, spelling))
}

/// What a command that only shows something prints, for a person at a screen.
pub fn shown(summary: &crate::receipt::Summary, appearance: &Appearance) -> String {
    annotations::without_commands(
        &console::shown(summary, appearance),
        annotations::Spelling::Backslash,
    )
}

#[cfg(test)]
mod runner;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
