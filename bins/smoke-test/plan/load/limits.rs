//! What a series must keep, and whether so many requests could ever show that it does.

use crate::figures::CONFIDENCE;
use crate::statistics::{least_for_percentile, least_for_share};
use shared::config::{LoadProbe, Share, Span};

/// How often a series is judged at most when it may be made longer.
pub(crate) const LOOKS: u32 = 3;

/// A limit on times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limit {
    /// Of which times.
    pub(crate) of: Of,
    /// What they must stay under.
    pub(crate) under: Span,
}

/// Which times a limit is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Of {
    /// A percentile of the times since each request was due.
    Response(f64),
    /// A percentile of the times since each request was sent.
    Service(f64),
    /// The slowest of the answers.
    Slowest,
}

impl Limit {
    /// As the file calls it.
    pub(crate) fn word(&self) -> String {
        match self.of {
            Of::Response(share) => percentile(share),
            Of::Service(share) => format!("service {}", percentile(share)),
            Of::Slowest => "max".into(),
        }
    }

    /// The part of all requests that it is about; none for the slowest.
    pub(crate) fn share(&self) -> Option<f64> {
        match self.of {
            Of::Response(share) | Of::Service(share) => Some(share),
            Of::Slowest => None,
        }
    }
}

fn percentile(share: f64) -> String {
    format!("p{:.0}", share * 100.0)
}

/// Every limit on times that the file sets.
pub(super) fn of(probe: &LoadProbe) -> Vec<Limit> {
    let all = [
        (Of::Response(0.5), probe.p50),
        (Of::Response(0.95), probe.p95),
        (Of::Response(0.99), probe.p99),
        (Of::Service(0.95), probe.service_p95),
        (Of::Slowest, probe.max),
    ];
    let set = all.into_iter().filter_map(|(of, under)| Some((of, under?)));
    set.map(|(of, under)| Limit { of, under }).collect()
}

/// How sure each of several looks must be, so that all of them together are wrong no more often than
/// one: C. E. Bonferroni (1936); O. J. Dunn, "Multiple comparisons among means", Journal of the
/// American Statistical Association 56 (1961), 52-64.
pub(crate) fn confidence(looks: u32) -> f64 {
    1.0 - (1.0 - CONFIDENCE) / f64::from(looks)
}

/// Even if every request were fast and none failed, too few of them would prove nothing.
pub(crate) fn undecidable(
    limits: &[Limit],
    errors: Share,
    requests: u64,
    confidence: f64,
) -> Option<String> {
    let Some(for_errors) = least_for_share(errors.fraction(), confidence) else {
        return Some(format!(
            "has `errors: {errors}`, which no number of requests can show; \
             `errors: 1%` can be shown by {}",
            least_for_share(0.01, confidence).unwrap_or_default()
        ));
    };
    let mut worst = (
        for_errors,
        format!("`errors: {errors}` even if none of them fails"),
    );
    for limit in limits {
        let needed = limit
            .share()
            .map(|share| least_for_percentile(share, confidence));
        if needed.is_some_and(|needed| needed > worst.0) {
            let (word, under) = (limit.word().replace(' ', "_"), limit.under);
            let what = format!("`{word}: {under}` even if all of them are fast");
            worst = (needed.unwrap_or_default(), what);
        }
    }
    let (needed, what) = worst;
    (requests < needed).then(|| {
        format!("can never show {what} with {requests} `requests`: it needs at least {needed}")
    })
}
