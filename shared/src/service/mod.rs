//! One service as it runs in one environment: its instances, its traffic, and every change to
//! them through the journal, each read back.

mod found;
mod steps;

use crate::config::{Identity, Name};
use crate::error::{Error, Result};
use crate::gate::Context;
use crate::http::{Http, join};
use crate::identity;
use crate::journal::{Effect, Journal};
use crate::release::Release;
use crate::secret::Secret;
use crate::target::{Group, Instance, Target};
use crate::traffic::{Reach, Router, Weight};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long one question to an instance may take.
const QUESTION: Duration = Duration::from_secs(2);

/// One service as it runs in one environment.
#[derive(Debug)]
pub struct Service {
    name: String,
    environment: String,
    target: Target,
    router: Router,
    identity: Identity,
    http: Http,
    root: PathBuf,
    run: String,
    variables: Vec<(String, Secret)>,
}

/// What an instance says of itself.
#[derive(Clone, Debug)]
pub struct Said {
    /// `host:port`.
    pub address: String,
    /// Its release, or why it does not say.
    pub release: std::result::Result<String, String>,
}

impl Said {
    /// Whether it runs that release.
    pub fn is(&self, release: &Release) -> bool {
        self.release
            .as_ref()
            .is_ok_and(|said| release.is_named_by(said))
    }
}

impl Service {
    /// The service as the configuration places it.
    pub fn of(context: &Context, name: &Name) -> Result<Self> {
        let missing = |what: &str| {
            let environment = &context.environment;
            Error::config(format!(
                "service `{name}` of environment `{environment}` has no {what}"
            ))
            .at(&context.config.file)
        };
        let placement = context
            .place()
            .services
            .get(name)
            .ok_or_else(|| missing("placement"))?;
        let router = placement
            .router
            .as_ref()
            .ok_or_else(|| missing("`router`"))?;
        let declared = context.config.document.services.get(name);
        let identity = declared
            .map(|service| &service.identity)
            .ok_or_else(|| missing("`identity`"))?;
        let variables = context.variables()?;
        Ok(Self {
            name: name.to_string(),
            environment: context.environment.to_string(),
            target: Target::of(&placement.target),
            router: Router::of(router),
            identity: identity.clone(),
            http: context.http(),
            root: context.config.root.clone(),
            run: context.run.id.clone(),
            variables: variables
                .iter()
                .map(|(name, variable)| (name.to_owned(), variable.value.clone()))
                .collect(),
        })
    }

    /// Every service that the run is about; at least one.
    pub fn all(context: &Context) -> Result<Vec<Self>> {
        if context.services.is_empty() {
            let environment = &context.environment;
            return Err(
                Error::config(format!("environment `{environment}` runs no service"))
                    .at(&context.config.file),
            );
        }
        context
            .services
            .iter()
            .map(|name| Self::of(context, name))
            .collect()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `environment/service`.
    pub fn subject(&self) -> String {
        format!("{}/{}", self.environment, self.name)
    }

    /// `host:port` of every instance of a group.
    pub fn addresses(&self, group: Group) -> &[String] {
        self.target.addresses(group)
    }

    fn instance<'a>(&'a self, group: Group, address: &'a str) -> Instance<'a> {
        Instance {
            service: &self.name,
            environment: &self.environment,
            group,
            address,
        }
    }

    fn reach(&self) -> Reach<'_> {
        Reach {
            http: &self.http,
            root: &self.root,
            run: &self.run,
        }
    }

    /// The weight that applies now.
    pub async fn weight(&self) -> Result<Weight> {
        self.router.weight(self.reach()).await
    }

    /// What every instance of a group says of itself, all asked at once.
    pub async fn said(&self, group: Group) -> Vec<Said> {
        let asked = self.addresses(group).iter().map(|address| async move {
            let base = format!("http://{address}");
            let release = identity::ask(&self.http, &base, &self.identity, QUESTION).await;
            Said {
                address: address.clone(),
                release: release.map_err(|error| error.to_string()),
            }
        });
        futures_util::future::join_all(asked).await
    }

    /// Whether every instance of a group runs that release and is ready.
    pub async fn is_ready(&self, group: Group, release: &Release) -> Result<(), String> {
        for said in self.said(group).await {
            match &said.release {
                Ok(_) if said.is(release) => {}
                Ok(other) => return Err(format!("{} runs {other}", said.address)),
                Err(why) => return Err(why.clone()),
            }
        }
        for address in self.addresses(group) {
            let url = join(&format!("http://{address}"), self.target.health());
            match self.http.get(&url, QUESTION).await {
                Ok(answer) if (200..300).contains(&answer.status) => {}
                Ok(answer) => return Err(format!("{url} answers {}", answer.status)),
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    /// Puts a release on every instance of a group, one after the other, and waits until all of
    /// them say that they run it and are healthy.
    pub async fn deploy(
        &self,
        journal: &mut Journal,
        group: Group,
        release: &Release,
    ) -> Result<()> {
        for address in self.addresses(group) {
            let detail = serde_json::json!({
                "group": group.name(), "address": address, "version": release.version,
            });
            let what = format!(
                "{} {} {address}: {}",
                self.subject(),
                group.name(),
                release.version
            );
            let effect = Effect::new("deploy", what, detail);
            let instance = self.instance(group, address);
            let action = self
                .target
                .deploy(instance, release, &self.variables, &self.root);
            journal.effect(effect, action).await?;
        }
        self.wait_until_ready(group, release).await
    }

    async fn wait_until_ready(&self, group: Group, release: &Release) -> Result<()> {
        let end = Instant::now() + self.target.deadline();
        loop {
            let Err(why) = self.is_ready(group, release).await else {
                return Ok(());
            };
            if Instant::now() >= end {
                return Err(Error::unavailable(format!(
                    "the {} instances of {} are not ready as {release}: {why}",
                    group.name(),
                    self.subject()
                )));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sets the weight and reads it back.
    pub async fn set_weight(&self, journal: &mut Journal, weight: Weight) -> Result<()> {
        let detail = serde_json::json!({"weight": weight.to_string(), "hundredths": weight});
        let what = format!("{} to {weight}", self.subject());
        let effect = Effect::new("set-weight", what, detail);
        journal
            .effect(effect, self.router.set_weight(weight, self.reach()))
            .await?;
        let now = self.weight().await?;
        if now == weight {
            return Ok(());
        }
        Err(Error::unavailable(format!(
            "{} was set to {weight} and says {now}: somebody else changed it",
            self.subject()
        )))
    }

    /// Stops every canary instance.
    pub async fn stop_canary(&self, journal: &mut Journal) -> Result<()> {
        for address in self.addresses(Group::Canary) {
            let detail = serde_json::json!({"group": "canary", "address": address});
            let what = format!("{} canary {address}", self.subject());
            let effect = Effect::new("stop", what, detail);
            let instance = self.instance(Group::Canary, address);
            let action = self.target.stop(instance, &self.variables, &self.root);
            journal.effect(effect, action).await?;
        }
        Ok(())
    }

    /// Puts all traffic on stable running that release: stable is brought to it first where it is
    /// not, then the weight is taken back and read back, then the canary is stopped. Does only
    /// what is not so already, and may be repeated after any break.
    pub async fn put_back(&self, journal: &mut Journal, release: &Release) -> Result<()> {
        let stable = self.said(Group::Stable).await;
        let is_right = |said: &Said| said.is(release);
        let is_stranger = |said: &Said| said.release.is_ok() && !said.is(release);
        let must_deploy = match self.weight().await {
            Ok(Weight::ALL) => !stable.iter().all(is_right),
            // Stable carries traffic: a member that is silent among others that are right is not
            // restarted, and what is sick must not delay the rest.
            Ok(_) | Err(_) => !stable.iter().any(is_right) || stable.iter().any(is_stranger),
        };
        if must_deploy {
            self.deploy(journal, Group::Stable, release).await?;
        }
        if !matches!(self.weight().await, Ok(Weight::NONE)) {
            self.set_weight(journal, Weight::NONE).await?;
        }
        self.stop_canary(journal).await
    }

    /// Moves all traffic to a release without a moment in which nobody serves: the canary
    /// instances take it over while stable is replaced, then stable takes it back. Instances that
    /// carry traffic are never replaced, wherever an earlier run broke off.
    pub async fn replace_stable(&self, journal: &mut Journal, release: &Release) -> Result<()> {
        let weight = self.weight().await?;
        if weight != Weight::ALL {
            if self.is_ready(Group::Canary, release).await.is_err() {
                if weight != Weight::NONE {
                    self.set_weight(journal, Weight::NONE).await?;
                }
                self.deploy(journal, Group::Canary, release).await?;
            }
            self.set_weight(journal, Weight::ALL).await?;
        }
        self.put_back(journal, release).await
    }
}
