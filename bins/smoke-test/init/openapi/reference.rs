//! `$ref` within a document: followed where it leads to a place in it, refused where it leads
//! round in a circle.

use serde_json::Value;

/// More references than this behind each other lead nowhere.
const LONGEST_CHAIN: usize = 64;

/// A whole document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'a>(pub(super) &'a Value);

impl<'a> Document<'a> {
    /// What a value means: itself, or what it refers to.
    pub(super) fn resolved(self, value: &'a Value) -> Result<&'a Value, String> {
        let mut value = value;
        for _ in 0..LONGEST_CHAIN {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                return Ok(value);
            };
            value = self.place(reference)?;
        }
        let reference = value
            .get("$ref")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Err(format!(
            "has a `$ref` that leads round in a circle: `{}`",
            super::shown(reference)
        ))
    }

    fn place(self, reference: &str) -> Result<&'a Value, String> {
        let shown = super::shown(reference);
        let Some(pointer) = reference.strip_prefix('#') else {
            return Err(format!(
                "has the `$ref` `{shown}` to another file; put all of it into one file first"
            ));
        };
        let found = self.0.pointer(&decoded(pointer));
        found.ok_or_else(|| format!("has the `$ref` `{shown}`, which leads to nothing"))
    }
}

/// A pointer in a fragment is percent-encoded: RFC 6901, section 6.
fn decoded(pointer: &str) -> String {
    let url = reqwest::Url::parse("http://x/").ok();
    let Some(mut url) = url.filter(|_| pointer.contains('%')) else {
        return pointer.to_owned();
    };
    // The library decodes queries as forms, in which `+` is a space.
    url.set_query(Some(&format!("p={}", pointer.replace('+', "%2B"))));
    let mut pairs = url.query_pairs();
    pairs
        .next()
        .map_or_else(|| pointer.to_owned(), |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reference_is_followed_to_its_end() {
        let document = json!({"a": {"$ref": "#/b~1c"}, "b/c": {"$ref": "#/d%20e+f"}, "d e+f": 7});
        assert_eq!(Document(&document).resolved(&document["a"]), Ok(&json!(7)));
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        let document = json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"},
            "c": {"$ref": "#/nope"}, "d": {"$ref": "other.yaml#/x"}});
        for (key, why) in [
            ("a", "leads round in a circle"),
            ("c", "`#/nope`, which leads to nothing"),
            ("d", "`other.yaml#/x` to another file"),
        ] {
            let refused = Document(&document).resolved(&document[key]).expect_err(key);
            assert!(refused.contains(why), "{refused}");
        }
    }
}
