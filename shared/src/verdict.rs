//! What a check found out, and what all of them together mean.

use serde::{Deserialize, Serialize};

/// Whether a check's answer decides the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Shown, never decides.
    Warning,
    /// Must pass on evidence.
    Error,
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The whole finding as one sentence with numbers and units.
    pub message: String,
    /// The file (with line and column, both from 1) or URL that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
    /// What had to be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// A command that shows the same thing by hand, secrets left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduce: Option<String>,
}

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// A file of the repository.
    File {
        /// Relative to the repository's root.
        path: String,
        /// From 1.
        line: u64,
        /// From 1.
        column: u64,
    },
    /// An address.
    Url(String),
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { path, line, column } => write!(out, "{path}:{line}:{column}"),
            Self::Url(url) => write!(out, "{url}"),
        }
    }
}

impl Finding {
    /// A finding that is only its sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// Adds the place in a file.
    #[must_use]
    pub fn in_file(mut self, path: impl Into<String>, line: u64, column: u64) -> Self {
        let path = path.into();
        self.place = Some(Place::File { path, line, column });
        self
    }

    /// Adds the address.
    #[must_use]
    pub fn on(mut self, url: impl Into<String>) -> Self {
        self.place = Some(Place::Url(url.into()));
        self
    }

    /// Adds what was seen and what had to be.
    #[must_use]
    pub fn compared(mut self, observed: impl Into<String>, expected: impl Into<String>) -> Self {
        self.observed = Some(observed.into());
        self.expected = Some(expected.into());
        self
    }

    /// Adds the command that shows it by hand.
    #[must_use]
    pub fn reproduce(mut self, command: impl Into<String>) -> Self {
        self.reproduce = Some(command.into());
        self
    }
}

/// The answer of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "lowercase")]
pub enum Outcome {
    /// It holds, and this is what was seen.
    Pass {
        /// At least one line; a pass without evidence counts as unknown.
        evidence: Vec<String>,
    },
    /// It was found out, and the answer is no.
    Fail {
        /// At least one.
        findings: Vec<Finding>,
    },
    /// It could not be found out, or too little was seen.
    Unknown {
        /// Why, and what would help.
        reason: String,
    },
    /// It does not apply here, or was left out on request.
    Skipped {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// A pass on one line of evidence.
    pub fn pass(evidence: impl Into<String>) -> Self {
        Self::Pass {
            evidence: vec![evidence.into()],
        }
    }

    /// A failure with one finding.
    pub fn fail(finding: Finding) -> Self {
        Self::Fail {
            findings: vec![finding],
        }
    }

    /// No answer.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown {
            reason: reason.into(),
        }
    }

    /// Not asked.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self::Skipped {
            reason: reason.into(),
        }
    }

    /// Fail when anything was found, else unknown when something could not be looked at, else
    /// pass on the evidence; nothing at all is unknown.
    pub fn judge(evidence: Vec<String>, findings: Vec<Finding>, unknown: Vec<String>) -> Self {
        if !findings.is_empty() {
            Self::Fail { findings }
        } else if !unknown.is_empty() {
            Self::unknown(unknown.join("; "))
        } else if evidence.is_empty() {
            Self::unknown("nothing was examined")
        } else {
            Self::Pass { evidence }
        }
    }

    /// `pass`, `fail`, `unknown` or `skipped`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pass { .. } => "pass",
            Self::Fail { .. } => "fail",
            Self::Unknown { .. } => "unknown",
            Self::Skipped { .. } => "skipped",
        }
    }
}

/// A suppression that was in force: why, whose, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waived {
    /// Why the check may say no.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds (ISO 8601 date, UTC).
    pub until: String,
}

/// One check with its answer, as receipts keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The check's id.
    pub check: String,
    /// What must hold.
    pub title: String,
    /// Whether it decides.
    pub severity: Severity,
    /// The answer.
    pub outcome: Outcome,
    /// What to do when it does not hold.
    pub fix: String,
    /// Set when a waiver keeps this record out of the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<Waived>,
}

/// What the records mean together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every deciding check passed on evidence.
    Pass,
    /// At least one deciding check said no.
    Fail,
    /// At least one could not say, or none was asked.
    Unknown,
}

impl Verdict {
    /// The worst deciding record wins; no passing record at all is unknown.
    pub fn of(records: &[Record]) -> Self {
        let mut verdict = None;
        for record in records {
            if record.severity == Severity::Warning || record.waived.is_some() {
                continue;
            }
            let this = match &record.outcome {
                Outcome::Pass { evidence } if evidence.is_empty() => Self::Unknown,
                Outcome::Pass { .. } => Self::Pass,
                Outcome::Fail { .. } => Self::Fail,
                Outcome::Unknown { .. } => Self::Unknown,
                Outcome::Skipped { .. } => continue,
            };
            verdict = Some(match (verdict, this) {
                (Some(Self::Fail), _) | (_, Self::Fail) => Self::Fail,
                (Some(Self::Unknown), _) | (_, Self::Unknown) => Self::Unknown,
                (Some(Self::Pass) | None, Self::Pass) => Self::Pass,
            });
        }
        verdict.unwrap_or(Self::Unknown)
    }

    /// `pass`, `fail` or `unknown`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// How a run ends; the numbers are fixed by the command line's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exit {
    /// All deciding checks passed on evidence.
    Pass = 0,
    /// The answer is no.
    Fail = 1,
    /// Flags, file or environment are wrong; nothing was contacted.
    Config = 2,
    /// Could not find out.
    Unknown = 3,
    /// Something was changed and is neither finished nor undone.
    Unsettled = 4,
}

impl Exit {
    /// Unsettled outranks every verdict; `--advisory` turns a no into 0 and hides nothing else.
    pub fn of(verdict: Verdict, is_settled: bool, is_advisory: bool) -> Self {
        match verdict {
            _ if !is_settled => Self::Unsettled,
            Verdict::Pass => Self::Pass,
            Verdict::Fail | Verdict::Unknown if is_advisory => Self::Pass,
            Verdict::Fail => Self::Fail,
            Verdict::Unknown => Self::Unknown,
        }
    }

    /// The process exit code.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// `pass`, `fail`, `config`, `unknown` or `unsettled`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Config => "config",
            Self::Unknown => "unknown",
            Self::Unsettled => "unsettled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(severity: Severity, outcome: Outcome) -> Record {
        Record {
            check: "a".into(),
            title: "a holds".into(),
            severity,
            outcome,
            fix: String::new(),
            waived: None,
        }
    }

    #[test]
    fn no_record_is_unknown_not_pass() {
        assert_eq!(Verdict::of(&[]), Verdict::Unknown);
    }

    #[test]
    fn only_skipped_records_are_unknown_not_pass() {
        let records = [record(Severity::Error, Outcome::skipped("not here"))];
        assert_eq!(Verdict::of(&records), Verdict::Unknown);
    }

    #[test]
    fn a_pass_without_evidence_is_unknown() {
        let records = [record(Severity::Error, Outcome::Pass { evidence: vec![] })];
        assert_eq!(Verdict::of(&records), Verdict::Unknown);
    }

    #[test]
    fn a_waived_failure_does_not_decide_and_does_not_pass_alone() {
        let mut waived = record(Severity::Error, Outcome::fail(Finding::new("no")));
        waived.waived = Some(Waived {
            reason: "known".into(),
            owner: "ops".into(),
            until: "2030-01-01".into(),
        });
        assert_eq!(Verdict::of(std::slice::from_ref(&waived)), Verdict::Unknown);
        let pass = record(Severity::Error, Outcome::pass("seen"));
        assert_eq!(Verdict::of(&[waived, pass]), Verdict::Pass);
    }

    #[test]
    fn advisory_hides_a_no_but_never_an_unsettled_world() {
        assert_eq!(Exit::of(Verdict::Fail, true, true), Exit::Pass);
        assert_eq!(Exit::of(Verdict::Pass, false, true), Exit::Unsettled);
        assert_eq!(Exit::of(Verdict::Unknown, true, false), Exit::Unknown);
    }

    fn any_outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            Just(Outcome::pass("seen")),
            Just(Outcome::Pass { evidence: vec![] }),
            Just(Outcome::fail(Finding::new("no"))),
            Just(Outcome::unknown("could not look")),
            Just(Outcome::skipped("not here")),
        ]
    }

    fn any_record() -> impl Strategy<Value = Record> {
        (any::<bool>(), any_outcome()).prop_map(|(decides, outcome)| {
            let severity = if decides {
                Severity::Error
            } else {
                Severity::Warning
            };
            record(severity, outcome)
        })
    }

    proptest! {
        #[test]
        fn pass_needs_a_deciding_pass_and_no_deciding_no(
            records in proptest::collection::vec(any_record(), 0..8)
        ) {
            let deciding = || records.iter().filter(|r| r.severity == Severity::Error);
            let has_pass = deciding().any(|r| matches!(&r.outcome,
                Outcome::Pass { evidence } if !evidence.is_empty()));
            let has_no = deciding().any(|r| match &r.outcome {
                Outcome::Pass { evidence } => evidence.is_empty(),
                Outcome::Fail { .. } | Outcome::Unknown { .. } => true,
                Outcome::Skipped { .. } => false,
            });
            prop_assert_eq!(Verdict::of(&records) == Verdict::Pass, has_pass && !has_no);
        }

        #[test]
        fn order_of_records_does_not_matter(
            records in proptest::collection::vec(any_record(), 0..8)
        ) {
            let mut turned = records.clone();
            turned.reverse();
            prop_assert_eq!(Verdict::of(&records), Verdict::of(&turned));
        }

        #[test]
        fn one_more_record_never_turns_a_no_into_a_pass(
            records in proptest::collection::vec(any_record(), 1..8), more in any_record()
        ) {
            let before = Verdict::of(&records);
            let mut after = records.clone();
            after.push(more);
            if before == Verdict::Fail {
                prop_assert_eq!(Verdict::of(&after), Verdict::Fail);
            }
        }
    }
}
