//! What a parser cannot see: names that must exist, numbers that must fit together.

use super::{Canary, Document, Ledger, Located, Name, Placement, Router, Target};
use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// Checks the whole document; the first mistake is returned.
pub(super) fn document(document: &Document, file: &str) -> Result<()> {
    if document.version.value != 1 {
        return Err(document
            .version
            .refuse(
                file,
                format!("version {} is not known", document.version.value),
            )
            .hint("this Sluicegate reads version 1"));
    }
    if document.environments.is_empty() {
        return Err(Error::config("`environments` names none").at(file));
    }
    for (name, environment) in &document.environments {
        if let Some(Ledger::Database(database)) = &environment.ledger {
            known(database, &environment.databases, "database", file)?;
        }
        for (service, placement) in &environment.services {
            if !document.services.contains_key(service) {
                return Err(Error::config(format!(
                    "environment `{name}` runs the service `{service}`, which `services` does not have"
                ))
                .at(file));
            }
            placed(
                placement,
                &format!("environments.{name}.services.{service}"),
                file,
            )?;
        }
    }
    for (name, service) in &document.services {
        if let super::Identity::Command { run, .. } = &service.identity
            && run.is_empty()
        {
            let message = format!("`services.{name}.identity` has an empty command");
            return Err(Error::config(message).at(file));
        }
    }
    environments_exist(document, file)?;
    if document.rollback.requests == 0 {
        return Err(Error::config("`rollback.requests` is 0: nothing would be proven").at(file));
    }
    canary(&document.canary, file)
}

fn environments_exist(document: &Document, file: &str) -> Result<()> {
    let preflight = &document.preflight;
    let lists = (preflight.variables.iter().map(|rule| &rule.environments))
        .chain(preflight.tools.iter().map(|rule| &rule.environments))
        .chain(preflight.databases.iter().map(|rule| &rule.environments))
        .chain(preflight.disk.iter().map(|rule| &rule.environments))
        .chain(document.waivers.iter().map(|waiver| &waiver.environments));
    for name in lists.flatten() {
        known(name, &document.environments, "environment", file)?;
    }
    let mut databases: Vec<&Located<Name>> =
        preflight.databases.iter().map(|rule| &rule.name).collect();
    databases.extend(
        document
            .migrations
            .iter()
            .map(|migrations| &migrations.database),
    );
    for database in databases {
        let has =
            |environment: &super::Environment| environment.databases.contains_key(&database.value);
        if !document.environments.values().any(has) {
            let message = format!("no environment has a database `{}`", database.value);
            return Err(database.refuse(file, message));
        }
    }
    for (environment, gates) in &document.receipts.require {
        if !document.environments.contains_key(environment) {
            return Err(Error::config(format!(
                "`receipts.require` names the environment `{environment}`, which `environments` does not have"
            ))
            .at(file));
        }
        for requirement in gates.values().flatten() {
            if let Some(name) = &requirement.value.environment
                && !document.environments.contains_key(name)
            {
                return Err(requirement.refuse(file, format!("there is no environment `{name}`")));
            }
        }
    }
    Ok(())
}

fn known<V>(name: &Located<Name>, map: &BTreeMap<Name, V>, what: &str, file: &str) -> Result<()> {
    if map.contains_key(&name.value) {
        return Ok(());
    }
    let names: Vec<&str> = map.keys().map(Name::as_str).collect();
    Err(name
        .refuse(file, format!("there is no {what} `{}`", name.value))
        .hint(super::nearest_hint(name.value.as_str(), &names)))
}

fn placed(placement: &Placement, place: &str, file: &str) -> Result<()> {
    let refuse = |message: String| Err(Error::config(format!("`{place}` {message}")).at(file));
    let Target::Command(target) = &placement.target;
    for (key, command) in [("deploy", &target.deploy), ("stop", &target.stop)] {
        if command.is_empty() {
            return refuse(format!("has an empty command `{key}`"));
        }
        for word in command {
            if let Some(unknown) = unknown_placeholder(word) {
                return refuse(format!(
                    "uses `{{{unknown}}}` in `{key}`, which means nothing"
                ));
            }
        }
    }
    if target.stable.is_empty() {
        return refuse("has no stable instance".into());
    }
    let addresses: Vec<&String> = target.stable.iter().chain(&target.canary).collect();
    for (index, address) in addresses.iter().enumerate() {
        if !is_host_and_port(address) {
            return refuse(format!(
                "has the address `{address}`, which is not `host:port`"
            ));
        }
        if addresses[..index].contains(address) {
            return refuse(format!("has the address `{address}` twice"));
        }
    }
    match &placement.router {
        None => Ok(()),
        Some(_) if target.canary.is_empty() => refuse("has a router but no canary instance".into()),
        Some(Router::Nginx(nginx)) => {
            let words = [&nginx.variable, &nginx.stable, &nginx.canary];
            let is_word = |text: &str| {
                !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            };
            if let Some(word) = words.into_iter().find(|word| !is_word(word)) {
                return refuse(format!(
                    "has `{word}`, which nginx would not take as a name"
                ));
            }
            if nginx.stable == nginx.canary {
                return refuse("has one upstream for stable and canary".into());
            }
            if nginx.key.contains(['"', '\\', ';', '\n']) {
                return refuse("has a `key` with a quote, backslash, semicolon or line end".into());
            }
            if nginx.test.is_empty() || nginx.reload.is_empty() {
                return refuse("has an empty command `test` or `reload`".into());
            }
            if !is_host_and_port(&nginx.control) {
                return refuse(format!(
                    "has a `control` `{}`, not `host:port`",
                    nginx.control
                ));
            }
            Ok(())
        }
    }
}

/// The placeholders that a target's commands know.
pub const PLACEHOLDERS: [&str; 8] = [
    "service",
    "environment",
    "group",
    "address",
    "host",
    "port",
    "version",
    "commit",
];

fn unknown_placeholder(word: &str) -> Option<&str> {
    word.split('{').skip(1).find_map(|piece| {
        let name = piece.split_once('}')?.0;
        let looks_like_one = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase());
        (looks_like_one && !PLACEHOLDERS.contains(&name)).then_some(name)
    })
}

fn is_host_and_port(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else {
        return false;
    };
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b);
    !host.is_empty()
        && !host.starts_with('-')
        && host.bytes().all(allowed)
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn canary(canary: &Canary, file: &str) -> Result<()> {
    let refuse = |message: &str| Err(Error::config(format!("`canary` {message}")).at(file));
    let rises = canary.steps.windows(2).all(|pair| pair[0] < pair[1]);
    if canary.steps.is_empty() || !rises || canary.steps[0].fraction() <= 0.0 {
        return refuse("needs `steps` that rise from more than 0%");
    }
    if canary
        .steps
        .iter()
        .any(|step| (step.fraction() * 10_000.0).fract() > 1e-6)
    {
        return refuse("has a step finer than 0.01%, which nginx cannot split");
    }
    for (key, probability) in [("alpha", canary.alpha), ("beta", canary.beta)] {
        if !(probability > 0.0 && probability < 0.5) {
            return refuse(&format!("needs `{key}` between 0 and 0.5"));
        }
    }
    for (key, margin) in [("abort", canary.abort), ("promote", canary.promote)] {
        if !(margin.ratio >= 1.0 && margin.ratio <= 100.0) {
            return refuse(&format!("needs `{key}.ratio` from 1 to 100"));
        }
    }
    let is_inside =
        canary.abort.ratio <= canary.promote.ratio && canary.abort.excess <= canary.promote.excess;
    if !is_inside {
        return refuse("has an `abort` margin wider than `promote`: one release could be both");
    }
    let interval = canary.interval.duration();
    if interval < std::time::Duration::from_millis(100) {
        return refuse("needs an `interval` of at least 100ms");
    }
    if canary.deadline.duration() < canary.dwell.duration() + interval {
        return refuse("has a `deadline` that ends before `dwell` and one `interval` are over");
    }
    Ok(())
}
