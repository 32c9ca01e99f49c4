//! What a schema promises of every answer, as expectations of values: only what is simple, and only
//! what is required.

use super::super::yaml::Node;
use super::reference::Document;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// More expectations than this of one answer hide what it is about.
const MOST: usize = 20;
/// Schemas may be made of others, and those of others again.
const DEEPEST: usize = 8;

/// What must hold for the values of an answer: JSONPath and expectation.
pub(super) fn expectations(
    document: Document<'_>,
    schema: &Value,
) -> Result<Vec<(String, Node)>, String> {
    let schema = document.resolved(schema)?;
    let mut whole = Object::default();
    whole.add(document, schema, 0)?;
    let mut found: Vec<(String, Node)> = Vec::new();
    for name in &whole.required {
        if let Some(property) = whole.properties.get(name)
            && let Some(expectation) = expectation(document.resolved(property)?)
        {
            found.push((path(name), Node::Value(expectation)));
        }
    }
    found.truncate(MOST);
    if found.is_empty()
        && let Some(expectation) = expectation(schema)
    {
        found.push(("$".into(), Node::Value(expectation)));
    }
    Ok(found)
}

/// What the schemas that an object is made of say together.
#[derive(Debug, Default)]
struct Object<'a> {
    required: BTreeSet<String>,
    properties: BTreeMap<String, &'a Value>,
    /// The places of what was read already: a schema may be made of itself many times.
    read: BTreeSet<*const Value>,
}

impl<'a> Object<'a> {
    fn add(
        &mut self,
        document: Document<'a>,
        schema: &'a Value,
        depth: usize,
    ) -> Result<(), String> {
        let schema = document.resolved(schema)?;
        if !self.read.insert(std::ptr::from_ref(schema)) {
            return Ok(());
        }
        let required = schema.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        self.required.extend(required.map(str::to_owned));
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            self.properties.insert(name.clone(), property);
        }
        let parts = schema.get("allOf").and_then(Value::as_array);
        // What lies deeper is not needed for a simple expectation.
        for part in parts.into_iter().flatten().filter(|_| depth < DEEPEST) {
            self.add(document, part, depth + 1)?;
        }
        Ok(())
    }
}

/// What must hold for one value; none when the schema says nothing simple.
fn expectation(schema: &Value) -> Option<Value> {
    if schema.get("nullable").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    if let Some(value) = schema.get("const") {
        return Some(json!({ "equals": value }));
    }
    let values = schema.get("enum").and_then(Value::as_array);
    if let Some(values) = values.filter(|values| !values.is_empty()) {
        return Some(json!({ "in": values }));
    }
    let format = schema
        .get("format")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let kind = match schema.get("type")? {
        Value::String(kind) => kind.as_str(),
        // A list with one type means that type.
        Value::Array(kinds) if kinds.len() == 1 => kinds[0].as_str()?,
        _ => return None,
    };
    let shape = match (kind, format) {
        ("string", "uuid") => "uuid",
        ("string", "date-time") => "date-time",
        ("string", "date") => "date",
        ("string", "ipv4" | "ipv6") => "ip",
        ("string" | "number" | "integer" | "boolean" | "array" | "object" | "null", _) => kind,
        _ => return None,
    };
    Some(json!({ "is": shape }))
}

/// A member of the document, by its name: RFC 9535, section 2.5.1.
fn path(name: &str) -> String {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_plain = name.chars().next().is_some_and(is_first)
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain {
        format!("$.{name}")
    } else {
        format!("$[{}]", Value::from(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(schema: &Value) -> Vec<(String, Value)> {
        let document = json!({"components": {"schemas": {
            "Id": {"type": "string", "format": "uuid"},
            "Base": {"required": ["id"], "properties": {"id": {"$ref": "#/components/schemas/Id"}}},
            "Tree": {"allOf": [{"$ref": "#/components/schemas/Tree"},
                {"required": ["child"], "properties": {"child": {"$ref": "#/components/schemas/Tree"},
                    "n": {"type": "integer"}}}, {"required": ["n"]}]},
        }}});
        let found = expectations(Document(&document), schema).expect("the document is right");
        let plain = |(path, node)| match node {
            Node::Value(value) => (path, value),
            Node::Map(_) | Node::List(_) => panic!("it is on one line"),
        };
        found.into_iter().map(plain).collect()
    }

    #[test]
    fn required_members_are_expected_by_their_type() {
        let schema = json!({
            "allOf": [{"$ref": "#/components/schemas/Base"}],
            "type": "object",
            "required": ["status", "count", "odd name", "maybe", "any"],
            "properties": {
                "status": {"enum": ["ok", "down"]}, "count": {"type": ["integer"]},
                "odd name": {"type": "string", "format": "email"},
                "maybe": {"type": ["string", "null"]}, "any": {},
                "optional": {"type": "string"},
            },
        });
        assert_eq!(
            of(&schema),
            [
                ("$.count".into(), json!({"is": "integer"})),
                ("$.id".into(), json!({"is": "uuid"})),
                ("$[\"odd name\"]".into(), json!({"is": "string"})),
                ("$.status".into(), json!({"in": ["ok", "down"]})),
            ]
        );
    }

    #[test]
    fn a_schema_without_members_is_expected_as_a_whole() {
        assert_eq!(
            of(&json!({"type": "array"})),
            [("$".into(), json!({"is": "array"}))]
        );
        assert_eq!(
            of(&json!({"const": 7})),
            [("$".into(), json!({"equals": 7}))]
        );
        for nothing in [
            json!({}),
            json!(true),
            json!({"oneOf": []}),
            json!({"nullable": true}),
        ] {
            assert_eq!(of(&nothing), [], "{nothing}");
        }
    }

    #[test]
    fn a_schema_that_is_made_of_itself_many_times_ends() {
        let itself = json!({"$ref": "#/components/schemas/Many"});
        let mut parts = vec![itself; 30];
        parts.push(json!({"required": ["n"], "properties": {"n": {"type": "integer"}}}));
        let document = json!({"components": {"schemas": {"Many": {"allOf": parts}}}});
        let schema = json!({"$ref": "#/components/schemas/Many"});
        let found = expectations(Document(&document), &schema).expect("the document is right");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_schema_that_is_made_of_itself_ends() {
        let found = of(&json!({"$ref": "#/components/schemas/Tree"}));
        assert_eq!(found, [("$.n".into(), json!({"is": "integer"}))]);
    }

    proptest! {
        #[test]
        fn every_name_of_a_member_is_a_path(name in "(?s).{1,20}") {
            prop_assert!(serde_json_path::JsonPath::parse(&path(&name)).is_ok(), "{}", path(&name));
        }
    }
}
