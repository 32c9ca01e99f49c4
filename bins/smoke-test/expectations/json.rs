//! Values in a JSON body, selected by JSONPath (RFC 9535).

use super::{Judged, LONGEST_EXCERPT, excerpt};
use crate::answer::{Answer, shown};
use crate::plan::Expectations;
use serde_json::Value;
use serde_json_path::JsonPath;

/// So many wrong values of one path are named.
const MOST_NAMED: usize = 3;

/// Every node that a path selects must equal its value, and at least one must be there.
pub(super) fn judge(expectations: &Expectations, answer: &Answer, judged: &mut Judged) {
    if expectations.json.is_empty() {
        return;
    }
    if answer.is_cut {
        let bytes = answer.body.len();
        judged.unknown.push(format!(
            "has a body of more than {bytes} bytes, too long to parse"
        ));
        return;
    }
    let document: Value = match serde_json::from_slice(&answer.body) {
        Ok(document) => document,
        Err(error) => {
            let message = format!("has a body that is no JSON ({error})");
            judged.wrong(message, excerpt(answer), "a JSON document");
            return;
        }
    };
    for (path, wanted) in &expectations.json {
        nodes(path, wanted, &document, answer, judged);
    }
}

fn nodes(path: &JsonPath, wanted: &Value, document: &Value, answer: &Answer, judged: &mut Judged) {
    let expected = written(wanted);
    let located = path.query_located(document);
    let (right, wrong): (Vec<_>, Vec<_>) = located
        .iter()
        .partition(|node| is_same(node.node(), wanted));
    for node in wrong.iter().take(MOST_NAMED) {
        let (observed, place) = (written(node.node()), node.location());
        let message = format!("has {observed} at `{place}`, which must be {expected}");
        judged.wrong(message, observed, &expected);
    }
    if wrong.len() > MOST_NAMED {
        let more = wrong.len() - MOST_NAMED;
        let message = format!("has {more} more wrong values at `{path}`");
        judged.wrong(message, format!("{} wrong values", wrong.len()), &expected);
    }
    match right.as_slice() {
        _ if !wrong.is_empty() => {}
        [] => {
            let message = format!("has nothing at `{path}`, which must be {expected}");
            judged.wrong(message, excerpt(answer), &expected);
        }
        [node] => judged
            .evidence
            .push(format!("`{}` is {expected}", node.location())),
        nodes => judged
            .evidence
            .push(format!("{} of `{path}` are {expected}", nodes.len())),
    }
}

fn written(value: &Value) -> String {
    // A part of a document may be the whole of a large one: only its beginning is written.
    let text = match value {
        Value::Array(items) if items.len() > LONGEST_EXCERPT => {
            format!("an array of {} items", items.len())
        }
        Value::Object(map) if map.len() > LONGEST_EXCERPT => {
            format!("an object of {} members", map.len())
        }
        other => other.to_string(),
    };
    shown(&text, LONGEST_EXCERPT)
}

/// Equality as RFC 9535, section 2.3.5.2.2 has it: 1 and 1.0 are the same number.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || (one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, value)| other.get(key).is_some_and(|twin| is_same(value, twin)))
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{answer, expectations};
    use serde_json::json;

    fn judged(path: &str, value: Value, body: &str) -> Judged {
        let mut expectations = expectations();
        let path = serde_json_path::JsonPath::parse(path).expect("is a path");
        expectations.json.push((path, value));
        let mut judged = Judged::default();
        judge(&expectations, &answer(200, body), &mut judged);
        judged
    }

    fn message(path: &str, value: Value, body: &str) -> String {
        let judged = judged(path, value, body);
        assert_eq!(judged.evidence, Vec::<String>::new());
        judged
            .wrong
            .first()
            .map(|wrong| wrong.message.clone())
            .unwrap_or_default()
    }

    #[test]
    fn every_selected_value_must_be_equal() {
        let body = r#"{"a":[{"s":"up"},{"s":"up"}],"n":1.0}"#;
        assert_eq!(
            judged("$.a[0].s", json!("up"), body).evidence,
            ["`$['a'][0]['s']` is \"up\""]
        );
        assert_eq!(
            judged("$.a[*].s", json!("up"), body).evidence,
            ["2 of `$.a[*].s` are \"up\""]
        );
        assert_eq!(judged("$.n", json!(1), body).evidence, ["`$['n']` is 1"]);
        assert_eq!(
            message("$.a[*].s", json!("down"), body),
            "has \"up\" at `$['a'][0]['s']`, which must be \"down\""
        );
        assert_eq!(judged("$.a[*].s", json!("down"), body).wrong.len(), 2);
    }

    #[test]
    fn a_path_that_selects_nothing_is_a_finding() {
        assert_eq!(
            message("$.status", json!("ok"), "{}"),
            "has nothing at `$.status`, which must be \"ok\""
        );
    }

    #[test]
    fn a_body_that_is_no_json_is_a_finding_with_its_beginning() {
        let judged = judged("$.status", json!("ok"), "<html>\nBad Gateway");
        assert_eq!(
            judged.wrong[0].observed,
            "a body of 18 bytes: `<html> Bad Gateway`"
        );
        assert_eq!(judged.wrong[0].expected, "a JSON document");
        let deep = "[".repeat(100_000);
        assert!(message("$", json!(1), &deep).starts_with("has a body that is no JSON"));
    }

    #[test]
    fn a_body_too_long_to_read_is_unknown() {
        let mut expectations = expectations();
        let path = serde_json_path::JsonPath::parse("$.a").expect("is a path");
        expectations.json.push((path, json!(1)));
        let mut answer = answer(200, "{\"a\":1,");
        answer.is_cut = true;
        let mut judged = Judged::default();
        judge(&expectations, &answer, &mut judged);
        assert_eq!(
            judged.unknown,
            ["has a body of more than 7 bytes, too long to parse"]
        );
        assert_eq!(judged.wrong, []);
    }

    #[test]
    fn many_wrong_values_are_counted() {
        let judged = judged("$[*]", json!(0), "[1,2,3,4,5]");
        assert_eq!(judged.wrong.len(), 4);
        assert_eq!(judged.wrong[3].message, "has 2 more wrong values at `$[*]`");
    }

    #[test]
    fn numbers_are_compared_by_value_and_nothing_else_is() {
        assert!(is_same(&json!({"a": [1, 2.0]}), &json!({"a": [1.0, 2]})));
        assert!(is_same(&json!(u64::MAX), &json!(u64::MAX)));
        assert!(!is_same(&json!(u64::MAX), &json!(u64::MAX - 1)));
        for (one, other) in [
            (json!("1"), json!(1)),
            (json!(true), json!(1)),
            (json!(null), json!(0)),
            (json!([1]), json!([1, 1])),
            (json!({"a": 1}), json!({"b": 1})),
        ] {
            assert!(!is_same(&one, &other), "{one} {other}");
        }
    }
}
