//! Probes from an OpenAPI document: one for each operation that reads and needs nothing unknown.
//! <https://spec.openapis.org/oas/v3.1.1.html>

mod operation;
mod parameter;
mod reference;
mod schema;
mod security;

use super::draft::{Draft, endpoint, origin};
use operation::Operation;
use reference::Document;
use serde_json::{Map, Value};

/// What an object under `paths` may have as an operation.
const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Drafts a section from a document. `Err` says what is wrong with it.
pub(super) fn draft(value: &Value, file: &str, url: Option<&str>) -> Result<Draft, String> {
    let document = Document(value);
    version(value)?;
    let paths = value.get("paths").and_then(Value::as_object);
    let paths = paths.ok_or("has no `paths`, so there is nothing to ask")?;
    let (server, base) = server(value);
    let mut draft = Draft::of(file, url.or(server.as_deref()));
    for (path, item) in paths {
        let item = document.resolved(item)?;
        let Some(item) = item.as_object() else {
            return Err(format!(
                "has the path `{}`, which is no object",
                shown(path)
            ));
        };
        operations(document, &base, path, item, &mut draft)?;
    }
    Ok(draft)
}

fn operations(
    document: Document<'_>,
    base: &str,
    path: &str,
    item: &Map<String, Value>,
    draft: &mut Draft,
) -> Result<(), String> {
    for method in METHODS {
        let Some(value) = item.get(method) else {
            continue;
        };
        let title = format!("{} {}", method.to_ascii_uppercase(), shown(path));
        if method != "get" {
            let why = match method {
                "head" | "options" | "trace" => "tells nothing that `GET` does not",
                _ => "changes something",
            };
            draft.leave_out(format!("{title}: it {why}"));
            continue;
        }
        let operation = Operation {
            document,
            title,
            path: format!("{base}{path}"),
            value: document.resolved(value)?,
            shared: item.get("parameters"),
        };
        match operation.probe(draft)? {
            Ok(()) => {}
            Err(why) => draft.leave_out(format!("{}: {why}", operation.title)),
        }
    }
    Ok(())
}

fn version(value: &Value) -> Result<(), String> {
    let known = value.get("openapi").and_then(Value::as_str);
    match known {
        Some(version) if version.starts_with("3.0.") || version.starts_with("3.1.") => Ok(()),
        Some(version) => Err(format!(
            "is of OpenAPI {}, and only 3.0 and 3.1 are read",
            shown(version)
        )),
        None if value.get("swagger").is_some() => {
            Err("is of Swagger 2, and only OpenAPI 3.0 and 3.1 are read; convert it first".into())
        }
        None => Err("has no `openapi`, so it is no OpenAPI document".into()),
    }
}

/// Where the first server is, when it says so, and the path that stands before all others.
fn server(value: &Value) -> (Option<String>, String) {
    let first = value.pointer("/servers/0");
    let url = first
        .and_then(|first| first.get("url"))
        .and_then(Value::as_str);
    let mut url = url.unwrap_or_default().to_owned();
    let variables = first
        .and_then(|first| first.get("variables"))
        .and_then(Value::as_object);
    for (name, variable) in variables.into_iter().flatten() {
        let default = variable
            .get("default")
            .and_then(Value::as_str)
            .unwrap_or_default();
        url = url.replace(&format!("{{{name}}}"), default);
    }
    match endpoint(&url) {
        Some(endpoint) => {
            let path = url.splitn(4, '/').nth(3).unwrap_or_default();
            (Some(origin(&endpoint)), base(path))
        }
        None => (None, base(&url)),
    }
}

fn base(path: &str) -> String {
    let path = path
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .trim_matches('/');
    if path.is_empty() || path.contains("://") || path.contains(['{', '}']) {
        String::new()
    } else {
        format!("/{path}")
    }
}

fn shown(text: &str) -> String {
    crate::answer::shown(text, 100)
}
