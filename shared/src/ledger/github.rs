//! The ledger as deployments of a GitHub repository: one deployment for each entry, its statuses
//! say what became of it.

mod deployment;
mod history;
mod status;

use super::{Entry, Ledger, State};
use crate::error::{Error, Result};
use crate::github::{Call, Github, Unposted};
use deployment::{Deployment, NewDeployment, TASK};
use serde::Serialize;
use serde::de::DeserializeOwned;
use status::{NewStatus, Said, Status};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const PERMISSION: &str = "deployments: write";

/// GitHub gives at most 100 of a list at once.
const PAGE_SIZE: &str = "100";

/// No list is read further: 500 deployments, 500 statuses of a deployment.
const MOST_PAGES: usize = 5;

/// What was just written may take a moment to be listed, so it is looked for so often.
const LOOKS: u32 = 3;

/// Deployments of one environment.
#[derive(Debug)]
pub struct Deployments {
    github: Github,
    environment: String,
    /// The deployments that this process has seen, by the id of the entry.
    numbers: Mutex<BTreeMap<String, u64>>,
}

impl Ledger {
    /// The deployments of an environment, by a client that is already there.
    pub fn on_github(github: Github, environment: &str) -> Self {
        Self::Github(Deployments::new(github, environment))
    }
}

impl Deployments {
    pub(super) fn from_environment(environment: &str) -> Result<Self> {
        Ok(Self::new(Github::from_environment()?, environment))
    }

    fn new(github: Github, environment: &str) -> Self {
        Self {
            github,
            environment: environment.to_owned(),
            numbers: Mutex::default(),
        }
    }

    pub(super) fn place(&self) -> String {
        let repository = self.github.repository();
        format!(
            "the GitHub deployments of {repository} to {}",
            self.environment
        )
    }

    /// The newest entries, the oldest of them first: at least 20 (all when there are fewer), and as
    /// many more as it takes to reach one that is good and not condemned. There is no gap between
    /// them. When the newest 500 hold none that is good, it is an
    /// error and not an empty answer: an older one may be there.
    pub(super) async fn entries(&self) -> Result<Vec<Entry>> {
        self.in_time("read the ledger", self.read()).await
    }

    /// Creates the deployment and says that it is in progress. An entry that is already there, by
    /// its id, is not created again.
    pub(super) async fn begin(&self, entry: &Entry) -> Result<()> {
        self.in_time("begin an entry of the ledger", self.create(entry))
            .await
    }

    /// Adds a status to the deployment, unless it says the same already. The API cuts the note.
    pub(super) async fn conclude(&self, id: &str, state: State, note: &str) -> Result<()> {
        let done = async {
            let said = Said::new(state, note);
            for number in self.numbers(id).await? {
                if self.said(number).await?.as_ref() != Some(&said) {
                    self.say(number, &said).await?;
                }
            }
            Ok(())
        };
        self.in_time("conclude an entry of the ledger", done).await
    }

    async fn create(&self, entry: &Entry) -> Result<()> {
        let body = NewDeployment::of(entry, &self.environment)?;
        let known = self.of_entry(entry).await?;
        let is_known = known.is_some();
        let deployment = match known {
            Some(deployment) => deployment,
            None => {
                let what = format!("create a deployment to {}", self.environment);
                let call = call(&what, "deployments", &[]);
                self.settle(&call, &body, async || self.of_entry(entry).await)
                    .await?
            }
        };
        let place = self.github.url(&path_of(deployment.id));
        let made = deployment.entry(&place)?;
        if made.id != entry.id || made.release != entry.release || !self.is_here(&deployment) {
            return Err(Error::unavailable(format!(
                "the deployment carries run `{}` with {} and not what was begun",
                made.id, made.release
            ))
            .at(place));
        }
        self.remember(&entry.id, deployment.id);
        if is_known && self.said(deployment.id).await?.is_some() {
            return Ok(());
        }
        self.say(deployment.id, &Said::new(entry.state, &entry.note))
            .await
    }

    /// The deployment of an entry, among those of the same commit.
    async fn of_entry(&self, entry: &Entry) -> Result<Option<Deployment>> {
        let what = format!("look for the deployment of run {}", entry.id);
        let query = [
            ("environment", self.environment.as_str()),
            ("task", TASK),
            ("ref", entry.release.commit.as_str()),
            ("per_page", PAGE_SIZE),
        ];
        let mut pages = self
            .github
            .pages(call(&what, "deployments", &query), MOST_PAGES);
        while let Some(page) = pages.next::<Deployment>().await? {
            let mut here = page
                .into_iter()
                .filter(|deployment| self.is_here(deployment));
            if let Some(found) = here.find(|deployment| deployment.entry_id() == Some(&entry.id)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Says what became of a deployment.
    async fn say(&self, number: u64, said: &Said) -> Result<()> {
        let what = format!("say that deployment {number} is {}", said.state.word());
        let path = format!("{}/statuses", path_of(number));
        let body = NewStatus::of(said, self.github.run_url());
        let look = async || {
            let found = self.said(number).await?;
            Ok(found
                .filter(|found| found == said)
                .map(|_| Status::of(&body)))
        };
        let status: Status = self.settle(&call(&what, &path, &[]), &body, look).await?;
        if status.said().as_ref() == Some(said) {
            return Ok(());
        }
        Err(Error::unavailable(format!(
            "could not {what}: GitHub wrote down something else"
        ))
        .at(self.github.url(&path)))
    }

    /// Sends a document to be created; when it is not clear whether it was, looks for it, and only
    /// when it is not there sends it once more.
    async fn settle<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        body: &impl Serialize,
        look: impl AsyncFn() -> Result<Option<T>>,
    ) -> Result<T> {
        let mut is_repeated = false;
        loop {
            let (error, mut pause) = match self.github.post(call, body).await {
                Ok(made) => return Ok(made),
                Err(Unposted::Refused(error)) => return Err(error),
                Err(Unposted::Unclear { error, pause }) => (error, pause),
            };
            for _ in 0..LOOKS {
                tokio::time::sleep(pause).await;
                match look().await {
                    Ok(Some(made)) => return Ok(made),
                    Ok(None) => pause = self.github.limits().pause * 2,
                    Err(_) => return Err(error.hint("whether it was done could not be read back")),
                }
            }
            if is_repeated {
                return Err(error.hint("it was sent twice and is not there"));
            }
            is_repeated = true;
        }
    }

    /// The deployments that carry an entry: one, or two when an answer was lost and the first was
    /// listed too late.
    async fn numbers(&self, id: &str) -> Result<Vec<u64>> {
        let known = self
            .numbers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .copied();
        if let Some(number) = known {
            return Ok(vec![number]);
        }
        let mut pause = self.github.limits().pause;
        for _ in 0..LOOKS {
            let found = self.search(id).await?;
            if !found.is_empty() {
                return Ok(found);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(
            Error::unavailable(format!("the ledger has no entry `{id}`"))
                .at(self.github.url("deployments"))
                .hint(format!(
                    "the newest 500 of ours to {} were read",
                    self.environment
                )),
        )
    }

    async fn search(&self, id: &str) -> Result<Vec<u64>> {
        let what = format!("look for the deployment of run {id}");
        let query = self.query();
        let mut pages = self
            .github
            .pages(call(&what, "deployments", &query), MOST_PAGES);
        while let Some(page) = pages.next::<Deployment>().await? {
            let here = page.iter().filter(|deployment| self.is_here(deployment));
            let found = here.filter(|deployment| deployment.entry_id() == Some(id));
            let found: Vec<u64> = found.map(|deployment| deployment.id).collect();
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// Selects the deployments of the ledger.
    fn query(&self) -> [(&str, &str); 3] {
        [
            ("environment", &self.environment),
            ("task", TASK),
            ("per_page", PAGE_SIZE),
        ]
    }

    fn remember(&self, id: &str, number: u64) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.insert(id.to_owned(), number);
    }

    /// A server that ignores the filter must not mix the histories. GitHub does not tell the case
    /// of environments apart.
    fn is_here(&self, deployment: &Deployment) -> bool {
        deployment
            .environment
            .eq_ignore_ascii_case(&self.environment)
    }

    async fn in_time<T>(&self, what: &str, done: impl Future<Output = Result<T>>) -> Result<T> {
        let limit: Duration = self.github.limits().total;
        tokio::time::timeout(limit, done).await.unwrap_or_else(|_| {
            let seconds = limit.as_secs_f64();
            Err(Error::unavailable(format!("could not {what} within {seconds} s")).at(self.place()))
        })
    }
}

fn call<'a>(what: &'a str, path: &'a str, query: &'a [(&'a str, &'a str)]) -> Call<'a> {
    Call {
        what,
        path,
        query,
        permission: PERMISSION,
    }
}

fn path_of(number: u64) -> String {
    format!("deployments/{number}")
}
