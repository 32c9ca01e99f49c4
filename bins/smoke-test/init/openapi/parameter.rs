//! The parameters of an operation: those that are required, with a value that the document gives.

use super::super::draft::{literal, percent_encoded};
use super::reference::Document;
use serde_json::Value;

/// What is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Request {
    /// With the query.
    pub(super) path: String,
    /// Headers.
    pub(super) headers: Vec<(String, String)>,
}

/// The request of an operation, parameters of its path first. The inner `Err` says what the
/// document leaves open, the outer one what is wrong with it.
pub(super) fn request<'a>(
    document: Document<'a>,
    path: &str,
    lists: [Option<&'a Value>; 2],
) -> Result<Result<Request, String>, String> {
    let mut parameters: Vec<(String, String, &Value)> = Vec::new();
    for value in lists
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
        .flatten()
    {
        let parameter = document.resolved(value)?;
        let text = |key| {
            parameter
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (name, place) = (text("name").to_owned(), text("in").to_owned());
        // One of the operation takes the place of one of the path.
        parameters.retain(|(other, elsewhere, _)| (other, elsewhere) != (&name, &place));
        parameters.push((name, place, parameter));
    }
    let mut request = Request {
        path: path.to_owned(),
        headers: Vec::new(),
    };
    let mut query: Vec<String> = Vec::new();
    for (name, place, parameter) in parameters {
        let is_required = parameter.get("required").and_then(Value::as_bool) == Some(true);
        if !is_required && place != "path" {
            continue;
        }
        let Some(value) = example(document, parameter)? else {
            return Ok(Err(format!(
                "the document gives no example of the parameter `{}`",
                super::shown(&name)
            )));
        };
        match place.as_str() {
            "path" => {
                let place = format!("{{{name}}}");
                request.path = request.path.replace(&place, &percent_encoded(&value));
            }
            "query" => {
                query.push(format!(
                    "{}={}",
                    percent_encoded(&name),
                    percent_encoded(&value)
                ));
            }
            "header" => request.headers.push((name, literal(&value))),
            _ => {
                return Ok(Err(format!(
                    "it needs the cookie `{}`",
                    super::shown(&name)
                )));
            }
        }
    }
    if request.path.contains(['{', '}']) {
        return Ok(Err("its path has a parameter that is not described".into()));
    }
    if !query.is_empty() {
        request.path = format!("{}?{}", request.path, query.join("&"));
    }
    Ok(Ok(request))
}

/// A value that the document gives as an example or takes without being told.
fn example(document: Document<'_>, parameter: &Value) -> Result<Option<String>, String> {
    let named = parameter.get("examples").and_then(Value::as_object);
    let named = named.and_then(|examples| examples.values().next());
    let named = named
        .map(|example| document.resolved(example))
        .transpose()?;
    let schema = parameter.get("schema");
    let schema = schema.map(|schema| document.resolved(schema)).transpose()?;
    let of_schema = |pointer| schema.and_then(|schema| schema.pointer(pointer));
    let values = [
        parameter.get("example"),
        named.and_then(|example| example.get("value")),
        of_schema("/example"),
        of_schema("/examples/0"),
        of_schema("/default"),
        of_schema("/const"),
        of_schema("/enum/0"),
    ];
    Ok(values.into_iter().flatten().find_map(written))
}

/// As it stands in a request: the parts of a list with commas between them.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(written).collect();
            items
                .map(|items| items.join(","))
                .filter(|text| !text.is_empty())
        }
        Value::Null | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(path: &str, parameters: &Value) -> Result<Request, String> {
        let document = json!({});
        request(Document(&document), path, [Some(parameters), None]).expect("the document is right")
    }

    #[test]
    fn required_parameters_get_the_values_of_the_document() {
        let parameters = json!([
            {"name": "id", "in": "path", "required": true, "example": "a b"},
            {"name": "kind", "in": "query", "required": true, "schema": {"enum": ["cat", "dog"]}},
            {"name": "tags", "in": "query", "required": true, "schema": {"default": ["a", 1]}},
            {"name": "page", "in": "query"},
            {"name": "X-Tenant", "in": "header", "required": true,
                "examples": {"one": {"value": "t${1}"}}},
        ]);
        assert_eq!(
            of("/pets/{id}", &parameters),
            Ok(Request {
                path: "/pets/a%20b?kind=cat&tags=a%2C1".into(),
                headers: vec![("X-Tenant".into(), "t$${1}".into())],
            })
        );
    }

    #[test]
    fn what_the_document_leaves_open_is_said() {
        let open = json!([{"name": "id", "in": "path", "required": true, "schema": {}}]);
        let why = of("/pets/{id}", &open).expect_err("nothing tells");
        assert_eq!(why, "the document gives no example of the parameter `id`");
        assert!(of("/pets/{id}", &json!([])).is_err());
        let cookie = json!([{"name": "s", "in": "cookie", "required": true, "example": "x"}]);
        assert!(of("/", &cookie).is_err());
    }
}
