//! A page as a browser shows it, and how fast it must be there.

use super::super::{Located, Name, Size, Span, Template};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A page as a browser shows it, and how fast it must be there: opened several times in headless
/// Chromium, each time as by a first visitor; the median of each figure is judged. Nothing is
/// throttled, neither the processor nor the network. Requests whose methods `allow.methods` does not
/// grant are held back.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address, query included.
    pub path: String,
    /// How often the page is opened: 5 to 25 times when a figure is limited, at least once else.
    #[serde(default = "default_runs")]
    pub runs: u32,
    /// How soon the first text or picture must be painted.
    pub first_contentful_paint: Option<Span>,
    /// How soon the largest text or picture must be painted.
    pub largest_contentful_paint: Option<Span>,
    /// How far what is shown may jump: the largest sum of shifts within 5 s, without a pause of 1 s.
    pub cumulative_layout_shift: Option<f64>,
    /// How soon the page must be able to react: the end of the last task of more than 50 ms that no
    /// other one follows within 2 s; the first contentful paint when there is no such task.
    pub time_to_interactive: Option<Span>,
    /// How much may be transferred, headers and compression counted.
    pub bytes: Option<Size>,
    /// How many errors each run may write to the console. An error that nothing catches is always
    /// one too many.
    #[serde(default)]
    pub console_errors: u32,
    /// How many requests of each run may fail: without an answer, or with a status from 400, or a
    /// WebSocket that does not open. The page itself may not.
    #[serde(default)]
    pub failed_requests: u32,
    /// Texts that the page must show, as they are shown or as they are written in the page.
    #[serde(default)]
    pub contains: Vec<String>,
    /// A CSS selector of an element that must be there.
    pub selector: Option<String>,
    /// Cookies of the visitor, for pages behind a sign-in.
    #[serde(default)]
    pub cookies: BTreeMap<String, Template>,
    /// Headers of every request to the address; other hosts never get them.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Keyboard shortcuts, each pressed on a page of its own; at most one for each run.
    #[serde(default)]
    pub keys: Vec<KeyRule>,
    /// How long one run may take until the page is loaded, at rest, and shows what it must.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// A keyboard shortcut and what it must show.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRule {
    /// The keys with `+` between them: `Meta+N`, `Control+Shift+E`, `Escape`, `/`.
    pub press: Located<String>,
    /// A CSS selector of an element that is visible after it, and was not before.
    pub selector: String,
}

fn default_runs() -> u32 {
    5
}

fn default_within() -> Span {
    Span::seconds(30)
}
