//! The deployments of a repository, as GitHub keeps them.

use super::wire::{Answer, Request};
use serde_json::{Value, json};

const NOW: &str = "2026-11-21T10:00:00Z";

/// One repository and its deployments, the oldest first.
#[derive(Debug, Default)]
pub struct Repository {
    pub deployments: Vec<Deployment>,
    /// How many listings a new deployment stays out of.
    pub listed_late: usize,
    /// Whether the default branch holds commits that a ref does not.
    pub is_behind: bool,
    /// Whether the required statuses of every commit are red.
    pub is_red: bool,
    /// Whether a listing ignores what it is asked for.
    pub is_careless: bool,
    /// The statuses made so far.
    last_status: u64,
}

#[derive(Debug)]
pub struct Deployment {
    /// As GitHub shows it.
    pub shown: Value,
    /// The oldest first.
    pub statuses: Vec<Value>,
    hidden: usize,
}

impl Deployment {
    pub fn states(&self) -> Vec<&str> {
        self.statuses
            .iter()
            .filter_map(|status| status["state"].as_str())
            .collect()
    }
}

impl Repository {
    /// Answers a request for a path below the repository.
    pub fn answer(&mut self, request: &Request, parts: &[&str], root: &str) -> Answer {
        let number = |text: &str| text.parse::<usize>().unwrap_or(0);
        match (request.method.as_str(), parts) {
            ("GET", ["deployments"]) => self.list(request, root),
            ("POST", ["deployments"]) => {
                self.create(request.body.as_ref().unwrap_or(&Value::Null), root)
            }
            ("GET", ["deployments", id, "statuses"]) => match self.find(number(id)) {
                Some(deployment) => {
                    let newest_first = deployment.statuses.iter().rev().cloned().collect();
                    page(newest_first, request, root, "deployments/statuses")
                }
                None => Answer::refusal(404, "Not Found"),
            },
            ("POST", ["deployments", id, "statuses"]) => self.say(
                number(id),
                request.body.as_ref().unwrap_or(&Value::Null),
                root,
            ),
            _ => Answer::refusal(404, "Not Found"),
        }
    }

    /// Adds a deployment, whoever makes it.
    pub fn create(&mut self, body: &Value, root: &str) -> Answer {
        let flag = |name: &str, default: bool| body[name].as_bool().unwrap_or(default);
        let reference = body["ref"].as_str().unwrap_or_default();
        if reference.len() != 40 {
            return Answer::refusal(422, &format!("No ref found for: {reference}"));
        }
        if self.is_behind && flag("auto_merge", true) {
            return Answer::new(
                202,
                json!({"message": "Auto-merged main into topic on deployment."}),
            );
        }
        let demands = body["required_contexts"]
            .as_array()
            .is_none_or(|contexts| !contexts.is_empty());
        if self.is_red && demands {
            return Answer::refusal(409, "Conflict: Commit status checks failed for main.");
        }
        let id = self.deployments.len() + 1;
        let environment = body["environment"].as_str().unwrap_or("production");
        let url = format!("{root}/deployments/{id}");
        let shown = json!({
            "id": id, "node_id": format!("DE_{id}"), "sha": reference, "ref": reference,
            "task": body["task"].as_str().unwrap_or("deploy"),
            "payload": if body["payload"].is_null() { json!({}) } else { body["payload"].clone() },
            "original_environment": environment, "environment": environment,
            "description": body["description"], "creator": person(root),
            "created_at": NOW, "updated_at": NOW, "statuses_url": format!("{url}/statuses"),
            "repository_url": root, "url": url,
            "transient_environment": flag("transient_environment", false),
            "production_environment": flag("production_environment", environment == "production"),
            "performed_via_github_app": null,
        });
        let hidden = self.listed_late;
        self.deployments.push(Deployment {
            shown: shown.clone(),
            statuses: Vec::new(),
            hidden,
        });
        Answer::new(201, shown)
    }

    /// Adds a status, whoever says it.
    pub fn say(&mut self, id: usize, body: &Value, root: &str) -> Answer {
        let description = body["description"].as_str().unwrap_or_default();
        if description.chars().count() > 140 {
            return Answer::refusal(422, "Validation Failed");
        }
        let Some(deployment) = self.find(id) else {
            return Answer::refusal(404, "Not Found");
        };
        let environment = deployment.shown["environment"].clone();
        let state = body["state"].as_str().unwrap_or_default().to_owned();
        if state == "success" && body["auto_inactive"] != json!(false) {
            self.make_earlier_inactive(id, &environment, root);
        }
        let status = self.status(
            id,
            &state,
            description,
            body["log_url"].as_str().unwrap_or(""),
            root,
        );
        Answer::new(201, status)
    }

    fn make_earlier_inactive(&mut self, id: usize, environment: &Value, root: &str) {
        let earlier = (1..id).filter(|number| {
            let deployment = &self.deployments[number - 1];
            deployment.shown["environment"] == *environment
                && deployment.states().last() == Some(&"success")
        });
        for number in earlier.collect::<Vec<_>>() {
            self.status(number, "inactive", "", "", root);
        }
    }

    fn status(
        &mut self,
        id: usize,
        state: &str,
        description: &str,
        log: &str,
        root: &str,
    ) -> Value {
        self.last_status += 1;
        let (number, url) = (self.last_status, format!("{root}/deployments/{id}"));
        let deployment = &mut self.deployments[id - 1];
        let status = json!({
            "url": format!("{url}/statuses/{number}"), "id": number, "node_id": format!("DES_{number}"),
            "state": state, "creator": person(root), "description": description,
            "environment": deployment.shown["environment"], "target_url": log, "log_url": log,
            "created_at": NOW, "updated_at": NOW, "deployment_url": url, "repository_url": root,
            "environment_url": "", "performed_via_github_app": null,
        });
        deployment.statuses.push(status.clone());
        status
    }

    fn find(&self, id: usize) -> Option<&Deployment> {
        id.checked_sub(1)
            .and_then(|index| self.deployments.get(index))
    }

    fn list(&mut self, request: &Request, root: &str) -> Answer {
        let is_careless = self.is_careless;
        let is_asked_for = |shown: &Value| {
            let fits = |name: &str| {
                request
                    .query(name)
                    .is_none_or(|asked| shown[name] == *asked)
            };
            is_careless || ["environment", "ref", "sha", "task"].into_iter().all(fits)
        };
        let mut items = Vec::new();
        for deployment in self.deployments.iter_mut().rev() {
            if deployment.hidden > 0 {
                deployment.hidden -= 1;
            } else if is_asked_for(&deployment.shown) {
                items.push(deployment.shown.clone());
            }
        }
        page(items, request, root, "deployments")
    }
}

/// One page, with the links GitHub gives: absolute, and to the repository by its number.
fn page(items: Vec<Value>, request: &Request, root: &str, path: &str) -> Answer {
    let number = |name, default| {
        request
            .query(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (size, page): (usize, usize) = (number("per_page", 30).min(100), number("page", 1));
    let pages = items.len().div_ceil(size).max(1);
    let path = if path == "deployments" {
        path.to_owned()
    } else {
        own_path(request)
    };
    let base = root.split("/repos/").next().unwrap_or(root);
    let others = request.query.iter().filter(|(name, _)| name != "page");
    let others: String = others
        .map(|(name, value)| format!("{name}={value}&"))
        .collect();
    let link = |page: usize, relation: &str| {
        format!("<{base}/repositories/1/{path}?{others}page={page}>; rel=\"{relation}\"")
    };
    let mut links = Vec::new();
    if page > 1 {
        links.push(link(page - 1, "prev"));
    }
    if page < pages {
        links.extend([link(page + 1, "next"), link(pages, "last")]);
    }
    let items: Vec<Value> = items
        .into_iter()
        .skip((page - 1) * size)
        .take(size)
        .collect();
    let answer = Answer::new(200, Value::Array(items));
    if links.is_empty() {
        answer
    } else {
        answer.header("link", links.join(", "))
    }
}

fn own_path(request: &Request) -> String {
    let from = request.path.find("deployments").unwrap_or(0);
    request.path[from..].to_owned()
}

fn person(root: &str) -> Value {
    let url = format!("{}/users/ada", root.split("/repos/").next().unwrap_or(root));
    let mut person = json!({
        "login": "ada", "id": 1, "node_id": "U_1", "gravatar_id": "", "type": "User", "site_admin": false,
        "starred_at": NOW, "user_view_type": "public", "name": null, "email": null,
        "avatar_url": url, "url": url, "html_url": url,
    });
    for name in [
        "followers",
        "following",
        "gists",
        "starred",
        "subscriptions",
        "organizations",
        "repos",
        "events",
        "received_events",
    ] {
        person[format!("{name}_url")] = json!(format!("{url}/{name}"));
    }
    person
}
