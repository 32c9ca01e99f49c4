//! A limit of requests, and how it is tried.

use super::arm::statuses;
use super::expectations::{headers, json};
use super::request::{Protocol, Request};
use super::scope::{Asks, Scope};
use super::{Expectations, Planned};
use crate::reproduce;
use shared::config::{RateLimitProbe, Span};
use shared::error::Result;
use shared::gate::Step;
use std::time::Duration;

/// A burst of more requests than this is a load test.
const MOST_REQUESTS: u32 = 10_000;
/// More connections than this at once may be refused by themselves.
const MOST_TOGETHER: u32 = 100;
/// So many made-up addresses are tried, each beside a plain request.
pub(crate) const SPOOFED: u32 = 5;
/// A return is tried for this much longer than was named, and for a tenth of the window.
const MARGIN: Duration = Duration::from_secs(5);
/// But for no longer than this.
const LONGEST_MARGIN: Duration = Duration::from_secs(30);
/// A recovery is asked for at most so often.
pub(crate) const MOST_RETURNS: u32 = 12;

/// A limit of requests, and how it is tried.
#[derive(Clone, Debug)]
pub(crate) struct RateLimitPlan {
    /// What it is called.
    pub(crate) name: String,
    /// What is asked again and again.
    pub(crate) request: Request,
    /// How many are answered in one window.
    pub(crate) limit: u32,
    /// How long the limit counts.
    pub(crate) window: Span,
    /// How many more or fewer will do.
    pub(crate) tolerance: u32,
    /// How many are open at once.
    pub(crate) together: u32,
    /// Whether others use up the same limit.
    pub(crate) is_shared: bool,
    /// The statuses of requests within the limit.
    pub(crate) status: Vec<u16>,
    /// Whether a 429 must say when to come back.
    pub(crate) is_told: bool,
    /// What must hold for a 429.
    pub(crate) refusal: Expectations,
    /// How long a recovery is waited for; none when it is not.
    pub(crate) recovery: Option<Span>,
    /// Whether a made-up address is tried.
    pub(crate) spoof: bool,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

impl RateLimitPlan {
    /// How many requests one burst has.
    pub(crate) fn burst(&self) -> u32 {
        self.limit + self.tolerance
    }

    /// How many are a whole limit: more than a limiter gives back in part of its window.
    pub(crate) fn least(&self) -> u32 {
        self.limit - self.tolerance.min(self.limit / 2)
    }

    /// How much longer than it names a limit may take to let go.
    pub(crate) fn margin(&self) -> Duration {
        (MARGIN + self.window.duration() / 10).min(LONGEST_MARGIN)
    }
}

impl Planned for RateLimitPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["rate-limit"]
    }

    fn steps(&self) -> Vec<Step> {
        let Self {
            name,
            limit,
            window,
            together,
            ..
        } = self;
        let (burst, most) = (self.burst(), self.requests());
        let step = Step::reads(
            format!(
                "rate limit `{name}`: {burst} requests, {together} at once, and 429 after {limit} \
                 in {window}; asked last, {most} requests at most"
            ),
            format!("{} ({burst} times)", self.request.call()),
        );
        vec![step]
    }

    /// The burst is repeated when nothing was turned away: a window may have ended in its middle; or
    /// when the limit lets go sooner than its window ends. When a window did end, a third one follows
    /// in the next; and one more when a window ends among the made-up addresses.
    fn requests(&self) -> u64 {
        let is_waited = self.recovery.is_some();
        let bursts = if is_waited { 3 } else { 2 };
        let returns = if is_waited { 2 * MOST_RETURNS } else { 0 };
        let spoofed = if self.spoof {
            self.burst() + 4 * SPOOFED
        } else {
            0
        };
        bursts * u64::from(self.burst()) + u64::from(returns + spoofed)
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &RateLimitProbe) -> Result<RateLimitPlan> {
    statuses(scope, "status", &probe.status)?;
    if let Some(why) = impossible(probe, scope.allow().per_second) {
        return Err(scope.refuse(why));
    }
    let asks = Asks {
        at: probe.at.as_ref(),
        method: "GET",
        path: &probe.path,
        headers: &probe.headers,
        body: None,
        within: probe.within,
    };
    let request = scope.request(&asks, Protocol::Any)?;
    let mut names = request.headers.iter().map(|(name, _)| name);
    if probe.spoof && names.any(|name| name.eq_ignore_ascii_case("x-forwarded-for")) {
        return Err(scope.refuse(
            "sends `X-Forwarded-For` in its `headers`, which is what `spoof` makes up: set \
             `spoof: false`",
        ));
    }
    Ok(RateLimitPlan {
        name: probe.name.value.clone(),
        limit: probe.limit,
        window: probe.window,
        tolerance: probe.tolerance,
        together: probe.together,
        is_shared: probe.shared,
        status: probe.status.clone(),
        is_told: probe.retry_after,
        refusal: Expectations {
            status: vec![429],
            headers: headers(scope, &probe.response_headers)?,
            json: json(scope, &probe.json)?,
            ..Expectations::nothing(probe.within)
        },
        recovery: probe.recovery.then_some(probe.recovery_within),
        spoof: probe.spoof,
        reproduce: reproduce::burst(&request, probe.limit + probe.tolerance, probe.together),
        request,
    })
}

/// Why no limiter could hold, or every one would.
fn impossible(probe: &RateLimitProbe, per_second: f64) -> Option<String> {
    let (limit, tolerance, window) = (probe.limit, probe.tolerance, probe.window);
    if limit == 0 {
        return Some("has a `limit` of 0: ask for a 429 with an `http` probe".into());
    }
    if probe.status.contains(&429) {
        return Some("has 429 in `status`, so every answer would do".into());
    }
    if tolerance == 0 {
        return Some("has a `tolerance` of 0, so nothing would be sent beyond the `limit`".into());
    }
    if limit.saturating_add(tolerance) > MOST_REQUESTS {
        return Some(format!(
            "would send more than {MOST_REQUESTS} requests in one burst"
        ));
    }
    if !(1..=MOST_TOGETHER).contains(&probe.together) {
        return Some(format!("needs `together` from 1 to {MOST_TOGETHER}"));
    }
    let seconds = f64::from(limit + tolerance) / per_second;
    if seconds >= window.duration().as_secs_f64() {
        return Some(format!(
            "has a `window` of {window}, and {} requests take {seconds:.1} s at the \
             `allow.per_second` of {per_second}: it would never reach its limit",
            limit + tolerance
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(yaml: &str) -> Option<String> {
        let yaml = format!("{{name: api, path: /api, {yaml}}}");
        impossible(&serde_saphyr::from_str(&yaml).expect("is a probe"), 100.0)
    }

    #[test]
    fn a_limit_that_can_be_reached_in_its_window_is_taken() {
        assert_eq!(why("limit: 100, window: 60s"), None);
        assert_eq!(why("limit: 1, window: 1s, tolerance: 1"), None);
    }

    #[test]
    fn a_limit_that_could_never_be_seen_is_refused() {
        for (yaml, words) in [
            ("limit: 0, window: 60s", "has a `limit` of 0"),
            (
                "limit: 5, window: 60s, tolerance: 0",
                "nothing would be sent beyond",
            ),
            (
                "limit: 5, window: 60s, status: [200, 429]",
                "every answer would do",
            ),
            (
                "limit: 5, window: 60s, together: 0",
                "needs `together` from 1 to 100",
            ),
            ("limit: 20000, window: 1h", "more than 10000 requests"),
            ("limit: 4294967295, window: 1h", "more than 10000 requests"),
            (
                "limit: 190, window: 2s",
                "200 requests take 2.0 s at the `allow.per_second` of 100",
            ),
        ] {
            let why = why(yaml).unwrap_or_default();
            assert!(why.contains(words), "{yaml}: {why}");
        }
    }
}
