//! How a series puts its load on and when it ends, when the keys of the file fit together.

use super::{Length, Model, Ramps};
use shared::config::{LoadProbe, LoadStage};

const REQUESTS: u32 = 300;
const PER_SECOND: f64 = 100.0;

/// What is asked in turn.
pub(super) fn paths(probe: &LoadProbe) -> Result<Vec<&str>, String> {
    match (&probe.path, probe.paths.as_slice()) {
        (Some(path), []) => Ok(vec![path]),
        (None, [_, ..]) => Ok(probe.paths.iter().map(String::as_str).collect()),
        (None, []) => Err("needs a `path`, or several `paths`".into()),
        (Some(_), [_, ..]) => Err("has both `path` and `paths`; `paths` will do".into()),
    }
}

/// How the load is put on and when it ends.
pub(super) fn shape(probe: &LoadProbe) -> Result<(Model, Length), String> {
    let think = probe
        .think
        .map_or(0.0, |span| span.duration().as_secs_f64());
    let by_users = probe.users.is_some() || probe.stages.iter().any(|stage| stage.users.is_some());
    if by_users && probe.per_second.is_some() {
        return Err("has both `users` and `per_second`; users have no rate of their own".into());
    }
    if by_users && probe.achieved.is_some() {
        return Err("has `achieved` with users, who have no planned rate".into());
    }
    if !by_users && probe.think.is_some() {
        return Err("has `think`, which only `users` do".into());
    }
    if probe.requests.is_some() && probe.lasting.is_some() {
        return Err("has both `requests` and `for`; one of them ends it".into());
    }
    if !probe.stages.is_empty() {
        return staged(probe, think);
    }
    let length = match probe.lasting {
        Some(span) => Length::Seconds(span.duration().as_secs_f64()),
        None => Length::Requests(probe.requests.unwrap_or(REQUESTS)),
    };
    let model = match probe.users {
        Some(users) => Model::Closed(Ramps::steady(users.into()), think),
        None => Model::Open(Ramps::steady(probe.per_second.unwrap_or(PER_SECOND))),
    };
    Ok((model, length))
}

fn staged(probe: &LoadProbe, think: f64) -> Result<(Model, Length), String> {
    if probe.requests.is_some() || probe.lasting.is_some() {
        return Err("has `stages`, which say how long it takes, and `requests` or `for`".into());
    }
    if probe.per_second.is_some() || probe.users.is_some() {
        return Err("has `stages` and, beside them, `per_second` or `users`".into());
    }
    let model = if probe.stages.iter().all(is_rate) {
        Model::Open(Ramps::of(&probe.stages, |stage| {
            stage.to.unwrap_or_default()
        }))
    } else if probe.stages.iter().all(is_users) {
        let users = |stage: &LoadStage| f64::from(stage.users.unwrap_or_default());
        Model::Closed(Ramps::of(&probe.stages, users), think)
    } else {
        return Err("needs `to` in all of its `stages`, or `users` in all of them".into());
    };
    if probe
        .stages
        .iter()
        .any(|stage| stage.lasting.duration().is_zero())
    {
        return Err("has a stage with a `for` of 0".into());
    }
    let (Model::Open(ramps) | Model::Closed(ramps, _)) = &model;
    let length = Length::Seconds(ramps.seconds());
    Ok((model, length))
}

fn is_rate(stage: &LoadStage) -> bool {
    let is_sane = |rate: f64| rate.is_finite() && rate >= 0.0;
    stage.to.is_some_and(is_sane) && stage.users.is_none()
}

fn is_users(stage: &LoadStage) -> bool {
    stage.users.is_some() && stage.to.is_none()
}
