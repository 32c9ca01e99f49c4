//! A stream of events, and how many of them must come.

use super::expectations::{json, predicate};
use super::request::{Protocol, Request};
use super::scope::{Asks, Scope};
use super::{Expectations, Planned};
use crate::expectations::text::Text;
use crate::reproduce;
use shared::config::SseProbe;
use shared::error::Result;
use shared::gate::Step;

/// More events than these are not what a smoke test waits for.
const MOST_EVENTS: u32 = 1000;

/// A stream of events, and how many of them must come.
#[derive(Clone, Debug)]
pub(crate) struct SsePlan {
    /// What it is called.
    pub(crate) name: String,
    /// What is asked.
    pub(crate) request: Request,
    /// How many events must come.
    pub(crate) events: usize,
    /// The name of those that count.
    pub(crate) event: Option<String>,
    /// What must hold for the data of each.
    pub(crate) data: Option<Text>,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

impl SsePlan {
    /// Whether an event of this name counts.
    pub(crate) fn counts(&self, name: &str) -> bool {
        self.event.as_ref().is_none_or(|wanted| wanted == name)
    }

    /// `2 events` or ``2 events `tick` ``.
    pub(crate) fn wanted(&self) -> String {
        let plural = if self.events == 1 { "event" } else { "events" };
        let named = self.event.as_ref().map(|name| format!(" `{name}`"));
        format!("{} {plural}{}", self.events, named.unwrap_or_default())
    }
}

impl Planned for SsePlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["sse"]
    }

    fn steps(&self) -> Vec<Step> {
        let (name, wanted, within) = (&self.name, self.wanted(), self.request.within);
        let purpose = format!("events `{name}`: {wanted} within {within}");
        vec![Step::reads(purpose, self.request.call())]
    }

    fn requests(&self) -> u64 {
        1
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &SseProbe) -> Result<SsePlan> {
    if !(1..=MOST_EVENTS).contains(&probe.events) {
        return Err(scope.refuse(format!("needs `events` from 1 to {MOST_EVENTS}")));
    }
    if probe.event.as_deref() == Some("") {
        return Err(scope.refuse("waits for an `event` without a name: those are `message`"));
    }
    let asks = Asks {
        at: probe.at.as_ref(),
        method: "GET",
        path: &probe.path,
        headers: &probe.headers,
        body: None,
        within: probe.within,
    };
    let mut request = scope.request(&asks, Protocol::Any)?;
    let mut names = request.headers.iter().map(|(name, _)| name);
    if !names.any(|name| name.eq_ignore_ascii_case("accept")) {
        request = request.with("accept", "text/event-stream");
    }
    let data = probe.data.as_ref();
    let data = Text {
        text: data
            .map(|expected| predicate(scope, expected))
            .transpose()?,
        json: Expectations {
            json: json(scope, &probe.json)?,
            ..Expectations::nothing(probe.within)
        },
    };
    Ok(SsePlan {
        name: probe.name.value.clone(),
        reproduce: format!("{} -N", reproduce::request(&request)),
        request,
        events: probe.events as usize,
        event: probe.event.clone(),
        data: (!data.is_empty()).then_some(data),
    })
}
