//! What is a secret by the name that it stands under, such as a token that a service has just made:
//! it is in no list of known ones yet.

use serde_json::Value;
use std::borrow::Cow;

/// Larger bodies are only ever shown by their beginning, and not parsed for it.
const LARGEST: usize = 1 << 20;
/// What stands in the place of one.
const MASK: &str = "***";

/// Whether what has this name, or is at this place of a document, is a secret.
pub(crate) fn is_sensitive(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "authorization",
        "cookie",
        "token",
        "secret",
        "password",
        "passwd",
        "api-key",
        "apikey",
        "private-key",
        "session-id",
        "sessionid",
        "jwt",
    ];
    let name = name.to_ascii_lowercase().replace('_', "-");
    WORDS.iter().any(|word| name.contains(word))
}

/// A value without its secrets; `name` is what it stands under. Numbers are shown: how many tokens
/// are left is none.
pub(crate) fn discreet(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if is_sensitive(name) || is_jwt(text) => {
            Value::String(if text.is_empty() { "" } else { MASK }.into())
        }
        Value::Array(items) => items.iter().map(|item| discreet(name, item)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| {
                // Below a name that says it, every other name is one as well.
                let whole = format!("{name}.{key}");
                (key.clone(), discreet(&whole, value))
            })
            .collect(),
        other => other.clone(),
    }
}

/// A text that may be a document, without its secrets; as it is when it has none.
pub(crate) fn discreet_text(text: &str) -> Cow<'_, str> {
    if text.len() > LARGEST {
        return Cow::Borrowed(text);
    }
    let Ok(document) = serde_json::from_str::<Value>(text) else {
        return Cow::Borrowed(text);
    };
    let shown = discreet("", &document);
    if shown == document {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(shown.to_string())
    }
}

/// An address without the secrets in its query and its fragment: a redirect after a sign-in carries
/// the code or the token there. <https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2>
pub(crate) fn discreet_url(url: &str) -> String {
    let mut shown = String::new();
    for (index, part) in url.split_inclusive(['?', '#', '&', ';']).enumerate() {
        let end = part.len() - usize::from(part.ends_with(['?', '#', '&', ';']));
        let (pair, separator) = part.split_at(end);
        match pair.split_once('=') {
            Some((name, value)) if index > 0 && !value.is_empty() && is_of_query(name) => {
                shown.push_str(&format!("{name}={MASK}"));
            }
            Some(_) | None => shown.push_str(pair),
        }
        shown.push_str(separator);
    }
    shown
}

fn is_of_query(name: &str) -> bool {
    const NAMES: [&str; 7] = [
        "code",
        "ticket",
        "sig",
        "signature",
        "assertion",
        "samlresponse",
        "x-amz-signature",
    ];
    let lower = name.to_ascii_lowercase();
    is_sensitive(name) || NAMES.contains(&lower.as_str())
}

/// The head of one begins with `{"`: RFC 7519, section 3.1.
fn is_jwt(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let is_part = |part: &&str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    parts.len() == 3 && text.starts_with("eyJ") && parts.iter().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [
            "Authorization",
            "cookie",
            "X-Api-Key",
            "X-CSRF-Token",
            "$['access_token']",
            "apiKey",
            "refresh_token",
        ] {
            assert!(is_sensitive(name), "{name}");
        }
        for name in ["Accept", "$['status']", "etag", "x-request-id"] {
            assert!(!is_sensitive(name), "{name}");
        }
    }

    #[test]
    fn a_document_is_shown_without_its_secrets() {
        let jwt = "eyJhbGciOi.e30.c2ln";
        let document = json!({
            "user": "ada", "access_token": "abc", "tokens_left": 3, "list": [{"secret": "x"}],
            "token": {"value": "y", "type": "Bearer"}, "id": jwt, "password": null,
        });
        let shown = json!({
            "user": "ada", "access_token": "***", "tokens_left": 3, "list": [{"secret": "***"}],
            "token": {"value": "***", "type": "***"}, "id": "***", "password": null,
        });
        assert_eq!(discreet("", &document), shown);
        assert_eq!(discreet_text(r#"{ "token": "abc" }"#), r#"{"token":"***"}"#);
        for text in [r#"{ "status": "ok" }"#, "<html>token"] {
            assert_eq!(discreet_text(text), text);
        }
    }

    #[test]
    fn a_redirect_is_shown_without_its_codes_and_tokens() {
        assert_eq!(
            discreet_url("https://a.example/cb?code=abc&next=/x#access_token=def;b"),
            "https://a.example/cb?code=***&next=/x#access_token=***;b"
        );
        assert_eq!(discreet_url("/login?next=%2Fx"), "/login?next=%2Fx");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[{}\\[\\]\":a-c?&;=#ä]{0,40}") {
            let _ = discreet_text(&text);
            let url = discreet_url(&text);
            prop_assert!(is_sensitive(&text) || !url.contains(MASK) || text.contains('='));
        }
    }
}
