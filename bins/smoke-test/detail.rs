//! The numbers of the run, for other gates and tools.

use crate::counts::Counts;
use crate::facts::{Facts, HttpFact, HttpOutcome, LoadFact};
use crate::figures::{Figures, milliseconds};
use serde_json::{Value, json};

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
        "http": facts.http.iter().map(http).collect::<Vec<_>>(),
        "load": facts.load.iter().map(load).collect::<Vec<_>>(),
    })
}

fn http(fact: &HttpFact) -> Value {
    let (status, time) = match &fact.outcome {
        HttpOutcome::Answered(answer) => (Some(answer.status), Some(answer.milliseconds)),
        HttpOutcome::Silent(_) | HttpOutcome::NotAsked(_) => (None, None),
    };
    json!({
        "name": fact.plan.name,
        "status": status,
        "milliseconds": time,
        "attempts": fact.attempts,
        "release": fact.said,
    })
}

fn load(fact: &LoadFact) -> Value {
    let Ok(measured) = &fact.measured else {
        return json!({ "name": fact.plan.name, "measured": false });
    };
    let figures = Figures::of(measured, &fact.plan);
    let (least, most) = figures.share_of_failures();
    // A time without end is no number in JSON, so it becomes null.
    json!({
        "name": fact.plan.name,
        "measured": true,
        "sent": measured.samples.len(),
        "warm_up": fact.plan.warm_up,
        "unsent": measured.unsent,
        "judged": figures.judged,
        "ok": figures.well,
        "failures": figures.failures,
        "turned_away": figures.turned_away,
        "failure_share": { "lower": least, "upper": most, "limit": fact.plan.errors.fraction() },
        "p50": figures.p50,
        "p95": figures.p95,
        "p95_interval": [figures.interval.0, figures.interval.1],
        "p95_limit": milliseconds(fact.plan.p95),
        "max": figures.slowest,
        "service_p95": figures.service_p95,
        "lateness_p95": figures.lateness,
        "per_second": { "planned": fact.plan.per_second, "achieved": measured.achieved },
        "most_open": measured.most_open,
        "releases": counted(&measured.counts),
    })
}

fn counted(counts: &Counts) -> Value {
    json!({ "said": counts.said, "silent": counts.silent })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn every_number_of_a_series_is_there() {
        let mut facts = sample::facts();
        facts.http.push(sample::http_fact(200, "{}"));
        facts
            .load
            .push(sample::load_fact(&[(285, 12.0, 200), (15, 1.0, 500)]));
        let detail = of(&facts);
        assert_eq!(detail["connections"]["web"]["said"]["1.1.0"], 5);
        assert_eq!(detail["http"][0]["status"], 200);
        let load = &detail["load"][0];
        assert_eq!((&load["judged"], &load["ok"]), (&json!(300), &json!(285)));
        assert_eq!(load["failures"], json!({ "5xx": 15 }));
        assert_eq!(
            (&load["p50"], &load["p95_limit"]),
            (&json!(12.0), &json!(500.0))
        );
        assert_eq!(load["p95_interval"][1], Value::Null);
        assert_eq!(load["releases"]["said"]["1.1.0"], 300);
    }
}
