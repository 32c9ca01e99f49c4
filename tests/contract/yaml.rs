//! Reads the YAML of our own examples: block and one-line collections, plain and quoted words.
//! What it makes of a text is compared by digest with what the real parser made of it.

use serde_json::{Map, Number, Value};

/// The text as JSON.
pub fn parse(text: &str) -> Value {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .map(without_comment)
        .filter(|line| !line.trim().is_empty())
        .map(|line| (line.len() - line.trim_start().len(), line.trim()))
        .collect();
    let mut at = 0;
    block(&mut lines.clone(), &mut at)
}

fn without_comment(line: &str) -> &str {
    let comment = if line.starts_with('#') {
        Some(0)
    } else {
        line.find(" #")
    };
    comment.map_or(line, |at| &line[..at])
}

fn block(lines: &mut [(usize, &str)], at: &mut usize) -> Value {
    let (indent, first) = lines[*at];
    if first.starts_with("- ") {
        let mut items = Vec::new();
        while *at < lines.len() && lines[*at].0 == indent && lines[*at].1.starts_with("- ") {
            let rest = &lines[*at].1[2..];
            if key(rest).is_some() {
                // `- key: value` opens a mapping two columns further in.
                lines[*at] = (indent + 2, rest);
                items.push(block(lines, at));
            } else {
                items.push(inline(rest));
                *at += 1;
            }
        }
        return Value::Array(items);
    }
    let mut map = Map::new();
    while *at < lines.len() && lines[*at].0 == indent {
        let (name, rest) = key(lines[*at].1).expect("every line has a key");
        *at += 1;
        let value = if rest.is_empty() {
            block(lines, at)
        } else {
            inline(rest)
        };
        map.insert(name, value);
    }
    Value::Object(map)
}

fn key(text: &str) -> Option<(String, &str)> {
    if text.starts_with(['{', '[', '\'', '"']) {
        return None;
    }
    let (name, rest) = text
        .split_once(": ")
        .or_else(|| text.strip_suffix(':').map(|name| (name, "")))?;
    Some((name.to_owned(), rest.trim()))
}

fn inline(text: &str) -> Value {
    let mut rest = text;
    let value = flow(&mut rest, &[]);
    assert!(rest.trim().is_empty(), "`{rest}` is left of `{text}`");
    value
}

fn flow(rest: &mut &str, ends: &[char]) -> Value {
    *rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix('[') {
        *rest = after;
        let mut items = Vec::new();
        while !closed(rest, ']') {
            items.push(flow(rest, &[',', ']']));
        }
        return Value::Array(items);
    }
    if let Some(after) = rest.strip_prefix('{') {
        *rest = after;
        let mut map = Map::new();
        while !closed(rest, '}') {
            let (name, after) = rest.split_once(": ").expect("a key ends with `: `");
            *rest = after;
            map.insert(name.trim().to_owned(), flow(rest, &[',', '}']));
        }
        return Value::Object(map);
    }
    if let Some(after) = rest.strip_prefix('\'') {
        let (text, after) = after.split_once('\'').expect("the quote is closed");
        *rest = after;
        return text.into();
    }
    let end = rest.find(ends).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    plain(word.trim())
}

/// Steps over the end of a collection, or over the comma before its next item.
fn closed(rest: &mut &str, end: char) -> bool {
    *rest = rest.trim_start();
    *rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    match rest.strip_prefix(end) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

fn plain(word: &str) -> Value {
    match word {
        "true" => true.into(),
        "false" => false.into(),
        "null" | "~" => Value::Null,
        _ => word
            .parse::<Number>()
            .map_or_else(|_| word.into(), Value::Number),
    }
}

#[test]
fn every_form_of_our_examples_is_read() {
    let text = "a: 1 # one\nb:\n  - {c: [x, 'y: z', 1.5], $.d: true}\n  - e: {}\n    f:\n      g: http://h:1\n";
    let expected = serde_json::json!({
        "a": 1,
        "b": [{"c": ["x", "y: z", 1.5], "$.d": true}, {"e": {}, "f": {"g": "http://h:1"}}],
    });
    assert_eq!(parse(text), expected);
}
