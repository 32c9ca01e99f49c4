//! Where redirects may lead, decided before the first is followed.

use super::request::Request;
use super::scope::Scope;
use crate::address::Url;
use shared::config::{HttpProbe, Located};
use shared::error::Result;

/// Where each redirect leads. Only hosts that the environment names are followed to.
pub(super) fn of(scope: &Scope<'_>, probe: &HttpProbe, request: &Request) -> Result<Vec<Url>> {
    if !probe.redirects.is_empty() && !request.is_safe() {
        let method = &request.method;
        return Err(scope.refuse(format!("follows `redirects` with `{method}`")));
    }
    let mut hops = vec![request.url.clone()];
    for redirect in &probe.redirects {
        let url = redirected(scope, probe, redirect)?;
        let last = hops.last().map(|hop| hop.endpoint.is_secure);
        if last == Some(true) && !url.endpoint.is_secure {
            return Err(scope.refuse_at(redirect, "follows a redirect from https back to http"));
        }
        if hops
            .iter()
            .any(|hop| hop.real.expose() == url.real.expose())
        {
            let message = format!("follows redirects in a loop: `{}`", redirect.value);
            return Err(scope.refuse_at(redirect, message));
        }
        hops.push(url);
    }
    hops.remove(0);
    Ok(hops)
}

fn redirected(scope: &Scope<'_>, probe: &HttpProbe, redirect: &Located<String>) -> Result<Url> {
    let text = &redirect.value;
    if text.starts_with('/') {
        return scope.url(probe.at.as_ref(), text);
    }
    let addresses = std::iter::once(scope.address).chain(scope.addresses.values());
    let found = addresses
        .into_iter()
        .find_map(|address| address.same_host(text));
    found.ok_or_else(|| {
        let environment = &scope.context.environment;
        let message =
            format!("follows a redirect to `{text}`, which is at no address of `{environment}`");
        scope.refuse_at(redirect, message).hint(format!(
            "name the host in `environments.{environment}.addresses`"
        ))
    })
}
