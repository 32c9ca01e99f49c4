//! GitHub's published OpenAPI description, to which every request and every answer is held.

use jsonschema::Draft;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Cut out of the published file by `cut.mjs`, which is named in it with package and version.
const PUBLISHED: &str = include_str!("openapi.json");

/// The description, with its schemas as JSON Schema.
pub struct Contract {
    paths: Map<String, Value>,
    components: Value,
    /// Those built so far, by the text of the schema.
    validators: RefCell<BTreeMap<String, jsonschema::Validator>>,
}

/// One request, with the path as the description writes it, from `/repos` on.
pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a [(String, String)],
    pub body: Option<&'a Value>,
}

impl Contract {
    pub fn published() -> Self {
        let mut document: Value = serde_json::from_str(PUBLISHED).expect("the description is JSON");
        let paths = match document["paths"].take() {
            Value::Object(paths) => paths,
            other => panic!("`paths` is {other}"),
        };
        let paths = paths
            .into_iter()
            .map(|(path, item)| (path, json_schema(item, false)));
        Self {
            paths: paths.collect(),
            components: json_schema(document["components"].take(), false),
            validators: RefCell::default(),
        }
    }

    /// What is wrong with a request.
    pub fn problems_of_request(&self, request: &Request<'_>) -> Vec<String> {
        let said = format!("{} {}", request.method, request.path);
        let Some((operation, values)) = self.operation(request) else {
            return vec![format!("{said}: no such route")];
        };
        let mut problems = Vec::new();
        for (place, pairs) in [("path", &values[..]), ("query", request.query)] {
            for (name, value) in pairs {
                match self.parameter(operation, place, name) {
                    None => problems.push(format!("{said}: no {place} parameter `{name}`")),
                    Some(schema) => {
                        problems.extend(self.mismatches(&schema, &typed(value, &schema), &said));
                    }
                }
            }
        }
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        match (schema.is_null(), request.body) {
            (true, None) => {}
            (true, Some(_)) => problems.push(format!("{said}: takes no body")),
            (false, None) => problems.push(format!("{said}: takes a body")),
            (false, Some(body)) => {
                problems.extend(self.mismatches(schema, body, &said));
                // The schemas allow any other key, so a misspelt one would pass unseen.
                let keys = body.as_object().into_iter().flat_map(Map::keys);
                let unknown = keys.filter(|key| schema["properties"].get(key).is_none());
                problems.extend(unknown.map(|key| format!("{said}: no property `{key}`")));
            }
        }
        problems
    }

    /// What is wrong with an answer. A refusal the description does not name for a route must look
    /// like any other refusal.
    pub fn problems_of_answer(
        &self,
        request: &Request<'_>,
        status: u16,
        body: &Value,
    ) -> Vec<String> {
        let said = format!("{status} to {} {}", request.method, request.path);
        let Some((operation, _)) = self.operation(request) else {
            return Vec::new();
        };
        let answer = self.resolved(&operation["responses"][status.to_string()]);
        let schema = &answer["content"]["application/json"]["schema"];
        if !schema.is_null() {
            return self.mismatches(schema, body, &said);
        }
        if status < 300 {
            return vec![format!("{said}: no such answer")];
        }
        self.mismatches(
            &json!({"$ref": "#/components/schemas/basic-error"}),
            body,
            &said,
        )
    }

    fn operation(&self, request: &Request<'_>) -> Option<(&Value, Vec<(String, String)>)> {
        let method = request.method.to_lowercase();
        self.paths.iter().find_map(|(template, item)| {
            Some((item.get(&method)?, path_values(template, request.path)?))
        })
    }

    fn parameter(&self, operation: &Value, place: &str, name: &str) -> Option<Value> {
        let parameters = operation["parameters"].as_array()?.iter();
        let mut parameters = parameters.map(|parameter| self.resolved(parameter));
        let found = parameters.find(|one| one["in"] == place && one["name"] == name)?;
        Some(found["schema"].clone())
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"]
            .as_str()
            .and_then(|reference| reference.strip_prefix("#/components"))
        {
            Some(pointer) => self
                .components
                .pointer(pointer)
                .expect("a reference leads somewhere"),
            None => value,
        }
    }

    fn mismatches(&self, schema: &Value, value: &Value, said: &str) -> Vec<String> {
        let mut validators = self.validators.borrow_mut();
        let validator = validators.entry(schema.to_string()).or_insert_with(|| {
            let whole = json!({"allOf": [schema], "components": self.components});
            // OpenAPI 3.0 builds on the draft after 4, which differs from it in nothing used here.
            let options = jsonschema::options()
                .with_draft(Draft::Draft4)
                .should_validate_formats(true);
            options
                .build(&whole)
                .expect("the description holds valid schemas")
        });
        let errors = validator.iter_errors(value);
        errors
            .map(|error| format!("{said}: {} at `{}`", error, error.instance_path()))
            .collect()
    }
}

/// The same in JSON Schema. Under `properties` the keys are names and not keywords.
fn json_schema(value: Value, is_names: bool) -> Value {
    match value {
        Value::Array(items) => items
            .into_iter()
            .map(|item| json_schema(item, false))
            .collect(),
        Value::Object(fields) => {
            let fields: Map<String, Value> = fields
                .into_iter()
                .map(|(key, item)| {
                    let names = !is_names && key == "properties";
                    (key, json_schema(item, names))
                })
                .collect();
            if is_names {
                Value::Object(fields)
            } else {
                with_exceptions(fields)
            }
        }
        other => other,
    }
}

/// JSON Schema does not know `nullable`; and where the default is `""`, a URL may be that, which no
/// `format` allows.
fn with_exceptions(mut schema: Map<String, Value>) -> Value {
    let mut allowed = Vec::new();
    if schema.remove("nullable") == Some(Value::Bool(true)) {
        allowed.push(json!({"type": "null"}));
    }
    if let (Some(default), true) = (schema.get("default"), schema.contains_key("format")) {
        allowed.push(json!({"enum": [default]}));
    }
    if allowed.is_empty() {
        return Value::Object(schema);
    }
    allowed.insert(0, Value::Object(schema));
    json!({ "anyOf": allowed })
}

/// The values of a path's parameters, when it fits the template.
fn path_values(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (parts, given) = (template.split('/'), path.split('/'));
    if parts.clone().count() != given.clone().count() {
        return None;
    }
    let mut values = Vec::new();
    for (part, given) in parts.zip(given) {
        match part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
        {
            Some(name) => values.push((name.to_owned(), given.to_owned())),
            None if part == given => {}
            None => return None,
        }
    }
    Some(values)
}

/// In a URL everything is text.
fn typed(value: &str, schema: &Value) -> Value {
    match (schema["type"].as_str(), value.parse::<i64>()) {
        (Some("integer"), Ok(number)) => json!(number),
        _ => json!(value),
    }
}
