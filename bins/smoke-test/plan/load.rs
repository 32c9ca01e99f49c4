//! A series of requests at a steady rate, refused when it could never decide its own limits.

use super::Place;
use crate::address::{Address, Url};
use crate::figures::{CONFIDENCE, PERCENTILE};
use crate::reproduce;
use crate::statistics::{least_for_percentile, least_for_share};
use shared::config::{LoadProbe, Share, Span};
use shared::error::Result;
use shared::gate::Step;

/// More samples than this do not fit into the memory of a small runner.
const MOST_REQUESTS: u32 = 1_000_000;
/// A gate that takes longer than an hour is none.
const LONGEST_SECONDS: f64 = 3600.0;
/// The first requests find cold caches and no connections; they are sent besides those that are
/// judged: 5 % of them, but no more than this.
const LONGEST_WARM_UP: u32 = 20;

/// A series of requests at a steady rate.
#[derive(Clone, Debug)]
pub(crate) struct LoadPlan {
    /// What it is called.
    pub(crate) name: String,
    /// Below the environment's address.
    pub(crate) path: String,
    /// The whole address.
    pub(crate) url: Url,
    /// How many requests are sent first and not judged.
    pub(crate) warm_up: u32,
    /// How many are judged.
    pub(crate) requests: u32,
    /// How many are sent each second.
    pub(crate) per_second: f64,
    /// What 95 % of them must stay under.
    pub(crate) p95: Span,
    /// The largest share that may fail.
    pub(crate) errors: Share,
    /// After this long a request has failed.
    pub(crate) within: Span,
    /// The command that shows one of the requests by hand.
    pub(crate) reproduce: String,
}

impl LoadPlan {
    /// Its line for `--plan`.
    pub(super) fn step(&self) -> Step {
        let Self {
            name,
            warm_up,
            requests,
            per_second,
            ..
        } = self;
        Step::reads(
            format!(
                "load `{name}`: {requests} requests at {per_second}/s after {warm_up} to warm \
                 up, p95 under {}, at most {} errors",
                self.p95, self.errors
            ),
            format!("GET {} ({} times)", self.url.shown, self.total()),
        )
    }

    /// How many requests are sent.
    pub(crate) fn total(&self) -> u32 {
        self.warm_up + self.requests
    }
}

/// Checks a probe of the file.
pub(super) fn of(address: &Address, probe: &LoadProbe, place: &Place<'_>) -> Result<LoadPlan> {
    if let Some(why) = impossible(probe) {
        return Err(place.refuse(why));
    }
    let url = address
        .at(&probe.path)
        .map_err(|why| place.refuse(format!("has a `path` with {why}")))?;
    Ok(LoadPlan {
        name: probe.name.clone(),
        path: probe.path.clone(),
        warm_up: warm_up(probe.requests),
        requests: probe.requests,
        per_second: probe.per_second,
        p95: probe.p95,
        errors: probe.errors,
        within: probe.within,
        reproduce: reproduce::timing(&url, probe.within),
        url,
    })
}

fn warm_up(requests: u32) -> u32 {
    (requests / 20).min(LONGEST_WARM_UP)
}

fn impossible(probe: &LoadProbe) -> Option<String> {
    let rate = probe.per_second;
    if !(rate.is_finite() && rate > 0.0) {
        return Some("needs a `per_second` of more than 0".into());
    }
    if probe.p95.duration().is_zero() || probe.within.duration().is_zero() {
        return Some("has a `p95` or a `within` of 0".into());
    }
    if probe.requests > MOST_REQUESTS {
        return Some(format!("needs at most {MOST_REQUESTS} `requests`"));
    }
    if let Some(why) = undecidable(probe) {
        return Some(why);
    }
    let seconds = f64::from(probe.requests + warm_up(probe.requests)) / rate;
    (seconds > LONGEST_SECONDS).then(|| {
        let requests = probe.requests;
        format!("would take {seconds:.0} s for {requests} requests, and at most an hour will do")
    })
}

/// Even if every request were fast and none failed, too few of them would prove nothing.
fn undecidable(probe: &LoadProbe) -> Option<String> {
    let limit = probe.errors;
    let Some(for_errors) = least_for_share(limit.fraction(), CONFIDENCE) else {
        return Some(format!(
            "has `errors: {limit}`, which no number of requests can show; \
             `errors: 1%` can be shown by {}",
            least_for_share(0.01, CONFIDENCE).unwrap_or_default()
        ));
    };
    let for_p95 = least_for_percentile(PERCENTILE, CONFIDENCE);
    let needed = for_errors.max(for_p95);
    if u64::from(probe.requests) >= needed {
        return None;
    }
    let requests = probe.requests;
    let what = if for_errors >= for_p95 {
        format!("`errors: {limit}` even if none of them fails")
    } else {
        format!("`p95: {}` even if all of them are fast", probe.p95)
    };
    Some(format!(
        "can never show {what} with {requests} `requests`: it needs at least {needed}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(requests: u32, errors: f64) -> LoadProbe {
        LoadProbe {
            name: "status".into(),
            path: "/api/status".into(),
            requests,
            per_second: 100.0,
            p95: Span::milliseconds(500),
            errors: Share::percent(errors),
            within: Span::seconds(5),
        }
    }

    #[test]
    fn the_defaults_can_decide() {
        assert_eq!(impossible(&probe(300, 1.0)), None);
        assert_eq!(impossible(&probe(299, 1.0)), None);
        assert_eq!(impossible(&probe(72, 5.0)), None);
    }

    #[test]
    fn too_few_requests_are_refused_with_the_number_needed() {
        for (requests, errors, why) in [
            (
                298,
                1.0,
                "can never show `errors: 1%` even if none of them fails with 298 `requests`: \
                 it needs at least 299",
            ),
            (
                300,
                0.1,
                "can never show `errors: 0.1%` even if none of them fails with 300 `requests`: \
                 it needs at least 2995",
            ),
            (
                71,
                50.0,
                "can never show `p95: 500ms` even if all of them are fast with 71 `requests`: \
                 it needs at least 72",
            ),
            (
                300,
                0.0,
                "has `errors: 0%`, which no number of requests can show; \
                 `errors: 1%` can be shown by 299",
            ),
        ] {
            assert_eq!(impossible(&probe(requests, errors)).as_deref(), Some(why));
        }
    }

    #[test]
    fn a_rate_that_is_none_and_an_endless_run_are_refused() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let probe = LoadProbe {
                per_second: rate,
                ..probe(300, 1.0)
            };
            assert!(impossible(&probe).is_some(), "{rate}");
        }
        let slow = LoadProbe {
            per_second: 0.01,
            ..probe(300, 1.0)
        };
        assert_eq!(
            impossible(&slow).as_deref(),
            Some("would take 31500 s for 300 requests, and at most an hour will do")
        );
        let many = probe(MOST_REQUESTS + 1, 1.0);
        assert_eq!(
            impossible(&many).as_deref(),
            Some("needs at most 1000000 `requests`")
        );
    }

    #[test]
    fn the_warm_up_is_a_twentieth_but_no_more_than_twenty() {
        assert_eq!([72, 300, 400, 100_000].map(warm_up), [3, 15, 20, 20]);
    }
}
