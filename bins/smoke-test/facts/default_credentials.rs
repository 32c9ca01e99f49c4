//! What a login said to credentials that everybody knows.

use crate::answer::Asked;

/// What a login said.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    /// To the real credentials, before all others.
    pub(crate) before: Asked,
    /// To the pairs; fewer than planned when it turned them away by a limit or fell silent.
    pub(crate) pairs: Vec<Asked>,
    /// To the real credentials, after all others; none when there was no reason to ask.
    pub(crate) after: Option<Asked>,
}
