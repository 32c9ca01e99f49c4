//! One request and what its answer must be.

use super::super::{Located, Name, Span, Template};
use super::{CookieRule, Expectation, default_within};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One request and what its answer must be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address, query included.
    pub path: String,
    /// `GET`, `HEAD` or `OPTIONS`, or one of the environment's `allow.methods`.
    #[serde(default = "default_method")]
    pub method: String,
    /// Request headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// What is sent as body.
    pub body: Option<RequestBody>,
    /// Which HTTP must be spoken; what the server prefers when not given.
    pub protocol: Option<HttpProtocol>,
    /// What is shown to a server that asks for a certificate.
    pub client_certificate: Option<ClientCertificate>,
    /// The statuses that will do.
    #[serde(default = "default_status")]
    pub status: Vec<u16>,
    /// Where each redirect leads, in order; they are followed, and `status` is about the last
    /// answer. Without them a redirect is an answer like any other. Secrets and a client
    /// certificate are not taken along to another host.
    #[serde(default)]
    pub redirects: Vec<Located<String>>,
    /// Response headers: their exact values, or what must hold for them.
    #[serde(default)]
    pub response_headers: BTreeMap<String, Located<Expectation>>,
    /// By name: the cookies that the answer must set, and how.
    #[serde(default)]
    pub cookies: BTreeMap<String, Located<CookieRule>>,
    /// By JSONPath (RFC 9535): the value that every node it selects must equal, or what must hold
    /// for them; at least one must be there.
    #[serde(default)]
    pub json: BTreeMap<String, Located<Expectation>>,
    /// The JSON Schema that the body must satisfy, `format` included.
    pub schema: Option<SchemaSource>,
    /// Texts that the body must contain.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Texts that the body must not contain.
    #[serde(default)]
    pub not_contains: Vec<String>,
    /// What must hold for the body as a text.
    pub text: Option<Located<Expectation>>,
    /// The SHA-256 of the body as it is sent, in hexadecimal digits.
    pub sha256: Option<Located<String>>,
    /// How long each part of the exchange may take, as the median of several.
    pub phases: Option<PhaseLimits>,
    /// In a journey: values of the answer that later steps use as `{{name}}`.
    #[serde(default)]
    pub capture: BTreeMap<String, Capture>,
    /// How long the whole answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// A certificate of the client, for servers that ask for one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// The file (PEM) with the certificate first, then those that signed it.
    pub certificate: Located<PathBuf>,
    /// The file (PEM) with its key, not encrypted.
    pub key: Located<PathBuf>,
}

/// What is sent as body; `${NAME}` reads the environment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RequestBody {
    /// A JSON document, written as text; sent as `application/json`.
    Json(Template),
    /// Fields of a form; sent as `application/x-www-form-urlencoded`.
    Form(BTreeMap<String, Template>),
    /// Text; sent as `text/plain; charset=utf-8` unless a header says otherwise.
    Text(Template),
    /// The bytes of a file; sent as `application/octet-stream` unless a header says otherwise.
    File(PathBuf),
}

/// Which HTTP must be spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum HttpProtocol {
    /// HTTP/1.1 (RFC 9112).
    #[serde(rename = "http/1.1")]
    Http1,
    /// HTTP/2 (RFC 9113): agreed on by ALPN over TLS, with prior knowledge without it.
    #[serde(rename = "http/2")]
    Http2,
}

/// Where a JSON Schema comes from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SchemaSource {
    /// A file with a schema, JSON or YAML.
    File(Located<PathBuf>),
    /// The answer of the operation of an OpenAPI 3 document that has the method of the probe, JSON
    /// or YAML.
    OpenApi {
        /// The document.
        file: Located<PathBuf>,
        /// The path as the document has it; that of the probe when not given.
        path: Option<String>,
        /// The status as the document has it.
        #[serde(default = "default_response")]
        status: String,
    },
}

/// How long each part of an exchange may take, as the median of several fresh connections. Behind
/// `redirects` it is the last one. Each must be answered with an expected status.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseLimits {
    /// To resolve the name.
    pub dns: Option<Span>,
    /// To open the TCP connection.
    pub connect: Option<Span>,
    /// To agree on TLS.
    pub tls: Option<Span>,
    /// From the request to the end of the head of the answer.
    pub first_byte: Option<Span>,
    /// All of it, the body included.
    pub total: Option<Span>,
    /// Of how many connections; at least 5.
    #[serde(default = "default_samples")]
    pub samples: u32,
}

/// Where a captured value is in an answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Capture {
    /// The value at a JSONPath that selects exactly one.
    Json(Located<String>),
    /// The value of a header.
    Header(String),
    /// The value of a cookie that the answer sets.
    Cookie(String),
    /// The first group of a regular expression in the body.
    Matches(Located<String>),
}

pub(super) fn default_method() -> String {
    "GET".into()
}

pub(super) fn default_status() -> Vec<u16> {
    vec![200]
}

fn default_response() -> String {
    "200".into()
}

fn default_samples() -> u32 {
    5
}
