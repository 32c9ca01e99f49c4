//! Everything that the checks judge: looked up at the same time, each thing with a deadline.

mod databases;
mod disk;
mod git;
mod tools;
mod variables;

pub use databases::{Database, QUERY as DATABASE_QUERY, Server};
pub use disk::{Disk, Space};
pub use git::{Branch, Git, Tree};
pub use tools::{Found, Tool};
pub use variables::{Looked, Variables};

// A word for a shell is text; handed on here because the checks may not name `shared::process`.

use crate::plan::{Asked, Plan};
use futures_util::StreamExt as _;
use shared::config::Environment;
use shared::error::Result;
use shared::gate::{Context, Step};
use shared::postgres::Address;
use std::time::Duration;
use tokio::time::Instant;

/// What is not known by then stays unknown.
const DEADLINE: Duration = Duration::from_secs(60);
/// So many programs run at a time: more would only slow each other down.
const PROGRAMS_AT_A_TIME: usize = 8;

/// A plan together with what its rules read from files before anything is contacted.
#[derive(Debug)]
pub struct Sources {
    plan: Plan,
    environment: Environment,
    variables: Variables,
    addresses: Vec<Address>,
}

/// What was found out.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// For `variables`.
    pub variables: Variables,
    /// For `tools`.
    pub tools: Vec<Tool>,
    /// For `databases`.
    pub databases: Vec<Database>,
    /// For `disk`.
    pub disks: Vec<Disk>,
    /// For `git`.
    pub git: Option<Git>,
}

impl Sources {
    /// Finds every mistake in the configuration; contacts nothing.
    pub fn open(context: &Context) -> Result<Self> {
        let plan = Plan::of(&Asked {
            document: &context.config.document,
            file: &context.config.file,
            environment: &context.environment,
            selection: &context.common.selection(),
        })?;
        let variables = Variables::read(context, &plan.variables)?;
        let addresses = plan
            .databases
            .iter()
            .map(|rule| context.database(&rule.name.value));
        let addresses = addresses.collect::<Result<Vec<Address>>>()?;
        Ok(Self {
            plan,
            environment: context.place().clone(),
            variables,
            addresses,
        })
    }

    /// The calls that would be made.
    pub fn steps(&self) -> Vec<Step> {
        let places: Vec<String> = self.addresses.iter().map(Address::place).collect();
        self.plan.steps(&self.environment, &places)
    }
}

impl Facts {
    /// Looks at everything that the plan names.
    pub async fn gather(context: &Context, sources: &Sources) -> Self {
        let Sources {
            plan, addresses, ..
        } = sources;
        let end = Instant::now() + DEADLINE;
        let tools = plan
            .tools
            .iter()
            .map(|rule| tools::look(rule, &context.config.root, end));
        let tools = futures_util::stream::iter(tools)
            .buffered(PROGRAMS_AT_A_TIME)
            .collect();
        let databases = plan.databases.iter().zip(addresses);
        let databases = databases.map(|(rule, address)| databases::look(rule, address, end));
        let disks = plan
            .disk
            .iter()
            .map(|rule| disk::look(rule, &context.config, end));
        let (tools, databases, disks, git) = tokio::join!(
            tools,
            futures_util::future::join_all(databases),
            futures_util::future::join_all(disks),
            git::look(plan.git.as_ref(), context, end),
        );
        Self {
            variables: sources.variables.clone(),
            tools,
            databases,
            disks,
            git,
        }
    }
}

/// The answer, or why there is none at the end of all waiting.
async fn until<T>(
    end: Instant,
    looking: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    match tokio::time::timeout_at(end, looking).await {
        Ok(answer) => answer,
        Err(_) => Err("there was no answer before the deadline".into()),
    }
}
