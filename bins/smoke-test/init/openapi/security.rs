//! Who may ask an operation, and how a token is shown to it.

use super::reference::Document;
use serde_json::{Value, json};

/// Who may ask.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Door {
    /// Everybody.
    Open,
    /// Whoever has a token.
    Token(Token),
    /// Nobody that can be tried.
    Unknown(String),
}

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    /// The variable that has it.
    pub(super) variable: String,
    /// What it must hold.
    pub(super) what: String,
    /// How it is sent; none as a bearer.
    pub(super) sent_as: Option<Value>,
}

/// Who may ask an operation. `Err` says what is wrong with the document.
pub(super) fn of(document: Document<'_>, operation: &Value) -> Result<Door, String> {
    let security = operation
        .get("security")
        .or_else(|| document.0.get("security"));
    let Some(alternatives) = security.and_then(Value::as_array) else {
        return Ok(Door::Open);
    };
    let is_open = |one: &Value| one.as_object().is_none_or(serde_json::Map::is_empty);
    if alternatives.iter().all(is_open) || alternatives.iter().any(is_open) {
        return Ok(Door::Open);
    }
    let mut why = String::new();
    for alternative in alternatives.iter().filter_map(Value::as_object) {
        let mut names = alternative.keys();
        let (Some(name), None) = (names.next(), names.next()) else {
            why = "it needs several secrets at once".into();
            continue;
        };
        match token(document, name)? {
            Ok(token) => return Ok(Door::Token(token)),
            Err(because) => why = because,
        }
    }
    Ok(Door::Unknown(why))
}

fn token(document: Document<'_>, name: &str) -> Result<Result<Token, String>, String> {
    let shown = super::shown(name);
    let schemes = document.0.pointer("/components/securitySchemes");
    let scheme = schemes.and_then(|schemes| schemes.get(name));
    let scheme = scheme.ok_or_else(|| {
        format!("names the security scheme `{shown}`, which it does not describe")
    })?;
    let scheme = document.resolved(scheme)?;
    let text = |key| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
    let place = text("name").to_owned();
    let kind = text("scheme").to_ascii_lowercase();
    let token = |sent_as: Option<Value>, variable: String, what: &str| {
        Ok(Token {
            variable,
            what: what.to_owned(),
            sent_as,
        })
    };
    let own = variable(name);
    Ok(match (text("type"), kind.as_str(), text("in")) {
        ("http", "bearer", _) => token(None, "TOKEN".into(), "a token that is let in"),
        ("oauth2" | "openIdConnect", ..) => {
            token(None, "TOKEN".into(), "an access token that is let in")
        }
        ("http", "basic", _) => token(Some(json!("basic")), own, "user:password"),
        ("apiKey", _, "header") => token(Some(json!({ "header": place })), own, "a key"),
        ("apiKey", _, "cookie") => token(Some(json!({ "cookie": place })), own, "a session"),
        ("apiKey", _, "query") => Err("its key stands in the address, where logs keep it".into()),
        _ => Err(format!("no probe knows the security scheme `{shown}`")),
    })
}

/// The name of a variable.
fn variable(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    let plain = upper
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let plain: String = plain.take(60).collect();
    match plain.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => plain,
        Some(_) | None => format!("KEY_{plain}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(operation: &Value) -> Door {
        let document = json!({
            "security": [{"bearer": []}],
            "components": {"securitySchemes": {
                "bearer": {"type": "http", "scheme": "Bearer"},
                "api-key": {"type": "apiKey", "in": "header", "name": "X-Key"},
                "query": {"type": "apiKey", "in": "query", "name": "key"},
                "basic": {"type": "http", "scheme": "basic"},
            }},
        });
        of(Document(&document), operation).expect("the document is right")
    }

    fn token(variable: &str, what: &str, sent_as: Option<Value>) -> Door {
        Door::Token(Token {
            variable: variable.into(),
            what: what.into(),
            sent_as,
        })
    }

    #[test]
    fn who_may_ask_is_told_by_the_operation_or_else_by_the_document() {
        assert_eq!(
            door(&json!({})),
            token("TOKEN", "a token that is let in", None)
        );
        assert_eq!(door(&json!({"security": []})), Door::Open);
        assert_eq!(door(&json!({"security": [{}, {"bearer": []}]})), Door::Open);
        let key = Some(json!({"header": "X-Key"}));
        assert_eq!(
            door(&json!({"security": [{"api-key": []}]})),
            token("API_KEY", "a key", key)
        );
        let basic = Some(json!("basic"));
        let expected = token("BASIC", "user:password", basic);
        assert_eq!(
            door(&json!({"security": [{"query": []}, {"basic": []}]})),
            expected
        );
        assert!(matches!(
            door(&json!({"security": [{"query": []}]})),
            Door::Unknown(_)
        ));
        let both = json!({"security": [{"bearer": [], "basic": []}]});
        assert!(matches!(door(&both), Door::Unknown(_)));
    }

    #[test]
    fn a_scheme_that_is_not_described_is_a_mistake() {
        let document = json!({"security": [{"nope": []}]});
        let why = of(Document(&document), &json!({})).expect_err("it is not there");
        assert!(why.contains("`nope`, which it does not describe"), "{why}");
    }
}
