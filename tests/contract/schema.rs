//! The checked-in schema takes what the parser takes and refuses what it refuses.

use crate::documents::fenced;
use crate::repository::read;
use serde_json::Value;
use shared::config::Config;
use std::path::Path;

/// What the stand of the integration tests writes in front of `checks.yml`.
const ENVIRONMENTS: &str = "\
version: 1
project: cal
environments:
  staging:
    url: http://127.0.0.1:8080
    variables:
      - file: .env.staging
      - process
    databases:
      main: {url: '${STAGING_DATABASE_URL}'}
    ledger:
      file: ledger.jsonl
  production:
    url: http://127.0.0.1:8081
    databases:
      main: {url: '${PRODUCTION_DATABASE_URL}'}
    ledger: {database: main}
";

fn examples() -> Vec<(&'static str, String)> {
    let readme = read("README.md");
    let mut blocks = fenced(&readme, "yaml").into_iter();
    let first = blocks
        .find(|block| block.starts_with("version: 1"))
        .expect("README.md has a complete example");
    let checks = read("tests/support/src/project/checks.yml");
    vec![
        ("README.md", first),
        ("tests/support", format!("{ENVIRONMENTS}{checks}")),
    ]
}

fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&read("sluicegate.schema.json")).expect("is JSON");
    jsonschema::validator_for(&schema).expect("is a schema")
}

fn parsed(name: &str, text: &str) -> Config {
    Config::parse(text, name, Path::new(".")).unwrap_or_else(|error| panic!("{error}"))
}

/// The example as JSON, as the parser reads it.
fn as_json(name: &str, text: &str) -> Value {
    parsed(name, text);
    serde_saphyr::from_str(text).expect("the parser has just taken it")
}

#[test]
fn complete_examples_are_taken_by_the_parser_and_by_the_schema() {
    let schema = schema();
    for (name, text) in examples() {
        let errors: Vec<String> = schema
            .iter_errors(&as_json(name, &text))
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn an_unknown_key_anywhere_is_refused_by_the_parser_and_by_the_schema() {
    let schema = schema();
    let mut tried = 0;
    for (name, text) in examples() {
        let mut value = as_json(name, &text);
        let mut places = Vec::new();
        objects(&value, String::new(), &mut places);
        for place in places {
            let before = value.clone();
            let object = value.pointer_mut(&place).and_then(Value::as_object_mut);
            object
                .expect("is an object")
                .insert("unheard-of".into(), 1.into());
            assert!(
                !schema.is_valid(&value),
                "{name}: the schema takes a key at `{place}`"
            );
            // JSON is YAML.
            let refused = Config::parse(&value.to_string(), name, Path::new("."));
            assert!(
                refused.is_err(),
                "{name}: the parser takes a key at `{place}`"
            );
            value = before;
            tried += 1;
        }
    }
    assert!(tried > 30, "only {tried} places were found");
}

/// Where every object is whose keys are ours and not the project's.
fn objects(value: &Value, place: String, places: &mut Vec<String>) {
    if let Value::Object(map) = value {
        let is_map_of_names = ["json", "headers", "response_headers"]
            .iter()
            .any(|end| place.ends_with(end));
        if !is_map_of_names {
            places.push(place.clone());
        }
        for (key, value) in map {
            let key = key.replace('~', "~0").replace('/', "~1");
            objects(value, format!("{place}/{key}"), places);
        }
    }
    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
        objects(value, format!("{place}/{index}"), places);
    }
}
