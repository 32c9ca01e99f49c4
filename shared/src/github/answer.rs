//! What GitHub answered: how long it wants us to wait, where the next page is, and what to do about
//! a refusal.

use super::Call;
use crate::error::{Error, Result};
use crate::secret::redact;
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A refusal for too many requests that names no time: "wait for at least one minute",
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
const UNNAMED_WAIT: Duration = Duration::from_secs(60);

/// Longer messages are cut.
const LONGEST_MESSAGE: usize = 300;

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// What GitHub says of a refusal.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: serde_json::Value,
}

impl Answer {
    /// The document in it.
    pub(super) fn parse<T: DeserializeOwned>(&self, url: &Url, call: &Call<'_>) -> Result<T> {
        serde_json::from_str(&self.body).map_err(|error| {
            Error::unavailable(format!(
                "could not {}: GitHub's answer does not parse",
                call.what
            ))
            .at(redact(url.as_str()))
            .source(error)
        })
    }

    /// How long to wait when it is a refusal for too many requests.
    pub(super) fn wait(&self) -> Option<Duration> {
        if !matches!(self.status, 403 | 429) {
            return None;
        }
        // 32 bits, so that no answer makes a time overflow.
        let seconds = |name| self.header(name).and_then(|text| text.parse::<u32>().ok());
        if let Some(seconds) = seconds("retry-after") {
            return Some(Duration::from_secs(seconds.into()));
        }
        if self.header("x-ratelimit-remaining") == Some("0") {
            let reset = seconds("x-ratelimit-reset").unwrap_or(u32::MAX);
            let reset = UNIX_EPOCH + Duration::from_secs(reset.into());
            return Some(reset.duration_since(SystemTime::now()).unwrap_or_default());
        }
        let is_limit = self.status == 429 || self.message().to_lowercase().contains("rate limit");
        is_limit.then_some(UNNAMED_WAIT)
    }

    /// The address of the next page:
    /// <https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api>.
    pub(super) fn next_page(&self) -> Option<&str> {
        let links = self.header("link")?.split(',');
        links
            .filter_map(|link| link.trim().strip_prefix('<')?.split_once('>'))
            .find_map(|(address, parameters)| {
                let is_next = |part: &str| matches!(part.trim(), "rel=\"next\"" | "rel=next");
                parameters.split(';').any(is_next).then_some(address)
            })
    }

    /// The refusal in one line: what, where, why, and what to do.
    pub(super) fn refusal(&self, url: &Url, call: &Call<'_>) -> Error {
        let mut text = format!("could not {}: GitHub answered {}", call.what, self.status);
        let message = self.message();
        if !message.is_empty() {
            text.push_str(": ");
            text.push_str(&message);
        }
        let error = Error::unavailable(text).at(redact(url.as_str()));
        match self.hint(call) {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    fn hint(&self, call: &Call<'_>) -> Option<String> {
        if let Some(wait) = self.wait() {
            return Some(format!("GitHub wants us to wait {} s", wait.as_secs()));
        }
        let permission = call.permission;
        Some(match self.status {
            202 => "it merged the default branch instead of creating anything, unasked".into(),
            300..=399 => "the repository has moved: correct `GITHUB_REPOSITORY`".into(),
            401 => "`GITHUB_TOKEN` is wrong or has expired; a job's token ends with the job".into(),
            403 => format!("give the job `{permission}`"),
            404 => format!(
                "check `GITHUB_REPOSITORY`, and that the token may see it: give the job `{permission}`"
            ),
            409 => "it conflicts with the default branch, or its required statuses are not green"
                .into(),
            422 => "is the commit pushed to this repository?".into(),
            500.. => "see <https://www.githubstatus.com>".into(),
            _ => return None,
        })
    }

    fn message(&self) -> String {
        let refusal: Refusal = serde_json::from_str(&self.body).unwrap_or_default();
        let mut message = refusal.message;
        if let serde_json::Value::Array(errors) = &refusal.errors {
            for error in errors {
                let detail = error
                    .get("message")
                    .or_else(|| error.get("field"))
                    .unwrap_or(error);
                let detail = detail
                    .as_str()
                    .map_or_else(|| detail.to_string(), str::to_owned);
                message.push_str(&format!(" ({detail})"));
            }
        }
        let message = redact(&message);
        message.chars().take(LONGEST_MESSAGE).collect()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    }
}

/// The error for a request that got no answer.
pub(super) fn missing(why: String, url: &Url, call: &Call<'_>) -> Error {
    Error::unavailable(format!("could not {}: {}", call.what, redact(&why)))
        .at(redact(url.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| {
            (
                name.parse().expect("is a name"),
                value.parse().expect("is a value"),
            )
        });
        Answer {
            status,
            headers: headers.collect(),
            body: body.into(),
        }
    }

    fn refusal(answer: &Answer) -> String {
        let call = Call {
            what: "list the deployments",
            path: "deployments",
            query: &[],
            permission: "deployments: write",
        };
        let url = Url::parse("https://api.example.com/x").expect("literal is a valid URL");
        answer.refusal(&url, &call).to_string()
    }

    #[test]
    fn only_a_refusal_for_too_many_requests_names_a_wait() {
        let wait = |status, headers: &[_], body| answer(status, headers, body).wait();
        assert_eq!(
            wait(403, &[("retry-after", "7")], ""),
            Some(Duration::from_secs(7))
        );
        assert_eq!(wait(429, &[], ""), Some(UNNAMED_WAIT));
        let spent = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")];
        assert_eq!(wait(403, &spent, ""), Some(Duration::ZERO));
        let secondary = r#"{"message": "You have exceeded a secondary rate limit."}"#;
        assert_eq!(wait(403, &[], secondary), Some(UNNAMED_WAIT));
        assert_eq!(wait(403, &[("x-ratelimit-remaining", "12")], "{}"), None);
        assert_eq!(wait(500, &[("retry-after", "7")], ""), None);
        assert_eq!(
            wait(429, &[("retry-after", "18446744073709551615")], ""),
            Some(UNNAMED_WAIT)
        );
    }

    #[test]
    fn the_next_page_is_the_link_that_says_so() {
        let next = |link: &str| {
            answer(200, &[("link", link)], "")
                .next_page()
                .map(str::to_owned)
        };
        let both = r#"<https://a/x?page=1>; rel="prev", <https://a/x?page=3>; rel="next""#;
        assert_eq!(next(both).as_deref(), Some("https://a/x?page=3"));
        assert_eq!(next(r#"<https://a/x?page=1>; rel="last""#), None);
        assert_eq!(next("garbage"), None);
    }

    #[test]
    fn a_refusal_says_what_where_why_and_what_to_do() {
        let body =
            r#"{"message": "Resource not accessible\nby integration", "documentation_url": ""}"#;
        assert_eq!(
            refusal(&answer(403, &[], body)),
            "https://api.example.com/x: could not list the deployments: GitHub answered 403: \
             Resource not accessible by integration; give the job `deployments: write`"
        );
        let body = r#"{"message": "Validation Failed", "errors": [{"field": "ref"}, "other"]}"#;
        let said = refusal(&answer(422, &[], body));
        assert!(
            said.contains("Validation Failed (ref) (other); is the commit pushed"),
            "{said}"
        );
        assert!(
            refusal(&answer(401, &[], "<html>")).contains("GitHub answered 401; `GITHUB_TOKEN`")
        );
    }
}
