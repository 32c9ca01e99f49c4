//! Where releases are put, and what a release consists of.

use super::{Located, Name, Span, Template};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One place that releases are put on: staging, production.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Where people reach it: `http://` or `https://`, without a path.
    pub url: Option<Template>,
    /// Its further addresses by name, each `http://` or `https://` without a path; probes name them
    /// with `at`. Redirects and load go nowhere else, and other HTTP requests only to members.
    #[serde(default)]
    pub addresses: BTreeMap<Name, Template>,
    /// What probes may do to it beyond reading a little.
    #[serde(default)]
    pub allow: Allow,
    /// Where its variables come from; the later one wins.
    #[serde(default)]
    pub variables: Vec<VariableSource>,
    /// Its databases by name.
    #[serde(default)]
    pub databases: BTreeMap<Name, Database>,
    /// Its Redis servers by name.
    #[serde(default)]
    pub caches: BTreeMap<Name, Cache>,
    /// Where it is written down which release was put here and whether it was good.
    pub ledger: Option<Ledger>,
    /// Which services run here, and how.
    #[serde(default)]
    pub services: BTreeMap<Name, Placement>,
}

/// What probes may do to an environment beyond reading a little.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// Methods besides `GET`, `HEAD` and `OPTIONS`, also of what a page sends in a browser, wherever
    /// it sends it.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Whether its names may resolve to addresses that are not public: loopback, link-local,
    /// private and shared ranges.
    #[serde(default)]
    pub private_addresses: bool,
    /// How many requests one run may send it, load included, and all that pages load.
    #[serde(default = "default_requests")]
    pub requests: u64,
    /// How many of them in any second.
    #[serde(default = "default_per_second")]
    pub per_second: f64,
}

impl Default for Allow {
    fn default() -> Self {
        Self {
            methods: Vec::new(),
            private_addresses: false,
            requests: default_requests(),
            per_second: default_per_second(),
        }
    }
}

/// Where variables come from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VariableSource {
    /// A file of `NAME=value` lines.
    File(PathBuf),
    /// The process that runs the gate.
    Process,
}

/// One PostgreSQL database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://user:${PASSWORD}@host:port/name`, with `?sslmode=require` for TLS.
    pub url: Template,
}

/// One Redis server, or one that speaks its protocol.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// `redis://user:${PASSWORD}@host:port/0`, or `rediss://…` for TLS. Without a user the password
    /// is that of the default user.
    pub url: Template,
}

/// Where the history of releases is kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ledger {
    /// A file of JSON lines, on a machine that stays.
    File(PathBuf),
    /// The table `sluicegate_releases` in the database of this name.
    Database(Located<Name>),
    /// GitHub deployments of the repository in `GITHUB_REPOSITORY`, with `GITHUB_TOKEN`.
    Github,
}

/// How one service runs in one environment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// Where it runs.
    pub target: Target,
    /// What splits its traffic.
    pub router: Option<Router>,
}

/// Where a service runs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Instances that a command of the project starts and stops (PM2, systemd, a script).
    Command(CommandTarget),
}

/// Instances at fixed addresses, started and stopped by a command for each.
///
/// In the commands `{service}`, `{environment}`, `{group}` (`stable` or `canary`), `{address}`,
/// `{host}`, `{port}`, `{version}` and `{commit}` are replaced.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandTarget {
    /// Puts a release on one instance: replaces what runs there; exit 0 when it is started.
    pub deploy: Vec<String>,
    /// Stops one instance; exit 0 also when it does not run.
    pub stop: Vec<String>,
    /// `host:port` of every stable instance.
    pub stable: Vec<String>,
    /// `host:port` of every canary instance. At 100 % they carry all traffic.
    pub canary: Vec<String>,
    /// A path that answers 2xx when an instance can take traffic.
    #[serde(default = "default_health")]
    pub health: String,
    /// How long a command may take, and after it an instance to become healthy.
    #[serde(default = "default_deadline")]
    pub deadline: Span,
}

/// What splits the traffic.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Router {
    /// nginx with `split_clients` in a file that Sluicegate owns.
    Nginx(NginxRouter),
}

/// nginx in front of two upstreams. The file `split` is included at `http` level; the project's
/// own configuration says `proxy_pass http://$variable`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NginxRouter {
    /// The file that Sluicegate writes.
    pub split: PathBuf,
    /// The variable that names the upstream, without `$`.
    pub variable: String,
    /// The upstream of the stable instances.
    pub stable: String,
    /// The upstream of the canary instances.
    pub canary: String,
    /// What decides which side a request takes; equal keys stay on one side.
    #[serde(default = "default_key")]
    pub key: String,
    /// A loopback `host:port` on which nginx then answers which split it has loaded.
    pub control: String,
    /// Checks the configuration, for example `[nginx, -t]`.
    #[serde(default = "default_test")]
    pub test: Vec<String>,
    /// Loads the configuration, for example `[nginx, -s, reload]`.
    #[serde(default = "default_reload")]
    pub reload: Vec<String>,
    /// How long a command, and the loading after it, may take.
    #[serde(default = "default_router_deadline")]
    pub deadline: Span,
}

/// One part of a release.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// What is deployed; its digest is bound into receipts.
    pub artifact: Option<Artifact>,
    /// Which of an environment's `addresses` smoke-test asks for it; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// How an answer tells which release gave it.
    pub identity: Identity,
}

/// What is deployed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Artifact {
    /// A file on this machine; `{version}` and `{commit}` are replaced.
    File(String),
}

/// How an answer tells which release gave it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Identity {
    /// A response header with the version or the commit.
    Header {
        /// The header's name.
        name: String,
        /// The path to ask.
        #[serde(default = "default_identity_path")]
        path: String,
    },
    /// A JSON document with the version or the commit.
    Json {
        /// The path to ask.
        path: String,
        /// JSONPath (RFC 9535) of the string.
        select: String,
    },
    /// A page whose `<meta name=… content=…>` has the version or the commit.
    Meta {
        /// The path to ask.
        #[serde(default = "default_identity_path")]
        path: String,
        /// The tag's `name`.
        name: String,
    },
    /// A command that prints the version or the commit, for a service that does not say it.
    Command {
        /// The command; `SLUICEGATE_URL` tells it the address that is asked.
        run: Vec<String>,
        /// How long it may take.
        #[serde(default = "default_command_deadline")]
        deadline: Span,
    },
}

fn default_requests() -> u64 {
    10_000
}

fn default_per_second() -> f64 {
    500.0
}

fn default_health() -> String {
    "/".into()
}

fn default_identity_path() -> String {
    "/".into()
}

fn default_key() -> String {
    // By address and agent, so that a person stays on one side between requests.
    "${remote_addr}${http_user_agent}".into()
}

fn default_test() -> Vec<String> {
    vec!["nginx".into(), "-t".into()]
}

fn default_reload() -> Vec<String> {
    vec!["nginx".into(), "-s".into(), "reload".into()]
}

fn default_deadline() -> Span {
    Span::seconds(60)
}

fn default_command_deadline() -> Span {
    Span::seconds(10)
}

fn default_router_deadline() -> Span {
    Span::seconds(10)
}
