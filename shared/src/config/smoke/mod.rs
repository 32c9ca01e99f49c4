//! What a deployed release must answer.

mod assets;
mod auth;
mod cache;
mod command;
mod compare;
mod compression;
mod cookie;
mod cors;
mod default_credentials;
mod dns;
mod error_page;
mod expectation;
mod grpc;
mod header_profile;
mod http;
mod https;
mod isolation;
mod journey;
mod load;
mod members;
mod metrics;
mod page;
mod ports;
mod postgres;
mod rate_limit;
mod redis;
mod security_headers;
mod sent_as;
mod smtp;
mod sse;
mod switch;
mod tls;
mod websocket;

pub use assets::AssetsProbe;
pub use auth::{AuthProbe, ExpiredToken, RoleToken};
pub use cache::{CacheClass, CacheProbe};
pub use command::CommandProbe;
pub use compare::{CompareBudget, CompareProbe, Delta};
pub use compression::{CompressionProbe, ContentEncoding};
pub use cookie::{CookieRule, SameSite};
pub use cors::CorsProbe;
pub use default_credentials::{AcceptedLogin, DefaultCredentialsProbe, Login};
pub use dns::{DnsProbe, RecordType};
pub use error_page::ErrorPageProbe;
pub use expectation::{Expectation, Length, Policy, Predicates, Shape};
pub use grpc::GrpcProbe;
pub use header_profile::{
    ContentSecurityPolicy, ContentTypeOptions, Frame, HeaderProfile, Hsts, ReferrerPolicies,
};
pub use http::{
    Capture, ClientCertificate, HttpProbe, HttpProtocol, PhaseLimits, RequestBody, SchemaSource,
};
pub use https::HttpsProbe;
pub use isolation::{IsolationProbe, Stranger};
pub use journey::JourneyProbe;
pub use load::{LoadAbort, LoadBudget, LoadProbe, LoadStage, WarmUp};
pub use members::{Group, HaproxyStatistics, MembersProbe};
pub use metrics::{MetricFamily, MetricKind, MetricsProbe, Outside};
pub use page::{KeyRule, PageProbe};
pub use ports::PortsProbe;
pub use postgres::{PostgresProbe, PostgresQuery, PostgresRole, RequiredTls};
pub use rate_limit::RateLimitProbe;
pub use redis::{CacheAuth, CacheKeys, CacheRole, Persistence, RedisProbe};
pub use security_headers::SecurityHeadersProbe;
pub use sent_as::SentAs;
pub use smtp::SmtpProbe;
pub use sse::SseProbe;
pub use switch::Switch;
pub use tls::{TlsProbe, TlsVersion, TlsVersions};
pub use websocket::WebsocketProbe;

use super::{Located, Name, Span};
use schemars::JsonSchema;
use serde::Deserialize;

/// What smoke-test asks.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smoke {
    /// How long to wait until the environment answers as the release. Of `allow.requests`, those of the
    /// probes are kept for them.
    #[serde(default = "default_wait")]
    pub wait: Span,
    /// How many right answers in a row end the wait, once there was a wrong one.
    #[serde(default = "default_consecutive")]
    pub consecutive: u32,
    /// How many fresh connections must all be answered by the release.
    #[serde(default = "default_connections")]
    pub connections: u32,
    /// How often a question is asked at most. Only a connection that was refused, broken or timed
    /// out and an answer of a proxy without a service behind it are asked again, and only with a
    /// method that changes nothing.
    #[serde(default = "default_attempts")]
    pub attempts: u32,
    /// The probes, in their order.
    pub probes: Vec<Probe>,
}

/// Declares the kinds of probes once: the enum, and what all of them have.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident($probe:ident),)*) => {
        /// One thing to ask.
        #[derive(Clone, Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum Probe {
            $($(#[$doc])* $kind(Box<$probe>),)*
        }

        impl Probe {
            /// What it is called in the report.
            pub fn name(&self) -> &Located<String> {
                match self {
                    $(Self::$kind(probe) => &probe.name,)*
                }
            }

            /// Where it is asked; everywhere when it names none.
            pub fn environments(&self) -> &[Located<Name>] {
                match self {
                    $(Self::$kind(probe) => &probe.environments,)*
                }
            }
        }
    };
}

kinds! {
    /// One request and what its answer must be.
    Http(HttpProbe),
    /// Requests that build on each other.
    Journey(JourneyProbe),
    /// What caches may keep of an answer, and how it is revalidated.
    Cache(CacheProbe),
    /// What is sent compressed when it is asked for.
    Compression(CompressionProbe),
    /// Which pages of other origins may ask.
    Cors(CorsProbe),
    /// Headers that keep a page safe.
    SecurityHeaders(SecurityHeadersProbe),
    /// The page for what is not there.
    ErrorPage(ErrorPageProbe),
    /// The scripts, styles and images of a page.
    Assets(AssetsProbe),
    /// That plain HTTP leads to HTTPS or nowhere.
    Https(HttpsProbe),
    /// A port that speaks TLS, its certificates and its versions.
    Tls(TlsProbe),
    /// Which TCP ports of a host are open, and which are not.
    Ports(PortsProbe),
    /// What a name means in the domain name system.
    Dns(DnsProbe),
    /// One endpoint that needs a token.
    Auth(AuthProbe),
    /// A login that must not know the credentials which everybody knows.
    DefaultCredentials(DefaultCredentialsProbe),
    /// Something that its owner sees and a stranger does not.
    Isolation(IsolationProbe),
    /// A connection that both sides may speak on at any time.
    Websocket(WebsocketProbe),
    /// A stream of server-sent events.
    Sse(SseProbe),
    /// Metrics in Prometheus' text format and what they must show.
    Metrics(MetricsProbe),
    /// Every member behind a load balancer, on its own address.
    Members(MembersProbe),
    /// A Redis server and what it must be.
    Redis(RedisProbe),
    /// A PostgreSQL server and what it must be.
    Postgres(PostgresProbe),
    /// A gRPC server that says whether it serves.
    Grpc(GrpcProbe),
    /// A mail server that greets and encrypts.
    Smtp(SmtpProbe),
    /// A page as a browser shows it, and how fast it must be there.
    Page(PageProbe),
    /// A suite of the project's own.
    Command(CommandProbe),
    /// Pairs of requests to two releases, and how much slower the new one may be.
    Compare(CompareProbe),
    /// Many requests and how fast they must be answered.
    Load(LoadProbe),
    /// A limit of requests.
    RateLimit(RateLimitProbe),
}

fn default_wait() -> Span {
    Span::seconds(30)
}

fn default_consecutive() -> u32 {
    3
}

fn default_connections() -> u32 {
    5
}

fn default_attempts() -> u32 {
    3
}

/// How long a whole answer may take unless a probe says otherwise.
fn default_within() -> Span {
    Span::seconds(5)
}
