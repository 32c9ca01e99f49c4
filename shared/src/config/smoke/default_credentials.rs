//! A login that must not know the credentials which everybody knows.

use super::super::{Located, Name, Span, Template};
use super::default_within;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A login that is tried with well-known pairs of user and password, one after the other. The real
/// credentials are tried before and after them: a login that refuses everybody proves nothing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefaultCredentialsProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` is asked; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// The path below the address, query included.
    pub path: String,
    /// `GET` with `basic`, else `POST`, unless given; `POST` must be in `allow.methods`.
    pub method: Option<String>,
    /// Request headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// How user and password are sent.
    pub sent_as: Login,
    /// Pairs of user and password; well-known ones when not given. Each is one failed login, which
    /// may count towards a lockout of that user.
    #[serde(default)]
    pub pairs: Vec<[String; 2]>,
    /// The statuses that refuse a login.
    #[serde(default = "default_refused")]
    pub refused: Vec<u16>,
    /// Credentials that must be let in.
    pub accepted: AcceptedLogin,
    /// How long each answer may take.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// How user and password are sent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Login {
    /// As `Authorization: Basic …` (RFC 7617).
    Basic,
    /// As fields of a form; `{user}` and `{password}` in the values are replaced.
    Form(BTreeMap<String, Template>),
    /// As a JSON document, written as text; `{user}` and `{password}` in its strings are replaced.
    Json(Template),
}

/// Credentials that must be let in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptedLogin {
    /// The user.
    pub user: Template,
    /// The password.
    pub password: Template,
    /// The statuses of a login that is let in.
    #[serde(default = "default_accepted")]
    pub status: Vec<u16>,
}

fn default_refused() -> Vec<u16> {
    vec![400, 401, 403, 422]
}

fn default_accepted() -> Vec<u16> {
    vec![200, 201, 204]
}
