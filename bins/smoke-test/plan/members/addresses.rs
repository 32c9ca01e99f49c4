//! Where the members behind a load balancer are.

use crate::address::Address;
use crate::plan::scope::Scope;
use shared::config::{Group, MembersProbe, Name, Placement, Target, Template};
use shared::error::Result;

/// The members with the text that shows each.
pub(super) fn addresses(
    scope: &Scope<'_>,
    probe: &MembersProbe,
    service: &Name,
) -> Result<Vec<(String, Address)>> {
    if !probe.members.is_empty() {
        let members = probe.members.iter();
        return members.map(|member| address(scope, member)).collect();
    }
    let placement = scope.context.place().services.get(service);
    let placed = placement
        .map(|placement| placed(placement, probe.group))
        .unwrap_or_default();
    if placed.is_empty() {
        let message = format!("finds no member of `{service}` in its target");
        return Err(scope
            .refuse(message)
            .hint("choose another `group`, or list `members`"));
    }
    let placed = placed.into_iter().map(|member| {
        let url = format!("http://{member}");
        let parsed = Address::parse(&url, &url);
        let parsed =
            parsed.map_err(|why| scope.refuse(format!("has the member `{member}`: {why}")));
        Ok((member, parsed?))
    });
    placed.collect()
}

fn placed(placement: &Placement, group: Group) -> Vec<String> {
    let Target::Command(target) = &placement.target;
    match group {
        Group::Stable => target.stable.clone(),
        Group::Canary => target.canary.clone(),
        Group::All => target
            .stable
            .iter()
            .chain(&target.canary)
            .cloned()
            .collect(),
    }
}

fn address(scope: &Scope<'_>, member: &Template) -> Result<(String, Address)> {
    let refuse = |why: &str| {
        let name = &scope.name.value;
        let message = format!("probe `{name}` has a member {why}");
        let hint = "write `host:port`, or `https://host:port`";
        member.refuse(scope.file(), message).hint(hint)
    };
    let (real, raw) = (scope.resolve(member)?, member.raw());
    let with_scheme = |text: &str| match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    };
    let url = with_scheme(real.expose());
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return Err(refuse("whose address is not one of HTTP"));
    }
    let address = Address::parse(&url, &with_scheme(raw));
    let address = address.map_err(|_| refuse("whose address cannot be asked"))?;
    let shown = address.shown().trim_start_matches("http://").to_owned();
    Ok((shown, address))
}
