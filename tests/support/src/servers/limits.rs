//! A limiter of requests that does one thing wrong.

use crate::servers::{Reply, Request};
use bytes::Bytes;
use http_body_util::Full;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What a limiter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitManner {
    /// Counts in windows, tells, and lets go.
    Good,
    /// Turns nobody away.
    Unlimited,
    /// Counts by `X-Forwarded-For`.
    Spoofable,
    /// Breaks in place of a 429.
    Breaks,
    /// Does not say when to come back.
    Untold,
    /// Names a time that means nothing.
    Meaningless,
    /// Says another limit than it has.
    Misstated,
    /// Never lets go.
    Forever,
    /// Turns away from the start.
    UsedUp,
    /// Names a quarter of an hour.
    Long,
}

/// The answers of a limiter that lets so many requests pass in each window.
pub fn limited(
    limit: u32,
    window: Duration,
    manner: LimitManner,
) -> impl Fn(&Request) -> Reply + Send + Sync {
    let counts: Mutex<BTreeMap<String, (Instant, u32)>> = Mutex::default();
    move |request| {
        let by = request.headers().get("x-forwarded-for");
        let by = by.filter(|_| manner == LimitManner::Spoofable);
        let by = by.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let mut counts = counts
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let (start, count) = counts
            .entry(by.unwrap_or_default())
            .or_insert((Instant::now(), 0));
        if start.elapsed() >= window && manner != LimitManner::Forever {
            (*start, *count) = (Instant::now(), 0);
        }
        *count += 1;
        let left = window.saturating_sub(start.elapsed()).as_secs_f64().ceil() as u64;
        let is_over = match manner {
            LimitManner::Unlimited => false,
            LimitManner::UsedUp => true,
            LimitManner::Good
            | LimitManner::Spoofable
            | LimitManner::Breaks
            | LimitManner::Untold
            | LimitManner::Meaningless
            | LimitManner::Misstated
            | LimitManner::Forever
            | LimitManner::Long => *count > limit,
        };
        answer(limit, limit.saturating_sub(*count), left, is_over, manner)
    }
}

fn answer(limit: u32, remaining: u32, left: u64, is_over: bool, manner: LimitManner) -> Reply {
    let said = if manner == LimitManner::Misstated {
        limit / 2
    } else {
        limit
    };
    let mut reply = hyper::Response::builder()
        .header("x-ratelimit-limit", said)
        .header("x-ratelimit-remaining", remaining);
    if is_over {
        let status = if manner == LimitManner::Breaks {
            503
        } else {
            429
        };
        reply = reply.status(status);
        reply = match manner {
            LimitManner::Untold => reply,
            LimitManner::Meaningless => reply.header("retry-after", "soon"),
            LimitManner::Long => reply.header("retry-after", 900),
            LimitManner::Good
            | LimitManner::Unlimited
            | LimitManner::Spoofable
            | LimitManner::Breaks
            | LimitManner::Misstated
            | LimitManner::Forever
            | LimitManner::UsedUp => reply.header("retry-after", left),
        };
    }
    let body = if is_over {
        format!(r#"{{"error":"Too Many Requests","retryAfter":{left}}}"#)
    } else {
        "{}".to_owned()
    };
    let reply = reply.body(Full::new(Bytes::from(body)));
    reply.unwrap_or_default()
}
