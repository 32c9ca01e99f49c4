//! One request as it is sent, and as it may be shown.

use super::identified::Identified;
use crate::address::Url;
use crate::reproduce::Header;
use bytes::Bytes;
use shared::config::Span;
use shared::secret::Secret;
use std::time::Duration;

/// How much longer than allowed an answer is waited for, to tell how slow it is.
const LONGEST_EXTRA: Duration = Duration::from_secs(2);
/// What can be asked without changing anything: RFC 9110, section 9.2.1.
pub(crate) const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// In capitals.
    pub(crate) method: String,
    /// What is asked.
    pub(crate) url: Url,
    /// What is sent besides.
    pub(crate) headers: Vec<(String, Secret)>,
    /// The same as it may be shown.
    pub(crate) shown: Vec<Header>,
    /// What is sent as body.
    pub(crate) body: Bytes,
    /// The same as it may be shown; none when nothing is sent.
    pub(crate) shown_body: Option<String>,
    /// How long the whole answer may take.
    pub(crate) within: Span,
    /// Which HTTP is spoken.
    pub(crate) protocol: Protocol,
    /// The certificate that is shown to a server which asks for one.
    pub(crate) identified: Option<Identified>,
}

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// What the server prefers of both; 1.1 without TLS.
    Any,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

impl Request {
    /// A plain `GET`.
    pub(crate) fn get(url: Url, within: Span) -> Self {
        Self {
            method: "GET".into(),
            url,
            headers: Vec::new(),
            shown: Vec::new(),
            body: Bytes::new(),
            shown_body: None,
            within,
            protocol: Protocol::Any,
            identified: None,
        }
    }

    /// The same with one more header, which is no secret.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), Secret::plain(value)));
        self.shown.push(Header {
            name: name.into(),
            raw: value.into(),
        });
        self
    }

    /// The same with one more header, which is shown as a variable of the shell.
    #[must_use]
    pub(crate) fn with_secret(mut self, name: &str, value: Secret, raw: &str) -> Self {
        self.headers.push((name.into(), value));
        self.shown.push(Header {
            name: name.into(),
            raw: raw.into(),
        });
        self
    }

    /// Whether it can be repeated without changing anything.
    pub(crate) fn is_safe(&self) -> bool {
        SAFE.contains(&self.method.as_str())
    }

    /// The host that is asked for: that of a header `Host` where one is sent.
    pub(crate) fn host(&self) -> String {
        let named = self.headers.iter();
        let mut named = named.filter(|(name, _)| name.eq_ignore_ascii_case("host"));
        let Some((_, value)) = named.next_back() else {
            return self.url.endpoint.host.clone();
        };
        let host = value.expose().trim().to_ascii_lowercase();
        match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
            Some(_) | None => host,
        }
    }

    /// How long an answer is waited for.
    pub(crate) fn patience(&self) -> Duration {
        let within = self.within.duration();
        within + within.min(LONGEST_EXTRA)
    }

    /// `GET http://h/x`, and each header on a line of its own, without its value.
    pub(crate) fn call(&self) -> String {
        let mut call = format!("{} {}", self.method, self.url.shown);
        for (header, _) in &self.headers {
            call.push_str(&format!("\n{header}: …"));
        }
        if let Some(body) = &self.shown_body {
            let length = self.body.len();
            call.push_str(&format!("\nwith a body of {length} bytes: {body}"));
        }
        call
    }
}
