//! The numbers of the run, for other gates and tools.

mod tls;

use crate::answer::Phases;
use crate::contrast::Contrast;
use crate::counts::Counts;
use crate::facts::{Calibration, Compared, End, Fact, Facts, HttpSeen, Measured, Sample, Visits};
use crate::figures::{Figures, milliseconds};
use crate::histogram;
use crate::plan::{ComparePlan, HttpPlan, LoadPlan, PagePlan};
use crate::spread::Spread;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// Times are in milliseconds; what has no number is null.
pub(crate) fn of(facts: &Facts) -> Value {
    let timeline: Vec<Value> = (facts.ready.timeline.stretches.iter())
        .map(|stretch| {
            json!({
                "answer": stretch.observation.to_string(),
                "first": stretch.first,
                "last": stretch.last,
                "count": stretch.count,
            })
        })
        .collect();
    let identities: serde_json::Map<String, Value> = (facts.identities.iter())
        .map(|identity| (identity.service.clone(), counted(&identity.counts)))
        .collect();
    json!({
        "ready": {
            "is_ready": facts.ready.is_ready,
            "milliseconds": facts.ready.milliseconds,
            "attempts": facts.ready.timeline.attempts(),
            "timeline": timeline,
        },
        "connections": identities,
        "requests": facts.sent,
        "releases": counted(&facts.counts),
        "http": facts.probes.http.iter().map(http).collect::<Vec<_>>(),
        "tls": facts.probes.tls.iter().flat_map(tls::of).collect::<Vec<_>>(),
        "page": facts.probes.page.iter().map(page).collect::<Vec<_>>(),
        "load": facts.probes.load.iter().map(load).collect::<Vec<_>>(),
        "compare": facts.probes.compare.iter().map(compare).collect::<Vec<_>>(),
    })
}

fn http(fact: &Fact<HttpPlan, HttpSeen>) -> Value {
    let asked = fact.seen.as_ref().ok().map(|seen| &seen.asked);
    let answer = asked.and_then(|asked| asked.answer.as_ref().ok());
    json!({
        "name": fact.plan.name,
        "status": answer.map(|answer| answer.status),
        "version": answer.map(|answer| &answer.version),
        "peer": answer.and_then(|answer| answer.peer).map(|peer| peer.to_string()),
        "milliseconds": answer.map(|answer| phases(&answer.phases)),
        "attempts": asked.map_or(0, |asked| asked.attempts),
    })
}

fn page(fact: &Fact<PagePlan, Visits>) -> Value {
    let Ok(visits) = &fact.seen else {
        return json!({ "name": fact.plan.name, "runs": [] });
    };
    let runs = visits.runs.iter().map(|visit| {
        json!({
            "status": visit.status,
            "first_contentful_paint": visit.first_paint,
            "largest_contentful_paint": visit.largest_paint,
            "largest_element": visit.largest_element,
            "cumulative_layout_shift": visit.shift,
            "time_to_interactive": visit.interactive,
            "bytes": visit.bytes,
            "requests": visit.requests,
            "failed_requests": visit.failed.count,
            "console_errors": visit.console.count,
            "uncaught_errors": visit.uncaught.count,
            "mixed_content": visit.mixed.count,
        })
    });
    json!({
        "name": fact.plan.name,
        "browser": visits.browser,
        "runs": runs.collect::<Vec<_>>(),
    })
}

fn phases(phases: &Phases) -> Value {
    json!({
        "dns": phases.dns,
        "connect": phases.connect,
        "tls": phases.tls,
        "first_byte": phases.first_byte,
        "total": phases.total,
    })
}

fn load(fact: &Fact<LoadPlan, Measured>) -> Value {
    let (plan, name) = (&fact.plan, &fact.plan.name);
    let Ok(measured) = &fact.seen else {
        return json!({ "name": name, "measured": false });
    };
    let figures = Figures::of(measured, plan);
    let (least, most) = figures.share_of_failures();
    let stages = (0..measured.stages.len()).map(|stage| stage_of(plan, measured, stage));
    let limits = plan.limits.iter();
    let limits: serde_json::Map<String, Value> = limits
        .map(|limit| {
            (
                limit.word().replace(' ', "_"),
                json!(milliseconds(limit.under)),
            )
        })
        .collect();
    // A time without end is no number in JSON, so it becomes null.
    json!({
        "name": name,
        "measured": true,
        "sent": measured.samples.len(),
        "warm_up": measured.warm_up,
        "unsent": measured.unsent,
        "judged": figures.judged,
        "ok": figures.well,
        "failures": figures.failures,
        "turned_away": figures.turned_away,
        "failure_share": { "lower": least, "upper": most, "limit": plan.errors.fraction() },
        "confidence": figures.confidence,
        "looks": measured.looks,
        "limits": limits,
        "response": times(&figures.response, figures.confidence),
        "service": times(&figures.service, figures.confidence),
        "lateness_p95": rounded(figures.lateness),
        "per_second": {
            "planned": rounded(measured.pace.planned()),
            "achieved": rounded(measured.pace.achieved()),
        },
        "most_open": measured.most_open,
        "reopened": measured.reopened,
        "cut": measured.cut,
        "held_back": measured.held_back,
        "stopped": measured.stopped,
        "peer": measured.peer,
        "instrument": {
            "processor": rounded(measured.instrument.processor),
            "calibration": measured.instrument.calibration.as_ref().map(calibration),
        },
        "histograms": {
            "buckets": "[from, below, count] in milliseconds since each was due",
            "2xx": histogram(measured, 200..=299),
            "5xx": histogram(measured, 500..=599),
        },
        "stages": stages.collect::<Vec<_>>(),
        "releases": counted(&measured.counts),
    })
}

fn histogram(measured: &Measured, statuses: RangeInclusive<u16>) -> Value {
    let samples = measured.samples.iter();
    let is_in = |sample: &&Sample| match sample.end {
        End::Status(status) => statuses.contains(&status),
        End::Silent(_) | End::Endless => false,
    };
    histogram::of(samples.filter(is_in).map(Sample::response))
}

fn stage_of(plan: &LoadPlan, measured: &Measured, stage: usize) -> Value {
    let (figures, pace) = (
        Figures::of_stage(measured, plan, stage),
        measured.stages[stage],
    );
    json!({
        "sent": pace.sent,
        "ok": figures.well,
        "failures": figures.failures,
        "turned_away": figures.turned_away,
        "response": times(&figures.response, figures.confidence),
        "service": times(&figures.service, figures.confidence),
        "lateness_p95": rounded(figures.lateness),
        "per_second": { "planned": rounded(pace.planned()), "achieved": rounded(pace.achieved()) },
    })
}

fn times(spread: &Spread, confidence: f64) -> Value {
    let percentile = |part: f64| {
        let found = spread.percentile(part, confidence);
        let bound = |bound: Option<f64>| bound.map(rounded);
        let interval = [bound(found.lower), bound(found.upper)];
        json!({ "value": rounded(found.value), "interval": interval })
    };
    json!({
        "p50": percentile(0.5),
        "p95": percentile(0.95),
        "p99": percentile(0.99),
        "max": rounded(spread.largest()),
    })
}

fn calibration(found: &Calibration) -> Value {
    json!({
        "timer_p99": rounded(found.timer),
        "echo_p50": rounded(found.echo),
        "echo_p99": rounded(found.slowest_echo),
        "jitter": rounded(found.jitter()),
    })
}

fn compare(fact: &Fact<ComparePlan, Compared>) -> Value {
    let (plan, name) = (&fact.plan, &fact.plan.name);
    let Ok(compared) = &fact.seen else {
        return json!({ "name": name, "compared": false });
    };
    let contrast = Contrast::of(compared, plan);
    let firsts = compared
        .pairs
        .iter()
        .filter(|pair| pair.is_new_first)
        .count();
    let sure = contrast.confidence();
    json!({
        "name": name,
        "compared": true,
        "pairs": contrast.pairs,
        "new_first": firsts,
        "looks": compared.looks,
        "confidence": sure,
        "only_new_failed": contrast.only_new_failed,
        "only_current_failed": contrast.only_current_failed,
        "both_failed": contrast.both_failed,
        "difference": times(&contrast.by_time, sure),
        "part": times(&contrast.by_part, sure),
        "new": times(&contrast.new, sure),
        "current": times(&contrast.current, sure),
        "calibration": compared.calibration.as_ref().map(calibration),
        "stopped": compared.stopped,
        "cut": compared.cut,
        "releases": counted(&compared.counts),
    })
}

/// To the microsecond where it is a time: more digits would be noise. What has no end stays so.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn counted(counts: &Counts) -> Value {
    json!({ "said": counts.said, "silent": counts.silent })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn every_number_of_a_comparison_is_there() {
        let mut facts = sample::facts();
        let pairs = [(99, 13.0, 200, 12.0, 200), (1, 1.0, 500, 12.0, 200)];
        facts.probes.compare.push(sample::compare_fact(&pairs));
        let compare = &of(&facts)["compare"][0];
        assert_eq!(
            (&compare["pairs"], &compare["only_new_failed"]),
            (&json!(100), &json!(1))
        );
        assert_eq!(compare["difference"]["p50"]["value"], 1.0);
        assert_eq!(compare["part"]["p50"]["value"], 0.083);
        assert_eq!(compare["current"]["p95"]["value"], 12.0);
    }

    #[test]
    fn every_number_of_a_series_is_there() {
        let mut facts = sample::facts();
        facts.probes.http.push(sample::http_fact(200, "{}"));
        facts
            .probes
            .load
            .push(sample::load_fact(&[(285, 12.0, 200), (15, 1.0, 500)]));
        let detail = of(&facts);
        assert_eq!(detail["connections"]["web"]["said"]["1.1.0"], 5);
        assert_eq!(detail["http"][0]["status"], 200);
        let load = &detail["load"][0];
        assert_eq!((&load["judged"], &load["ok"]), (&json!(300), &json!(285)));
        assert_eq!(load["failures"], json!({ "5xx": 15 }));
        let response = &load["response"];
        assert_eq!(
            (&response["p50"]["value"], &load["limits"]["p95"]),
            (&json!(12.0), &json!(500.0))
        );
        assert_eq!(response["p95"]["interval"][1], Value::Null);
        assert_eq!(load["histograms"]["2xx"], json!([[11.264, 12.288, 285]]));
        assert_eq!(load["histograms"]["5xx"], json!([[0.96, 1.024, 15]]));
        assert_eq!(load["stages"][0]["ok"], 285);
        assert_eq!(load["releases"]["said"]["1.1.0"], 300);
    }
}
