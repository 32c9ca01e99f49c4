//! A page and an error page.

use crate::answer::Asked;

/// A page and an error page.
#[derive(Debug)]
pub(crate) struct SecurityHeadersSeen {
    /// The page.
    pub(crate) page: Asked,
    /// The error page, when there is one to ask for.
    pub(crate) error_page: Option<Asked>,
}
