//! What each probe saw, by kind.

use super::{
    AssetsSeen, CacheSeen, CommandSeen, Compared, CompressionSeen, CorsSeen, DatabaseSeen,
    HttpSeen, HttpsSeen, JourneySeen, Measured, MembersSeen, MetricsSeen, RateLimited, RedisSeen,
    SecurityHeadersSeen, Streamed, Talked, TlsSeen, Tried, Visits, dns, ports, smtp,
};
use crate::answer::Asked;
use crate::plan::{
    AssetsPlan, AuthPlan, CachePlan, CommandPlan, ComparePlan, CompressionPlan, CorsPlan,
    DefaultCredentialsPlan, DnsPlan, ErrorPagePlan, GrpcPlan, HttpPlan, HttpsPlan, IsolationPlan,
    JourneyPlan, LoadPlan, MembersPlan, MetricsPlan, PagePlan, PortsPlan, PostgresPlan,
    RateLimitPlan, RedisPlan, SecurityHeadersPlan, SmtpPlan, SsePlan, TlsPlan, WebsocketPlan,
};

/// A probe and what it saw.
#[derive(Debug)]
pub(crate) struct Fact<P, S> {
    /// What was asked, and what had to come back.
    pub(crate) plan: P,
    /// What was seen, or why it was not asked.
    pub(crate) seen: Result<S, String>,
}

/// What each probe saw, by kind.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Ports that speak TLS.
    pub(crate) tls: Vec<Fact<TlsPlan, TlsSeen>>,
    /// Names.
    pub(crate) dns: Vec<Fact<DnsPlan, dns::DnsSeen>>,
    /// Ports that are open, and ports that are not.
    pub(crate) ports: Vec<Fact<PortsPlan, ports::PortsSeen>>,
    /// Single requests.
    pub(crate) http: Vec<Fact<HttpPlan, HttpSeen>>,
    /// Requests that build on each other.
    pub(crate) journey: Vec<Fact<JourneyPlan, JourneySeen>>,
    /// What caches may keep.
    pub(crate) cache: Vec<Fact<CachePlan, CacheSeen>>,
    /// What is sent compressed.
    pub(crate) compression: Vec<Fact<CompressionPlan, CompressionSeen>>,
    /// Which pages of others may ask.
    pub(crate) cors: Vec<Fact<CorsPlan, CorsSeen>>,
    /// Headers that keep a page safe.
    pub(crate) security_headers: Vec<Fact<SecurityHeadersPlan, SecurityHeadersSeen>>,
    /// Pages for what is not there.
    pub(crate) error_page: Vec<Fact<ErrorPagePlan, Asked>>,
    /// What a page is made of.
    pub(crate) assets: Vec<Fact<AssetsPlan, AssetsSeen>>,
    /// Plain HTTP that leads to HTTPS or nowhere.
    pub(crate) https: Vec<Fact<HttpsPlan, HttpsSeen>>,
    /// Endpoints that need a token.
    pub(crate) auth: Vec<Fact<AuthPlan, Vec<Asked>>>,
    /// What its owner sees and a stranger does not.
    pub(crate) isolation: Vec<Fact<IsolationPlan, Vec<Asked>>>,
    /// WebSockets.
    pub(crate) websocket: Vec<Fact<WebsocketPlan, Talked>>,
    /// Streams of events.
    pub(crate) sse: Vec<Fact<SsePlan, Streamed>>,
    /// Metrics.
    pub(crate) metrics: Vec<Fact<MetricsPlan, MetricsSeen>>,
    /// Members behind a balancer.
    pub(crate) members: Vec<Fact<MembersPlan, MembersSeen>>,
    /// Redis servers.
    pub(crate) redis: Vec<Fact<RedisPlan, RedisSeen>>,
    /// PostgreSQL servers.
    pub(crate) postgres: Vec<Fact<PostgresPlan, DatabaseSeen>>,
    /// gRPC servers.
    pub(crate) grpc: Vec<Fact<GrpcPlan, Asked>>,
    /// Mail servers.
    pub(crate) smtp: Vec<Fact<SmtpPlan, smtp::SmtpSeen>>,
    /// Logins that must not know what everybody knows.
    pub(crate) default_credentials: Vec<Fact<DefaultCredentialsPlan, Tried>>,
    /// Pages in a browser.
    pub(crate) page: Vec<Fact<PagePlan, Visits>>,
    /// Suites of the project's own.
    pub(crate) command: Vec<Fact<CommandPlan, CommandSeen>>,
    /// Pairs of requests.
    pub(crate) compare: Vec<Fact<ComparePlan, Compared>>,
    /// Series of requests.
    pub(crate) load: Vec<Fact<LoadPlan, Measured>>,
    /// Limits of requests.
    pub(crate) rate_limit: Vec<Fact<RateLimitPlan, RateLimited>>,
}

impl Seen {
    /// How many probes were asked.
    pub(crate) fn asked(&self) -> usize {
        let kinds = [
            asked(&self.tls),
            asked(&self.dns),
            asked(&self.ports),
            asked(&self.http),
            asked(&self.journey),
            asked(&self.cache),
            asked(&self.compression),
            asked(&self.cors),
            asked(&self.security_headers),
            asked(&self.error_page),
            asked(&self.assets),
            asked(&self.https),
            asked(&self.auth),
            asked(&self.isolation),
            asked(&self.websocket),
            asked(&self.sse),
            asked(&self.metrics),
            asked(&self.members),
            asked(&self.redis),
            asked(&self.postgres),
            asked(&self.grpc),
            asked(&self.smtp),
            asked(&self.default_credentials),
            asked(&self.page),
            asked(&self.command),
            asked(&self.compare),
            asked(&self.load),
            asked(&self.rate_limit),
        ];
        kinds.iter().sum()
    }
}

fn asked<P, S>(facts: &[Fact<P, S>]) -> usize {
    facts.iter().filter(|fact| fact.seen.is_ok()).count()
}
