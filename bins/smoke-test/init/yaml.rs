//! Writes YAML that every parser reads as it was meant: plain where that is safe, else in double
//! quotes, with comments.

use serde_json::Value;

/// What is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// A number, a text, a list or a map, on one line.
    Value(Value),
    /// Keys and values below each other, in this order.
    Map(Vec<(String, Node)>),
    /// Items below each other.
    List(Vec<Node>),
}

impl Node {
    /// A text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Value(Value::String(text.into()))
    }

    /// A map of these.
    pub(super) fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value));
        Self::Map(entries.collect())
    }

    /// Writes it from a column on; the first line continues the current one.
    pub(super) fn write(&self, indent: usize, out: &mut String) {
        match self {
            Self::Value(value) => out.push_str(&flow(value)),
            Self::Map(entries) if entries.is_empty() => out.push_str("{}"),
            Self::List(items) if items.is_empty() => out.push_str("[]"),
            Self::Map(entries) => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        new_line(indent, out);
                    }
                    out.push_str(&scalar(key));
                    out.push(':');
                    if value.is_on_one_line() {
                        out.push(' ');
                    } else {
                        new_line(indent + 2, out);
                    }
                    value.write(indent + 2, out);
                }
            }
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        new_line(indent, out);
                    }
                    out.push_str("- ");
                    item.write(indent + 2, out);
                }
            }
        }
    }

    fn is_on_one_line(&self) -> bool {
        match self {
            Self::Value(_) => true,
            Self::Map(entries) => entries.is_empty(),
            Self::List(items) => items.is_empty(),
        }
    }
}

fn new_line(indent: usize, out: &mut String) {
    out.push('\n');
    out.push_str(&" ".repeat(indent));
}

/// A comment, each line of it after `# `. Foreign text cannot leave it.
pub(super) fn comment(text: &str, indent: usize) -> String {
    let lines = text.lines().map(|line| {
        let line = line.chars().map(|c| if c.is_control() { ' ' } else { c });
        let line: String = line.collect();
        let line = format!("{}# {}", " ".repeat(indent), line.trim_end());
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}

/// A value on one line. Maps and lists are written with quotes everywhere, as JSON.
fn flow(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) if entries.is_empty() => "{}".into(),
        Value::Object(entries) => {
            let entries = entries.iter();
            let entries: Vec<String> = entries
                .map(|(key, value)| format!("{}: {}", scalar(key), flow(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A text as a scalar.
fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Whether a text means itself without quotes, in block and in flow.
fn is_plain(text: &str) -> bool {
    // What YAML 1.1 or 1.2 takes for something else than a text.
    const WORDS: [&str; 12] = [
        "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity",
    ];
    let starts_well = |c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '$' | '_');
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "/$_.@*()=+;~-".contains(c);
    text.chars().next().is_some_and(starts_well)
        && text.chars().all(|c| is_inner(c) || c == ' ')
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// In double quotes: <https://yaml.org/spec/1.2.2/#57-escaped-characters>
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(character),
            c if c.is_alphanumeric() => out.push(c),
            c => out.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn written(node: &Node) -> String {
        let mut out = String::new();
        node.write(0, &mut out);
        out
    }

    fn read(yaml: &str) -> Value {
        shared::config::yaml_value(yaml, "draft.yml").unwrap_or_else(|why| panic!("{why}:\n{yaml}"))
    }

    #[test]
    fn maps_and_lists_stand_below_each_other() {
        let probe = Node::map([
            ("name", Node::text("GET /pets")),
            ("status", Node::Value(json!([200, 204]))),
            (
                "json",
                Node::map([("$.id", Node::Value(json!({"is": "integer"})))]),
            ),
        ]);
        let list = Node::List(vec![Node::map([("http", probe)])]);
        assert_eq!(
            written(&Node::map([("probes", list)])),
            "probes:\n  - http:\n      name: GET /pets\n      status: [200, 204]\n      json:\n        \
             $.id: { is: integer }"
        );
    }

    #[test]
    fn what_would_be_read_as_something_else_is_quoted() {
        for (text, wanted) in [
            ("yes", "\"yes\""),
            ("1.0", "\"1.0\""),
            ("a: b", "\"a: b\""),
            ("- a", "\"- a\""),
            ("", "\"\""),
            ("it's", "\"it's\""),
            ("a #b", "\"a #b\""),
            ("$.items[*]", "\"$.items[*]\""),
            ("/api/health", "/api/health"),
            ("a\u{0}b", "\"a\\U00000000b\""),
        ] {
            assert_eq!(scalar(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn nothing_leaves_a_comment() {
        assert_eq!(comment("a\nb: c\r\u{85}d", 2), "  # a\n  # b: c  d\n");
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(
            text in "(?s).{0,20}",
            key in "[ -~]{0,10}",
            number: i64,
            like in "[-:#a-z0-9 .~*&!|>'%@`,\\[\\]{}?]{0,12}",
        ) {
            let value = json!([{ key.clone(): text.clone() }, [number, like.clone()], null]);
            let node = Node::map([
                ("a".to_owned(), Node::Value(value.clone())),
                (format!("{key}x"), Node::List(vec![Node::map([(like.clone(), Node::text(text.clone()))])])),
            ]);
            let expected = json!({ "a": value, format!("{key}x"): [{ like.clone(): text.clone() }] });
            let yaml = format!("{}{}\n", comment(&text, 0), written(&node));
            prop_assume!(format!("{key}x") != "a");
            prop_assert_eq!(read(&yaml), expected, "{}", yaml);
        }
    }
}
