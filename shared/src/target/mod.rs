//! Where a service runs: one file per kind. What is put there can be asked what it is.

mod command;

use crate::config;
use crate::error::Result;
use crate::release::Release;
use crate::secret::Secret;
use std::time::Duration;

/// Which instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Those that carry the traffic between promotions.
    Stable,
    /// Those that carry the new release during one.
    Canary,
}

impl Group {
    /// `stable` or `canary`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Canary => "canary",
        }
    }
}

/// One instance that a command is about.
#[derive(Clone, Copy, Debug)]
pub struct Instance<'a> {
    /// The service's name.
    pub service: &'a str,
    /// The environment's name.
    pub environment: &'a str,
    /// Which group it belongs to.
    pub group: Group,
    /// `host:port`.
    pub address: &'a str,
}

/// A place of any kind.
#[derive(Clone, Debug)]
pub enum Target {
    /// See [`config::CommandTarget`].
    Command(config::CommandTarget),
}

impl Target {
    /// The place that the configuration describes.
    pub fn of(target: &config::Target) -> Self {
        match target {
            config::Target::Command(command) => Self::Command(command.clone()),
        }
    }

    /// `host:port` of every instance of a group.
    pub fn addresses(&self, group: Group) -> &[String] {
        match (self, group) {
            (Self::Command(target), Group::Stable) => &target.stable,
            (Self::Command(target), Group::Canary) => &target.canary,
        }
    }

    /// The path that answers 2xx when an instance can take traffic.
    pub fn health(&self) -> &str {
        match self {
            Self::Command(target) => &target.health,
        }
    }

    /// How long one instance may take to be ready.
    pub fn deadline(&self) -> Duration {
        match self {
            Self::Command(target) => target.deadline.duration(),
        }
    }

    /// The call that puts a release on an instance, as a person would type it.
    pub fn deploy_call(&self, instance: Instance<'_>, release: &Release) -> String {
        match self {
            Self::Command(target) => command::deploy(target, instance, release).line(),
        }
    }

    /// Puts a release on an instance; returns when that is started, not when it is ready.
    pub async fn deploy(
        &self,
        instance: Instance<'_>,
        release: &Release,
        variables: &[(String, Secret)],
        directory: &std::path::Path,
    ) -> Result<()> {
        match self {
            Self::Command(target) => {
                let call = command::deploy(target, instance, release);
                command::run(target, call, variables, directory).await
            }
        }
    }

    /// The call that stops an instance.
    pub fn stop_call(&self, instance: Instance<'_>) -> String {
        match self {
            Self::Command(target) => command::stop(target, instance).line(),
        }
    }

    /// Stops an instance; also when it does not run.
    pub async fn stop(
        &self,
        instance: Instance<'_>,
        variables: &[(String, Secret)],
        directory: &std::path::Path,
    ) -> Result<()> {
        match self {
            Self::Command(target) => {
                command::run(
                    target,
                    command::stop(target, instance),
                    variables,
                    directory,
                )
                .await
            }
        }
    }
}
