//! A line to one address: a kept connection, and a new one when that has ended.

use super::{Failure, Kept, Reply};
use crate::answer::{Break, NoAnswer};
use crate::client::Client;
use crate::plan::Request;
use shared::secret::Secret;
use std::net::IpAddr;
use std::time::Duration;

/// Requests to one address, written out once.
pub(crate) struct Questions<'a> {
    client: &'a Client,
    first: &'a Request,
    bytes: Vec<Secret>,
    watched: Vec<String>,
    peer: Option<IpAddr>,
}

impl<'a> Questions<'a> {
    /// All of them at the address of the first.
    pub(crate) fn new(client: &'a Client, requests: &'a [Request]) -> Self {
        let first = requests.first().expect("there is something to ask");
        Self {
            client,
            first,
            bytes: requests
                .iter()
                .map(|request| written(request, client))
                .collect(),
            watched: client.watched(first),
            peer: None,
        }
    }

    /// Opens the first connection, and keeps to its address from then on, so that no name is
    /// resolved while times are measured.
    pub(crate) async fn open(&mut self) -> Result<Line, NoAnswer> {
        let patience = self.first.within.duration();
        let opened = tokio::time::timeout(patience, self.connect()).await;
        let (kept, peer) = opened.map_err(|_| {
            let seconds = patience.as_secs_f64();
            NoAnswer::new(Break::Timeout, format!("no connection within {seconds} s"))
        })??;
        self.peer = Some(peer);
        Ok(Line {
            kept: Some(kept),
            ..Line::default()
        })
    }

    /// Listens for the headers in which another address says its release.
    pub(crate) fn watching(mut self, request: &Request) -> Self {
        self.watched = self.client.watched(request);
        self
    }

    /// The address that is asked, once it is known.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    async fn connect(&self) -> Result<(Kept, IpAddr), NoAnswer> {
        let endpoint = &self.first.url.endpoint;
        let connected = self
            .client
            .connect_to(endpoint, self.peer, self.first)
            .await?;
        let peer = connected.peer.ip();
        let milliseconds = connected.phases.connect.unwrap_or_default();
        let connecting = Duration::from_secs_f64(milliseconds / 1000.0);
        Ok((Kept::new(connected.stream, connecting), peer))
    }
}

/// A line that questions are asked over, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Line {
    kept: Option<Kept>,
    /// How often it was found closed, and opened again for the same request.
    pub(crate) reopened: u64,
    /// How often of those the request had been sent already.
    pub(crate) cut: u64,
    /// What the last answer said of its release.
    pub(crate) said: Option<Vec<u8>>,
}

/// Why a question over a line went without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// It broke off.
    At(Break),
    /// More came than an answer has.
    Endless,
}

impl Line {
    /// Asks one of the questions. When the server has closed the connection since the last one, it
    /// is asked over a new one: that is how keep-alive ends, and no error of the service (RFC 9112,
    /// section 9.3.1). The same where its end may have crossed the question, which is then asked a
    /// second time, is counted, and must be allowed once more.
    pub(crate) async fn ask(
        &mut self,
        questions: &Questions<'_>,
        number: usize,
    ) -> Result<Reply, Silence> {
        let request = questions.bytes[number % questions.bytes.len()]
            .expose()
            .as_bytes();
        loop {
            self.said = None;
            let mut kept = match self.kept.take() {
                Some(kept) => kept,
                None => {
                    let connected = questions.connect().await;
                    connected.map_err(|no_answer| Silence::At(no_answer.at))?.0
                }
            };
            match kept.ask(request, &questions.watched, &mut self.said).await {
                Ok(reply) => {
                    self.kept = reply.is_kept.then_some(kept);
                    return Ok(reply);
                }
                // A fresh connection is neither stale nor cut, so this happens once.
                Err(Failure::Stale) => self.reopened += 1,
                Err(Failure::Cut) => {
                    self.reopened += 1;
                    self.cut += 1;
                    let allowed = questions.client.allow().await;
                    allowed.map_err(|no_answer| Silence::At(no_answer.at))?;
                }
                Err(Failure::At(at)) => return Err(Silence::At(at)),
                Err(Failure::Endless) => return Err(Silence::Endless),
            }
        }
    }
}

/// A request as it goes over the wire. What the file sets wins over what is sent anyway.
fn written(request: &Request, client: &Client) -> Secret {
    let url = &request.url;
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method, url.target.expose());
    let mut usual = vec![
        ("host", url.endpoint.authority()),
        ("user-agent", client.agent().to_owned()),
        ("x-sluicegate-run", client.run().to_owned()),
        ("accept", "*/*".to_owned()),
    ];
    if let Some(credentials) = &url.credentials {
        usual.push(("authorization", credentials.expose().to_owned()));
    }
    let is_set = |name: &str| {
        let mut names = request.headers.iter().map(|(name, _)| name);
        names.any(|set| set.eq_ignore_ascii_case(name))
    };
    for (name, value) in usual.iter().filter(|(name, _)| !is_set(name)) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {}\r\n", value.expose()));
    }
    text.push_str("\r\n");
    Secret::plain(text)
}
