//! What a promotion would do: the weights, and every call in order.

use shared::config::{Canary, Metric};
use shared::error::{Error, Result};
use shared::gate::Step;
use shared::release::Release;
use shared::service::Service;
use shared::target::Group;
use shared::traffic::Weight;

/// What a promotion would do.
#[derive(Debug)]
pub struct Plan {
    /// The canary's part of the traffic, step by step; the last is everything.
    pub weights: Vec<Weight>,
    /// Every call, in order.
    pub steps: Vec<Step>,
}

/// The plan of a promotion.
pub fn promotion(
    canary: &Canary,
    services: &[Service],
    release: &Release,
    file: &str,
) -> Result<Plan> {
    if canary.metrics.is_empty() {
        return Err(
            Error::config("`canary.metrics` names none: nothing would be judged")
                .at(file)
                .hint("count with `scrape` or `probe`"),
        );
    }
    let mut weights: Vec<Weight> = canary
        .steps
        .iter()
        .map(|share| Weight::from(*share))
        .collect();
    if weights.last() != Some(&Weight::ALL) {
        weights.push(Weight::ALL);
    }
    let each = |steps: &dyn Fn(&Service) -> Vec<Step>| {
        services.iter().flat_map(steps).collect::<Vec<Step>>()
    };
    let mut steps = each(&|service| service.deploy_steps(Group::Canary, release));
    for weight in &weights {
        steps.extend(services.iter().map(|service| service.weight_step(*weight)));
        steps.extend(canary.metrics.iter().map(|metric| counting(metric, canary)));
    }
    steps.extend(each(&|service| {
        service.deploy_steps(Group::Stable, release)
    }));
    steps.extend(
        services
            .iter()
            .map(|service| service.weight_step(Weight::NONE)),
    );
    steps.extend(each(&Service::stop_steps));
    Ok(Plan { weights, steps })
}

/// The plan of taking a canary back.
pub fn retreat(services: &[Service]) -> Plan {
    let mut steps: Vec<Step> = services
        .iter()
        .map(|service| service.weight_step(Weight::NONE))
        .collect();
    steps.extend(services.iter().flat_map(Service::stop_steps));
    Plan {
        weights: Vec::new(),
        steps,
    }
}

fn counting(metric: &Metric, canary: &Canary) -> Step {
    let every = format!(
        "every {} for {} to {}",
        canary.interval, canary.dwell, canary.deadline
    );
    match metric {
        Metric::Scrape(scrape) => Step::reads(
            format!("compare `{}` of canary and stable {every}", scrape.requests),
            format!("GET {} of every instance", scrape.path),
        ),
        Metric::Probe(probe) => Step::reads(
            format!("compare answers of canary and stable {every}"),
            format!(
                "GET {} of every instance, {} a second",
                probe.path, probe.per_second
            ),
        ),
    }
}
