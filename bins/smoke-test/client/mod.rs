//! Requests that own their connection, so that each phase is measured and each certificate seen.

mod addresses;
mod allowance;
mod connect;
mod exchange;
pub(crate) mod hello;
mod inspect;
pub(crate) mod kept;
mod limited;
mod refusal;
mod retry;
mod secure;
mod stream;
mod tally;
mod trust;

pub(crate) use allowance::Allowance;
pub(crate) use connect::{Connected, Stream, Tcp, is_private};
pub(crate) use kept::{Line, Questions, Silence};
pub(crate) use limited::Limited;
pub(crate) use stream::Opened;
pub(crate) use tally::{said, shown_release};
pub(crate) use trust::{covers, trust};

use crate::address::Endpoint;
use crate::answer::{Answer, Break, NoAnswer};
use crate::counts::Counts;
use crate::plan::{Plan, Request};
use shared::gate::{Context, Interrupt};
use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tally::Tally;
use tokio::time::Instant;

/// What all probes of a run share: who they are, what they may do, and what they were told.
pub(crate) struct Client {
    agent: String,
    run: String,
    attempts: u32,
    is_private_allowed: bool,
    allowance: Allowance,
    tally: RefCell<Tally>,
    tls: secure::Configurations,
    interrupt: Interrupt,
    has_journeys: Cell<bool>,
}

impl Client {
    /// For one run.
    pub(crate) fn new(context: &Context, plan: &Plan) -> Self {
        Self {
            agent: context.http().agent().to_owned(),
            run: context.run.id.clone(),
            attempts: plan.attempts,
            is_private_allowed: plan.allow.private_addresses,
            allowance: Allowance::new(
                plan.allow.requests,
                plan.allow.per_second,
                plan.probes.clean_ups(),
            ),
            tally: RefCell::new(Tally::new(&plan.sources)),
            tls: secure::Configurations::default(),
            interrupt: context.interrupt.clone(),
            has_journeys: Cell::new(false),
        }
    }

    /// Marks the beginning of a journey.
    pub(crate) fn begin_journey(&self) {
        self.has_journeys.set(true);
    }

    /// Whether a journey was begun, which may have to clean up.
    pub(crate) fn has_journeys(&self) -> bool {
        self.has_journeys.get()
    }

    /// Gives a request that was kept back for clean-ups to the one that follows.
    pub(crate) fn release(&self) {
        self.allowance.release();
    }

    /// Whether the run has been asked to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.interrupt.is_set()
    }

    /// Ends when the run is asked to stop.
    pub(crate) async fn interrupted(&self) {
        self.interrupt.clone().wait().await;
    }

    /// Asks once, over a fresh connection. Whatever the answer says of its release is counted.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, NoAnswer> {
        // What our own allowance makes it wait is not the server's time.
        self.allowance.take().await?;
        let deadline = Instant::now() + request.patience();
        let sent = async {
            let connected = self.connect(&request.url.endpoint, request).await?;
            exchange::send(connected, request, self).await
        };
        let answer = match tokio::time::timeout_at(deadline, sent).await {
            Ok(answer) => answer?,
            Err(_) => {
                let seconds = request.patience().as_secs_f64();
                return Err(NoAnswer::new(
                    Break::Timeout,
                    format!("no answer within {seconds} s"),
                ));
            }
        };
        self.tally.borrow_mut().add(request, &answer);
        Ok(answer)
    }

    /// Opens a connection, with TLS where the endpoint has it.
    pub(crate) async fn connect(
        &self,
        endpoint: &Endpoint,
        request: &Request,
    ) -> Result<Connected, NoAnswer> {
        self.connect_to(endpoint, None, request).await
    }

    /// The same, to an address that the host's name was resolved to before.
    pub(crate) async fn connect_to(
        &self,
        endpoint: &Endpoint,
        peer: Option<IpAddr>,
        request: &Request,
    ) -> Result<Connected, NoAnswer> {
        let host = peer.map(|peer| peer.to_string());
        let host = host.as_deref().unwrap_or(&endpoint.host);
        let tcp = self.tcp(host, endpoint.port).await?;
        if !endpoint.is_secure {
            return Ok(tcp.plain());
        }
        let config = self.tls.of(request.protocol, request.identified.as_ref())?;
        secure::handshake(tcp, &endpoint.host, config).await
    }

    /// Opens a TCP connection; the caller sets the deadline.
    pub(crate) async fn tcp(&self, host: &str, port: u16) -> Result<Tcp, NoAnswer> {
        connect::tcp(host, port, self.is_private_allowed).await
    }

    /// Agrees on TLS over it, for what is no HTTP.
    pub(crate) async fn secure(&self, tcp: Tcp, host: &str) -> Result<Connected, NoAnswer> {
        let config = std::sync::Arc::new(self.tls()?);
        secure::handshake(tcp, host, config).await
    }

    /// What TLS is agreed on with, for what is no HTTP.
    pub(crate) fn tls(&self) -> Result<rustls::ClientConfig, NoAnswer> {
        self.tls.plain()
    }

    /// Whether an address that was not resolved by [`Self::tcp`] may be asked.
    pub(crate) fn may_reach(&self, ip: IpAddr) -> Result<(), NoAnswer> {
        if self.is_private_allowed || !connect::is_private(ip) {
            return Ok(());
        }
        let reason = format!("{ip} is no public address (`allow.private_addresses`)");
        Err(NoAnswer::new(Break::Private, reason))
    }

    /// Takes a request that does not go through [`Self::send`] from the allowance of the run; it
    /// may have to wait, so the deadline of the request is set behind it.
    pub(crate) async fn allow(&self) -> Result<(), NoAnswer> {
        self.allowance.take().await
    }

    /// The allowance of the run, for requests that somebody else sends for us.
    pub(crate) fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    /// The certificates that this machine trusts.
    pub(crate) fn roots(&self) -> Result<Arc<rustls::RootCertStore>, NoAnswer> {
        self.tls.roots()
    }

    /// The same for a series: how long to wait first, so that no more go out in any second than the
    /// environment allows.
    pub(crate) fn reserve(&self, now: Instant) -> Result<Duration, NoAnswer> {
        self.allowance.reserve(now)
    }

    /// What is sent as `User-Agent`.
    pub(crate) fn agent(&self) -> &str {
        &self.agent
    }

    /// The run's id.
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    /// The headers in which every answer of an address says its release, the first one first.
    pub(crate) fn watched(&self, request: &Request) -> Vec<String> {
        self.tally.borrow().watched(request)
    }

    /// Counts what an answer says of its release that came another way than by [`Self::send`].
    pub(crate) fn heard(&self, request: &Request, answer: &Answer) {
        self.tally.borrow_mut().add(request, answer);
    }

    /// Forgets what answers said until now: those of a wait may be of the release before.
    pub(crate) fn forget(&self) {
        self.tally.borrow_mut().forget();
    }

    /// What all answers said of their release.
    pub(crate) fn counts(&self) -> Counts {
        self.tally.borrow().counts()
    }

    /// How many requests were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.allowance.taken()
    }
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
