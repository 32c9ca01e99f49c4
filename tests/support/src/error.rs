//! The one error of the stand: a sentence that says what could not be done and why.

use std::fmt;

/// What the functions of the stand answer.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the stand could not do what it was asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    message: String,
}

impl Error {
    /// An error with this message: lower case, no final period.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

// A test that ends with an error prints it this way, and the sentence is what its reader needs.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl std::error::Error for Error {}
