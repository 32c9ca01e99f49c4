//! What a page loads.

use super::scope::Scope;
use super::{Planned, Request};
use crate::address::Address;
use shared::config::AssetsProbe;
use shared::error::Result;
use shared::gate::Step;

/// A page with more is no page that anybody would wait for.
const MOST: u32 = 500;

/// What a page loads.
#[derive(Clone, Debug)]
pub(crate) struct AssetsPlan {
    /// What it is called.
    pub(crate) name: String,
    /// Where the page and what it loads is.
    pub(crate) address: Address,
    /// The page.
    pub(crate) page: Request,
    /// So many are asked at most.
    pub(crate) most: u32,
    /// Whether a file with a hash in its name must be immutable.
    pub(crate) immutable_hashed: bool,
    /// Whether scripts and styles must come compressed.
    pub(crate) compressed: bool,
}

impl Planned for AssetsPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["assets"]
    }

    fn steps(&self) -> Vec<Step> {
        let (name, most) = (&self.name, self.most);
        let at = self.address.shown();
        vec![
            Step::reads(format!("probe `{name}`: the page"), self.page.call()),
            Step::reads(
                format!("probe `{name}`: what the page loads from its own origin"),
                format!("GET {at}/… (at most {most} times)"),
            ),
        ]
    }

    fn requests(&self) -> u64 {
        u64::from(self.most) + 1
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &AssetsProbe) -> Result<AssetsPlan> {
    if probe.most == 0 || probe.most > MOST {
        return Err(scope.refuse(format!("needs `most` from 1 to {MOST}")));
    }
    let page = scope.get(probe.at.as_ref(), &probe.path, probe.within)?;
    Ok(AssetsPlan {
        name: probe.name.value.clone(),
        address: scope.address(probe.at.as_ref())?.clone(),
        page: page.with("accept", "text/html, */*;q=0.8"),
        most: probe.most,
        immutable_hashed: probe.immutable_hashed,
        compressed: probe.compressed,
    })
}
