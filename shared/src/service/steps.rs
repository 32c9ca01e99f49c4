//! The calls that a service would get, for `--plan`.

use super::Service;
use crate::gate::Step;
use crate::identity;
use crate::release::Release;
use crate::target::Group;
use crate::traffic::Weight;

impl Service {
    /// The calls of a deployment to a group, for `--plan`.
    pub fn deploy_steps(&self, group: Group, release: &Release) -> Vec<Step> {
        let steps = self.addresses(group).iter().map(|address| {
            let call = self
                .target
                .deploy_call(self.instance(group, address), release);
            let purpose = format!("put {} on {} {address}", release.version, group.name());
            Step::changes(purpose, call)
        });
        let ready = Step::reads(
            format!(
                "wait until {} {} answer as {}",
                group.name(),
                self.name,
                release.version
            ),
            identity::reproduce(
                &format!("http://{}", self.addresses(group)[0]),
                &self.identity,
            ),
        );
        steps.chain([ready]).collect()
    }

    /// The call that sets a weight, for `--plan`.
    pub fn weight_step(&self, weight: Weight) -> Step {
        Step::changes(
            format!("give the canary of {} {weight}", self.name),
            self.router.set_call(weight),
        )
    }

    /// The calls that stop the canary, for `--plan`.
    pub fn stop_steps(&self) -> Vec<Step> {
        let addresses = self.addresses(Group::Canary).iter();
        addresses
            .map(|address| {
                let call = self.target.stop_call(self.instance(Group::Canary, address));
                Step::changes(format!("stop canary {address}"), call)
            })
            .collect()
    }
}
