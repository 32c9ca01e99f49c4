//! Where the services of the environment say which release they are.

use super::request_header::is_header_name;
use crate::address::{Address, Url};
use crate::reproduce;
use serde_json_path::JsonPath;
use shared::config::{Identity, Located, Name};
use shared::error::{Error, Result};
use shared::gate::Context;
use std::collections::BTreeMap;

/// Where a service says which release it is.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The service's name.
    pub(crate) service: String,
    /// How it says it.
    pub(crate) identity: Identity,
    /// The address that is asked.
    pub(crate) url: Url,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

/// One for each service that runs in the environment.
pub(super) fn sources(
    context: &Context,
    address: &Address,
    addresses: &BTreeMap<Name, Address>,
) -> Result<Vec<Source>> {
    let file = &context.config.file;
    if context.services.is_empty() {
        let environment = &context.environment;
        return Err(Error::config(format!(
            "environment `{environment}` runs no service, so nothing tells which release answers"
        ))
        .at(file)
        .hint("name it under the environment's `services`"));
    }
    context
        .services
        .iter()
        .map(|name| {
            let at = context.config.document.services.get(name);
            let at = at.and_then(|service| service.at.as_ref());
            source(context, located(context, at, address, addresses)?, name)
        })
        .collect()
}

/// The address that a service is asked at for its release.
fn located<'a>(
    context: &Context,
    at: Option<&Located<Name>>,
    address: &'a Address,
    addresses: &'a BTreeMap<Name, Address>,
) -> Result<&'a Address> {
    let Some(at) = at else {
        return Ok(address);
    };
    addresses.get(&at.value).ok_or_else(|| {
        let names: Vec<&str> = addresses.keys().map(Name::as_str).collect();
        let environment = &context.environment;
        let message = format!("environment `{environment}` has no address `{}`", at.value);
        at.refuse(&context.config.file, message)
            .hint(shared::config::nearest_hint(at.value.as_str(), &names))
    })
}

fn source(context: &Context, address: &Address, name: &Name) -> Result<Source> {
    let refuse = |message: String| {
        Error::config(format!("`services.{name}.identity` {message}")).at(&context.config.file)
    };
    let Some(service) = context.config.document.services.get(name) else {
        return Err(refuse("is missing".into()));
    };
    let identity = service.identity.clone();
    let path = match &identity {
        Identity::Header { name, path } => {
            if !is_header_name(name) {
                return Err(refuse(format!(
                    "has `{name}`, which cannot be the name of a header"
                )));
            }
            path
        }
        Identity::Json { path, select } => {
            JsonPath::parse(select).map_err(|error| {
                refuse(format!("has `{select}`, which is no JSONPath")).source(error)
            })?;
            path
        }
        Identity::Meta { path, .. } => path,
        Identity::Command { .. } => "/",
    };
    let url = address
        .at(path)
        .map_err(|why| refuse(format!("has a `path` with {why}")))?;
    Ok(Source {
        service: name.to_string(),
        reproduce: reproduce::identity(&url, &identity),
        url,
        identity,
    })
}
