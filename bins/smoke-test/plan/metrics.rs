//! Metrics in Prometheus' text format and what they must show.

use super::Planned;
use super::expectations::predicate;
use super::request::{Protocol, Request};
use super::scope::{Asks, Scope};
use crate::predicate::Predicate;
use crate::reproduce;
use shared::config::{Located, MetricFamily, MetricKind, MetricsProbe};
use shared::error::Result;
use shared::exposition::Kind;
use shared::gate::Step;
use std::collections::BTreeMap;

/// More requests than these are a load probe.
const MOST_REQUESTS: u32 = 1000;
/// After traffic it is read so often at most, until everything has moved.
pub(crate) const MOST_READINGS: u32 = 5;
/// What whoever is outside may be told.
pub(crate) const FORBIDDEN: [u16; 3] = [401, 403, 404];

/// Metrics and what they must show.
#[derive(Clone, Debug)]
pub(crate) struct MetricsPlan {
    /// What it is called.
    pub(crate) name: String,
    /// How they are read.
    pub(crate) request: Request,
    /// What must hold for each.
    pub(crate) families: Vec<FamilyPlan>,
    /// Counters that must go up.
    pub(crate) moves: Vec<FamilyPlan>,
    /// What moves them, and how often it is asked.
    pub(crate) traffic: Option<(Request, u32)>,
    /// How whoever is outside asks.
    pub(crate) outside: Option<Request>,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

/// What must hold for a metric.
#[derive(Clone, Debug, Default)]
pub(crate) struct FamilyPlan {
    /// The name of a family or of a series.
    pub(crate) name: String,
    /// Its type.
    pub(crate) kind: Option<Kind>,
    /// Only samples with these count.
    pub(crate) labels: BTreeMap<String, String>,
    /// What must hold for each value.
    pub(crate) value: Option<Predicate>,
    /// What must hold for their sum.
    pub(crate) sum: Option<Predicate>,
}

impl FamilyPlan {
    /// `up{job="a"}`.
    pub(crate) fn shown(&self) -> String {
        if self.labels.is_empty() {
            return self.name.clone();
        }
        let labels = self
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"));
        format!("{}{{{}}}", self.name, labels.collect::<Vec<_>>().join(","))
    }
}

impl Planned for MetricsPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["metrics"]
    }

    fn steps(&self) -> Vec<Step> {
        let name = &self.name;
        let purpose = format!("probe `{name}`: metrics within {}", self.request.within);
        let mut steps = vec![Step::reads(purpose, self.request.call())];
        if let Some((request, times)) = &self.traffic {
            let names: Vec<&str> = self
                .moves
                .iter()
                .map(|family| family.name.as_str())
                .collect();
            let purpose = format!("probe `{name}`: traffic that moves {}", names.join(", "));
            steps.push(Step::reads(
                purpose,
                format!("{} ({times} times)", request.call()),
            ));
        }
        if let Some(request) = &self.outside {
            let purpose = format!("probe `{name}`: whoever is outside is refused");
            steps.push(Step::reads(purpose, request.call()));
        }
        steps
    }

    fn requests(&self) -> u64 {
        let traffic = self.traffic.as_ref();
        let traffic = traffic.map_or(0, |(_, times)| u64::from(times + MOST_READINGS));
        // Before traffic it is read twice.
        1 + u64::from(self.traffic.is_some()) + traffic + u64::from(self.outside.is_some())
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &MetricsProbe) -> Result<MetricsPlan> {
    if let Some((at, why)) = impossible(probe) {
        return Err(match at {
            Some(at) => scope.refuse_at(at, why),
            None => scope.refuse(why),
        });
    }
    let asks = Asks {
        at: probe.at.as_ref(),
        method: "GET",
        path: &probe.path,
        headers: &probe.headers,
        body: None,
        within: probe.within,
    };
    let mut request = scope.request(&asks, Protocol::Any)?;
    let has_accept = probe
        .headers
        .keys()
        .any(|name| name.eq_ignore_ascii_case("accept"));
    if !has_accept {
        // Some servers would rather send protocol buffers.
        request = request.with("accept", "text/plain; version=0.0.4");
    }
    let families = probe.families.iter();
    let families = families.map(|(name, family)| family_plan(scope, name, family));
    let families: Vec<FamilyPlan> = families.collect::<Result<_>>()?;
    let moves = moves(scope, probe, &families)?;
    let traffic = match &probe.traffic {
        Some(path) => {
            let request = scope.get(probe.at.as_ref(), &path.value, probe.within)?;
            Some((request, probe.requests))
        }
        None => None,
    };
    let outside = match &probe.outside {
        Some(_) => Some(scope.get(None, &probe.path, probe.within)?),
        None => None,
    };
    Ok(MetricsPlan {
        name: probe.name.value.clone(),
        reproduce: reproduce::request(&request),
        request,
        families,
        moves,
        traffic,
        outside,
    })
}

/// Why nothing could ever hold, or everything would.
fn impossible(probe: &MetricsProbe) -> Option<(Option<&Located<String>>, String)> {
    match (&probe.traffic, probe.moves.first()) {
        (None, Some(first)) => {
            let why = "names counters under `moves` and no `traffic` that moves them";
            return Some((Some(first), why.into()));
        }
        (Some(path), None) => {
            let why = "sends `traffic` and names nothing under `moves` that it moves";
            return Some((Some(path), why.into()));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    if probe.requests == 0 || probe.requests > MOST_REQUESTS {
        return Some((None, format!("needs `requests` from 1 to {MOST_REQUESTS}")));
    }
    if probe.outside.is_some() && probe.at.is_none() && probe.headers.is_empty() {
        let why = "wants whoever is outside to be refused, and asks no other way itself: a refusal \
                   shows nothing where nobody is let in; add `headers`, or `at` for an address inside";
        return Some((None, why.into()));
    }
    None
}

fn family_plan(
    scope: &Scope<'_>,
    name: &str,
    family: &Located<MetricFamily>,
) -> Result<FamilyPlan> {
    let is_name = name
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b"{}\"\\".contains(&b));
    if name.is_empty() || !is_name {
        let message = format!("expects `{name}`, which cannot be the name of a metric");
        return Err(scope.refuse_at(family, message));
    }
    let MetricFamily {
        kind,
        labels,
        value,
        sum,
    } = &family.value;
    let of = |expectation: &Option<_>| -> Result<Option<Predicate>> {
        expectation
            .as_ref()
            .map(|said| predicate(scope, said))
            .transpose()
    };
    let (value, sum) = (of(value)?, of(sum)?);
    let is_absence = |predicate: &Option<Predicate>| {
        predicate
            .as_ref()
            .is_some_and(|predicate| predicate.is_absence)
    };
    if is_absence(&value) || is_absence(&sum) {
        let message = format!("wants `{name}` both to be there and not to be there");
        return Err(scope.refuse_at(family, message));
    }
    Ok(FamilyPlan {
        name: name.to_owned(),
        kind: kind.map(kind_of),
        labels: labels.clone(),
        value,
        sum,
    })
}

fn kind_of(kind: MetricKind) -> Kind {
    match kind {
        MetricKind::Counter => Kind::Counter,
        MetricKind::Gauge => Kind::Gauge,
        MetricKind::Histogram => Kind::Histogram,
        MetricKind::Summary => Kind::Summary,
        MetricKind::Untyped => Kind::Untyped,
    }
}

/// What moves is counted with the labels that `families` gives it, if any.
fn moves(
    scope: &Scope<'_>,
    probe: &MetricsProbe,
    families: &[FamilyPlan],
) -> Result<Vec<FamilyPlan>> {
    let mut moves: Vec<FamilyPlan> = Vec::new();
    for name in &probe.moves {
        if moves.iter().any(|family| family.name == name.value) {
            let message = format!("names `{}` under `moves` twice", name.value);
            return Err(scope.refuse_at(name, message));
        }
        let known = families.iter().find(|family| family.name == name.value);
        if let Some(family) = known
            && matches!(family.kind, Some(Kind::Gauge))
        {
            let message = format!("wants the gauge `{}` to move; only counters do", name.value);
            return Err(scope.refuse_at(name, message));
        }
        moves.push(FamilyPlan {
            name: name.value.clone(),
            labels: known
                .map(|family| family.labels.clone())
                .unwrap_or_default(),
            ..FamilyPlan::default()
        });
    }
    Ok(moves)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(yaml: &str) -> Option<String> {
        let yaml = format!("{{name: counters, {yaml}}}");
        let probe: MetricsProbe = serde_saphyr::from_str(&yaml).expect("is a probe");
        impossible(&probe).map(|(_, why)| why)
    }

    #[test]
    fn a_probe_that_can_hold_and_can_fail_is_taken() {
        for yaml in [
            "path: /metrics",
            "moves: [a_total], traffic: /x",
            "outside: forbidden, at: inside",
            "outside: forbidden, headers: {authorization: x}",
        ] {
            assert_eq!(refused(yaml), None, "{yaml}");
        }
    }

    #[test]
    fn what_nothing_moves_and_a_refusal_without_a_control_are_refused() {
        for (yaml, why) in [
            (
                "moves: [a]",
                "names counters under `moves` and no `traffic`",
            ),
            (
                "traffic: /x",
                "sends `traffic` and names nothing under `moves`",
            ),
            (
                "moves: [a], traffic: /x, requests: 0",
                "needs `requests` from 1 to 1000",
            ),
            (
                "outside: forbidden",
                "wants whoever is outside to be refused",
            ),
        ] {
            let refused = refused(yaml).unwrap_or_default();
            assert!(refused.starts_with(why), "{yaml}: {refused}");
        }
    }

    #[test]
    fn a_metric_is_shown_with_its_labels() {
        let mut family = FamilyPlan {
            name: "up".into(),
            ..FamilyPlan::default()
        };
        assert_eq!(family.shown(), "up");
        family.labels.insert("job".into(), "a".into());
        assert_eq!(family.shown(), "up{job=\"a\"}");
    }
}
