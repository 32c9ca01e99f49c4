//! Metrics and what must hold for them.

mod moves;

pub(crate) use moves::{Readings, has_moved, moves};

use super::{Found, excerpt};
use crate::answer::Answer;
use crate::plan::FamilyPlan;
use crate::predicate::{Predicate, written};
use serde_json::Value;
use shared::config::{Policy, nearest_hint};
use shared::exposition::{Exposition, Kind, Sample};
use std::collections::BTreeMap;

/// So many wrong samples of one metric are named.
const MOST_NAMED: usize = 3;

/// The body as metrics; what stands in the way of it is said.
pub(crate) fn exposition(answer: &Answer, found: &mut Found) -> Option<Exposition> {
    if answer.is_cut {
        let bytes = answer.body.len();
        let too_long = || format!("has more than {bytes} bytes of metrics, too many to read");
        found.unknown.push(answer.sealed().unwrap_or_else(too_long));
        return None;
    }
    let expected = "metrics in Prometheus' text format";
    let Ok(text) = std::str::from_utf8(&answer.body) else {
        found.wrong("has metrics that are not UTF-8", excerpt(answer), expected);
        return None;
    };
    let start = text.trim_start();
    let is_json = start.starts_with(['{', '[']) && serde_json::from_str::<Value>(text).is_ok();
    if is_json {
        let message = "has JSON where metrics are expected, so a scrape of it fails at line 1";
        found.wrong(message, excerpt(answer), expected);
        return None;
    }
    match Exposition::parse(text) {
        Err(broken) => {
            let (line, reason) = (broken.line, broken.reason);
            let reason = crate::answer::shown(&reason, 120);
            let message = format!("has metrics that do not parse at line {line}: {reason}");
            found.wrong(message, excerpt(answer), expected);
            None
        }
        Ok(_) if is_other_type(answer) => {
            let said = answer.header("content-type").unwrap_or_default();
            let message = "has metrics of a type that Prometheus 3 does not scrape";
            found.wrong(message, crate::answer::shown(&said, 80), "text/plain");
            None
        }
        Ok(exposition) if exposition.samples() == 0 => {
            found.wrong(
                "has metrics without a single sample",
                excerpt(answer),
                expected,
            );
            None
        }
        Ok(exposition) => {
            let (samples, families) = (exposition.samples(), exposition.names().len());
            found
                .evidence
                .push(format!("{samples} samples of {families} metrics"));
            Some(exposition)
        }
    }
}

/// Whether the answer says that it is something else than metrics: a scrape of it fails. Without a
/// type the outcome depends on how Prometheus is set.
/// <https://prometheus.io/docs/prometheus/latest/migration/#scrape-protocols>
fn is_other_type(answer: &Answer) -> bool {
    const TYPES: [&str; 3] = [
        "text/plain",
        "application/openmetrics-text",
        "application/vnd.google.protobuf",
    ];
    let said = answer.media_type();
    said.is_some_and(|said| !TYPES.contains(&said.as_str()))
}

/// Judges one metric that is expected.
pub(crate) fn family(
    plan: &FamilyPlan,
    exposition: &Exposition,
    answer: &Answer,
    found: &mut Found,
) {
    let shown = plan.shown();
    let Some((kind, all)) = exposition.find(&plan.name) else {
        let message = format!("has no metric `{}`{}", plan.name, near(plan, exposition));
        return found.wrong(message, "no such metric", shown);
    };
    if let Some(wanted) = plan.kind
        && wanted != kind
    {
        let (is, wanted) = (kind.word(), wanted.word());
        let message = format!("has `{}` with the type {is}, not {wanted}", plan.name);
        found.wrong(message, is, wanted);
    }
    let samples = with_labels(&all, &plan.labels);
    if samples.is_empty() {
        let count = all.len();
        let message = match count {
            0 => format!("has declared `{}`, and no sample of it", plan.name),
            count => format!("has none of its {count} samples as `{shown}`"),
        };
        return found.wrong(message, "no sample", shown);
    }
    if plan.value.is_none() && plan.sum.is_none() {
        let count = samples.len();
        let noun = if count == 1 { "sample" } else { "samples" };
        return found.evidence.push(format!("`{shown}` has {count} {noun}"));
    }
    let counted = counted(kind, plan, &samples);
    if counted.is_empty() {
        let count = samples.len();
        let message = format!("has no value of `{shown}` among its {count} samples");
        return found.wrong(message, "no value", shown);
    }
    if let Some(predicate) = &plan.value {
        each(&shown, predicate, &counted, answer, found);
    }
    if let Some(predicate) = &plan.sum {
        let sum = number(counted.iter().fold(0.0, |sum, sample| sum + sample.value));
        match predicate.refuses(&sum, answer.received) {
            None => found
                .evidence
                .push(format!("`{shown}` adds up to {}", written(&sum))),
            Some(broken) => {
                let observed = written(&sum);
                let message = format!("has `{shown}` adding up to {observed}, which must {broken}");
                found.wrong(message, observed, broken);
            }
        }
    }
}

fn each(
    shown: &str,
    predicate: &Predicate,
    samples: &[&Sample],
    answer: &Answer,
    found: &mut Found,
) {
    let refused = |sample: &&&Sample| predicate.refuses(&number(sample.value), answer.received);
    let wrong: Vec<_> = (samples.iter())
        .filter_map(|sample| Some((sample, refused(&sample)?)))
        .collect();
    let (right, total) = (samples.len() - wrong.len(), samples.len());
    let (holds, wanted) = match predicate.policy {
        Policy::All => (wrong.is_empty() && total > 0, "every one"),
        Policy::Any => (right > 0, "at least one"),
        Policy::One => (right == 1, "exactly one"),
    };
    if holds {
        let evidence = match samples {
            [only] => format!("`{shown}` is {}", written(&number(only.value))),
            _ => format!(
                "{right} of {total} samples of `{shown}` {}",
                predicate.wanted()
            ),
        };
        return found.evidence.push(evidence);
    }
    if predicate.policy != Policy::All || wrong.is_empty() {
        let expected = predicate.wanted();
        let message = format!(
            "has {right} of {total} samples of `{shown}` that {expected}, and {wanted} must"
        );
        return found.wrong(message, format!("{right} of {total}"), wanted);
    }
    for (sample, broken) in wrong.iter().take(MOST_NAMED) {
        let (series, observed) = (series(sample), written(&number(sample.value)));
        let message = format!("has `{series}` at {observed}, which must {broken}");
        found.wrong(message, observed, broken.clone());
    }
    if wrong.len() > MOST_NAMED {
        let more = wrong.len() - MOST_NAMED;
        let message = format!("has {more} more wrong samples of `{shown}`");
        found.wrong(message, format!("{} wrong samples", wrong.len()), "none");
    }
}

/// The names that are there and near, in brackets.
fn near(plan: &FamilyPlan, exposition: &Exposition) -> String {
    let near = nearest_hint(&plan.name, &exposition.names());
    if near.starts_with("did you mean") {
        return format!(" ({})", crate::answer::shown(&near, 160));
    }
    String::new()
}

fn with_labels<'a>(samples: &[&'a Sample], labels: &BTreeMap<String, String>) -> Vec<&'a Sample> {
    let has = |sample: &&&Sample| {
        let mut wanted = labels.iter();
        wanted.all(|(name, value)| sample.labels.get(name) == Some(value))
    };
    samples.iter().filter(has).copied().collect()
}

/// The samples whose values count: of histograms and summaries how often something was seen, or the
/// buckets and quantiles that are asked for by their label.
fn counted<'a>(kind: Kind, plan: &FamilyPlan, samples: &[&'a Sample]) -> Vec<&'a Sample> {
    if ["le", "quantile"]
        .iter()
        .any(|label| plan.labels.contains_key(*label))
    {
        return samples.to_vec();
    }
    let is_count = |sample: &&&Sample| sample.name.ends_with("_count");
    // When a series began is no value of it: OpenMetrics, section 5.1.2
    let created = format!("{}_created", plan.name.trim_end_matches("_total"));
    let is_value = |sample: &&&Sample| sample.name != created;
    match kind {
        Kind::Histogram | Kind::Summary => samples.iter().filter(is_count).copied().collect(),
        Kind::Counter | Kind::Gauge | Kind::Untyped => {
            samples.iter().filter(is_value).copied().collect()
        }
    }
}

fn series(sample: &Sample) -> String {
    let plan = FamilyPlan {
        name: sample.name.clone(),
        labels: sample.labels.clone(),
        ..FamilyPlan::default()
    };
    crate::answer::shown(&plan.shown(), 120)
}

/// JSON has no `NaN` and no infinity: they stay texts, which no limit holds for.
fn number(value: f64) -> Value {
    const EXACT: f64 = (1_u64 << 53) as f64;
    if value.fract() == 0.0 && value.abs() < EXACT {
        return Value::from(value as i64);
    }
    if value.is_finite() {
        return Value::from(value);
    }
    Value::from(match value {
        value if value.is_nan() => "NaN",
        value if value > 0.0 => "+Inf",
        _ => "-Inf",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{answer, predicate};

    const TEXT: &str = "# TYPE requests_total counter\nrequests_total{status=\"200\"} 12\n\
        requests_total{status=\"500\"} 1\n# TYPE d histogram\nd_bucket{le=\"+Inf\"} 5\nd_sum 1.5\n\
        d_count 5\nbroken NaN\n# TYPE sessions gauge\n";

    fn parsed(text: &str) -> Exposition {
        Exposition::parse(text).expect("parses")
    }

    fn plan(name: &str, labels: &[(&str, &str)]) -> FamilyPlan {
        let labels = labels
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        FamilyPlan {
            name: name.into(),
            labels: labels.collect(),
            ..FamilyPlan::default()
        }
    }

    fn judged(plan: &FamilyPlan) -> Found {
        let mut found = Found::default();
        family(plan, &parsed(TEXT), &answer(200, ""), &mut found);
        found
    }

    #[track_caller]
    fn is_wrong(found: &Found, message: &str) {
        assert_eq!(
            found.wrong.first().map(|wrong| wrong.message.as_str()),
            Some(message)
        );
        assert_eq!(found.evidence, Vec::<String>::new());
    }

    #[test]
    fn a_metric_that_is_there_is_evidence() {
        assert_eq!(
            judged(&plan("requests_total", &[])).evidence,
            ["`requests_total` has 2 samples"]
        );
        let mut one = plan("requests_total", &[("status", "200")]);
        one.value = Some(predicate("{at_least: 1}"));
        assert_eq!(
            judged(&one).evidence,
            ["`requests_total{status=\"200\"}` is 12"]
        );
        let mut sum = plan("requests_total", &[]);
        sum.sum = Some(predicate("13"));
        assert_eq!(judged(&sum).evidence, ["`requests_total` adds up to 13"]);
        let mut histogram = plan("d", &[]);
        (histogram.kind, histogram.value) = (Some(Kind::Histogram), Some(predicate("5")));
        assert_eq!(judged(&histogram).evidence, ["`d` is 5"]);
    }

    #[test]
    fn a_metric_that_is_missing_empty_or_of_another_type_is_wrong() {
        is_wrong(
            &judged(&plan("request_total", &[])),
            "has no metric `request_total` (did you mean `requests_total`?)",
        );
        let message = "has declared `sessions`, and no sample of it";
        is_wrong(&judged(&plan("sessions", &[])), message);
        let message = "has none of its 2 samples as `requests_total{status=\"404\"}`";
        is_wrong(
            &judged(&plan("requests_total", &[("status", "404")])),
            message,
        );
        let mut gauge = plan("requests_total", &[]);
        gauge.kind = Some(Kind::Gauge);
        let found = judged(&gauge);
        let message = "has `requests_total` with the type counter, not gauge";
        assert_eq!(found.wrong[0].message, message);
    }

    #[test]
    fn a_value_that_is_wrong_is_named_with_its_labels() {
        let mut all = plan("requests_total", &[]);
        all.value = Some(predicate("{at_least: 5}"));
        let message = "has `requests_total{status=\"500\"}` at 1, which must be at least 5";
        is_wrong(&judged(&all), message);
        all.value = Some(predicate("{at_least: 50, for: any}"));
        is_wrong(
            &judged(&all),
            "has 0 of 2 samples of `requests_total` that be at least 50, and at least one must",
        );
        let mut broken = plan("broken", &[]);
        broken.value = Some(predicate("{at_least: 0}"));
        is_wrong(
            &judged(&broken),
            "has `broken` at \"NaN\", which must be at least 0",
        );
    }

    #[test]
    fn what_are_no_metrics_is_wrong_with_its_line() {
        for (body, message) in [
            (
                "{\"pool\": 5}",
                "has JSON where metrics are expected, so a scrape of it fails at line 1",
            ),
            (
                "up 1\n<html>",
                "has metrics that do not parse at line 2: `<html>` begins with no name of a metric",
            ),
            ("", "has metrics without a single sample"),
            ("# TYPE a gauge\n", "has metrics without a single sample"),
        ] {
            let mut found = Found::default();
            assert_eq!(exposition(&answer(200, body), &mut found), None);
            is_wrong(&found, message);
        }
        let mut found = Found::default();
        let mut bytes = answer(200, "");
        bytes.body = vec![b'a', 0xff];
        assert_eq!(exposition(&bytes, &mut found), None);
        is_wrong(&found, "has metrics that are not UTF-8");
    }
}
