//! Headers and what must hold for their values.

use super::{Found, LONGEST_EXCERPT};
use crate::answer::{Answer, shown};
use crate::plan::Expectations;
use crate::predicate::Predicate;
use crate::sensitive::{discreet_url, is_sensitive};
use serde_json::Value;

/// Judges every header that is expected or forbidden.
pub(crate) fn judge(expectations: &Expectations, answer: &Answer) -> Found {
    let mut found = Found::default();
    for (name, predicate) in &expectations.headers {
        header(name, predicate, answer, &mut found);
    }
    found
}

/// Judges one of them.
pub(crate) fn header(name: &str, predicate: &Predicate, answer: &Answer, found: &mut Found) {
    let lines = answer.values(name).len();
    let Some(value) = answer.header(name) else {
        if predicate.is_absence {
            found.evidence.push(format!("has no `{name}`"));
        } else {
            let wanted = predicate.wanted();
            let message = format!("has no header `{name}`, which must {wanted}");
            found.wrong(message, "no such header", wanted);
        }
        return;
    };
    let observed = shown_value(name, &value);
    let broken = if predicate.is_absence {
        Some(predicate.wanted())
    } else {
        predicate.refuses(&Value::String(value), answer.received)
    };
    match broken {
        None => found.evidence.push(format!("`{name}` is {observed}")),
        Some(broken) => {
            let lines = match lines {
                1 => String::new(),
                count => format!(" in {count} lines"),
            };
            let message =
                format!("has the header `{name}` with {observed}{lines}, which must {broken}");
            found.wrong(message, observed, broken);
        }
    }
}

/// A cookie is as good as a password, and so is a token; a number of something is none.
pub(crate) fn shown_value(name: &str, value: &str) -> String {
    let is_number = value.len() < 8 && value.bytes().all(|byte| byte.is_ascii_digit());
    if is_sensitive(name) && !is_number {
        return format!("a value of {} characters", value.chars().count());
    }
    if name.eq_ignore_ascii_case("location") {
        return format!("`{}`", shown(&discreet_url(value), LONGEST_EXCERPT));
    }
    format!("`{}`", shown(value, LONGEST_EXCERPT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{answer, expectations, predicate};

    fn found(yaml: &str, values: &[&str]) -> Found {
        let mut expectations = expectations();
        expectations.headers.push(("x-a".into(), predicate(yaml)));
        let mut answer = answer(200, "");
        answer.headers = values
            .iter()
            .map(|value| ("X-A".to_owned(), (*value).to_owned()))
            .collect();
        judge(&expectations, &answer)
    }

    #[test]
    fn a_right_header_is_evidence() {
        assert_eq!(found("DENY", &["DENY"]).evidence, ["`x-a` is `DENY`"]);
        assert_eq!(found("{at_least: 5}", &["7"]).evidence, ["`x-a` is `7`"]);
        assert_eq!(found("{exists: false}", &[]).evidence, ["has no `x-a`"]);
    }

    #[test]
    fn a_missing_a_wrong_a_doubled_and_a_forbidden_header_are_told_apart() {
        for (yaml, values, message) in [
            ("'1'", &[][..], "has no header `x-a`, which must be \"1\""),
            (
                "'1'",
                &["2"],
                "has the header `x-a` with `2`, which must be \"1\"",
            ),
            (
                "'1'",
                &["1", "1"],
                "has the header `x-a` with `1, 1` in 2 lines, which must be \"1\"",
            ),
            (
                "{exists: false}",
                &["PHP/5"],
                "has the header `x-a` with `PHP/5`, which must not be there",
            ),
        ] {
            assert_eq!(found(yaml, values).wrong[0].message, message);
        }
    }

    #[test]
    fn a_cookie_is_not_shown() {
        assert_eq!(
            shown_value("Set-Cookie", "session=geheim"),
            "a value of 14 characters"
        );
        assert_eq!(
            shown_value("x-auth-token", "geheim-geheim"),
            "a value of 13 characters"
        );
        assert_eq!(shown_value("x-ratelimit-tokens", "59"), "`59`");
        assert_eq!(shown_value("Location", "/cb?code=abc"), "`/cb?code=***`");
    }
}
