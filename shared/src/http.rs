//! Requests over HTTP: every one with a deadline, none followed to another host, none repeated.

use crate::error::{Error, Result};
use crate::secret::redact;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Longer bodies are cut here; what is judged is what was read.
const LONGEST_BODY: usize = 4 << 20;

/// A client for one run. Clients for plain HTTP do not load the machine's certificates, which
/// would cost more than the request itself.
#[derive(Debug)]
pub struct Http {
    agent: String,
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
    is_pooled: bool,
}

/// One request: always a safe method.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// `GET`, `HEAD` or `OPTIONS`.
    pub method: &'a str,
    /// `http://` or `https://`.
    pub url: &'a str,
    /// Names and values.
    pub headers: &'a [(String, crate::secret::Secret)],
    /// From the first byte sent to the last byte read.
    pub deadline: Duration,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case, values as UTF-8 with the rest replaced.
    pub headers: Vec<(String, String)>,
    /// The first 4 MiB.
    pub body: Vec<u8>,
    /// Whether the body was longer than what was read.
    pub is_cut: bool,
    /// From the start of the request to the last byte.
    pub elapsed: Duration,
}

impl Answer {
    /// The first value of a header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text, with what is not UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Http {
    /// A client that names the gate and the run in `User-Agent`, and opens a connection for each
    /// request.
    pub fn new(gate: &str, run: &str) -> Self {
        Self {
            agent: format!(
                "sluicegate-{gate}/{} (run {run})",
                env!("CARGO_PKG_VERSION")
            ),
            plain: OnceLock::new(),
            secure: OnceLock::new(),
            is_pooled: false,
        }
    }

    /// The same, but connections are kept for the next request to the same address.
    #[must_use]
    pub fn pooled(mut self) -> Self {
        self.is_pooled = true;
        self
    }

    /// What is sent as `User-Agent`.
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// Sends one request. Any status is an answer; `Err` is only for no answer.
    pub async fn send(&self, request: &Request<'_>) -> Result<Answer> {
        let url = parse(request.url)?;
        let client = self.client(url.scheme() == "https")?;
        let method = reqwest::Method::from_bytes(request.method.as_bytes())
            .ok()
            .filter(reqwest::Method::is_safe)
            .ok_or_else(|| {
                Error::config(format!(
                    "the method `{}` may change something",
                    request.method
                ))
                .hint("use GET, HEAD or OPTIONS")
            })?;
        let mut builder = client.request(method, url);
        for (name, value) in request.headers {
            builder = builder.header(name, value.expose());
        }
        let start = Instant::now();
        let answered = tokio::time::timeout(request.deadline, read(builder, start)).await;
        match answered {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(no_answer(request.url, &innermost(&error))),
            Err(_) => {
                let seconds = request.deadline.as_secs_f64();
                Err(no_answer(
                    request.url,
                    &format!("no answer within {seconds} s"),
                ))
            }
        }
    }

    /// Sends a `GET` without headers.
    pub async fn get(&self, url: &str, deadline: Duration) -> Result<Answer> {
        let request = Request {
            method: "GET",
            url,
            headers: &[],
            deadline,
        };
        self.send(&request).await
    }

    fn client(&self, is_secure: bool) -> Result<&reqwest::Client> {
        let slot = if is_secure { &self.secure } else { &self.plain };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let builder = reqwest::Client::builder()
            .user_agent(&self.agent)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(if self.is_pooled { 16 } else { 0 })
            .tls_backend_preconfigured(crate::tls::client(is_secure)?);
        let client = builder.build().map_err(|error| {
            Error::unavailable("could not set up the HTTP client").source(error)
        })?;
        Ok(slot.get_or_init(|| client))
    }
}

fn parse(url: &str) -> Result<reqwest::Url> {
    let wrong = |why: &str| Error::config(format!("`{}` is no URL to ask: {why}", redact(url)));
    let parsed = reqwest::Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
    match parsed.scheme() {
        "http" | "https" => Ok(parsed),
        other => Err(wrong(&format!("it has the scheme `{other}`"))),
    }
}

async fn read(builder: reqwest::RequestBuilder, start: Instant) -> reqwest::Result<Answer> {
    let mut response = builder.send().await?;
    let headers = (response.headers().iter())
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let status = response.status().as_u16();
    let (mut body, mut is_cut) = (Vec::new(), false);
    while let Some(chunk) = response.chunk().await? {
        let room = LONGEST_BODY.saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            is_cut = true;
            break;
        }
    }
    Ok(Answer {
        status,
        headers,
        body,
        is_cut,
        elapsed: start.elapsed(),
    })
}

/// The outer errors of a chain only repeat the URL.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn no_answer(url: &str, why: &str) -> Error {
    Error::unavailable(why.to_owned()).at(redact(url))
}

/// Joins an environment's URL and a path; the path may hold a query.
pub fn join(base: &str, path: &str) -> String {
    format!(
        "{}/{}",
        base.trim_end_matches('/'),
        path.trim_start_matches('/')
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_and_a_path_meet_in_one_slash() {
        for (base, path) in [("http://a", "b"), ("http://a/", "/b"), ("http://a", "/b")] {
            assert_eq!(join(base, path), "http://a/b");
        }
    }

    #[test]
    fn methods_that_change_something_and_foreign_schemes_are_refused() {
        let http = Http::new("smoke-test", "run");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be made");
        for (method, url) in [
            ("POST", "http://127.0.0.1:1/"),
            ("GET", "file:///etc/passwd"),
        ] {
            let deadline = Duration::from_secs(1);
            let request = Request {
                method,
                url,
                headers: &[],
                deadline,
            };
            let error = runtime
                .block_on(http.send(&request))
                .expect_err("is refused");
            assert_eq!(error.kind(), crate::error::Kind::Config);
        }
        let error = runtime
            .block_on(http.get("http://127.0.0.1:1/", Duration::from_secs(5)))
            .expect_err("nothing listens there");
        assert!(error.to_string().contains("refused"), "{error}");
    }
}
