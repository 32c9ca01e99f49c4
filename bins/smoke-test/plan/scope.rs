//! What a probe of the file is read against: the environment, its addresses, and where it stands.

use super::request::{Protocol, Request, SAFE};
use crate::address::{Address, Url};
use bytes::Bytes;
use shared::config::{Allow, Located, Name, RequestBody, Span, Template, nearest_hint};
use shared::error::{Error, Result};
use shared::gate::Context;
use shared::secret::Secret;
use std::collections::BTreeMap;

/// What any probe may send.
pub(crate) const KNOWN: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
/// Larger bodies are not what a smoke test is for.
const LARGEST_BODY: u64 = 16 << 20;

/// What a probe of the file is read against.
pub(crate) struct Scope<'a> {
    /// The run.
    pub(crate) context: &'a Context,
    /// The environment's own address.
    pub(crate) address: &'a Address,
    /// Its further addresses.
    pub(crate) addresses: &'a BTreeMap<Name, Address>,
    /// The probe's name, and where it stands.
    pub(crate) name: &'a Located<String>,
}

impl<'a> Scope<'a> {
    /// The same for a part of the probe that has a name of its own.
    pub(crate) fn of(&self, name: &'a Located<String>) -> Scope<'a> {
        Scope {
            context: self.context,
            address: self.address,
            addresses: self.addresses,
            name,
        }
    }

    /// A mistake in the probe.
    pub(crate) fn refuse(&self, message: impl std::fmt::Display) -> Error {
        let name = crate::answer::shown(&self.name.value, 60);
        let file = &self.context.config.file;
        self.name.refuse(file, format!("probe `{name}` {message}"))
    }

    /// A mistake in one value of the probe.
    pub(crate) fn refuse_at<T>(
        &self,
        value: &Located<T>,
        message: impl std::fmt::Display,
    ) -> Error {
        let name = crate::answer::shown(&self.name.value, 60);
        let file = &self.context.config.file;
        value.refuse(file, format!("probe `{name}` {message}"))
    }

    /// A mistake in one text of the probe.
    pub(crate) fn refuse_in(&self, text: &Template, message: impl std::fmt::Display) -> Error {
        let name = crate::answer::shown(&self.name.value, 60);
        text.refuse(
            &self.context.config.file,
            format!("probe `{name}` {message}"),
        )
    }

    /// The file, for errors.
    pub(crate) fn file(&self) -> &str {
        &self.context.config.file
    }

    /// What probes may do to this environment.
    pub(crate) fn allow(&self) -> &Allow {
        &self.context.place().allow
    }

    /// A string with its variables.
    pub(crate) fn resolve(&self, template: &Template) -> Result<Secret> {
        self.context.config.resolve(template)
    }

    /// The address that a probe names with `at`, or the environment's own.
    pub(crate) fn address(&self, at: Option<&Located<Name>>) -> Result<&'a Address> {
        let Some(at) = at else {
            return Ok(self.address);
        };
        self.addresses.get(&at.value).ok_or_else(|| {
            let names: Vec<&str> = self.addresses.keys().map(Name::as_str).collect();
            let environment = &self.context.environment;
            let message = format!(
                "is at `{}`, which is no address of environment `{environment}`",
                at.value
            );
            self.refuse_at(at, message)
                .hint(nearest_hint(at.value.as_str(), &names))
        })
    }

    /// The URL of a path below it.
    pub(crate) fn url(&self, at: Option<&Located<Name>>, path: &str) -> Result<Url> {
        let address = self.address(at)?;
        let found = address.at(path);
        found.map_err(|why| self.refuse(format!("has a `path` with {why}")))
    }

    /// A plain `GET` of a path.
    pub(crate) fn get(
        &self,
        at: Option<&Located<Name>>,
        path: &str,
        within: Span,
    ) -> Result<Request> {
        if within.duration().is_zero() {
            return Err(self.refuse("has a `within` of 0"));
        }
        Ok(Request::get(self.url(at, path)?, within))
    }

    /// Whether the method is known, and may be used here.
    pub(crate) fn method(&self, method: &str) -> Result<()> {
        if !KNOWN.contains(&method) {
            let message = format!("has the method `{method}`, which is not known");
            return Err(self.refuse(message).hint(nearest_hint(method, &KNOWN)));
        }
        let allow = self.allow();
        if SAFE.contains(&method) || allow.methods.iter().any(|allowed| allowed == method) {
            return Ok(());
        }
        let environment = &self.context.environment;
        let message = format!("sends `{method}`, which `{environment}` does not allow");
        Err(self.refuse(message).hint(format!(
            "add it to `environments.{environment}.allow.methods`, or name the probe's `environments`"
        )))
    }

    /// A body as it is sent and as it may be shown, and its type.
    pub(crate) fn body(&self, body: &RequestBody) -> Result<(Bytes, String, &'static str)> {
        match body {
            RequestBody::Json(template) => {
                let text = self.resolve(template)?;
                if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text.expose())
                    && !text.expose().contains("{{")
                {
                    let message = format!("has a `body` that is no JSON ({error})");
                    return Err(template.refuse(self.file(), message));
                }
                let bytes = Bytes::copy_from_slice(text.expose().as_bytes());
                Ok((bytes, template.raw().to_owned(), "application/json"))
            }
            RequestBody::Text(template) => {
                let text = self.resolve(template)?;
                let bytes = Bytes::copy_from_slice(text.expose().as_bytes());
                Ok((
                    bytes,
                    template.raw().to_owned(),
                    "text/plain; charset=utf-8",
                ))
            }
            RequestBody::Form(fields) => self.form(fields),
            RequestBody::File(path) => {
                let real = self.context.config.path(path);
                let shown = format!("@{}", path.display());
                let bytes = shared::file::read(&real, LARGEST_BODY).map_err(|error| {
                    let path = path.display();
                    self.refuse(format!("has a `body` from `{path}`, which cannot be read"))
                        .source(error)
                })?;
                Ok((bytes.into(), shown, "application/octet-stream"))
            }
        }
    }

    fn form(&self, fields: &BTreeMap<String, Template>) -> Result<(Bytes, String, &'static str)> {
        let (mut sent, mut shown) = (form_of(), Vec::new());
        for (name, template) in fields {
            sent.query_pairs_mut()
                .append_pair(name, self.resolve(template)?.expose());
            shown.push(format!("{name}={}", template.raw()));
        }
        let encoded = sent.query().unwrap_or_default().to_owned();
        let kind = "application/x-www-form-urlencoded";
        Ok((encoded.into(), shown.join("&"), kind))
    }

    /// A whole request of the file.
    pub(crate) fn request(&self, asked: &Asks<'_>, protocol: Protocol) -> Result<Request> {
        self.method(asked.method)?;
        let mut request = self.get(asked.at, asked.path, asked.within)?;
        request.method = asked.method.to_owned();
        request.protocol = protocol;
        (request.headers, request.shown) = self.headers(asked.headers)?;
        if let Some(body) = asked.body {
            if matches!(asked.method, "GET" | "HEAD") {
                return Err(self.refuse(format!("sends a `body` with `{}`", asked.method)));
            }
            let (bytes, shown, kind) = self.body(body)?;
            let has_type = |(name, _): &(String, Secret)| name.eq_ignore_ascii_case("content-type");
            if !request.headers.iter().any(has_type) {
                request = request.with("content-type", kind);
            }
            request.body = bytes;
            request.shown_body = Some(shown);
        }
        Ok(request)
    }
}

/// The texts of a body as the file has them.
pub(crate) fn raw_body(body: &RequestBody) -> Vec<String> {
    match body {
        RequestBody::Json(text) | RequestBody::Text(text) => vec![text.raw().to_owned()],
        RequestBody::Form(fields) => {
            let values = fields.values();
            values.map(|value| value.raw().to_owned()).collect()
        }
        RequestBody::File(_) => Vec::new(),
    }
}

/// What a probe of the file says of its request.
pub(crate) struct Asks<'a> {
    /// Its `at`.
    pub(crate) at: Option<&'a Located<Name>>,
    /// Its `method`.
    pub(crate) method: &'a str,
    /// Its `path`.
    pub(crate) path: &'a str,
    /// Its `headers`.
    pub(crate) headers: &'a BTreeMap<String, Template>,
    /// Its `body`.
    pub(crate) body: Option<&'a RequestBody>,
    /// Its `within`.
    pub(crate) within: Span,
}

/// An address whose query is written as forms are.
fn form_of() -> reqwest::Url {
    reqwest::Url::parse("http://form/").expect("the literal is a URL")
}
