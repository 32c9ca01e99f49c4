//! Whether an answer is what a probe expects: status, time, headers, JSON and text.

mod body;
mod json;

use crate::answer::{Answer, shown};
use crate::figures::{milliseconds, ms};
use crate::plan::Expectations;

/// So much of a foreign text goes into a finding.
const LONGEST_EXCERPT: usize = 200;

/// What was found; the words continue a sentence that begins with the probe's name.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Judged {
    /// What holds.
    pub(crate) evidence: Vec<String>,
    /// What does not.
    pub(crate) wrong: Vec<Wrong>,
    /// What cannot be told.
    pub(crate) unknown: Vec<String>,
}

/// One thing that is not as expected.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Wrong {
    /// `answered 500, not 200`.
    pub(crate) message: String,
    /// What was seen.
    pub(crate) observed: String,
    /// What had to be seen.
    pub(crate) expected: String,
}

impl Judged {
    fn wrong(
        &mut self,
        message: impl Into<String>,
        observed: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.wrong.push(Wrong {
            message: message.into(),
            observed: observed.into(),
            expected: expected.into(),
        });
    }
}

/// Judges an answer. With a wrong status nothing else is: an error page is wrong in every way.
pub(crate) fn judge(expectations: &Expectations, answer: &Answer) -> Judged {
    let mut judged = Judged::default();
    status(expectations, answer, &mut judged);
    time(expectations, answer, &mut judged);
    if expectations.status.contains(&answer.status) {
        headers(expectations, answer, &mut judged);
        json::judge(expectations, answer, &mut judged);
        body::judge(expectations, answer, &mut judged);
    }
    judged
}

fn status(expectations: &Expectations, answer: &Answer, judged: &mut Judged) {
    let status = answer.status;
    if expectations.status.contains(&status) {
        let time = ms(answer.milliseconds);
        judged.evidence.push(format!("answered {status} in {time}"));
        return;
    }
    let wanted: Vec<String> = expectations.status.iter().map(u16::to_string).collect();
    let wanted = wanted.join(" or ");
    let mut observed = status.to_string();
    if let Some((_, location)) = answer.headers.iter().find(|(name, _)| name == "location") {
        observed.push_str(&format!(" to `{}`", shown(location, LONGEST_EXCERPT)));
    }
    if !answer.body.is_empty() {
        observed.push_str(&format!(" with {}", excerpt(answer)));
    }
    judged.wrong(format!("answered {status}, not {wanted}"), observed, wanted);
}

fn time(expectations: &Expectations, answer: &Answer, judged: &mut Judged) {
    let limit = milliseconds(expectations.within);
    if answer.milliseconds > limit {
        let (time, limit) = (ms(answer.milliseconds), ms(limit));
        judged.wrong(
            format!("took {time}, and {limit} are allowed"),
            time,
            format!("at most {limit}"),
        );
    }
}

fn headers(expectations: &Expectations, answer: &Answer, judged: &mut Judged) {
    for (name, wanted) in &expectations.headers {
        let same_name = answer
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let values: Vec<&str> = same_name.map(|(_, value)| value.as_str()).collect();
        // Several lines of one header mean their values joined by commas: RFC 9110, section 5.3.
        let value = values.join(", ");
        if !values.is_empty() && value == *wanted {
            judged
                .evidence
                .push(format!("`{name}` is `{}`", shown(&value, LONGEST_EXCERPT)));
            continue;
        }
        let expected = format!("`{}`", shown(wanted, LONGEST_EXCERPT));
        if values.is_empty() {
            let message = format!("has no header `{name}`, which must be {expected}");
            judged.wrong(message, "no such header", expected);
        } else {
            let observed = header_value(name, &value);
            let lines = match values.len() {
                1 => String::new(),
                count => format!(" in {count} lines"),
            };
            let message =
                format!("has the header `{name}` with {observed}{lines}, which must be {expected}");
            judged.wrong(message, observed, expected);
        }
    }
}

/// A cookie is as good as a password.
fn header_value(name: &str, value: &str) -> String {
    if name.eq_ignore_ascii_case("set-cookie") {
        return format!("a value of {} characters", value.chars().count());
    }
    format!("`{}`", shown(value, LONGEST_EXCERPT))
}

fn excerpt(answer: &Answer) -> String {
    // The excerpt is cut again by characters; this only keeps a huge body from being copied.
    let end = answer.body.len().min(LONGEST_EXCERPT * 8);
    let text = String::from_utf8_lossy(&answer.body[..end]);
    let size = format!("{} bytes", answer.body.len());
    let size = if answer.is_cut {
        format!("more than {size}")
    } else {
        size
    };
    format!("a body of {size}: `{}`", shown(&text, LONGEST_EXCERPT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{answer, expectations};
    use proptest::prelude::*;

    fn wrong(message: &str, observed: &str, expected: &str) -> Wrong {
        Wrong {
            message: message.into(),
            observed: observed.into(),
            expected: expected.into(),
        }
    }

    #[test]
    fn an_answer_as_expected_is_evidence() {
        let mut expectations = expectations();
        expectations
            .headers
            .insert("X-Frame-Options".into(), "SAMEORIGIN".into());
        let mut answer = answer(200, "{}");
        answer
            .headers
            .push(("x-frame-options".into(), "SAMEORIGIN".into()));
        let judged = judge(&expectations, &answer);
        assert_eq!(
            judged.evidence,
            [
                "answered 200 in 3.0 ms",
                "`X-Frame-Options` is `SAMEORIGIN`"
            ]
        );
        assert_eq!((judged.wrong, judged.unknown), (vec![], vec![]));
    }

    #[test]
    fn a_wrong_status_is_the_only_finding_and_shows_the_body() {
        let mut expectations = expectations();
        expectations.contains.push("Welcome".into());
        expectations.status = vec![200, 204];
        assert_eq!(
            judge(&expectations, &answer(500, "boom")).wrong,
            [wrong(
                "answered 500, not 200 or 204",
                "500 with a body of 4 bytes: `boom`",
                "200 or 204"
            )]
        );
    }

    #[test]
    fn a_redirect_says_where_to() {
        let mut redirect = answer(301, "");
        redirect
            .headers
            .push(("location".into(), "https://h/".into()));
        assert_eq!(
            judge(&expectations(), &redirect).wrong,
            [wrong("answered 301, not 200", "301 to `https://h/`", "200")]
        );
    }

    #[test]
    fn a_slow_answer_is_a_finding_even_when_it_is_right() {
        let mut slow = answer(200, "{}");
        slow.milliseconds = 5312.0;
        assert_eq!(
            judge(&expectations(), &slow).wrong,
            [wrong(
                "took 5312 ms, and 5000 ms are allowed",
                "5312 ms",
                "at most 5000 ms"
            )]
        );
    }

    #[test]
    fn a_missing_a_wrong_and_a_doubled_header_are_told_apart() {
        let mut expectations = expectations();
        expectations.headers.insert("x-a".into(), "1".into());
        let missing = "has no header `x-a`, which must be `1`";
        let once = "has the header `x-a` with `2`, which must be `1`";
        let twice = "has the header `x-a` with `1, 1` in 2 lines, which must be `1`";
        for (values, message, observed) in [
            (vec![], missing, "no such header"),
            (vec!["2"], once, "`2`"),
            (vec!["1", "1"], twice, "`1, 1`"),
        ] {
            let mut answer = answer(200, "");
            answer.headers = values
                .iter()
                .map(|v| ("x-a".to_owned(), (*v).to_owned()))
                .collect();
            assert_eq!(
                judge(&expectations, &answer).wrong,
                [wrong(message, observed, "`1`")]
            );
        }
    }

    #[test]
    fn a_cookie_is_not_shown() {
        let mut expectations = expectations();
        expectations.headers.insert("Set-Cookie".into(), "x".into());
        let mut answer = answer(200, "");
        answer
            .headers
            .push(("set-cookie".into(), "session=geheim".into()));
        let judged = judge(&expectations, &answer);
        assert_eq!(judged.wrong[0].observed, "a value of 14 characters");
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_judgement_panic(
            status in 0u16..1000,
            body in proptest::collection::vec(any::<u8>(), 0..300),
            value in ".{0,20}",
            is_cut: bool,
        ) {
            let mut expectations = expectations();
            expectations.status = vec![200, status];
            expectations.headers.insert("x-a".into(), "1".into());
            expectations.json.push((
                serde_json_path::JsonPath::parse("$..a").expect("is a path"),
                serde_json::json!(1),
            ));
            expectations.contains.push("a".into());
            expectations.not_contains.push("ä".into());
            let mut answer = answer(status, "");
            (answer.body, answer.is_cut) = (body, is_cut);
            answer.headers.push(("x-a".into(), value));
            let judged = judge(&expectations, &answer);
            prop_assert!(!judged.evidence.is_empty());
        }
    }
}
