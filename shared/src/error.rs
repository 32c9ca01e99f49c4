//! What went wrong, where, and what to do about it; its kind decides the exit code.

use std::error::Error as StdError;
use std::fmt;

/// The result of anything that can fail to be found out or done.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no answer. Each kind has one exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Flags, file or environment are wrong; nothing was contacted (exit 2).
    Config,
    /// It could not be found out or done (exit 3, or 4 when the journal says so).
    Unavailable,
    /// Something was changed and is neither finished nor undone (exit 4).
    Unsettled,
}

/// One problem: message, place, cause and hint, printed as one line.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    place: Option<String>,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A mistake in flags, file or environment: exit 2.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    /// Something could not be reached, read or done: exit 3.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    /// The world is left half changed: exit 4.
    pub fn unsettled(message: impl Into<String>) -> Self {
        Self::new(Kind::Unsettled, message)
    }

    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            place: None,
            hint: None,
            source: None,
        }
    }

    /// Where the problem is: `file:line:column` or a URL.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error underneath; its chain is printed behind the message.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Which exit code this leads to.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What went wrong, without place, cause and hint.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(out, "{}: ", one_line(place))?;
        }
        write!(out, "{}", one_line(&self.message))?;
        let mut said = self.message.clone();
        let mut cause: Option<&(dyn StdError + 'static)> = match &self.source {
            Some(source) => Some(&**source),
            None => None,
        };
        while let Some(error) = cause {
            let text = error.to_string();
            // Many libraries repeat the cause's text in their own.
            if !said.contains(&text) {
                write!(out, ": {}", one_line(&text))?;
                said.push_str(&text);
            }
            cause = error.source();
        }
        if let Some(hint) = &self.hint {
            write!(out, "; {}", one_line(hint))?;
        }
        Ok(())
    }
}

impl StdError for Error {}

/// Folds control characters and line ends to single spaces, so that one error is one line.
pub fn one_line(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_with_place_cause_and_hint() {
        let cause = std::io::Error::other("disk\nis full");
        let error = Error::unavailable("could not write `receipt.json`")
            .at("sluicegate.yml:3:1")
            .source(cause)
            .hint("free some space");
        assert_eq!(
            error.to_string(),
            "sluicegate.yml:3:1: could not write `receipt.json`: disk is full; free some space"
        );
    }

    #[test]
    fn a_cause_that_the_message_repeats_is_said_once() {
        let error = Error::config("bad value: boom").source("boom");
        assert_eq!(error.to_string(), "bad value: boom");
    }
}
