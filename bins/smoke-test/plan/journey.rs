//! Requests that build on each other, with every `{{name}}` they use captured before.

use super::Planned;
use super::expectations::{json_path, placed};
use super::http::{self, HttpPlan};
use super::scope::Scope;
use crate::address::Address;
use crate::predicate::compiled;
use crate::template;
use regex::Regex;
use serde_json_path::JsonPath;
use shared::config::{Capture, HttpProbe, JourneyProbe, RequestBody, nearest_hint};
use shared::error::Result;
use shared::gate::Step;

/// The name that stands for the run's id.
pub(crate) const RUN: &str = "run";

/// Requests that build on each other.
#[derive(Clone, Debug)]
pub(crate) struct JourneyPlan {
    /// What it is called.
    pub(crate) name: String,
    /// Its steps.
    pub(crate) steps: Vec<StepPlan>,
    /// What is asked at the end in any case.
    pub(crate) cleanup: Vec<StepPlan>,
}

/// How values are written into a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As they are.
    Plain,
    /// Within its texts as texts of JSON, elsewhere as they are.
    Json,
    /// As fields of a form.
    Form,
}

/// One of the requests.
#[derive(Clone, Debug)]
pub(crate) struct StepPlan {
    /// The request as the file has it, and what its answer must be.
    pub(crate) http: HttpPlan,
    /// The address that its path is below.
    pub(crate) address: Address,
    /// Its path, in which `{{name}}` is replaced.
    pub(crate) path: String,
    /// How values are written into its body.
    pub(crate) encoding: Encoding,
    /// What later steps use.
    pub(crate) captures: Vec<(String, Captured)>,
}

/// Where a captured value is in an answer.
#[derive(Clone, Debug)]
pub(crate) enum Captured {
    /// At a JSONPath.
    Json(JsonPath),
    /// In a header.
    Header(String),
    /// In a cookie that is set.
    Cookie(String),
    /// In the first group of a pattern.
    Matches(Regex),
}

impl Planned for JourneyPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["journey"]
    }

    fn steps(&self) -> Vec<Step> {
        let all = self.steps.iter().map(|step| ("step", step));
        let all = all.chain(self.cleanup.iter().map(|step| ("clean-up", step)));
        let steps = all.map(|(word, step)| {
            let (journey, name) = (&self.name, &step.http.name);
            let purpose = format!("journey `{journey}`, {word} `{name}`");
            let call = step.http.request.call();
            if step.http.request.is_safe() {
                Step::reads(purpose, call)
            } else {
                Step::changes(purpose, call)
            }
        });
        steps.collect()
    }

    fn requests(&self) -> u64 {
        let steps = self.steps.iter().chain(&self.cleanup);
        steps.map(|step| step.http.requests()).sum()
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &JourneyProbe) -> Result<JourneyPlan> {
    if probe.steps.is_empty() {
        return Err(scope.refuse("has no `steps`, so nothing would be asked"));
    }
    let mut known = vec![RUN.to_owned()];
    let mut plan = JourneyPlan {
        name: probe.name.value.clone(),
        steps: Vec::new(),
        cleanup: Vec::new(),
    };
    for step in &probe.steps {
        plan.steps.push(step_of(scope, step, &mut known)?);
    }
    for step in &probe.cleanup {
        plan.cleanup.push(step_of(scope, step, &mut known)?);
    }
    Ok(plan)
}

fn step_of(scope: &Scope<'_>, step: &HttpProbe, known: &mut Vec<String>) -> Result<StepPlan> {
    let inner = scope.of(&step.name);
    if !step.environments.is_empty() {
        return Err(inner.refuse("is a step, and names `environments`: the journey does"));
    }
    if step.phases.is_some() || !step.redirects.is_empty() {
        return Err(inner.refuse("is a step, which has neither `phases` nor `redirects`"));
    }
    uses_only(&inner, step, known)?;
    expects_nothing_captured(&inner, step)?;
    let mut captures = Vec::new();
    for (name, capture) in &step.capture {
        if !template::is_name(name) || name == RUN {
            return Err(inner.refuse(format!("captures `{name}`, which cannot be a name")));
        }
        captures.push((name.clone(), captured(&inner, capture)?));
        known.push(name.clone());
    }
    let http = http::planned(&inner, step)?;
    Ok(StepPlan {
        http,
        address: scope.address(step.at.as_ref())?.clone(),
        path: step.path.clone(),
        encoding: match step.body {
            Some(RequestBody::Form(_)) => Encoding::Form,
            Some(RequestBody::Json(_)) => Encoding::Json,
            Some(RequestBody::Text(_) | RequestBody::File(_)) | None => Encoding::Plain,
        },
        captures,
    })
}

fn captured(scope: &Scope<'_>, capture: &Capture) -> Result<Captured> {
    Ok(match capture {
        Capture::Json(path) => Captured::Json(json_path(scope, path)?),
        Capture::Header(name) => Captured::Header(name.clone()),
        Capture::Cookie(name) => Captured::Cookie(name.clone()),
        Capture::Matches(pattern) => {
            let regex = compiled(pattern)
                .map_err(|mistake| placed(scope, mistake, (pattern.line, pattern.column)))?;
            if regex.captures_len() < 2 {
                let message = format!("captures by `{}`, which has no group", pattern.value);
                return Err(scope.refuse_at(pattern, message));
            }
            Captured::Matches(regex)
        }
    })
}

/// Values go into requests alone. What is expected is judged as it stands, so that a `{{name}}` in
/// it would be searched for as such, and `not_contains` would always hold.
fn expects_nothing_captured(scope: &Scope<'_>, step: &HttpProbe) -> Result<()> {
    // Their debug form has every text of the predicates in it, however deep.
    let parts = [
        ("response_headers", format!("{:?}", step.response_headers)),
        ("json", format!("{:?}", step.json)),
        ("contains", format!("{:?}", step.contains)),
        ("not_contains", format!("{:?}", step.not_contains)),
        ("text", format!("{:?}", step.text)),
    ];
    for (key, text) in parts {
        if let Some(name) = template::names(&text).first() {
            let message =
                format!("has `{{{{{name}}}}}` in `{key}`, where captured values are not put in");
            return Err(scope.refuse(message));
        }
    }
    Ok(())
}

/// Every `{{name}}` of a step must have been captured by one before it.
fn uses_only(scope: &Scope<'_>, step: &HttpProbe, known: &[String]) -> Result<()> {
    let mut texts = vec![step.path.clone()];
    texts.extend(step.headers.values().map(|value| value.raw().to_owned()));
    if let Some(body) = &step.body {
        texts.extend(super::scope::raw_body(body));
    }
    for name in texts.iter().flat_map(|text| template::names(text)) {
        if !known.iter().any(|known| known == name) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let message = format!("uses `{{{{{name}}}}}`, which no step before it captures");
            return Err(scope.refuse(message).hint(nearest_hint(name, &known)));
        }
    }
    Ok(())
}
