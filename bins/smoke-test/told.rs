//! What a server says of its own limit of requests: how many, and when to come back.

use crate::answer::{Answer, shown};
use jiff::Timestamp;

/// So much of a foreign value goes into a sentence.
const LONGEST: usize = 80;
/// Larger numbers in a reset header are an instant, not a length: a limit of 30 years is none.
const LEAST_INSTANT: f64 = 1e9;
/// And those are in milliseconds.
const LEAST_IN_MILLISECONDS: f64 = 1e11;

/// When to come back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Return {
    /// In so many seconds from when the answer came; by this header.
    In(f64, &'static str),
    /// It does not say.
    Unsaid,
    /// It says something that means nothing; by this header.
    Meaningless(String, &'static str),
}

/// When to come back, by `Retry-After` or else by what limiters send besides.
pub(crate) fn comes_back(answer: &Answer) -> Return {
    if let Some(value) = answer.header("retry-after") {
        return match retry_after(&value, answer) {
            Some(seconds) => Return::In(seconds, "Retry-After"),
            None => Return::Meaningless(shown(&value, LONGEST), "Retry-After"),
        };
    }
    for name in ["RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset"] {
        if let Some(value) = answer.header(name) {
            return match reset(&value, answer) {
                Some(seconds) => Return::In(seconds, name),
                None => Return::Meaningless(shown(&value, LONGEST), name),
            };
        }
    }
    let policy = answer.header("ratelimit");
    match policy.and_then(|policy| parameter(&policy, &["t", "reset"])) {
        Some(seconds) => Return::In(seconds, "RateLimit"),
        None => Return::Unsaid,
    }
}

/// Seconds, or a date: RFC 9110, section 10.2.3.
fn retry_after(value: &str, answer: &Answer) -> Option<f64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().ok();
    }
    until(http_date(value)?, answer)
}

fn reset(value: &str, answer: &Answer) -> Option<f64> {
    let number: f64 = value.trim().parse().ok()?;
    if !(number.is_finite() && number >= 0.0) {
        return None;
    }
    if number < LEAST_INSTANT {
        return Some(number);
    }
    let seconds = if number < LEAST_IN_MILLISECONDS {
        number
    } else {
        number / 1000.0
    };
    until(Timestamp::from_second(seconds as i64).ok()?, answer)
}

/// By the server's own clock where it tells it; an instant that is over is none.
fn until(instant: Timestamp, answer: &Answer) -> Option<f64> {
    let date = answer.header("date").and_then(|date| http_date(&date));
    let now = date.unwrap_or(answer.received);
    let seconds = instant.duration_since(now).as_secs_f64();
    // A date has whole seconds.
    (seconds >= -1.0).then_some(seconds.max(0.0))
}

/// All three forms of a date: RFC 9110, section 5.6.7.
fn http_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(instant) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return Some(instant);
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| jiff::civil::DateTime::strptime(form, text).ok())
        .and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|zoned| zoned.timestamp())
}

/// How many requests the server says it answers; with the name of the header.
pub(crate) fn limit(answer: &Answer) -> Option<(u64, &'static str)> {
    for name in ["RateLimit-Limit", "X-RateLimit-Limit", "X-Rate-Limit-Limit"] {
        if let Some(value) = answer.header(name) {
            let digits = value
                .trim_start()
                .split(|c: char| !c.is_ascii_digit())
                .next();
            return digits?.parse().ok().map(|limit| (limit, name));
        }
    }
    for (name, keys) in [
        ("RateLimit-Policy", ["q", "q"]),
        ("RateLimit", ["limit", "q"]),
    ] {
        let value = answer.header(name);
        if let Some(limit) = value.and_then(|value| parameter(&value, &keys)) {
            return Some((limit as u64, name));
        }
    }
    None
}

/// The number of a parameter, in `"default";q=100;w=60` and in `limit=100, reset=5`.
fn parameter(value: &str, keys: &[&str]) -> Option<f64> {
    value.split([';', ',']).find_map(|part| {
        let (key, number) = part.split_once('=')?;
        let number: f64 = number.trim().parse().ok()?;
        let is_meant = keys.contains(&key.trim()) && number.is_finite() && number >= 0.0;
        is_meant.then_some(number)
    })
}

/// Every header about the limit, as it may be shown.
pub(crate) fn headers(answer: &Answer) -> Vec<String> {
    let mut headers: Vec<String> = (answer.headers.iter())
        .filter(|(name, _)| name.contains("ratelimit") || name.contains("rate-limit"))
        .map(|(name, value)| format!("`{}: {}`", shown(name, LONGEST), shown(value, LONGEST)))
        .collect();
    headers.sort();
    headers.truncate(6);
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::answer;
    use proptest::prelude::*;

    fn with(headers: &[(&str, &str)]) -> Answer {
        let mut answer = answer(429, "");
        answer.received = "2026-11-21T12:00:00Z".parse().expect("is an instant");
        let headers = headers.iter();
        answer.headers = headers
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        answer
    }

    #[test]
    fn seconds_and_all_three_forms_of_a_date_are_read() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:07 GMT");
        for value in [
            "30",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(
                comes_back(&with(&[date, ("retry-after", value)])),
                Return::In(30.0, "Retry-After"),
                "{value}"
            );
        }
    }

    #[test]
    fn what_means_nothing_is_no_time() {
        for value in ["", "soon", "-1", "1.5", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            let read = comes_back(&with(&[("retry-after", value)]));
            assert!(matches!(read, Return::Meaningless(..)), "{value}: {read:?}");
        }
        assert_eq!(comes_back(&with(&[])), Return::Unsaid);
    }

    #[test]
    fn limiters_say_it_in_headers_of_their_own() {
        for (name, value, seconds) in [
            ("ratelimit-reset", "12", 12.0),
            ("x-ratelimit-reset", "1795262430", 30.0),
            ("x-ratelimit-reset", "1795262430000", 30.0),
            ("ratelimit", "limit=100, remaining=0, reset=7", 7.0),
            ("ratelimit", "\"default\";r=0;t=9", 9.0),
        ] {
            let Return::In(read, _) = comes_back(&with(&[(name, value)])) else {
                panic!("{name}: {value}");
            };
            assert_eq!(read, seconds, "{name}: {value}");
        }
    }

    #[test]
    fn the_limit_is_read_in_every_form() {
        for (name, value) in [
            ("x-ratelimit-limit", "100"),
            ("ratelimit-limit", "100, 100;w=60"),
            ("ratelimit-policy", "\"default\";q=100;w=60"),
            ("ratelimit", "limit=100, remaining=4, reset=7"),
        ] {
            let read = limit(&with(&[(name, value)])).map(|(limit, _)| limit);
            assert_eq!(read, Some(100), "{name}: {value}");
        }
        assert_eq!(limit(&with(&[("ratelimit-limit", "many")])), None);
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "[ -~]{0,40}") {
            for name in ["retry-after", "ratelimit-reset", "ratelimit", "x-ratelimit-limit", "date"] {
                let answer = with(&[(name, &value), ("retry-after", &value)]);
                let _ = (comes_back(&answer), limit(&answer), headers(&answer));
            }
        }
    }
}
