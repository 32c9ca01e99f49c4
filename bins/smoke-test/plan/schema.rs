//! A JSON Schema that a document must satisfy, from a file of its own or from an OpenAPI document.

use super::scope::Scope;
use serde_json::{Value, json};
use shared::config::{HttpProbe, Located, SchemaSource};
use shared::error::{Error, Result};
use std::path::PathBuf;
use std::sync::Arc;

/// Larger documents are not schemas of one service.
const LARGEST_FILE: u64 = 16 << 20;

/// Schemas that are made of others so deep are taken to say something.
const MOST_REFERENCES: u32 = 16;

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
        if !says_anything(document, document, 0) {
            return Err("is no JSON Schema: it says nothing, so every document would do".into());
        }
        // References to other documents are not fetched: a gate must not depend on them.
        // `format` is what a document promises like anything else; forms that nobody knows are left.
        let built = jsonschema::options()
            .should_validate_formats(true)
            .build(document);
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

/// Whether a schema of a document, or one that it is made of, has at least one keyword that refuses
/// something: <https://json-schema.org/draft/2020-12/json-schema-validation>.
fn says_anything(document: &Value, schema: &Value, depth: u32) -> bool {
    const KEYWORDS: [&str; 30] = [
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
        "anyOf",
        "oneOf",
        "not",
        "if",
    ];
    let Value::Object(map) = schema else {
        return *schema == Value::Bool(false);
    };
    if KEYWORDS.iter().any(|keyword| map.contains_key(*keyword)) || depth >= MOST_REFERENCES {
        return true;
    }
    let says = |schema: &Value| says_anything(document, schema, depth + 1);
    let mut parts = map.get("allOf").and_then(Value::as_array).into_iter();
    let reference = map.get("$ref").and_then(Value::as_str);
    // What is referred to elsewhere is refused or found by the library.
    let is_referred = reference.is_some_and(|reference| {
        let place = reference.strip_prefix('#');
        let found = place.and_then(|place| document.pointer(place));
        found.is_none_or(says)
    });
    is_referred || parts.any(|parts| parts.iter().any(says))
}

/// Reads what a probe names for the answer to its request.
pub(super) fn of(scope: &Scope<'_>, source: &SchemaSource, probe: &HttpProbe) -> Result<Schema> {
    match source {
        SchemaSource::File(file) => {
            let document = read(scope, file)?;
            let name = file.value.display().to_string();
            Schema::new(&document, name).map_err(|why| refuse(scope, file, &why))
        }
        SchemaSource::OpenApi { file, path, status } => {
            let mut document = read(scope, file)?;
            let path = path.as_deref().unwrap_or(&probe.path);
            let path = path.split('?').next().unwrap_or(path);
            let method = &probe.method;
            let pointer = response(&document, (method, path), status)
                .map_err(|why| refuse(scope, file, &why))?;
            let is_older = document["openapi"]
                .as_str()
                .is_some_and(|v| v.starts_with("3.0"));
            if is_older {
                nullable(&mut document);
            }
            let name = format!("{} {method} {path} {status}", file.value.display());
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
fn response(document: &Value, call: (&str, &str), status: &str) -> Result<String, String> {
    let (method, path) = call;
    let operations = document["paths"]
        .as_object()
        .ok_or("is no OpenAPI document: it has no `paths`")?;
    // A path without names goes first: <https://spec.openapis.org/oas/v3.0.3#paths-object>.
    let mut templates = operations.keys().filter(|known| is_same_path(known, path));
    let known = operations
        .get_key_value(path)
        .map(|(known, _)| known)
        .or_else(|| templates.next());
    let known = known.ok_or_else(|| format!("has no path `{path}`"))?;
    let operation = method.to_ascii_lowercase();
    let responses = &operations[known][&operation]["responses"];
    let class = format!("{}XX", status.get(..1).unwrap_or_default());
    let status = [status, &class, "default"]
        .into_iter()
        .find(|status| responses.get(status).is_some())
        .ok_or_else(|| format!("has no answer {status} for `{method} {known}`"))?;
    let mut pointer = format!("/paths/{}/{operation}/responses/{status}", escaped(known));
    if let Some(reference) = responses[status]["$ref"].as_str() {
        pointer = reference.trim_start_matches('#').to_owned();
    }
    let content = document.pointer(&pointer).map(|found| &found["content"]);
    let content = content.and_then(Value::as_object);
    let kind = content
        .and_then(|content| content.keys().find(|kind| kind.contains("json")))
        .ok_or_else(|| format!("has no JSON for `{method} {known}` {status}"))?;
    let pointer = format!("{pointer}/content/{}/schema", escaped(kind));
    match document.pointer(&pointer) {
        Some(_) => Ok(pointer),
        None => Err(format!("has no schema for `{method} {known}` {status}")),
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
            response(&document, ("GET", "/api/users/7"), "200").as_deref(),
            Ok("/paths/~1api~1users~1{id}/get/responses/200/content/application~1json/schema")
        );
        assert_eq!(
            response(&document, ("GET", "/api/teams"), "200"),
            Err("has no path `/api/teams`".into())
        );
        assert!(response(&document, ("GET", "/api/users/7"), "404").is_err());
        assert!(response(&json!({}), ("GET", "/"), "200").is_err());
    }

    #[test]
    fn references_inside_the_document_are_followed_and_nullable_is_understood() {
        let mut document = document();
        nullable(&mut document);
        let pointer = response(&document, ("GET", "/api/users/7"), "200").expect("is there");
        let schema = within(&document, &pointer);
        let schema = Schema::new(&schema, "users".into()).expect("is a schema");
        assert!(schema.validator.is_valid(&json!({"name": null})));
        assert!(schema.validator.is_valid(&json!({"name": "ada"})));
        assert!(!schema.validator.is_valid(&json!({"name": 1})));
        assert!(!schema.validator.is_valid(&json!({})));
    }

    #[test]
    fn each_method_and_each_path_has_its_own_schema() {
        let said = |kind: &str| {
            json!({"responses": {"200": {"content": {
                "application/json": {"schema": {"type": kind}}
            }}}})
        };
        let document = json!({"paths": {
            "/users/{id}": {"get": said("string")},
            "/users/me": {"get": said("array"), "post": said("object")},
        }});
        let of = |method: &str, path: &str| {
            let pointer = response(&document, (method, path), "200").expect("is there");
            let schema = within(&document, &pointer);
            Schema::new(&schema, "users".into()).expect("is a schema")
        };
        assert!(of("GET", "/users/7").validator.is_valid(&json!("x")));
        assert!(of("GET", "/users/me").validator.is_valid(&json!([])));
        assert!(!of("POST", "/users/me").validator.is_valid(&json!([])));
        assert_eq!(
            response(&document, ("POST", "/users/7"), "200"),
            Err("has no answer 200 for `POST /users/{id}`".into())
        );
    }

    #[test]
    fn a_schema_that_says_nothing_is_refused_wherever_it_is() {
        let document = json!({"components": {"schemas": {
            "Nothing": {"description": "all"}, "Text": {"type": "string"},
            "Round": {"$ref": "#/components/schemas/Round"},
        }}});
        let of = |schema: Value| {
            let mut whole = document.clone();
            whole["schema"] = schema;
            Schema::new(&within(&whole, "/schema"), "a".into())
        };
        let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        assert!(of(json!({})).is_err());
        assert!(of(json!({"title": "x"})).is_err());
        assert!(of(to("Nothing")).is_err());
        assert!(of(json!({"allOf": [to("Nothing"), {}]})).is_err());
        assert!(of(to("Text")).is_ok());
        assert!(of(json!({"allOf": [{}, to("Text")]})).is_ok());
    }

    #[test]
    fn formats_are_promises() {
        for (format, right, wrong) in [
            ("date-time", "2026-11-21T12:00:00Z", "yesterday"),
            ("uuid", "123e4567-e89b-12d3-a456-426614174000", "not-a-uuid"),
            ("email", "a@b.example", "nobody"),
            ("of-our-own", "x", ""),
        ] {
            let schema = json!({"type": "string", "format": format});
            let schema = Schema::new(&schema, "a".into()).expect("is a schema");
            assert!(schema.validator.is_valid(&json!(right)), "{format}");
            let is_known = format != "of-our-own";
            assert_eq!(
                schema.validator.is_valid(&json!(wrong)),
                !is_known,
                "{format}"
            );
        }
    }

    #[test]
    fn what_is_no_schema_is_refused_and_nothing_is_fetched() {
        assert!(Schema::new(&json!({"type": "strnig"}), "a".into()).is_err());
        let foreign = json!({"$ref": "https://schemas.example/a.json"});
        assert!(Schema::new(&foreign, "a".into()).is_err());
    }
}
