//! The status of an answer, and how long the whole of it took.

use super::{Found, LONGEST_EXCERPT, excerpt};
use crate::answer::{Answer, shown};
use crate::figures::{milliseconds, ms};
use crate::plan::Expectations;
use crate::sensitive::discreet_url;

/// Judges both.
pub(crate) fn judge(expectations: &Expectations, answer: &Answer) -> Found {
    let mut found = Found::default();
    status(expectations, answer, &mut found);
    time(expectations, answer, &mut found);
    found
}

/// `200 or 204`.
pub(crate) fn wanted(expectations: &Expectations) -> String {
    let wanted: Vec<String> = expectations.status.iter().map(u16::to_string).collect();
    wanted.join(" or ")
}

fn status(expectations: &Expectations, answer: &Answer, found: &mut Found) {
    let status = answer.status;
    if expectations.status.contains(&status) {
        let time = ms(answer.phases.total);
        found.evidence.push(format!("answered {status} in {time}"));
        return;
    }
    let wanted = wanted(expectations);
    let mut observed = status.to_string();
    if let Some(location) = answer.header("location") {
        observed.push_str(&format!(
            " to `{}`",
            shown(&discreet_url(&location), LONGEST_EXCERPT)
        ));
    }
    if !answer.body.is_empty() {
        observed.push_str(&format!(" with {}", excerpt(answer)));
    }
    found.wrong(format!("answered {status}, not {wanted}"), observed, wanted);
}

fn time(expectations: &Expectations, answer: &Answer, found: &mut Found) {
    let limit = milliseconds(expectations.within);
    if answer.phases.total > limit {
        let (time, limit) = (ms(answer.phases.total), ms(limit));
        found.wrong(
            format!("took {time}, and {limit} are allowed"),
            time,
            format!("at most {limit}"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::Wrong;
    use super::*;
    use crate::sample::{answer, expectations};

    fn wrong(message: &str, observed: &str, expected: &str) -> Wrong {
        Wrong {
            message: message.into(),
            observed: observed.into(),
            expected: expected.into(),
        }
    }

    #[test]
    fn a_wrong_status_shows_the_body() {
        let mut expectations = expectations();
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
        slow.phases.total = 5312.0;
        assert_eq!(
            judge(&expectations(), &slow).wrong,
            [wrong(
                "took 5312 ms, and 5000 ms are allowed",
                "5312 ms",
                "at most 5000 ms"
            )]
        );
    }
}
