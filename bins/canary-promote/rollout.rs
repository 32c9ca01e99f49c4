//! The run: canary up, weight by weight while the evidence holds, then stable; else back.

mod ending;

use crate::checks::exposure;
use crate::facts::{Cause, End, Exposed, Facts, Step, Task};
use crate::ground::{assert_settled, schema_version, what_runs};
use crate::judge::Decision;
use crate::metrics::Sides;
use crate::observation::Observation;
use crate::plan::Plan;
use shared::config::Inconclusive;
use shared::error::{Error, Result};
use shared::gate::Context;
use shared::journal::Effect;
use shared::ledger::{Entry, Ledger, State};
use shared::progress::Progress;
use shared::release::Release;
use shared::service::Service;
use shared::target::Group;
use shared::traffic::Weight;
use std::time::{Duration, Instant};

/// Everything a rollout works with.
pub struct Rollout<'a> {
    plan: &'a Plan,
    services: Vec<Service>,
    ledger: Ledger,
    release: Release,
    previous: Option<Release>,
    observation: Observation,
    ready: Option<std::result::Result<Vec<String>, String>>,
    steps: Vec<Step>,
    first_weight: Option<Instant>,
    exposed: Duration,
}

/// Why the way forward ended.
enum Stop {
    Back(Cause),
    Hold,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Back(Cause::Problem(error.to_string()))
    }
}

type Forward = std::result::Result<(), Stop>;

impl<'a> Rollout<'a> {
    /// Looks at what runs now. Changes nothing.
    pub async fn prepare(context: &mut Context, plan: &'a Plan) -> Result<Self> {
        let services = Service::all(context)?;
        assert_settled(context, &services).await?;
        let ledger = context.ledger()?;
        let previous = what_runs(context, &services, &ledger.entries().await?).await?;
        let addresses = |group| {
            let all = services.iter().flat_map(|service| service.addresses(group));
            all.cloned().collect::<Vec<String>>()
        };
        let sides = Sides {
            canary: addresses(Group::Canary),
            stable: addresses(Group::Stable),
        };
        let http = context.http().pooled();
        Ok(Self {
            plan,
            release: context.release()?.clone(),
            previous,
            observation: Observation::new(&context.config.document.canary, http, sides),
            services,
            ledger,
            ready: None,
            steps: Vec::new(),
            first_weight: None,
            exposed: Duration::ZERO,
        })
    }

    /// Runs to one of the ends.
    pub async fn run(mut self, context: &mut Context) -> Result<Facts> {
        self.begin(context).await?;
        let end = match self.forward(context).await {
            Ok(()) => self.conclude_good(context).await,
            Err(Stop::Hold) => End::Held,
            Err(Stop::Back(cause)) => self.back(context, cause).await,
        };
        let places = Service::all_found(&self.services).await;
        let metrics = self.observation.metrics;
        let exposed = Exposed::of(&metrics, self.exposed);
        Ok(Facts {
            task: Task::Run,
            release: self.release,
            previous: self.previous,
            ready: self.ready,
            steps: self.steps,
            metrics,
            end,
            places,
            exposed,
        })
    }

    /// Writes the release into the ledger before anything else is changed.
    async fn begin(&self, context: &mut Context) -> Result<()> {
        let entry = Entry {
            schema: 1,
            id: context.run.id.clone(),
            release: self.release.clone(),
            at: shared::clock::now(),
            actor: context.run.actor.clone(),
            schema_version: schema_version(context).await?,
            state: State::InProgress,
            note: String::new(),
        };
        let purpose = serde_json::json!({
            "task": "promote", "release": self.release, "previous": self.previous, "entry": entry.id,
        });
        let journal = context.journal()?;
        journal.begin(purpose)?;
        let detail = serde_json::json!({"entry": entry.id});
        let effect = Effect::new("ledger-begin", self.ledger.place(), detail);
        journal.effect(effect, self.ledger.begin(&entry)).await
    }

    async fn forward(&mut self, context: &mut Context) -> Forward {
        if self.previous.is_none() {
            return self.first_release(context).await;
        }
        self.start_canary(context).await?;
        for weight in self.plan.weights.clone() {
            self.step(context, weight).await?;
        }
        for service in &self.services {
            interruptible(context, service, Group::Stable, &self.release).await?;
        }
        for service in &self.services {
            service.set_weight(context.journal()?, Weight::NONE).await?;
        }
        self.end_exposure();
        Ok(())
    }

    /// Nothing runs yet, so there is nothing to compare with and nobody to hurt.
    async fn first_release(&mut self, context: &mut Context) -> Forward {
        for service in &self.services {
            service
                .deploy(context.journal()?, Group::Stable, &self.release)
                .await?;
        }
        Ok(())
    }

    async fn start_canary(&mut self, context: &mut Context) -> Forward {
        let mut evidence = Vec::new();
        for service in &self.services {
            let started = Instant::now();
            if let Err(stop) = interruptible(context, service, Group::Canary, &self.release).await {
                if let Stop::Back(cause) = &stop {
                    self.ready = Some(Err(cause.text()));
                }
                return Err(stop);
            }
            evidence.push(format!(
                "{} canary instance(s) of {} answer as {} after {:.1} s",
                service.addresses(Group::Canary).len(),
                service.subject(),
                self.release.version,
                started.elapsed().as_secs_f64()
            ));
        }
        self.ready = Some(Ok(evidence));
        Ok(())
    }

    async fn step(&mut self, context: &mut Context, weight: Weight) -> Forward {
        for service in &self.services {
            service.set_weight(context.journal()?, weight).await?;
        }
        self.first_weight.get_or_insert_with(Instant::now);
        let start = Instant::now();
        self.steps.push(Step::new(weight));
        let result = self.hold(context, weight).await;
        if let Some(step) = self.steps.last_mut() {
            step.seconds = start.elapsed().as_secs_f64();
        }
        result
    }

    /// Stays on a weight until the evidence decides or the time is over.
    async fn hold(&mut self, context: &mut Context, weight: Weight) -> Forward {
        let canary = context.config.document.canary.clone();
        let mut progress = Progress::start(format!("{} at {weight}", self.release.version));
        let mut interrupt = context.interrupt.clone();
        if !interrupt.sleep(canary.warm_up.duration()).await {
            return Err(asked_to_stop());
        }
        let judged = Instant::now();
        self.observation.start().await;
        loop {
            if !self
                .observation
                .pass(canary.interval.duration(), &mut interrupt)
                .await
            {
                return Err(asked_to_stop());
            }
            self.watch_weight(weight).await?;
            let is_covered = self.read().await;
            progress.tell(&self.observation.state());
            let elapsed = judged.elapsed();
            match self.observation.decision() {
                Decision::Abort => {
                    let log_evidence = self.observation.log_evidence_worse();
                    return Err(Stop::Back(Cause::Worse { log_evidence }));
                }
                Decision::Advance if is_covered && elapsed >= canary.dwell.duration() => {
                    return Ok(());
                }
                Decision::Advance | Decision::Continue => {}
            }
            if elapsed >= canary.deadline.duration() {
                let seconds = elapsed.as_secs_f64();
                let trouble = self.steps.last().and_then(|step| step.trouble.as_deref());
                let why = match trouble {
                    Some(trouble) => format!("after {seconds:.0} s: {trouble}"),
                    None => format!("after {seconds:.0} s {}", self.observation.shortfall()),
                };
                return Err(match canary.inconclusive {
                    Inconclusive::Hold => Stop::Hold,
                    Inconclusive::Abort => Stop::Back(Cause::Inconclusive(why)),
                });
            }
        }
    }

    /// Reads the counters into the step; whether it may be left on what it has.
    async fn read(&mut self) -> bool {
        let at = self
            .first_weight
            .map_or(Duration::ZERO, |first| first.elapsed());
        let reading = self.observation.read(at).await;
        let decision = self.observation.decision();
        let Some(step) = self.steps.last_mut() else {
            return false;
        };
        step.samples.extend(reading.samples);
        step.trouble = reading.trouble;
        step.decision = decision;
        if let Err(why) = exposure::of_step(&self.observation.metrics, step) {
            step.trouble = Some(why);
        }
        step.trouble.is_none() && self.observation.is_covered_by(&step.samples)
    }

    /// The weight may have been changed by somebody else: then what is counted is not what is meant.
    async fn watch_weight(&self, weight: Weight) -> Forward {
        for service in &self.services {
            let now = service.weight().await?;
            if now != weight {
                return Err(Stop::Back(Cause::Problem(format!(
                    "somebody else changed the weight of {} from {weight} to {now}",
                    service.subject()
                ))));
            }
        }
        Ok(())
    }

    /// From here on no user meets the canary any more.
    fn end_exposure(&mut self) {
        self.exposed = self
            .first_weight
            .map_or(Duration::ZERO, |first| first.elapsed());
    }
}

fn asked_to_stop() -> Stop {
    Stop::Back(Cause::Asked("the run was asked to stop".into()))
}

async fn interruptible(
    context: &mut Context,
    service: &Service,
    group: Group,
    release: &Release,
) -> Forward {
    let mut interrupt = context.interrupt.clone();
    tokio::select! {
        result = service.deploy(context.journal()?, group, release) => Ok(result?),
        () = interrupt.wait() => Err(asked_to_stop()),
    }
}
