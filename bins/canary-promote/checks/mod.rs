//! The checks of canary-promote, in the order in which they matter.

mod error_rate;
pub mod exposure;
mod one_release;
mod promoted;
mod ready;

use crate::facts::Facts;
use shared::check::Check;

/// The one table.
pub static CHECKS: [Check<Facts>; 5] = [
    ready::CHECK,
    exposure::CHECK,
    error_rate::CHECK,
    promoted::CHECK,
    one_release::CHECK,
];

#[cfg(test)]
mod sample;
