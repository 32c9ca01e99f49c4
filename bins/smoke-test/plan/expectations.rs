//! What an answer must be, read from the file.

use super::cookie;
use super::http::limits as limits_of;
use super::redirects;
use super::request::Request;
use super::request_header::is_header_name;
use super::schema::{self, Schema};
use super::scope::Scope;
use crate::address::Url;
use crate::predicate::{Mistake, Predicate};
use serde_json_path::JsonPath;
use shared::config::{CookieRule, Expectation, HttpProbe, Located, PhaseLimits, Predicates, Span};
use shared::error::Result;
use std::collections::BTreeMap;

/// What must come back.
#[derive(Clone, Debug)]
pub(crate) struct Expectations {
    /// The statuses that will do.
    pub(crate) status: Vec<u16>,
    /// Where each redirect leads; they are followed.
    pub(crate) redirects: Vec<Url>,
    /// Headers and what must hold for their values.
    pub(crate) headers: Vec<(String, Predicate)>,
    /// Cookies that must be set, and how.
    pub(crate) cookies: Vec<(String, CookieRule)>,
    /// What must hold for the nodes that a path selects.
    pub(crate) json: Vec<Selected>,
    /// What the document must satisfy.
    pub(crate) schema: Option<Schema>,
    /// What must be and must not be in the body.
    pub(crate) body: BodyExpectations,
    /// How long each part may take.
    pub(crate) phases: Option<PhaseLimits>,
    /// How long the whole answer may take.
    pub(crate) within: Span,
    /// The host that the answer is of.
    pub(crate) host: String,
}

impl Expectations {
    /// Nothing at all, for what is no whole answer.
    pub(super) fn nothing(within: Span) -> Self {
        Self {
            status: Vec::new(),
            redirects: Vec::new(),
            headers: Vec::new(),
            cookies: Vec::new(),
            json: Vec::new(),
            schema: None,
            body: BodyExpectations::default(),
            phases: None,
            within,
            host: String::new(),
        }
    }
}

/// What must be and must not be in a body.
#[derive(Clone, Debug, Default)]
pub(crate) struct BodyExpectations {
    /// What it must contain.
    pub(crate) contains: Vec<String>,
    /// What it must not contain.
    pub(crate) not_contains: Vec<String>,
    /// What must hold for it as a text.
    pub(crate) text: Option<Predicate>,
    /// Its SHA-256 in lower-case hexadecimal digits.
    pub(crate) sha256: Option<String>,
}

impl BodyExpectations {
    /// Whether nothing is expected.
    pub(crate) fn is_empty(&self) -> bool {
        let texts = self.contains.len() + self.not_contains.len();
        texts == 0 && self.text.is_none() && self.sha256.is_none()
    }
}

/// What must hold for the nodes that a path selects.
#[derive(Clone, Debug)]
pub(crate) struct Selected {
    /// The path (RFC 9535).
    pub(crate) path: JsonPath,
    /// What must hold.
    pub(crate) predicate: Predicate,
}

/// Reads what a probe expects.
pub(super) fn of(scope: &Scope<'_>, probe: &HttpProbe, request: &Request) -> Result<Expectations> {
    if let Some(why) = impossible(probe) {
        return Err(scope.refuse(why));
    }
    let schema = probe.schema.as_ref();
    let text = probe.text.as_ref();
    if let Some(limits) = &probe.phases {
        limits_of(limits).map_err(|why| scope.refuse(why))?;
    }
    let redirects = redirects::of(scope, probe, request)?;
    let last = redirects.last().map(|url| url.endpoint.host.clone());
    Ok(Expectations {
        status: probe.status.clone(),
        host: last.unwrap_or_else(|| request.host()),
        redirects,
        headers: headers(scope, &probe.response_headers)?,
        cookies: cookie::of(scope, &probe.cookies)?,
        json: json(scope, &probe.json)?,
        schema: schema
            .map(|source| schema::of(scope, source, probe))
            .transpose()?,
        body: BodyExpectations {
            contains: probe.contains.clone(),
            not_contains: probe.not_contains.clone(),
            text: text.map(|text| predicate(scope, text)).transpose()?,
            sha256: probe
                .sha256
                .as_ref()
                .map(|digits| sha256(scope, digits))
                .transpose()?,
        },
        phases: probe.phases,
        within: probe.within,
    })
}

fn sha256(scope: &Scope<'_>, digits: &Located<String>) -> Result<String> {
    let text = digits.value.to_ascii_lowercase();
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text);
    }
    Err(scope.refuse_at(digits, "has a `sha256` that is not 64 hexadecimal digits"))
}

/// What must hold for headers.
pub(super) fn headers(
    scope: &Scope<'_>,
    expected: &BTreeMap<String, Located<Expectation>>,
) -> Result<Vec<(String, Predicate)>> {
    let parsed = expected.iter().map(|(name, expectation)| {
        if !is_header_name(name) {
            let message = format!("expects `{name}`, which cannot be the name of a header");
            return Err(scope.refuse_at(expectation, message));
        }
        Ok((name.clone(), predicate(scope, expectation)?))
    });
    parsed.collect()
}

/// What must hold for the nodes of a document.
pub(super) fn json(
    scope: &Scope<'_>,
    expected: &BTreeMap<String, Located<Expectation>>,
) -> Result<Vec<Selected>> {
    let parsed = expected.iter().map(|(path, expectation)| {
        let predicate = predicate(scope, expectation)?;
        let at = Located {
            value: path.clone(),
            line: expectation.line,
            column: expectation.column,
        };
        let path = json_path(scope, &at)?;
        Ok(Selected { path, predicate })
    });
    parsed.collect()
}

/// A JSONPath of the file.
pub(super) fn json_path(scope: &Scope<'_>, text: &Located<String>) -> Result<JsonPath> {
    JsonPath::parse(&text.value).map_err(|error| {
        let message = format!("has `{}`, which is no JSONPath", text.value);
        scope.refuse_at(text, message).source(error)
    })
}

/// One expectation, its mistakes placed in the file.
pub(crate) fn predicate(
    scope: &Scope<'_>,
    expectation: &Located<Expectation>,
) -> Result<Predicate> {
    Predicate::of(&expectation.value).map_err(|mistake| {
        let at = (expectation.line, expectation.column);
        placed(scope, mistake, at)
    })
}

/// A mistake at its own place, or at that of what it is in.
pub(super) fn placed(
    scope: &Scope<'_>,
    mistake: Mistake,
    outer: (u64, u64),
) -> shared::error::Error {
    let (line, column) = mistake.place.unwrap_or(outer);
    let at = Located {
        value: (),
        line,
        column,
    };
    scope.refuse_at(&at, mistake.message)
}

/// A range of versions, its mistakes placed in the file.
pub(super) fn version_range(scope: &Scope<'_>, range: &Located<String>) -> Result<Predicate> {
    let expectation = Expectation(Predicates {
        version: Some(range.clone()),
        ..Predicates::default()
    });
    let Located { line, column, .. } = *range;
    let value = expectation;
    predicate(
        scope,
        &Located {
            value,
            line,
            column,
        },
    )
}

/// Why no status could ever do.
pub(super) fn impossible_status(status: &[u16]) -> Option<String> {
    if status.is_empty() {
        return Some("has no `status`, so no answer would do".into());
    }
    let odd = status
        .iter()
        .find(|status| !(100..=599).contains(*status))?;
    Some(format!(
        "has the status {odd}, which is not from 100 to 599"
    ))
}

/// Why no answer could ever hold, or every one would.
fn impossible(probe: &HttpProbe) -> Option<String> {
    if let Some(why) = impossible_status(&probe.status) {
        return Some(why);
    }
    let judges_body = !(probe.json.is_empty()
        && probe.contains.is_empty()
        && probe.not_contains.is_empty()
        && probe.text.is_none()
        && probe.sha256.is_none()
        && probe.schema.is_none());
    if probe.method == "HEAD" && judges_body {
        return Some("asks with `HEAD`, whose answer has no body to judge".into());
    }
    let mut texts = probe.contains.iter().chain(&probe.not_contains);
    if texts.any(String::is_empty) {
        return Some("looks for an empty text, which every body contains".into());
    }
    let both = probe
        .contains
        .iter()
        .find(|text| probe.not_contains.contains(text));
    both.map(|text| format!("wants and forbids the text `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(yaml: &str) -> HttpProbe {
        let yaml = format!("{{name: health, path: /api/health, {yaml}}}");
        serde_saphyr::from_str(&yaml).expect("is a probe")
    }

    #[test]
    fn a_probe_that_can_hold_and_can_fail_is_taken() {
        for yaml in ["method: HEAD", "status: [200, 302]", "json: {$.status: ok}"] {
            assert_eq!(impossible(&probe(yaml)), None, "{yaml}");
        }
    }

    #[test]
    fn a_probe_that_no_answer_or_every_answer_satisfies_is_refused() {
        for (yaml, why) in [
            ("status: []", "has no `status`, so no answer would do"),
            (
                "status: [20]",
                "has the status 20, which is not from 100 to 599",
            ),
            (
                "method: HEAD, contains: [ok]",
                "asks with `HEAD`, whose answer has no body to judge",
            ),
            (
                "method: HEAD, not_contains: [Traceback]",
                "asks with `HEAD`, whose answer has no body to judge",
            ),
            (
                "contains: ['']",
                "looks for an empty text, which every body contains",
            ),
            (
                "contains: [a], not_contains: [a]",
                "wants and forbids the text `a`",
            ),
        ] {
            assert_eq!(impossible(&probe(yaml)).as_deref(), Some(why), "{yaml}");
        }
    }
}
