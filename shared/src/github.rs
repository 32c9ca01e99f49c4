//! GitHub's REST API for one repository: octocrab carries the requests, the deadlines and the
//! rule for repeating them are ours.

mod access;
mod answer;
mod pages;

pub use pages::Pages;

use crate::error::{Error, Result};
use crate::secret::Secret;
use access::Access;
use answer::Answer;
use octocrab::Octocrab;
use reqwest::Url;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A request that only reads is sent at most so often.
const MOST_TRIES: u32 = 3;

/// One repository behind the API, and who asks.
#[derive(Debug)]
pub struct Github {
    access: Access,
    limits: Limits,
    client: OnceLock<Octocrab>,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To open a connection.
    pub connect: Duration,
    /// One request, from the first byte sent to the last byte read.
    pub attempt: Duration,
    /// A request with all its repetitions.
    pub total: Duration,
    /// Before the first repetition; doubled before each further one.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            attempt: Duration::from_secs(15),
            total: Duration::from_secs(60),
            pause: Duration::from_millis(500),
        }
    }
}

/// What is asked, in the API's terms and for people.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What it is for: `list the deployments of staging`.
    pub what: &'a str,
    /// The path below the repository, without a slash in front.
    pub path: &'a str,
    /// Names and values of the query.
    pub query: &'a [(&'a str, &'a str)],
    /// What the job must be given: `deployments: write`.
    pub permission: &'a str,
}

/// Why a `POST` did not succeed.
#[derive(Debug)]
pub enum Unposted {
    /// The answer is no: nothing was made, and asking again does not help.
    Refused(Error),
    /// It may or may not have been made: look first, then it may be sent once more.
    Unclear {
        /// What happened.
        error: Error,
        /// How long to wait before looking.
        pause: Duration,
    },
}

impl Github {
    /// The repository, API and token that a GitHub Actions job names in its environment.
    pub fn from_environment() -> Result<Self> {
        Access::from_lookup(&|name| std::env::var(name).ok()).map(Self::with_access)
    }

    /// A repository, named `owner/name`, behind an API.
    pub fn new(api: &str, repository: &str, token: Secret) -> Result<Self> {
        Access::new(api, repository, token).map(Self::with_access)
    }

    fn with_access(access: Access) -> Self {
        Self {
            access,
            limits: Limits::default(),
            client: OnceLock::new(),
        }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same, with the page of the run that asks.
    #[must_use]
    pub fn with_run_url(mut self, url: impl Into<String>) -> Self {
        self.access.run_url = Some(url.into());
        self
    }

    /// `owner/name`.
    pub fn repository(&self) -> &str {
        &self.access.repository
    }

    /// The page of the run that asks, when it is known.
    pub fn run_url(&self) -> Option<&str> {
        self.access.run_url.as_deref()
    }

    /// How long things may take.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The URL of a path below the repository.
    pub fn url(&self, path: &str) -> String {
        self.access.address(path).into()
    }

    /// Reads one document.
    pub async fn get<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T> {
        let url = self.address_of(call);
        self.read(&url, call).await?.parse(&url, call)
    }

    /// Reads a list page by page, at most `most` pages.
    pub fn pages<'a>(&'a self, call: Call<'a>, most: usize) -> Pages<'a> {
        Pages::new(self, call, most)
    }

    /// Sends a document to be created; only 201 is success. It is sent once, whatever happens.
    pub async fn post<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        body: &impl Serialize,
    ) -> Result<T, Unposted> {
        let url = self.address_of(call);
        let unclear = |error| Unposted::Unclear {
            error,
            pause: self.limits.pause,
        };
        let client = self.client().map_err(Unposted::Refused)?;
        let answer = self
            .ask(client, &url, Some(body), self.limits.attempt)
            .await;
        let answer = answer.map_err(|why| unclear(answer::missing(why, &url, call)))?;
        match answer.status {
            // Made, whatever the body says.
            201 => answer.parse(&url, call).map_err(unclear),
            500.. => Err(unclear(answer.refusal(&url, call))),
            _ => Err(match answer.wait() {
                Some(wait) if wait < self.limits.total => {
                    let pause = wait.max(self.limits.pause);
                    Unposted::Unclear {
                        error: answer.refusal(&url, call),
                        pause,
                    }
                }
                _ => Unposted::Refused(answer.refusal(&url, call)),
            }),
        }
    }

    /// Reads, and repeats what may succeed the next time as long as the limits allow.
    async fn read(&self, url: &Url, call: &Call<'_>) -> Result<Answer> {
        let client = self.client()?;
        let deadline = Instant::now() + self.limits.total;
        let (mut pause, mut tried) = (self.limits.pause, 1);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let asked = self
                .ask(client, url, None::<&()>, left.min(self.limits.attempt))
                .await;
            let (error, wait) = match asked {
                Ok(answer) if answer.status == 200 => return Ok(answer),
                Ok(answer) => {
                    let wait = answer.wait().or((answer.status >= 500).then_some(pause));
                    (answer.refusal(url, call), wait)
                }
                Err(why) => (answer::missing(why, url, call), Some(pause)),
            };
            match wait {
                Some(wait) if tried < MOST_TRIES && Instant::now() + wait < deadline => {
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(error),
            }
            pause *= 2;
            tried += 1;
        }
    }

    /// One request. `Err` says in words why there is no answer.
    async fn ask<B: Serialize + ?Sized>(
        &self,
        client: &Octocrab,
        url: &Url,
        body: Option<&B>,
        within: Duration,
    ) -> Result<Answer, String> {
        let asked = async {
            let response = match body {
                Some(body) => client._post(url.as_str(), Some(body)).await?,
                None => client._get(url.as_str()).await?,
            };
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            let body = client.body_to_string(response).await?;
            Ok(Answer {
                status,
                headers,
                body,
            })
        };
        match tokio::time::timeout(within, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(innermost::<octocrab::Error>(&error)),
            Err(_) => Err(format!("no answer within {} s", within.as_secs_f64())),
        }
    }

    /// The client, made at the first request: it needs a runtime, and loads the certificates.
    fn client(&self) -> Result<&Octocrab> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let broken = |error: octocrab::Error| {
            Error::unavailable("could not set up the client for GitHub")
                .source(innermost(&error))
                .hint("install `ca-certificates`, or set `SSL_CERT_FILE`")
        };
        // octocrab's own repetition would send a POST again; the feature is off:
        // https://docs.rs/octocrab/0.54.9/octocrab/service/middleware/retry/enum.RetryConfig.html
        let client = Octocrab::builder()
            .base_uri(self.access.api.as_str())
            .map_err(broken)?
            .personal_token(self.access.token.expose())
            .add_header(
                reqwest::header::ACCEPT,
                "application/vnd.github+json".into(),
            )
            .set_connect_timeout(Some(self.limits.connect))
            .set_read_timeout(Some(self.limits.attempt))
            .set_write_timeout(Some(self.limits.attempt))
            .build()
            .map_err(broken)?;
        Ok(self.client.get_or_init(|| client))
    }

    fn address_of(&self, call: &Call<'_>) -> Url {
        let mut url = self.access.address(call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        url
    }
}

/// The outer errors of a chain only repeat that a request failed.
fn innermost<E: std::error::Error + 'static>(error: &E) -> String {
    let mut cause: &(dyn std::error::Error + 'static) = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
