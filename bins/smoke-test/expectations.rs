//! Whether an answer is what a probe expects; each part is judged by a check of its own.

pub(crate) mod body;
pub(crate) mod cookies;
pub(crate) mod haproxy;
pub(crate) mod headers;
pub(crate) mod json;
pub(crate) mod metrics;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod text;

use crate::answer::{Answer, shown};
use crate::plan::Expectations;
use crate::sensitive::discreet_text;

/// So much of a foreign text goes into a finding.
pub(crate) const LONGEST_EXCERPT: usize = 200;

/// What was found; the words continue a sentence that begins with the probe's name.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
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

impl Found {
    fn append(&mut self, other: Self) {
        self.evidence.extend(other.evidence);
        self.wrong.extend(other.wrong);
        self.unknown.extend(other.unknown);
    }

    /// Something is not as expected.
    pub(crate) fn wrong(
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

/// Judges everything about one answer, for the steps of a journey.
pub(crate) fn all(expectations: &Expectations, answer: &Answer) -> Found {
    // Each by its name, so that a new one cannot be forgotten here. A step has neither redirects
    // nor phases, and an answer that comes too late is none.
    let Expectations {
        status: statuses,
        redirects: _,
        headers: _,
        cookies: _,
        json,
        schema: _,
        body: _,
        phases: _,
        within: _,
        host: _,
    } = expectations;
    let mut found = status::judge(expectations, answer);
    // An error page is wrong in every way.
    if !statuses.contains(&answer.status) {
        return found;
    }
    found.append(headers::judge(expectations, answer));
    found.append(cookies::judge(expectations, answer));
    if !json.is_empty() {
        found.append(json::judge(expectations, answer));
    }
    found.append(schema::judge(expectations, answer));
    found.append(body::judge(expectations, answer));
    found
}

/// The beginning of a body, with its size.
pub(crate) fn excerpt(answer: &Answer) -> String {
    if answer.sealed().is_some() {
        let bytes = answer.sent().0.len();
        return format!("a body of {bytes} bytes that cannot be unpacked");
    }
    let text = String::from_utf8_lossy(&answer.body);
    let size = format!("{} bytes", answer.body.len());
    let size = if answer.is_cut {
        format!("more than {size}")
    } else {
        size
    };
    let text = discreet_text(&text);
    format!("a body of {size}: `{}`", shown(&text, LONGEST_EXCERPT))
}
