//! A JSON body against its schema.

use super::json::document;
use super::{Found, LONGEST_EXCERPT};
use crate::answer::{Answer, shown};
use crate::plan::Expectations;
use crate::sensitive::discreet;

/// So many places of a document that break its schema are named.
const MOST_NAMED: usize = 5;

/// Every place that breaks the schema, by its JSON Pointer.
pub(crate) fn judge(expectations: &Expectations, answer: &Answer) -> Found {
    let mut found = Found::default();
    let Some(schema) = &expectations.schema else {
        return found;
    };
    let Some(document) = document(answer, &mut found) else {
        return found;
    };
    let mut errors = schema.validator.iter_errors(&document);
    for error in errors.by_ref().take(MOST_NAMED) {
        let pointer = error.instance_path().to_string();
        // The message has the value in it; a secret is left out.
        let instance = error.instance();
        let is_shown = discreet(&pointer, instance.as_ref()) == *instance.as_ref();
        let why = if is_shown {
            shown(&error.to_string(), LONGEST_EXCERPT)
        } else {
            shown(&error.masked().to_string(), LONGEST_EXCERPT)
        };
        let place = if pointer.is_empty() { "/" } else { &pointer };
        let message = format!("breaks `{}` at `{place}`: {why}", schema.source);
        found.wrong(message, why, error.schema_path().to_string());
    }
    let more = errors.count();
    if more > 0 {
        let message = format!("breaks `{}` at {more} more places", schema.source);
        found.wrong(message, format!("{more} more"), "none");
    }
    if found.wrong.is_empty() {
        let bytes = answer.body.len();
        let evidence = format!("{bytes} bytes of JSON satisfy `{}`", schema.source);
        found.evidence.push(evidence);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{answer, expectations, schema};
    use serde_json::json;

    fn found(body: &str) -> Found {
        let mut expectations = expectations();
        expectations.schema = Some(schema(&json!({
            "type": "object",
            "required": ["status"],
            "properties": {"status": {"enum": ["ok"]}, "list": {"items": {"type": "number"}}},
        })));
        judge(&expectations, &answer(200, body))
    }

    #[test]
    fn a_document_that_satisfies_it_is_evidence() {
        assert_eq!(
            found(r#"{"status":"ok"}"#).evidence,
            ["15 bytes of JSON satisfy `health.json`"]
        );
    }

    #[test]
    fn each_place_that_breaks_it_is_a_finding_and_many_are_counted() {
        let one = found(r#"{"status":"down"}"#);
        assert_eq!(
            one.wrong[0].message,
            "breaks `health.json` at `/status`: \"down\" is not one of \"ok\""
        );
        let many = found(r#"{"status":"ok","list":["a","a","a","a","a","a","a"]}"#);
        assert_eq!(many.wrong.len(), MOST_NAMED + 1);
        assert_eq!(
            many.wrong[5].message,
            "breaks `health.json` at 2 more places"
        );
    }

    #[test]
    fn what_is_no_json_is_a_finding() {
        assert!(
            found("<html>").wrong[0]
                .message
                .starts_with("has a body that is no JSON")
        );
    }
}
