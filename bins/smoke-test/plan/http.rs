//! A single request and what its answer must be.

use super::Place;
use crate::address::{Address, Url};
use crate::reproduce::{self, Header};
use serde_json::Value;
use serde_json_path::JsonPath;
use shared::config::{HttpProbe, Span, nearest_hint};
use shared::error::Result;
use shared::gate::{Context, Step};
use shared::secret::Secret;
use std::collections::BTreeMap;

/// What can be asked without changing anything.
const METHODS: [&str; 2] = ["GET", "HEAD"];

/// A single request and what its answer must be.
#[derive(Clone, Debug)]
pub(crate) struct HttpPlan {
    /// What it is called.
    pub(crate) name: String,
    /// `GET` or `HEAD`.
    pub(crate) method: String,
    /// Below the environment's address.
    pub(crate) path: String,
    /// The whole address.
    pub(crate) url: Url,
    /// What is sent besides.
    pub(crate) headers: Vec<(String, Secret)>,
    /// What must come back.
    pub(crate) expectations: Expectations,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

/// What must come back.
#[derive(Clone, Debug)]
pub(crate) struct Expectations {
    /// The statuses that will do.
    pub(crate) status: Vec<u16>,
    /// Headers and their values.
    pub(crate) headers: BTreeMap<String, String>,
    /// What every node that a path selects must equal.
    pub(crate) json: Vec<(JsonPath, Value)>,
    /// What the body must contain.
    pub(crate) contains: Vec<String>,
    /// What it must not contain.
    pub(crate) not_contains: Vec<String>,
    /// How long the whole answer may take.
    pub(crate) within: Span,
}

impl HttpPlan {
    /// Its line for `--plan`.
    pub(super) fn step(&self) -> Step {
        let statuses: Vec<String> = self
            .expectations
            .status
            .iter()
            .map(u16::to_string)
            .collect();
        let (name, within) = (&self.name, self.expectations.within);
        let purpose = format!("probe `{name}`: {} within {within}", statuses.join(" or "));
        let mut call = format!("{} {}", self.method, self.url.shown);
        for (header, _) in &self.headers {
            call.push_str(&format!("\n{header}: …"));
        }
        Step::reads(purpose, call)
    }
}

/// Checks a probe of the file.
pub(super) fn of(
    context: &Context,
    address: &Address,
    probe: &HttpProbe,
    place: &Place<'_>,
) -> Result<HttpPlan> {
    if !METHODS.contains(&probe.method.as_str()) {
        let message = format!("has the method `{}`, which is not known", probe.method);
        return Err(place
            .refuse(message)
            .hint(nearest_hint(&probe.method, &METHODS)));
    }
    if let Some(why) = impossible(probe) {
        return Err(place.refuse(why));
    }
    let url = address
        .at(&probe.path)
        .map_err(|why| place.refuse(format!("has a `path` with {why}")))?;
    let (headers, shown) = headers(context, probe, place)?;
    Ok(HttpPlan {
        name: probe.name.clone(),
        method: probe.method.clone(),
        path: probe.path.clone(),
        reproduce: reproduce::request(&probe.method, &url, &shown, probe.within),
        url,
        headers,
        expectations: Expectations {
            status: probe.status.clone(),
            headers: probe.response_headers.clone(),
            json: json(probe, place)?,
            contains: probe.contains.clone(),
            not_contains: probe.not_contains.clone(),
            within: probe.within,
        },
    })
}

fn json(probe: &HttpProbe, place: &Place<'_>) -> Result<Vec<(JsonPath, Value)>> {
    let parsed = probe.json.iter().map(|(path, value)| {
        let parsed = JsonPath::parse(path).map_err(|error| {
            place
                .refuse(format!("has `{path}`, which is no JSONPath"))
                .source(error)
        })?;
        Ok((parsed, value.clone()))
    });
    parsed.collect()
}

/// Why no answer could ever hold, or every one would.
fn impossible(probe: &HttpProbe) -> Option<String> {
    if probe.status.is_empty() {
        return Some("has no `status`, so no answer would do".into());
    }
    if let Some(status) = probe
        .status
        .iter()
        .find(|status| !(100..=599).contains(*status))
    {
        return Some(format!(
            "has the status {status}, which is not from 100 to 599"
        ));
    }
    if probe.within.duration().is_zero() {
        return Some("has a `within` of 0".into());
    }
    let judges_body =
        !(probe.json.is_empty() && probe.contains.is_empty() && probe.not_contains.is_empty());
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
    if let Some(text) = both {
        return Some(format!("wants and forbids the text `{text}`"));
    }
    let name = probe
        .response_headers
        .keys()
        .find(|name| !is_header_name(name));
    name.map(|name| format!("expects `{name}`, which cannot be the name of a header"))
}

type Sent = (Vec<(String, Secret)>, Vec<Header>);

fn headers(context: &Context, probe: &HttpProbe, place: &Place<'_>) -> Result<Sent> {
    let (mut sent, mut shown) = (Vec::new(), Vec::new());
    for (name, template) in &probe.headers {
        if !is_header_name(name) {
            return Err(place.refuse(format!("sends `{name}`, which cannot be a header's name")));
        }
        let value = context.config.resolve(template)?;
        // A tab is the one control character that a value may have: RFC 9110, section 5.5.
        if value.expose().chars().any(|c| c.is_control() && c != '\t') {
            return Err(place.refuse(format!("sends the header `{name}` with a line end in it")));
        }
        if is_sensitive(name) {
            // The whole, and what stands behind a scheme such as `Bearer`.
            Secret::new(value.expose());
            Secret::new(
                value
                    .expose()
                    .split_whitespace()
                    .next_back()
                    .unwrap_or_default(),
            );
        }
        shown.push(Header {
            name: name.clone(),
            raw: if is_sensitive(name) && template.names().is_empty() {
                format!("${{{}}}", variable(name))
            } else {
                template.raw().to_owned()
            },
        });
        sent.push((name.clone(), value));
    }
    Ok((sent, shown))
}

/// Headers whose value is a secret even when the file has it in plain sight.
fn is_sensitive(name: &str) -> bool {
    const WORDS: [&str; 7] = [
        "authorization",
        "cookie",
        "token",
        "secret",
        "password",
        "api-key",
        "apikey",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

fn variable(header: &str) -> String {
    let upper = header.to_ascii_uppercase();
    upper
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

/// RFC 9110, section 5.6.2.
pub(super) fn is_header_name(name: &str) -> bool {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(is_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(yaml: &str) -> HttpProbe {
        let text = format!(
            "version: 1\nproject: cal\nenvironments: {{staging: {{}}}}\n\
             smoke: {{probes: [{{http: {{name: health, path: /api/health, {yaml}}}}}]}}"
        );
        let config =
            shared::config::Config::parse(&text, "sluicegate.yml", std::path::Path::new("."))
                .expect("is a configuration");
        let smoke = config.document.smoke.expect("was written");
        let Some(shared::config::Probe::Http(probe)) = smoke.probes.into_iter().next() else {
            panic!("an http probe was written");
        };
        probe
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
            ("within: 0s", "has a `within` of 0"),
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
            (
                "response_headers: {'x y': '1'}",
                "expects `x y`, which cannot be the name of a header",
            ),
        ] {
            assert_eq!(impossible(&probe(yaml)).as_deref(), Some(why), "{yaml}");
        }
    }

    #[test]
    fn headers_that_carry_secrets_are_known_by_their_names() {
        for name in ["Authorization", "cookie", "X-Api-Key", "X-CSRF-Token"] {
            assert!(is_sensitive(name), "{name}");
        }
        assert!(!is_sensitive("Accept"));
        assert_eq!(variable("X-Api-Key"), "X_API_KEY");
        assert!(is_header_name("x-release") && !is_header_name("") && !is_header_name("a:b"));
    }
}
