//! The ledger over GitHub deployments, against a stand-in that is held to GitHub's published
//! OpenAPI description.

#[path = "github/contract.rs"]
mod contract;
#[path = "github/faults.rs"]
mod faults;
#[path = "github/history.rs"]
mod history;
#[path = "github/published.rs"]
mod published;
#[path = "github/repository.rs"]
mod repository;
#[path = "github/stand_in.rs"]
mod stand_in;
#[path = "github/wire.rs"]
mod wire;

use serde_json::json;
use shared::github::{Github, Limits};
use shared::ledger::{Entry, Ledger, State};
use shared::release::Release;
use shared::secret::Secret;
use stand_in::{REPOSITORY, StandIn, TOKEN};
use std::time::Duration;

const RUN: &str = "https://github.example.com/ada/cal/actions/runs/7";

fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        attempt: Duration::from_secs(5),
        total: Duration::from_secs(30),
        pause: Duration::from_millis(5),
    }
}

fn github(api: &str, token: &str) -> Github {
    let github =
        Github::new(api, REPOSITORY, Secret::new(token)).expect("is a repository behind an API");
    github.with_limits(limits()).with_run_url(RUN)
}

fn ledger(stand_in: &StandIn) -> Ledger {
    Ledger::on_github(github(&stand_in.api, TOKEN), "production")
}

fn entry(number: u32) -> Entry {
    Entry {
        schema: 1,
        id: format!("run-{number}"),
        release: Release {
            version: format!("1.{number}.0").try_into().expect("is a version"),
            commit: format!("{number:040x}").try_into().expect("is a commit id"),
            artifacts: Default::default(),
        },
        at: "2026-11-21T10:00:00Z".into(),
        actor: "ada".into(),
        schema_version: "0002".into(),
        state: State::InProgress,
        note: String::new(),
    }
}

async fn entries(ledger: &Ledger) -> Vec<Entry> {
    ledger.entries().await.expect("the ledger is readable")
}

#[tokio::test]
async fn a_release_is_begun_concluded_and_read_back() {
    let stand_in = StandIn::start().await;
    let ledger = ledger(&stand_in);
    assert_eq!(entries(&ledger).await, []);

    ledger.begin(&entry(1)).await.expect("is begun");
    assert_eq!(entries(&ledger).await, [entry(1)]);

    ledger
        .conclude("run-1", State::Good, "promoted after 4 steps")
        .await
        .expect("is concluded");
    let good = Entry {
        state: State::Good,
        note: "promoted after 4 steps".into(),
        ..entry(1)
    };
    assert_eq!(entries(&ledger).await, [good]);
    assert_eq!(stand_in.states(1), ["in_progress", "success"]);
}

#[tokio::test]
async fn what_is_created_is_what_people_and_tools_expect_of_a_deployment() {
    let stand_in = StandIn::start().await;
    let staging = Ledger::on_github(github(&stand_in.api, TOKEN), "staging");
    for ledger in [ledger(&stand_in), staging] {
        ledger.begin(&entry(1)).await.expect("is begun");
        ledger
            .conclude("run-1", State::Good, "")
            .await
            .expect("is concluded");
    }
    let requests = stand_in.requests();
    let mut bodies = requests
        .iter()
        .filter(|one| one.method == "POST")
        .filter_map(|one| one.body.clone());
    let mut production = bodies.next().expect("the deployment is created first");
    assert_eq!(production["payload"]["sluicegate"]["id"], "run-1");
    production["payload"] = json!(null);
    assert_eq!(
        production,
        json!({
            "ref": entry(1).release.commit, "task": "deploy:sluicegate", "environment": "production",
            "description": "sluicegate puts 1.1.0 (00000000) on production", "auto_merge": false,
            "required_contexts": [], "production_environment": true, "transient_environment": false,
            "payload": null,
        })
    );
    let begun = json!({
        "state": "in_progress", "description": "sluicegate: in-progress", "auto_inactive": false,
        "log_url": RUN,
    });
    let good = json!({
        "state": "success", "description": "sluicegate: good", "auto_inactive": true, "log_url": RUN,
    });
    assert_eq!((bodies.next(), bodies.next()), (Some(begun), Some(good)));
    let staging = bodies.next().expect("the other deployment is created");
    assert_eq!(staging["environment"], "staging");
    assert_eq!(staging["production_environment"], false);
}

#[tokio::test]
async fn every_conclusion_has_its_own_state() {
    let stand_in = StandIn::start().await;
    let ledger = ledger(&stand_in);
    let ends = [
        (State::Good, "success"),
        (State::Bad, "failure"),
        (State::Abandoned, "error"),
    ];
    for (number, (state, word)) in (1..).zip(ends) {
        ledger.begin(&entry(number)).await.expect("is begun");
        ledger
            .conclude(&format!("run-{number}"), state, "why")
            .await
            .expect("is concluded");
        assert_eq!(stand_in.states(number as usize)[1], word);
    }
    let states: Vec<State> = entries(&ledger)
        .await
        .iter()
        .map(|entry| entry.state)
        .collect();
    assert_eq!(states, ends.map(|(state, _)| state));
}

#[tokio::test]
async fn saying_the_same_twice_is_said_once() {
    let stand_in = StandIn::start().await;
    let ledger = ledger(&stand_in);
    let note = "error rate is 4 %:\nlimit 1 % ".repeat(20);
    for _ in 0..2 {
        ledger.begin(&entry(1)).await.expect("is begun");
        ledger
            .conclude("run-1", State::Bad, &note)
            .await
            .expect("is concluded");
    }
    assert_eq!(stand_in.deployments().len(), 1);
    assert_eq!(stand_in.states(1), ["in_progress", "failure"]);
    let kept = &entries(&ledger).await[0].note;
    assert!(
        kept.starts_with("error rate is 4 %: limit 1 % error") && kept.ends_with('\u{2026}'),
        "{kept}"
    );
    let shown = stand_in.repository(|repository, _| {
        repository.deployments[0].statuses[1]["description"]
            .as_str()
            .map(|text| text.chars().count())
    });
    assert!(
        shown.is_some_and(|length| (130..=140).contains(&length)),
        "{shown:?}"
    );
}

#[tokio::test]
async fn the_newest_judgement_counts() {
    let stand_in = StandIn::start().await;
    let ledger = ledger(&stand_in);
    ledger.begin(&entry(1)).await.expect("is begun");
    for state in [State::Good, State::Bad, State::Good] {
        ledger
            .conclude("run-1", state, "")
            .await
            .expect("is concluded");
        assert_eq!(entries(&ledger).await[0].state, state);
    }
    assert_eq!(stand_in.states(1).len(), 4);
}

#[tokio::test]
async fn another_process_concludes_what_this_one_began() {
    let stand_in = StandIn::start().await;
    ledger(&stand_in).begin(&entry(1)).await.expect("is begun");
    ledger(&stand_in)
        .conclude("run-1", State::Abandoned, "")
        .await
        .expect("is concluded");
    assert_eq!(stand_in.states(1), ["in_progress", "error"]);
    let error = ledger(&stand_in)
        .conclude("run-9", State::Bad, "")
        .await
        .expect_err("was never begun");
    assert!(
        error
            .to_string()
            .contains("the ledger has no entry `run-9`"),
        "{error}"
    );
}

#[tokio::test]
async fn the_same_run_with_another_release_is_refused() {
    let stand_in = StandIn::start().await;
    let ledger = ledger(&stand_in);
    ledger.begin(&entry(1)).await.expect("is begun");
    let mut other = entry(1);
    other.release.version = "9.9.9".to_owned().try_into().expect("is a version");
    let error = ledger
        .begin(&other)
        .await
        .expect_err("contradicts")
        .to_string();
    assert!(error.contains("carries run `run-1` with 1.1.0"), "{error}");
    assert_eq!(stand_in.deployments().len(), 1);
}

#[tokio::test]
async fn an_api_with_a_path_is_asked_below_it_in_the_version_we_know() {
    let stand_in = StandIn::start_below("/api/v3").await;
    let ledger = ledger(&stand_in);
    ledger.begin(&entry(1)).await.expect("is begun");
    assert_eq!(entries(&ledger).await.len(), 1);
    assert_eq!(
        ledger.place(),
        "the GitHub deployments of ada/cal to production"
    );
    for request in stand_in.requests() {
        assert!(
            request.path.starts_with("/api/v3/repos/ada/cal/"),
            "{}",
            request.path
        );
        // GitHub refuses a request without one; octocrab sends its own and cannot be told another.
        assert_eq!(request.header("user-agent"), Some("octocrab"));
        assert_eq!(
            request.header("accept"),
            Some("application/vnd.github+json")
        );
        assert_eq!(request.header("x-github-api-version"), Some("2022-11-28"));
    }
}

#[tokio::test]
async fn https_needs_no_provider_installed_for_the_process() {
    let stand_in = StandIn::start().await;
    let api = stand_in.api.replace("http://", "https://");
    let ledger = Ledger::on_github(github(&api, TOKEN), "production");
    // The stand-in speaks no TLS, so there is an error; without a provider there would be a panic.
    let error = ledger
        .entries()
        .await
        .expect_err("the stand-in speaks no TLS")
        .to_string();
    assert!(
        error.starts_with(&format!("{api}/repos/ada/cal/deployments?")),
        "{error}"
    );
}
