//! What the flags name: environment, services, and who runs it.

use crate::config::{Config, Name};
use crate::error::{Error, Result};
use crate::receipt::Run;
use crate::report::actions::Actions;

/// The environment that is named, or the only one.
pub(super) fn environment(config: &Config, asked: Option<&str>) -> Result<Name> {
    let environments = &config.document.environments;
    match asked {
        Some(name) => config.environment(name).map(|(name, _)| name.clone()),
        None if environments.len() == 1 => {
            let only = environments.keys().next().cloned();
            only.ok_or_else(|| Error::config("`environments` names none").at(&config.file))
        }
        None => {
            let names: Vec<String> = environments
                .keys()
                .map(|name| format!("`{name}`"))
                .collect();
            Err(Error::config("no environment is named").hint(format!(
                "use `--environment` with one of {}",
                names.join(", ")
            )))
        }
    }
}

/// The services that are named, or all of the environment, by name.
pub(super) fn services(config: &Config, environment: &Name, asked: &[String]) -> Result<Vec<Name>> {
    let placed = &config.document.environments[environment].services;
    if asked.is_empty() {
        return Ok(placed.keys().cloned().collect());
    }
    let names: Vec<&str> = placed.keys().map(Name::as_str).collect();
    let find = |asked: &String| {
        placed
            .keys()
            .find(|name| name.as_str() == asked)
            .cloned()
            .ok_or_else(|| {
                Error::config(format!(
                    "environment `{environment}` has no service `{asked}`"
                ))
                .at(&config.file)
                .hint(crate::config::nearest_hint(asked, &names))
            })
    };
    let mut chosen = asked.iter().map(find).collect::<Result<Vec<Name>>>()?;
    chosen.sort();
    chosen.dedup();
    Ok(chosen)
}

/// Who runs this, and where.
pub(super) fn run(actions: Option<&Actions>) -> Result<Run> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| {
        Error::unavailable("this machine has no randomness").source(error.to_string())
    })?;
    let person = ["USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    Ok(Run {
        id: random.iter().map(|byte| format!("{byte:02x}")).collect(),
        actor: actions
            .and_then(|actions| actions.actor.clone())
            .or(person)
            .unwrap_or_else(|| "unknown".into()),
        url: actions.and_then(|actions| actions.run_url.clone()),
        tool: env!("CARGO_PKG_VERSION").into(),
    })
}
