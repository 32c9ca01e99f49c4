//! A JSON Schema that a document must satisfy, from a file of its own or from an OpenAPI document.

use super::scope::Scope;
use serde_json::{Value, json};
use shared::config::{Located, SchemaSource};
use shared::error::{Error, Result};
use std::path::PathBuf;
use std::sync::Arc;

/// Larger documents are not schemas of one service.
const LARGEST_FILE: u64 = 16 << 20;

/// A schema, ready to be asked.
#[derive(Clone)]
pub(crate) struct Schema {
    /// Where it comes from, for evidence.
    pub(crate) source: String,
    /// What asks it.
    pub(crate) validator: Arc<jsonschema::Validator>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Schema({})", self.source)
    }
}

impl Schema {
    /// From a document; `source` names it.
    pub(crate) fn new(document: &Value, source: String) -> Result<Self, String> {
        if !says_anything(document) {
            return Err("is no JSON Schema: it says nothing, so every document would do".into());
        }
        // References to other documents are not fetched: a gate must not depend on them.
        let built = jsonschema::validator_for(document);
        let validator = built.map_err(|error| {
            let place = error.instance_path().to_string();
            format!("is no JSON Schema: {error} (at `{place}`)")
        })?;
        Ok(Self {
            source,
            validator: Arc::new(validator),
        })
    }
}

/// Whether a document has at least one keyword that refuses something:
/// <https://json-schema.org/draft/2020-12/json-schema-validation>.
fn says_anything(document: &Value) -> bool {
    const KEYWORDS: [&str; 32] = [
        "type",
        "enum",
        "const",
        "properties",
        "patternProperties",
        "additionalProperties",
        "propertyNames",
        "required",
        "minProperties",
        "maxProperties",
        "dependentRequired",
        "dependentSchemas",
        "items",
        "prefixItems",
        "contains",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "$ref",
    ];
    match document {
        Value::Object(map) => KEYWORDS.iter().any(|keyword| map.contains_key(*keyword)),
        other => *other == Value::Bool(false),
    }
}

/// Reads what a probe names; `asked` is its path.
pub(super) fn of(scope: &Scope<'_>, source: &SchemaSource, asked: &str) -> Result<Schema> {
    match source {
        SchemaSource::File(file) => {
            let document = read(scope, file)?;
            let name = file.value.display().to_string();
            Schema::new(&document, name).map_err(|why| refuse(scope, file, &why))
        }
        SchemaSource::OpenApi { file, path, status } => {
            let mut document = read(scope, file)?;
            let path = path.as_deref().unwrap_or(asked);
            let path = path.split('?').next().unwrap_or(path);
            let pointer =
                response(&document, path, status).map_err(|why| refuse(scope, file, &why))?;
            let is_older = document["openapi"]
                .as_str()
                .is_some_and(|v| v.starts_with("3.0"));
            if is_older {
                nullable(&mut document);
            }
            let name = format!("{} GET {path} {status}", file.value.display());
            let schema = within(&document, &pointer);
            Schema::new(&schema, name).map_err(|why| refuse(scope, file, &why))
        }
    }
}

fn refuse(scope: &Scope<'_>, file: &Located<PathBuf>, why: &str) -> Error {
    let name = file.value.display();
    scope.refuse_at(file, format!("has the schema `{name}`, which {why}"))
}

fn read(scope: &Scope<'_>, file: &Located<PathBuf>) -> Result<Value> {
    let path = scope.context.config.path(&file.value);
    let bytes = shared::file::read(&path, LARGEST_FILE)
        .map_err(|error| refuse(scope, file, &format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| refuse(scope, file, "is not UTF-8"))?;
    // JSON is YAML as well, but its own parser is faster and says more.
    if text.trim_start().starts_with(['{', '[']) {
        return serde_json::from_str(&text)
            .map_err(|error| refuse(scope, file, &format!("is no JSON: {error}")));
    }
    shared::config::yaml_value(&text, &path.display().to_string())
}

/// The place of the schema of an answer in an OpenAPI document.
fn response(document: &Value, path: &str, status: &str) -> Result<String, String> {
    let operations = document["paths"]
        .as_object()
        .ok_or("is no OpenAPI document: it has no `paths`")?;
    let known = operations.keys().find(|known| is_same_path(known, path));
    let known = known.ok_or_else(|| format!("has no path `{path}`"))?;
    let responses = &operations[known]["get"]["responses"];
    let status = match responses.get(status) {
        Some(_) => status,
        None => ["default", "2XX"]
            .into_iter()
            .find(|other| responses.get(other).is_some())
            .ok_or_else(|| format!("has no answer {status} for `GET {known}`"))?,
    };
    let mut pointer = format!("/paths/{}/get/responses/{status}", escaped(known));
    if let Some(reference) = responses[status]["$ref"].as_str() {
        pointer = reference.trim_start_matches('#').to_owned();
    }
    let content = document.pointer(&pointer).map(|found| &found["content"]);
    let content = content.and_then(Value::as_object);
    let kind = content
        .and_then(|content| content.keys().find(|kind| kind.contains("json")))
        .ok_or_else(|| format!("has no JSON for `GET {known}` {status}"))?;
    let pointer = format!("{pointer}/content/{}/schema", escaped(kind));
    match document.pointer(&pointer) {
        Some(_) => Ok(pointer),
        None => Err(format!("has no schema for `GET {known}` {status}")),
    }
}

/// A schema of a document, beside the components that it refers to.
fn within(document: &Value, pointer: &str) -> Value {
    json!({
        "allOf": [document.pointer(pointer)],
        "components": document["components"],
    })
}

/// RFC 6901, section 3.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Whether a path of the document, with `{name}` in it, is that of the request.
fn is_same_path(known: &str, asked: &str) -> bool {
    let (known, asked): (Vec<&str>, Vec<&str>) =
        (known.split('/').collect(), asked.split('/').collect());
    let mut pairs = known.iter().zip(&asked);
    known.len() == asked.len()
        && pairs.all(|(known, asked)| known == asked || known.starts_with('{'))
}

/// OpenAPI 3.0 writes `nullable: true` where JSON Schema adds `null` to the types:
/// <https://spec.openapis.org/oas/v3.0.3#schema-object>.
fn nullable(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let is_nullable = map.remove("nullable") == Some(Value::Bool(true));
            if let (true, Some(kind)) = (is_nullable, map.get("type").and_then(Value::as_str)) {
                map.insert("type".into(), json!([kind, "null"]));
            }
            map.values_mut().for_each(nullable);
        }
        Value::Array(items) => items.iter_mut().for_each(nullable),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({
            "openapi": "3.0.3",
            "paths": {"/api/users/{id}": {"get": {"responses": {"200": {"content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/User"}}
            }}}}}},
            "components": {"schemas": {"User": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string", "nullable": true}},
            }}},
        })
    }

    #[test]
    fn the_schema_of_an_answer_is_found_by_path_and_status() {
        let document = document();
        assert_eq!(
            response(&document, "/api/users/7", "200").as_deref(),
            Ok("/paths/~1api~1users~1{id}/get/responses/200/content/application~1json/schema")
        );
        assert_eq!(
            response(&document, "/api/teams", "200"),
            Err("has no path `/api/teams`".into())
        );
        assert!(response(&document, "/api/users/7", "404").is_err());
        assert!(response(&json!({}), "/", "200").is_err());
    }

    #[test]
    fn references_inside_the_document_are_followed_and_nullable_is_understood() {
        let mut document = document();
        nullable(&mut document);
        let pointer = response(&document, "/api/users/7", "200").expect("is there");
        let schema = within(&document, &pointer);
        let schema = Schema::new(&schema, "users".into()).expect("is a schema");
        assert!(schema.validator.is_valid(&json!({"name": null})));
        assert!(schema.validator.is_valid(&json!({"name": "ada"})));
        assert!(!schema.validator.is_valid(&json!({"name": 1})));
        assert!(!schema.validator.is_valid(&json!({})));
    }

    #[test]
    fn what_is_no_schema_is_refused_and_nothing_is_fetched() {
        assert!(Schema::new(&json!({"type": "strnig"}), "a".into()).is_err());
        let foreign = json!({"$ref": "https://schemas.example/a.json"});
        assert!(Schema::new(&foreign, "a".into()).is_err());
    }
}
