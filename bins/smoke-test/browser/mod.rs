//! Headless Chromium over its DevTools protocol: started, told what to open, and watched.
//! <https://chromedevtools.github.io/devtools-protocol/>

mod console;
mod figures;
mod launch;
mod press;
mod protocol;
mod script;
mod session;
mod visit;
mod watch;

pub(crate) use launch::{Browser, Start, find};
pub(crate) use visit::{Order, Visited};
