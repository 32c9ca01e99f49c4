//! A page and the security headers that it must have.

use super::profile::{self, Profile};
use super::scope::Scope;
use super::{Planned, Request};
use shared::config::SecurityHeadersProbe;
use shared::error::Result;
use shared::gate::Step;

/// A page and the security headers that it must have.
#[derive(Clone, Debug)]
pub(crate) struct SecurityHeadersPlan {
    /// What it is called.
    pub(crate) name: String,
    /// What is asked.
    pub(crate) page: Request,
    /// The statuses that will do for it.
    pub(crate) status: Vec<u16>,
    /// The error page that must have the same headers.
    pub(crate) error_page: Option<Request>,
    /// Which headers.
    pub(crate) profile: Profile,
}

impl Planned for SecurityHeadersPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["security-headers"]
    }

    fn steps(&self) -> Vec<Step> {
        let purpose = format!("probe `{}`: security headers", self.name);
        let pages = std::iter::once(&self.page).chain(&self.error_page);
        pages
            .map(|page| Step::reads(&purpose, page.call()))
            .collect()
    }

    fn requests(&self) -> u64 {
        1 + u64::from(self.error_page.is_some())
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &SecurityHeadersProbe) -> Result<SecurityHeadersPlan> {
    profile::statuses(scope, &probe.status)?;
    let get = |path: &str| {
        let request = scope.get(probe.at.as_ref(), path, probe.within)?;
        // As a browser asks: some services have headers, and debug pages, for pages only.
        Ok(request.with("accept", "text/html, */*;q=0.8"))
    };
    let page = get(&probe.path)?;
    Ok(SecurityHeadersPlan {
        name: probe.name.value.clone(),
        profile: profile::of(scope, &probe.profile, &page.url)?,
        error_page: probe.error_path.as_deref().map(get).transpose()?,
        status: probe.status.clone(),
        page,
    })
}
