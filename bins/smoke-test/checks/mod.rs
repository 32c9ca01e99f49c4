//! Every check of this gate, in the order in which it is judged.

pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod ready;
pub(crate) mod release;

use crate::facts::Facts;
use shared::check::Check;

/// The table.
pub(crate) static CHECKS: [Check<Facts>; 4] =
    [ready::CHECK, release::CHECK, http::CHECK, load::CHECK];
