//! Values in a JSON body, selected by JSONPath (RFC 9535).

use super::{Found, excerpt};
use crate::answer::{Answer, shown};
use crate::plan::{Expectations, Selected};
use crate::predicate::written;
use crate::sensitive::discreet;
use serde_json::Value;
use serde_json_path::{JsonPath, LocatedNode};
use shared::config::Policy;

/// So many wrong values of one path are named.
const MOST_NAMED: usize = 3;

/// The nodes that a path selects must be as expected, and at least one must be there.
pub(crate) fn judge(expectations: &Expectations, answer: &Answer) -> Found {
    let mut found = Found::default();
    let Some(document) = document(answer, &mut found) else {
        return found;
    };
    for selected in &expectations.json {
        nodes(selected, &document, answer, &mut found);
    }
    found
}

/// The body as a document; what stands in the way of it is said.
pub(super) fn document(answer: &Answer, found: &mut Found) -> Option<Value> {
    if answer.is_cut {
        let bytes = answer.body.len();
        let too_long = || format!("has a body of more than {bytes} bytes, too long to parse");
        found.unknown.push(answer.sealed().unwrap_or_else(too_long));
        return None;
    }
    match answer.json() {
        Ok(document) => Some(document),
        Err(error) => {
            let message = format!("has a body that is no JSON ({error})");
            found.wrong(message, excerpt(answer), "a JSON document");
            None
        }
    }
}

fn nodes(selected: &Selected, document: &Value, answer: &Answer, found: &mut Found) {
    let Selected { path, predicate } = selected;
    let located = path.query_located(document);
    let all: Vec<&LocatedNode<'_>> = located.iter().collect();
    if predicate.is_absence {
        return absent(path, &all, found);
    }
    let expected = predicate.wanted();
    if all.is_empty() {
        let near = nearest(path, document);
        let message = format!("has nothing at `{path}`, which must {expected}{near}");
        found.wrong(message, excerpt(answer), expected);
        return;
    }
    let mut right = Vec::new();
    let mut wrong = Vec::new();
    for node in all {
        match predicate.refuses_typed(node.node(), answer.received) {
            None => right.push(node),
            Some(broken) => wrong.push((node, broken)),
        }
    }
    let holds = match predicate.policy {
        Policy::All => wrong.is_empty(),
        Policy::Any => !right.is_empty(),
        Policy::One => right.len() == 1,
    };
    if holds {
        found
            .evidence
            .push(held(path, &right, wrong.len(), &expected));
    } else if predicate.policy == Policy::All {
        named(path, &wrong, found);
    } else {
        let (count, total) = (right.len(), right.len() + wrong.len());
        let wanted = match predicate.policy {
            Policy::One => "exactly one",
            Policy::Any | Policy::All => "at least one",
        };
        let message = format!(
            "has {count} of {total} right values at `{path}`, and {wanted} must {expected}"
        );
        found.wrong(message, format!("{count} of {total}"), wanted);
    }
}

fn held(path: &JsonPath, right: &[&LocatedNode<'_>], others: usize, expected: &str) -> String {
    match right {
        [node] if others == 0 => format!("`{}` is {}", node.location(), seen(node)),
        [node] => format!(
            "`{}` is {}, one of {} of `{path}`",
            node.location(),
            seen(node),
            others + 1
        ),
        nodes => {
            let (right, all) = (nodes.len(), nodes.len() + others);
            let right = if others == 0 {
                format!("all {all}")
            } else {
                format!("{right} of {all}")
            };
            format!("{right} values at `{path}` are right: each must {expected}")
        }
    }
}

/// A value as it may be shown. One that is a secret by its place is known by its length.
fn seen(node: &LocatedNode<'_>) -> String {
    let place = node.location().to_string();
    match (node.node(), discreet(&place, node.node())) {
        (Value::String(text), Value::String(shown)) if *text != shown => {
            format!("a text of {} characters", text.chars().count())
        }
        (_, shown) => written(&shown),
    }
}

fn named(path: &JsonPath, wrong: &[(&LocatedNode<'_>, String)], found: &mut Found) {
    for (node, broken) in wrong.iter().take(MOST_NAMED) {
        let (observed, place) = (seen(node), node.location());
        let message = format!("has {observed} at `{place}`, which must {broken}");
        found.wrong(message, observed, broken);
    }
    if wrong.len() > MOST_NAMED {
        let more = wrong.len() - MOST_NAMED;
        let message = format!("has {more} more wrong values at `{path}`");
        found.wrong(message, format!("{} wrong values", wrong.len()), "none");
    }
}

fn absent(path: &JsonPath, all: &[&LocatedNode<'_>], found: &mut Found) {
    match all.first() {
        None => found.evidence.push(format!("has nothing at `{path}`")),
        Some(node) => {
            let (observed, place) = (seen(node), node.location());
            let message = format!("has {observed} at `{place}`, where nothing may be");
            found.wrong(message, observed, "nothing");
        }
    }
}

/// The beginnings of a path, the longest one first.
pub(crate) fn beginnings(path: &JsonPath) -> Vec<JsonPath> {
    let text = path.to_string();
    let cuts = text.rmatch_indices(['.', '[']);
    let parsed = cuts.filter_map(|(cut, _)| {
        let shorter = text[..cut].trim_end_matches('.');
        JsonPath::parse(shorter).ok()
    });
    parsed.collect()
}

/// The longest beginning of a path that selects something, and what is there.
fn nearest(path: &JsonPath, document: &Value) -> String {
    for shorter in beginnings(path) {
        if let Some(node) = shorter.query(document).first() {
            let what = match node {
                Value::Object(map) => {
                    let keys: Vec<&str> = map.keys().map(String::as_str).collect();
                    format!("the keys `{}`", shown(&keys.join("`, `"), 120))
                }
                Value::Array(items) => format!("{} members", items.len()),
                other => written(&discreet(&shorter.to_string(), other)),
            };
            return format!(" (`{shorter}` has {what})");
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{answer, expectations, predicate};

    fn found(path: &str, yaml: &str, body: &str) -> Found {
        let mut expectations = expectations();
        expectations.json.push(Selected {
            path: JsonPath::parse(path).expect("is a path"),
            predicate: predicate(yaml),
        });
        judge(&expectations, &answer(200, body))
    }

    fn message(path: &str, yaml: &str, body: &str) -> String {
        let found = found(path, yaml, body);
        assert_eq!(found.evidence, Vec::<String>::new());
        let first = found.wrong.first();
        first.map(|wrong| wrong.message.clone()).unwrap_or_default()
    }

    #[test]
    fn every_selected_value_must_be_right() {
        let body = r#"{"a":[{"s":"up"},{"s":"up"}],"n":1.0}"#;
        assert_eq!(
            found("$.a[0].s", "up", body).evidence,
            ["`$['a'][0]['s']` is \"up\""]
        );
        assert_eq!(
            found("$.a[*].s", "up", body).evidence,
            ["all 2 values at `$.a[*].s` are right: each must be \"up\""]
        );
        assert_eq!(found("$.n", "1", body).evidence, ["`$['n']` is 1.0"]);
        assert_eq!(
            message("$.a[*].s", "down", body),
            "has \"up\" at `$['a'][0]['s']`, which must be \"down\""
        );
        assert_eq!(found("$.a[*].s", "down", body).wrong.len(), 2);
    }

    #[test]
    fn one_or_any_of_several_will_do_when_told_so() {
        let body = "[1, 2, 3]";
        assert_eq!(
            found("$[*]", "{equals: 2, for: one}", body).evidence,
            ["`$[1]` is 2, one of 3 of `$[*]`"]
        );
        assert_eq!(found("$[*]", "{at_least: 2, for: any}", body).wrong, []);
        assert_eq!(
            message("$[*]", "{at_least: 2, for: one}", body),
            "has 2 of 3 right values at `$[*]`, and exactly one must be at least 2"
        );
        assert!(message("$[*]", "{equals: 9, for: any}", body).contains("at least one must be 9"));
    }

    #[test]
    fn a_token_is_not_shown_wherever_it_is() {
        let body = r#"{"access_token":"FRESH-0123","user":{"password":"x-PLAIN"}}"#;
        let exists = found("$.access_token", "{exists: true}", body);
        assert_eq!(
            exists.evidence,
            ["`$['access_token']` is a text of 10 characters"]
        );
        for (path, yaml) in [
            ("$.access_token", "other"),
            ("$.user", "{exists: false}"),
            ("$.token", "{exists: true}"),
            ("$.access_token.x", "{exists: true}"),
            ("$.user", "{exists: true}"),
        ] {
            let told = format!("{:?}", found(path, yaml, body));
            assert!(!told.contains("FRESH") && !told.contains("PLAIN"), "{told}");
        }
    }

    #[test]
    fn the_number_that_a_text_spells_is_no_number_in_a_document() {
        assert!(message("$.n", "{at_least: 3}", r#"{"n":"12"}"#).contains("must be at least 3"));
        assert_eq!(found("$.n", "{at_least: 3}", r#"{"n":12}"#).wrong, []);
    }

    #[test]
    fn a_path_that_selects_nothing_is_a_finding_with_what_is_near() {
        assert_eq!(
            message("$.status", "ok", "{}"),
            "has nothing at `$.status`, which must be \"ok\" (`$` has the keys ``)"
        );
        assert_eq!(
            message("$.database.status", "ok", r#"{"database":{"state":"up"}}"#),
            "has nothing at `$.database.status`, which must be \"ok\" (`$.database` has the keys \
             `state`)"
        );
    }

    #[test]
    fn what_may_not_be_there_is_a_finding_when_it_is() {
        assert_eq!(
            found("$.a", "{exists: false}", "{}").evidence,
            ["has nothing at `$.a`"]
        );
        assert_eq!(
            message("$.a", "{exists: false}", r#"{"a":1}"#),
            "has 1 at `$['a']`, where nothing may be"
        );
    }

    #[test]
    fn a_body_that_is_no_json_is_a_finding_with_its_beginning() {
        let found = found("$.status", "ok", "<html>\nBad Gateway");
        assert_eq!(
            found.wrong[0].observed,
            "a body of 18 bytes: `<html> Bad Gateway`"
        );
        assert_eq!(found.wrong[0].expected, "a JSON document");
        let deep = "[".repeat(100_000);
        assert!(message("$", "1", &deep).starts_with("has a body that is no JSON"));
    }

    #[test]
    fn a_body_too_long_to_read_is_unknown() {
        let mut expectations = expectations();
        expectations.json.push(Selected {
            path: JsonPath::parse("$.a").expect("is a path"),
            predicate: predicate("1"),
        });
        let mut answer = answer(200, "{\"a\":1,");
        answer.is_cut = true;
        let found = judge(&expectations, &answer);
        assert_eq!(
            found.unknown,
            ["has a body of more than 7 bytes, too long to parse"]
        );
        assert_eq!(found.wrong, []);
    }

    #[test]
    fn many_wrong_values_are_counted() {
        let found = found("$[*]", "0", "[1,2,3,4,5]");
        assert_eq!(found.wrong.len(), 4);
        assert_eq!(found.wrong[3].message, "has 2 more wrong values at `$[*]`");
    }
}
