//! A page that does not exist, and what it must not tell.

use super::profile::{self, Profile};
use super::scope::Scope;
use super::{Planned, Request};
use shared::config::ErrorPageProbe;
use shared::error::Result;
use shared::gate::Step;

/// A page that does not exist, and what it must not tell.
#[derive(Clone, Debug)]
pub(crate) struct ErrorPagePlan {
    /// What it is called.
    pub(crate) name: String,
    /// What is asked.
    pub(crate) page: Request,
    /// The statuses that will do.
    pub(crate) status: Vec<u16>,
    /// What it must not contain.
    pub(crate) not_contains: Vec<String>,
    /// Which security headers it must have.
    pub(crate) profile: Option<Profile>,
}

impl Planned for ErrorPagePlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["error-page"]
    }

    fn steps(&self) -> Vec<Step> {
        let statuses: Vec<String> = self.status.iter().map(u16::to_string).collect();
        let purpose = format!(
            "probe `{}`: {} and no more",
            self.name,
            statuses.join(" or ")
        );
        vec![Step::reads(purpose, self.page.call())]
    }

    fn requests(&self) -> u64 {
        1
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &ErrorPageProbe) -> Result<ErrorPagePlan> {
    profile::statuses(scope, &probe.status)?;
    if let Some(status) = probe.status.iter().find(|status| **status < 400) {
        return Err(scope.refuse(format!("wants the status {status}, which is no error")));
    }
    if probe.not_contains.iter().any(String::is_empty) {
        return Err(scope.refuse("looks for an empty text, which every body contains"));
    }
    // Nobody can have prepared a page for this run.
    let nowhere = format!("/sluicegate-{}-is-not-here", scope.context.run.id);
    let path = probe.path.as_deref().unwrap_or(&nowhere);
    let page = scope.get(probe.at.as_ref(), path, probe.within)?;
    let asked = probe.profile.as_ref();
    Ok(ErrorPagePlan {
        name: probe.name.value.clone(),
        profile: asked
            .map(|asked| profile::of(scope, asked, &page.url))
            .transpose()?,
        page: page.with("accept", "text/html, */*;q=0.8"),
        status: probe.status.clone(),
        not_contains: probe.not_contains.clone(),
    })
}
