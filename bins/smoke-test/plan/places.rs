//! The addresses of the environment.

use crate::address::Address;
use shared::config::{Name, Template};
use shared::error::{Error, Result};
use shared::gate::Context;
use std::collections::BTreeMap;

/// Its `url`.
pub(super) fn own_address(context: &Context) -> Result<Address> {
    let real = context.url()?;
    let template = context.place().url.as_ref();
    let raw = template.map_or("", |template| template.raw());
    Address::parse(&real, raw).map_err(|why| match template {
        Some(template) => template.refuse(&context.config.file, why),
        None => Error::config(why).at(&context.config.file),
    })
}

/// Its `addresses`.
pub(super) fn further_addresses(context: &Context) -> Result<BTreeMap<Name, Address>> {
    let addresses = context.place().addresses.iter();
    addresses
        .map(|(name, template)| Ok((name.clone(), further_address(context, template)?)))
        .collect()
}

fn further_address(context: &Context, template: &Template) -> Result<Address> {
    let refuse = |why: String| template.refuse(&context.config.file, why);
    let real = context.config.resolve(template)?;
    let text = real.expose();
    if !(text.starts_with("http://") || text.starts_with("https://")) {
        return Err(refuse(
            "an address must start with `http://` or `https://`".into(),
        ));
    }
    Address::parse(text, template.raw()).map_err(refuse)
}
