//! Every planned probe, by kind.

use super::scope::Scope;
use super::{
    AssetsPlan, AuthPlan, CachePlan, CommandPlan, ComparePlan, CompressionPlan, CorsPlan,
    DefaultCredentialsPlan, DnsPlan, ErrorPagePlan, GrpcPlan, HttpPlan, HttpsPlan, IsolationPlan,
    JourneyPlan, LoadPlan, MembersPlan, MetricsPlan, PagePlan, PortsPlan, PostgresPlan,
    RateLimitPlan, RedisPlan, SecurityHeadersPlan, SmtpPlan, SsePlan, TlsPlan, WebsocketPlan,
};
use super::{
    assets, auth, cache, command, compare, compression, cors, default_credentials, dns, error_page,
    grpc, http, https, isolation, journey, load, members, metrics, page, ports, postgres,
    rate_limit, redis, security_headers, smtp, sse, tls, websocket,
};
use shared::config::Probe;
use shared::error::Result;
use shared::gate::{Context, Step};

/// What is asked, by kind.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    /// Ports that speak TLS.
    pub(crate) tls: Vec<TlsPlan>,
    /// Names.
    pub(crate) dns: Vec<DnsPlan>,
    /// Ports that are open, and ports that are not.
    pub(crate) ports: Vec<PortsPlan>,
    /// Single requests.
    pub(crate) http: Vec<HttpPlan>,
    /// Requests that build on each other.
    pub(crate) journey: Vec<JourneyPlan>,
    /// What caches may keep.
    pub(crate) cache: Vec<CachePlan>,
    /// What is sent compressed.
    pub(crate) compression: Vec<CompressionPlan>,
    /// Which pages of others may ask.
    pub(crate) cors: Vec<CorsPlan>,
    /// Headers that keep a page safe.
    pub(crate) security_headers: Vec<SecurityHeadersPlan>,
    /// Pages for what is not there.
    pub(crate) error_page: Vec<ErrorPagePlan>,
    /// What a page is made of.
    pub(crate) assets: Vec<AssetsPlan>,
    /// Plain HTTP that leads to HTTPS or nowhere.
    pub(crate) https: Vec<HttpsPlan>,
    /// Endpoints that need a token.
    pub(crate) auth: Vec<AuthPlan>,
    /// What its owner sees and a stranger does not.
    pub(crate) isolation: Vec<IsolationPlan>,
    /// WebSockets.
    pub(crate) websocket: Vec<WebsocketPlan>,
    /// Streams of events.
    pub(crate) sse: Vec<SsePlan>,
    /// Metrics.
    pub(crate) metrics: Vec<MetricsPlan>,
    /// Members behind a balancer.
    pub(crate) members: Vec<MembersPlan>,
    /// Redis servers.
    pub(crate) redis: Vec<RedisPlan>,
    /// PostgreSQL servers.
    pub(crate) postgres: Vec<PostgresPlan>,
    /// gRPC servers.
    pub(crate) grpc: Vec<GrpcPlan>,
    /// Mail servers.
    pub(crate) smtp: Vec<SmtpPlan>,
    /// Logins that must not know what everybody knows.
    pub(crate) default_credentials: Vec<DefaultCredentialsPlan>,
    /// Pages in a browser.
    pub(crate) page: Vec<PagePlan>,
    /// Suites of the project's own.
    pub(crate) command: Vec<CommandPlan>,
    /// Pairs of requests.
    pub(crate) compare: Vec<ComparePlan>,
    /// Series of requests.
    pub(crate) load: Vec<LoadPlan>,
    /// Limits of requests.
    pub(crate) rate_limit: Vec<RateLimitPlan>,
}

/// A planned probe of any kind.
pub(crate) trait Planned {
    /// What it is called.
    fn name(&self) -> &str;
    /// The checks that judge it; without them it is not asked.
    fn checks(&self) -> &'static [&'static str];
    /// Its calls, for `--plan`.
    fn steps(&self) -> Vec<Step>;
    /// How many requests it sends, repetitions left out.
    fn requests(&self) -> u64;
}

impl Probes {
    /// All of them, kind by kind.
    pub(crate) fn all(&self) -> Vec<&dyn Planned> {
        let kinds = [
            each(&self.tls),
            each(&self.dns),
            each(&self.ports),
            each(&self.http),
            each(&self.journey),
            each(&self.cache),
            each(&self.compression),
            each(&self.cors),
            each(&self.security_headers),
            each(&self.error_page),
            each(&self.assets),
            each(&self.https),
            each(&self.auth),
            each(&self.isolation),
            each(&self.websocket),
            each(&self.sse),
            each(&self.metrics),
            each(&self.members),
            each(&self.redis),
            each(&self.postgres),
            each(&self.grpc),
            each(&self.smtp),
            each(&self.default_credentials),
            each(&self.page),
            each(&self.command),
            each(&self.compare),
            each(&self.load),
            each(&self.rate_limit),
        ];
        kinds.concat()
    }

    /// How many requests the clean-ups of journeys send.
    pub(crate) fn clean_ups(&self) -> u64 {
        let steps = self.journey.iter().map(|journey| journey.cleanup.len());
        steps.sum::<usize>() as u64
    }

    /// Plans one probe of the file and keeps it when it is asked.
    pub(super) fn add(&mut self, scope: &Scope<'_>, probe: &Probe) -> Result<()> {
        let context = scope.context;
        match probe {
            Probe::Tls(probe) => keep(&mut self.tls, tls::of(scope, probe)?, context),
            Probe::Dns(probe) => keep(&mut self.dns, dns::of(scope, probe)?, context),
            Probe::Ports(probe) => keep(&mut self.ports, ports::of(scope, probe)?, context),
            Probe::Http(probe) => keep(&mut self.http, http::of(scope, probe)?, context),
            Probe::Journey(probe) => keep(&mut self.journey, journey::of(scope, probe)?, context),
            Probe::Cache(probe) => keep(&mut self.cache, cache::of(scope, probe)?, context),
            Probe::Compression(probe) => keep(
                &mut self.compression,
                compression::of(scope, probe)?,
                context,
            ),
            Probe::Cors(probe) => keep(&mut self.cors, cors::of(scope, probe)?, context),
            Probe::SecurityHeaders(probe) => keep(
                &mut self.security_headers,
                security_headers::of(scope, probe)?,
                context,
            ),
            Probe::ErrorPage(probe) => {
                keep(&mut self.error_page, error_page::of(scope, probe)?, context)
            }
            Probe::Assets(probe) => keep(&mut self.assets, assets::of(scope, probe)?, context),
            Probe::Https(probe) => keep(&mut self.https, https::of(scope, probe)?, context),
            Probe::Auth(probe) => keep(&mut self.auth, auth::of(scope, probe)?, context),
            Probe::Isolation(probe) => {
                keep(&mut self.isolation, isolation::of(scope, probe)?, context)
            }
            Probe::Websocket(probe) => {
                keep(&mut self.websocket, websocket::of(scope, probe)?, context)
            }
            Probe::Sse(probe) => keep(&mut self.sse, sse::of(scope, probe)?, context),
            Probe::Metrics(probe) => keep(&mut self.metrics, metrics::of(scope, probe)?, context),
            Probe::Members(probe) => keep(&mut self.members, members::of(scope, probe)?, context),
            Probe::Redis(probe) => keep(&mut self.redis, redis::of(scope, probe)?, context),
            Probe::Postgres(probe) => {
                keep(&mut self.postgres, postgres::of(scope, probe)?, context)
            }
            Probe::Grpc(probe) => keep(&mut self.grpc, grpc::of(scope, probe)?, context),
            Probe::Smtp(probe) => keep(&mut self.smtp, smtp::of(scope, probe)?, context),
            Probe::DefaultCredentials(probe) => keep(
                &mut self.default_credentials,
                default_credentials::of(scope, probe)?,
                context,
            ),
            Probe::Page(probe) => keep(&mut self.page, page::of(scope, probe)?, context),
            Probe::Command(probe) => keep(&mut self.command, command::of(scope, probe)?, context),
            Probe::Compare(probe) => keep(&mut self.compare, compare::of(scope, probe)?, context),
            Probe::Load(probe) => keep(&mut self.load, load::of(scope, probe)?, context),
            Probe::RateLimit(probe) => {
                keep(&mut self.rate_limit, rate_limit::of(scope, probe)?, context)
            }
        }
        Ok(())
    }
}

fn each<P: Planned>(plans: &[P]) -> Vec<&dyn Planned> {
    plans.iter().map(|plan| plan as &dyn Planned).collect()
}

fn keep<P: Planned>(plans: &mut Vec<P>, plan: P, context: &Context) {
    if plan.checks().iter().any(|check| is_asked(context, check)) {
        plans.push(plan);
    }
}

fn is_asked(context: &Context, check: &str) -> bool {
    let has = |list: &[String]| list.iter().any(|id| id == check);
    !has(&context.common.skip) && (context.common.only.is_empty() || has(&context.common.only))
}
