//! How a receipt is read, the same in every report: where each record stands, counts, headings.

use crate::journal::{EffectRecord, State};
use crate::receipt::Receipt;
use crate::verdict::{Exit, Finding, Outcome, Record, Severity, Verdict};

/// Where a record stands, the worst first. Every record is counted in exactly one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// A deciding check said no.
    Fail,
    /// A deciding check could not say.
    Unknown,
    /// A check that does not decide said no or could not say.
    Warning,
    /// A waiver keeps it out of the verdict.
    Waived,
    /// It holds, on evidence.
    Pass,
    /// It was not asked.
    Skipped,
}

impl Standing {
    pub(super) fn of(record: &Record) -> Self {
        if record.waived.is_some() {
            return Self::Waived;
        }
        match (&record.outcome, record.severity) {
            (Outcome::Skipped { .. }, _) => Self::Skipped,
            (Outcome::Pass { evidence }, _) if !evidence.is_empty() => Self::Pass,
            (_, Severity::Warning) => Self::Warning,
            (Outcome::Fail { .. }, Severity::Error) => Self::Fail,
            (Outcome::Unknown { .. } | Outcome::Pass { .. }, Severity::Error) => Self::Unknown,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Fail => "FAIL",
            Self::Unknown => "UNKNOWN",
            Self::Warning => "WARN",
            Self::Waived => "WAIVED",
            Self::Pass => "PASS",
            Self::Skipped => "SKIP",
        }
    }
}

/// The records of one standing, in the order of the receipt; a no before a don't-know, what
/// decides before what warns.
pub(super) fn standing_at(receipt: &Receipt, standing: Standing) -> Vec<&Record> {
    let mut records: Vec<&Record> = receipt
        .records
        .iter()
        .filter(|record| Standing::of(record) == standing)
        .collect();
    records.sort_by_key(|record| {
        let is_no = matches!(record.outcome, Outcome::Fail { .. });
        (std::cmp::Reverse(record.severity), !is_no)
    });
    records
}

/// All records, the worst first.
pub(super) fn worst_first(receipt: &Receipt) -> Vec<(Standing, &Record)> {
    use Standing::{Fail, Pass, Skipped, Unknown, Waived, Warning};
    [Fail, Unknown, Warning, Waived, Pass, Skipped]
        .into_iter()
        .flat_map(|standing| {
            standing_at(receipt, standing)
                .into_iter()
                .map(move |record| (standing, record))
        })
        .collect()
}

/// How many records stand where.
pub(super) fn count(receipt: &Receipt, standing: Standing) -> usize {
    receipt
        .records
        .iter()
        .filter(|record| Standing::of(record) == standing)
        .count()
}

/// `1 failed, 0 unknown, 2 warnings, 8 passed, 3 skipped`.
pub(super) fn counts(receipt: &Receipt) -> String {
    let of = |standing| count(receipt, standing);
    let mut parts = vec![
        format!("{} failed", of(Standing::Fail)),
        format!("{} unknown", of(Standing::Unknown)),
    ];
    match of(Standing::Warning) {
        0 => {}
        1 => parts.push("1 warning".into()),
        many => parts.push(format!("{many} warnings")),
    }
    if of(Standing::Waived) > 0 {
        parts.push(format!("{} waived", of(Standing::Waived)));
    }
    parts.push(format!("{} passed", of(Standing::Pass)));
    parts.push(format!("{} skipped", of(Standing::Skipped)));
    parts.join(", ")
}

/// What the check found; empty when it found nothing wrong.
pub(super) fn findings(record: &Record) -> &[Finding] {
    match &record.outcome {
        Outcome::Fail { findings } => findings,
        Outcome::Pass { .. } | Outcome::Unknown { .. } | Outcome::Skipped { .. } => &[],
    }
}

/// Why there is no answer, or what was seen.
pub(super) fn reasons(record: &Record) -> Vec<&str> {
    match &record.outcome {
        Outcome::Pass { evidence } if evidence.is_empty() => vec!["it passed without evidence"],
        Outcome::Pass { evidence } => evidence.iter().map(String::as_str).collect(),
        Outcome::Unknown { reason } | Outcome::Skipped { reason } => vec![reason],
        Outcome::Fail { findings } if findings.is_empty() => vec!["it failed without a finding"],
        Outcome::Fail { .. } => vec![],
    }
}

/// `UNSETTLED` when something is half changed, else the verdict in capitals.
pub(super) fn word(receipt: &Receipt) -> &'static str {
    match receipt.verdict {
        _ if !receipt.settled => "UNSETTLED",
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::Unknown => "UNKNOWN",
    }
}

/// `canary-promote run on production, release 1.1.0 (0123abcd)`.
pub(super) fn subject(receipt: &Receipt) -> String {
    let mut text = receipt.gate.to_string();
    for part in [receipt.command.as_str(), "on", &receipt.environment] {
        if !part.is_empty() {
            text.push(' ');
            text.push_str(part);
        }
    }
    if let Some(release) = &receipt.release {
        text.push_str(&format!(", release {release}"));
    }
    text
}

/// What a reader must know beside the verdict, so that it is not taken for more than it is.
pub(super) fn caveats(receipt: &Receipt) -> Vec<String> {
    let mut said = Vec::new();
    if !receipt.settled {
        said.push(format!(
            "unsettled: something was changed and is neither finished nor undone; the verdict is {}",
            receipt.verdict.word()
        ));
    }
    if receipt.advisory && receipt.verdict != Verdict::Pass && receipt.exit == Exit::Pass {
        said.push(format!(
            "advisory: the answer is {}, and the run exits 0",
            receipt.verdict.word()
        ));
    }
    if receipt.partial {
        said.push("partial: checks were left out, so no other gate may rely on this run".into());
    }
    if receipt.records.is_empty() {
        said.push("no check was asked".into());
    }
    said
}

/// `finished`, `started` or `failed`, with what that means.
pub(super) fn state(record: &EffectRecord) -> (&'static str, String) {
    match &record.state {
        State::Finished => ("finished", String::new()),
        State::Started => ("started", "whether it happened is not known".into()),
        State::Failed { reason } => ("failed", reason.clone()),
    }
}

/// What the receipt is about, by label; the run's page is not among them.
pub(super) fn identity(receipt: &Receipt) -> Vec<(&'static str, String)> {
    let mut rows = vec![("project", receipt.project.clone())];
    if let Some(release) = &receipt.release {
        rows.push(("release", release.version.to_string()));
        rows.push(("commit", release.commit.to_string()));
        let artifacts = release.artifacts.iter();
        rows.extend(artifacts.map(|(service, digest)| ("artifact", format!("{service} {digest}"))));
    }
    let (config, run) = (&receipt.config, &receipt.run);
    rows.push((
        "configuration",
        format!("{} {}", config.file, config.digest),
    ));
    for relied in &receipt.relied_on {
        let whose = format!("{} on {}", relied.gate, relied.environment);
        rows.push(("relied on", format!("{whose} {}", relied.digest)));
    }
    rows.push(("run", format!("{} by {}", run.id, run.actor)));
    rows.push(("started", receipt.started.clone()));
    rows.push(("finished", receipt.finished.clone()));
    rows.push(("expires", receipt.expires.clone()));
    rows.push(("sluicegate", run.tool.clone()));
    rows
}

/// `340 ms`, `2.3 s`, `12 min 4 s`, `1 h 5 min`.
pub(super) fn duration(seconds: f64) -> String {
    let length = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let whole = (length + std::time::Duration::from_millis(500)).as_secs();
    if length.as_millis() < 1000 {
        format!("{} ms", length.as_millis())
    } else if whole < 60 {
        format!("{:.1} s", length.as_secs_f64())
    } else if whole < 3600 {
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        format!("{} h {} min", whole / 3600, whole % 3600 / 60)
    }
}

/// A URL that a link may lead to: `https` or `http`, nothing that could leave an attribute or a
/// Markdown link.
pub(super) fn is_link(url: &str) -> bool {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    is_web
        && url
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._~:/?#@!$&+,;=%".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_worst_comes_first_and_the_order_is_kept_otherwise() {
        let receipt = sample::failed_canary();
        let standings: Vec<Standing> = worst_first(&receipt)
            .into_iter()
            .map(|(standing, _)| standing)
            .collect();
        assert!(standings.is_sorted());
        assert_eq!(standings.len(), receipt.records.len());
        assert_eq!(standings[0], Standing::Fail);
    }

    #[test]
    fn a_pass_without_evidence_is_shown_as_unknown() {
        let mut receipt = sample::passed();
        receipt.records[0].outcome = Outcome::Pass { evidence: vec![] };
        assert_eq!(Standing::of(&receipt.records[0]), Standing::Unknown);
        assert_eq!(counts(&receipt), "0 failed, 1 unknown, 0 passed, 0 skipped");
    }

    #[test]
    fn durations_read_like_a_clock() {
        for (seconds, expected) in [
            (0.0, "0 ms"),
            (0.3404, "340 ms"),
            (2.3, "2.3 s"),
            (59.96, "1 min 0 s"),
            (724.0, "12 min 4 s"),
            (3900.0, "1 h 5 min"),
            (f64::NAN, "0 ms"),
            (-1.0, "0 ms"),
        ] {
            assert_eq!(duration(seconds), expected);
        }
    }

    #[test]
    fn only_a_harmless_web_address_is_a_link() {
        assert!(is_link("https://github.com/o/r/actions/runs/1?a=b"));
        for url in [
            "javascript:alert(1)",
            "https://a\" onclick=\"x",
            "https://a)(b",
            "//a",
        ] {
            assert!(!is_link(url), "{url}");
        }
    }
}
