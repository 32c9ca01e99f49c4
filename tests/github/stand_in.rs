//! A stand-in for GitHub's API on a loopback port. It holds every request that it gets and every
//! answer that it gives to the published description, and can be told to fail as GitHub does.

use super::contract::{self, Contract};
use super::repository::Repository;
use super::wire::{Answer, Request};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub const REPOSITORY: &str = "ada/cal";
pub const TOKEN: &str = "ghs_sluicegateStandInToken";

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This is answered, and nothing done.
    Answer(Answer),
    /// This is answered, though it is done.
    DoneButAnswer(Answer),
    /// It is done, and the connection closed without an answer.
    LoseAnswer,
    /// It is done, and the connection closed in the middle of the answer.
    CutAnswer,
    /// The connection is closed, and nothing done.
    LoseRequest,
    /// It is done, and never answered.
    Hang,
    /// It is done, and the link to the next page leads to this host.
    LinkTo(String),
}

struct Planned {
    method: &'static str,
    /// What the path ends with.
    path: &'static str,
    fault: Fault,
}

struct State {
    repository: Repository,
    plan: Vec<Planned>,
    requests: Vec<Request>,
    problems: Vec<String>,
    contract: Contract,
    root: String,
}

/// The server; it stops when it is dropped, and a breach of the contract fails the test then.
pub struct StandIn {
    pub api: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl StandIn {
    pub async fn start() -> Self {
        Self::start_below("").await
    }

    /// One whose API has a path, as on GitHub Enterprise Server.
    pub async fn start_below(path: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a loopback port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let api = format!("http://{address}{path}");
        let state = Arc::new(Mutex::new(State {
            repository: Repository::default(),
            plan: Vec::new(),
            requests: Vec::new(),
            problems: Vec::new(),
            contract: Contract::published(),
            root: format!("{api}/repos/{REPOSITORY}"),
        }));
        let shared = Arc::clone(&state);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { api, state, server }
    }

    /// Has the next request of this kind go wrong; for several, in this order.
    pub fn plan(&self, method: &'static str, path: &'static str, fault: Fault) {
        self.state().plan.push(Planned {
            method,
            path,
            fault,
        });
    }

    /// Looks at the repository, or changes it, behind the API's back.
    pub fn repository<T>(&self, change: impl FnOnce(&mut Repository, &str) -> T) -> T {
        let mut state = self.state();
        let root = state.root.clone();
        change(&mut state.repository, &root)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// How many requests of a kind came.
    pub fn count(&self, method: &str, path: &str) -> usize {
        let requests = self.requests();
        requests
            .iter()
            .filter(|one| one.method == method && one.path.ends_with(path))
            .count()
    }

    /// The states said of a deployment, the oldest first.
    pub fn states(&self, id: usize) -> Vec<String> {
        self.repository(|repository, _| {
            repository.deployments[id - 1]
                .states()
                .into_iter()
                .map(str::to_owned)
                .collect()
        })
    }

    /// The deployments there are, as GitHub shows them.
    pub fn deployments(&self) -> Vec<Value> {
        self.repository(|repository, _| {
            repository
                .deployments
                .iter()
                .map(|deployment| deployment.shown.clone())
                .collect()
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.abort();
        let problems = std::mem::take(&mut self.state().problems);
        if !std::thread::panicking() {
            assert_eq!(
                problems,
                Vec::<String>::new(),
                "breaches of the published description"
            );
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no test panics with the lock held")
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    while let Some(request) = Request::read(&mut stream).await {
        let (answer, fault) = lock(&state).handle(&request);
        match fault {
            Some(Fault::LoseAnswer | Fault::LoseRequest) => return None,
            Some(Fault::CutAnswer) => return answer.write(&mut stream, 0.5).await,
            Some(Fault::Hang) => std::future::pending().await,
            _ => answer.write(&mut stream, 1.0).await?,
        }
    }
    None
}

impl State {
    fn handle(&mut self, request: &Request) -> (Answer, Option<Fault>) {
        self.requests.push(request.clone());
        let base = self.root.split("/repos/").next().unwrap_or_default();
        let prefix = base
            .splitn(4, '/')
            .nth(3)
            .map(|path| format!("/{path}"))
            .unwrap_or_default();
        let path = request.path.strip_prefix(&prefix).unwrap_or("/outside");
        let path = path.replacen("/repositories/1/", &format!("/repos/{REPOSITORY}/"), 1);
        let body = request.body.as_ref();
        let described = contract::Request {
            method: &request.method,
            path: &path,
            query: &request.query,
            body,
        };
        self.problems
            .extend(self.contract.problems_of_request(&described));
        let is_planned =
            |one: &Planned| one.method == request.method && request.path.ends_with(one.path);
        let planned = self.plan.iter().position(is_planned);
        let fault = planned.map(|index| self.plan.remove(index).fault);
        let answer = match &fault {
            Some(Fault::Answer(answer)) => answer.clone(),
            Some(Fault::LoseRequest) => return (Answer::refusal(500, "not sent"), fault),
            Some(Fault::DoneButAnswer(answer)) => {
                self.answer(request, &path);
                answer.clone()
            }
            Some(Fault::LinkTo(host)) => {
                let answer = self.answer(request, &path);
                let link = format!("<{host}{path}?page=2>; rel=\"next\"");
                answer.header("link", link)
            }
            _ => self.answer(request, &path),
        };
        let problems = self
            .contract
            .problems_of_answer(&described, answer.status, &answer.body);
        self.problems.extend(problems);
        (answer, fault)
    }

    fn answer(&mut self, request: &Request, path: &str) -> Answer {
        if request.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            return Answer::refusal(401, "Bad credentials");
        }
        let below = path.strip_prefix(&format!("/repos/{REPOSITORY}/"));
        let Some(below) = below else {
            return Answer::refusal(404, "Not Found");
        };
        let parts: Vec<&str> = below.split('/').collect();
        self.repository.answer(request, &parts, &self.root)
    }
}
