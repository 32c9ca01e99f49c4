//! What the answer to an entry must be, as far as a probe can ask it.

use super::super::yaml::Node;
use super::assertion::{Assertion, Query};
use super::expectation::{at_path, expectation};
use super::statuses;
use super::syntax::{Body, Entry, Lined, Mistake, Response};
use super::template::Names;
use serde_json::{Map, Value, json};
use serde_json_path::JsonPath;
use std::collections::BTreeMap;

/// What must come back.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    status: Vec<u16>,
    headers: BTreeMap<String, Map<String, Value>>,
    json: BTreeMap<String, Map<String, Value>>,
    contains: Vec<String>,
    not_contains: Vec<String>,
    within: Option<String>,
    capture: BTreeMap<String, Value>,
    /// The names that are captured in ways which no probe has.
    pub(super) lost: Vec<String>,
    /// What is not carried over, with its line.
    pub(super) left_out: Vec<(usize, String)>,
}

impl Answer {
    /// Of an entry. The inner `Err` says why nothing can be expected of it.
    pub(super) fn of(entry: &Entry, names: &mut Names) -> Result<Result<Self, String>, Mistake> {
        let mut answer = Self::default();
        let Some(response) = &entry.response else {
            let what = "nothing is said of the answer; 200 is expected";
            answer.left_out.push((entry.line, what.into()));
            answer.status = vec![200];
            return Ok(Ok(answer));
        };
        let mut asserts = Vec::new();
        for Lined { line, value } in &response.asserts {
            let assertion = Assertion::parse(value)
                .map_err(|(column, message)| Mistake::at(*line, column, message))?;
            asserts.push((*line, value, assertion));
        }
        for (line, text, assertion) in &asserts {
            if assertion.query.name != "status" && !answer.take(assertion, names) {
                let text = crate::answer::shown(text, 100);
                answer
                    .left_out
                    .push((*line, format!("`{text}`, which no probe asks")));
            }
        }
        answer.exact(response, names);
        for capture in &response.captures {
            answer.capture(capture)?;
        }
        let of_status = asserts.iter().map(|(_, _, assertion)| assertion);
        answer.status = statuses::of(response.status, of_status);
        if statuses::is_any(&answer.status) {
            return Ok(Err(
                "it takes any status, and a probe takes only some".into()
            ));
        }
        if answer.status.is_empty() {
            return Ok(Err("no status satisfies what it says".into()));
        }
        Ok(Ok(answer))
    }

    /// Whether it says how long the answer may take.
    pub(super) fn has_limit(&self) -> bool {
        self.within.is_some()
    }

    /// The names that later steps can use.
    pub(super) fn captures(&self) -> Vec<String> {
        self.capture.keys().cloned().collect()
    }

    /// What stands without `[Asserts]`: the version, headers, the body.
    fn exact(&mut self, response: &Response, names: &mut Names) {
        if let Some(version) = &response.version {
            let what = format!("the version HTTP/{version}, which is not asked for here");
            self.left_out.push((response.line, what));
        }
        for Lined {
            line,
            value: (name, value),
        } in &response.headers
        {
            let known = names.without_variables(value, str::to_owned);
            let value = known.ok().filter(|value| !value.contains("{{"));
            let is_new = value.is_some_and(|value| {
                add(
                    &mut self.headers,
                    &name.to_lowercase(),
                    json!({ "equals": value }),
                )
            });
            if !is_new {
                self.left_out.push((*line, format!("the header `{name}`")));
            }
        }
        let Some(Lined { line, value: body }) = &response.body else {
            return;
        };
        let whole = match body {
            Body::Json(text) => serde_json::from_str::<Value>(text).ok(),
            Body::Text(_) | Body::File(_) | Body::Other(_) => None,
        };
        let is_new =
            whole.is_some_and(|whole| add(&mut self.json, "$", json!({ "equals": whole })));
        if !is_new {
            self.left_out
                .push((*line, "the whole body, which no probe compares".into()));
        }
    }

    /// Carries an assertion over, and says whether that was possible.
    fn take(&mut self, assertion: &Assertion, names: &mut Names) -> bool {
        let mut assertion = assertion.clone();
        if let Some(Value::String(text)) = &assertion.value {
            match names.without_variables(text, str::to_owned) {
                Ok(text) if !text.contains("{{") => assertion.value = Some(Value::String(text)),
                Ok(_) | Err(_) => return false,
            }
        }
        let Query { name, argument } = &assertion.query;
        match (name.as_str(), argument) {
            ("header", Some(header)) if assertion.filters.is_empty() => {
                let expectation = expectation(&assertion);
                expectation.is_some_and(|one| add(&mut self.headers, &header.to_lowercase(), one))
            }
            ("jsonpath", Some(path)) => {
                let expectation = at_path(path, &assertion);
                expectation.is_some_and(|one| add(&mut self.json, path, one))
            }
            ("body", None) => self.body(&assertion),
            ("duration", None) => self.duration(&assertion),
            _ => false,
        }
    }

    fn body(&mut self, assertion: &Assertion) -> bool {
        let (filters, value) = (&assertion.filters, &assertion.value);
        let (true, "contains", Some(Value::String(text))) =
            (filters.is_empty(), assertion.predicate.as_str(), value)
        else {
            return false;
        };
        let (texts, others) = match assertion.is_negated {
            true => (&mut self.not_contains, &self.contains),
            false => (&mut self.contains, &self.not_contains),
        };
        let is_fit = !text.is_empty() && !others.contains(text);
        if is_fit {
            texts.push(text.clone());
        }
        is_fit
    }

    fn duration(&mut self, assertion: &Assertion) -> bool {
        let most = assertion
            .value
            .as_ref()
            .and_then(Value::as_u64)
            .filter(|most| *most > 0);
        let is_limit = matches!(assertion.predicate.as_str(), "<" | "<=");
        match most {
            Some(most) if is_limit && !assertion.is_negated && self.within.is_none() => {
                self.within = Some(format!("{most}ms"));
                true
            }
            Some(_) | None => false,
        }
    }

    fn capture(&mut self, capture: &Lined<String>) -> Result<(), Mistake> {
        let Lined { line, value } = capture;
        let (name, text) = value.split_once(':').unwrap_or((value, ""));
        let before = name.chars().count() + 1;
        let query = Assertion::parse(text)
            .map_err(|(column, message)| Mistake::at(*line, column + before, message))?;
        let name = name.trim();
        let argument = query.query.argument.unwrap_or_default();
        let source = match query.query.name.as_str() {
            _ if !query.filters.is_empty() || !query.predicate.is_empty() => None,
            "jsonpath" => JsonPath::parse(&argument)
                .ok()
                .map(|_| json!({ "json": argument })),
            "header" => Some(json!({ "header": argument })),
            // `name[Attribute]` is a part of a cookie.
            "cookie" if !argument.contains('[') => Some(json!({ "cookie": argument })),
            "regex" => {
                let pattern = regex::Regex::new(&argument).ok();
                let has_group = pattern.is_some_and(|pattern| pattern.captures_len() > 1);
                has_group.then(|| json!({ "matches": argument }))
            }
            _ => None,
        };
        match source {
            Some(source) => {
                self.capture.insert(name.to_owned(), source);
            }
            None => {
                let text = crate::answer::shown(text, 80);
                self.lost.push(name.to_owned());
                self.left_out
                    .push((*line, format!("the capture `{name}: {text}`")));
            }
        }
        Ok(())
    }

    /// The keys of a probe that say what must come back.
    pub(super) fn written(&self) -> Vec<(String, Node)> {
        let mut keys = Vec::new();
        let mut key = |name: &str, node| keys.push((name.to_owned(), node));
        key("status", Node::Value(json!(self.status)));
        let maps = [("response_headers", &self.headers), ("json", &self.json)];
        for (name, map) in maps.into_iter().filter(|(_, map)| !map.is_empty()) {
            let entries = map.iter();
            key(
                name,
                Node::map(entries.map(|(name, map)| (name, Node::Value(short(map))))),
            );
        }
        let lists = [
            ("contains", &self.contains),
            ("not_contains", &self.not_contains),
        ];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            key(name, Node::Value(json!(list)));
        }
        if !self.capture.is_empty() {
            let entries = self.capture.iter();
            let entries = entries.map(|(name, value)| (name, Node::Value(value.clone())));
            key("capture", Node::map(entries));
        }
        if let Some(within) = &self.within {
            key("within", Node::Value(json!(within)));
        }
        keys
    }
}

/// Equality is written plainly where that means the same.
fn short(map: &Map<String, Value>) -> Value {
    match map.get("equals") {
        Some(value) if map.len() == 1 && !value.is_object() => value.clone(),
        Some(_) | None => Value::Object(map.clone()),
    }
}

/// One more expectation of the same thing; not two of the same kind.
fn add(all: &mut BTreeMap<String, Map<String, Value>>, key: &str, more: Value) -> bool {
    let Value::Object(more) = more else {
        return false;
    };
    let known = all.entry(key.to_owned()).or_default();
    // Absence cannot stand beside anything else.
    let says_absent = |map: &Map<String, Value>| map.get("exists") == Some(&json!(false));
    let clashes = more.keys().any(|key| known.contains_key(key))
        || !known.is_empty() && (says_absent(known) || says_absent(&more));
    if !clashes {
        known.extend(more);
    }
    !clashes
}
