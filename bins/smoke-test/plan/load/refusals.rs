//! Why a series could never run, or never decide.

use super::super::Planned as _;
use super::super::scope::Scope;
use super::{LoadPlan, Model, Ramps, undecidable};
use shared::error::Result;

/// More samples than this do not fit into the memory of a small runner.
pub(super) const MOST_REQUESTS: u32 = 1_000_000;
/// A gate that takes longer than an hour is none.
pub(crate) const LONGEST_SECONDS: f64 = 3600.0;
/// More connections than this need more local ports than a machine has by default.
const MOST_CONNECTIONS: u32 = 10_000;

/// Why it could not run anywhere.
pub(super) fn impossible(plan: &LoadPlan) -> Option<String> {
    let (Model::Open(ramps) | Model::Closed(ramps, _)) = &plan.model;
    let (peak, seconds) = (ramps.peak(), plan.seconds());
    if !(peak.is_finite() && peak > 0.0) {
        let what = match plan.model {
            Model::Open(_) => "a `per_second`",
            Model::Closed(..) => "a number of `users`",
        };
        return Some(format!("needs {what} of more than 0"));
    }
    if let Some(limit) = plan
        .limits
        .iter()
        .find(|limit| limit.under.duration().is_zero())
    {
        return Some(format!("has a `{}` of 0", limit.word().replace(' ', "_")));
    }
    if plan.connections == 0 || plan.connections > MOST_CONNECTIONS {
        return Some(format!("needs `connections` from 1 to {MOST_CONNECTIONS}"));
    }
    if plan.abort.after == 0 {
        return Some("has an `abort` with `after: 0`, which would stop it at once".into());
    }
    if matches!(plan.model, Model::Closed(..)) && peak > f64::from(plan.connections) {
        return Some(format!(
            "has {peak} users and only {} `connections`",
            plan.connections
        ));
    }
    let most = u64::from(MOST_REQUESTS);
    if plan.judged() > most || plan.budget.is_some_and(|budget| budget > MOST_REQUESTS) {
        return Some(format!("needs at most {MOST_REQUESTS} `requests`"));
    }
    let judged = plan.judged();
    if plan.budget.is_some() && !plan.is_bounded() {
        return Some("has a `budget` for users; give them `requests` instead of a time".into());
    }
    if plan
        .budget
        .is_some_and(|budget| u64::from(budget) <= judged)
    {
        return Some(format!(
            "has a `budget` of no more than the {judged} requests that are sent anyway"
        ));
    }
    let confidence = plan.confidence();
    if let Some(why) = undecidable(&plan.limits, plan.errors, judged, confidence) {
        return Some(why);
    }
    too_long(plan, ramps, seconds)
}

fn too_long(plan: &LoadPlan, ramps: &Ramps, seconds: f64) -> Option<String> {
    let requests = plan.judged();
    let seconds = match &plan.model {
        _ if seconds.is_finite() => seconds,
        Model::Open(_) => (plan.requests() as f64) / ramps.peak(),
        Model::Closed(_, think) => (plan.requests() as f64) / ramps.peak() * think,
    };
    (seconds > LONGEST_SECONDS).then(|| {
        format!("would take {seconds:.0} s for {requests} requests, and at most an hour will do")
    })
}

/// Whether the environment allows its rate.
pub(super) fn allowed(scope: &Scope<'_>, plan: &LoadPlan) -> Result<()> {
    let (Model::Open(rate), most) = (&plan.model, scope.allow().per_second) else {
        // Users are held back while they run.
        return Ok(());
    };
    if rate.peak() <= most {
        return Ok(());
    }
    let environment = &scope.context.environment;
    let peak = rate.peak();
    let message = format!("sends {peak} requests per second, and `{environment}` allows {most}");
    Err(scope.refuse(message).hint(format!(
        "raise `environments.{environment}.allow.per_second`, or name the probe's `environments`"
    )))
}
