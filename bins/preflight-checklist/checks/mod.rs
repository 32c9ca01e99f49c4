//! The checks, in the order of the report.

mod databases;
mod disk;
mod git;
mod tools;
mod variables;

use crate::facts::Facts;
use shared::check::Check;

/// Every check of this binary.
pub static CHECKS: [Check<Facts>; 5] = [
    variables::CHECK,
    tools::CHECK,
    databases::CHECK,
    disk::CHECK,
    git::CHECK,
];
