//! What the ledger reads of a repository with a past, and of deployments that others made.

use super::stand_in::{Fault, StandIn, TOKEN};
use super::{entries, entry, github, ledger};
use serde_json::{Value, json};
use shared::ledger::{Entry, Ledger, State, last_good};

/// Puts an entry there with what was said of it, as an earlier run would have.
fn put(stand_in: &StandIn, entry: &Entry, said: &[(&str, &str)]) -> usize {
    stand_in.repository(|repository, root| {
        let made = repository.create(
            &json!({
                "ref": entry.release.commit, "environment": "production", "task": "deploy:sluicegate",
                "auto_merge": false, "required_contexts": [], "description": "",
                "payload": {"sluicegate": entry},
            }),
            root,
        );
        let id = made.body["id"].as_u64().expect("has an id") as usize;
        for (state, description) in said {
            let body = json!({"state": state, "description": description, "auto_inactive": false});
            assert_eq!(repository.say(id, &body, root).status, 201);
        }
        id
    })
}

fn put_of_another_tool(stand_in: &StandIn, payload: Value, task: &str) {
    let body = json!({
        "ref": "f".repeat(40), "environment": "production", "payload": payload, "task": task,
        "description": "Deploy request from hubot", "auto_merge": false, "required_contexts": [],
    });
    stand_in.repository(|repository, root| assert_eq!(repository.create(&body, root).status, 201));
}

const GOOD: (&str, &str) = ("success", "sluicegate: good: promoted");
const BAD: (&str, &str) = ("failure", "sluicegate: bad: slow");
const BEGUN: (&str, &str) = ("in_progress", "sluicegate: in-progress");

fn versions(entries: &[Entry]) -> Vec<&str> {
    entries
        .iter()
        .map(|entry| entry.release.version.as_str())
        .collect()
}

#[tokio::test]
async fn the_newest_twenty_are_enough_when_one_of_them_is_good() {
    let stand_in = StandIn::start().await;
    for number in 0..60 {
        put(&stand_in, &entry(number), &[BEGUN, GOOD]);
    }
    let found = entries(&ledger(&stand_in)).await;
    let expected: Vec<String> = (40..60).map(|number| format!("1.{number}.0")).collect();
    assert_eq!(versions(&found), expected);
    assert_eq!(stand_in.count("GET", "/statuses"), 20);
}

#[tokio::test]
async fn it_reads_on_without_a_gap_to_the_last_good_release_across_pages() {
    let stand_in = StandIn::start().await;
    put(&stand_in, &entry(0), &[BEGUN, GOOD]);
    put(&stand_in, &entry(1), &[BEGUN, GOOD]);
    for number in 2..124 {
        put(&stand_in, &entry(number), &[BEGUN, BAD]);
    }
    // Good once, but condemned later.
    put(
        &stand_in,
        &Entry {
            id: "run-again".into(),
            ..entry(1)
        },
        &[BEGUN, BAD],
    );
    let found = entries(&ledger(&stand_in)).await;
    assert_eq!(
        last_good(&found).map(|entry| entry.release.version.as_str()),
        Some("1.0.0")
    );
    assert_eq!(
        (found.len(), stand_in.count("GET", "/deployments")),
        (125, 2)
    );
}

#[tokio::test]
async fn a_ledger_of_which_only_a_part_was_read_without_a_good_release_is_no_answer() {
    let stand_in = StandIn::start().await;
    for number in 0..501 {
        put(
            &stand_in,
            &entry(number),
            &[if number == 0 { GOOD } else { BAD }],
        );
    }
    let error = ledger(&stand_in)
        .entries()
        .await
        .expect_err("the good one is out of reach")
        .to_string();
    assert!(
        error.contains("no release is good among the newest 500 of the ledger"),
        "{error}"
    );
    assert_eq!(stand_in.count("GET", "/deployments"), 5);
}

#[tokio::test]
async fn the_deployments_of_other_tools_are_no_entries_and_push_none_out_of_reach() {
    let stand_in = StandIn::start().await;
    put(&stand_in, &entry(1), &[BEGUN, GOOD]);
    for payload in [
        json!({}),
        json!(""),
        json!("text"),
        json!({"deploy": "migrate"}),
    ] {
        for task in ["deploy", "deploy:sluicegate"] {
            put_of_another_tool(&stand_in, payload.clone(), task);
        }
    }
    for _ in 0..600 {
        put_of_another_tool(&stand_in, json!({}), "deploy");
    }
    assert_eq!(versions(&entries(&ledger(&stand_in)).await), ["1.1.0"]);
    assert_eq!(stand_in.count("GET", "/deployments"), 1);
}

#[tokio::test]
async fn histories_of_two_environments_do_not_mix_even_when_the_filter_is_ignored() {
    let stand_in = StandIn::start().await;
    stand_in.repository(|repository, _| repository.is_careless = true);
    let staging = Ledger::on_github(github(&stand_in.api, TOKEN), "Staging Europe & Co");
    ledger(&stand_in).begin(&entry(1)).await.expect("is begun");
    staging.begin(&entry(1)).await.expect("is begun");
    staging.begin(&entry(2)).await.expect("is begun");
    assert_eq!(versions(&entries(&ledger(&stand_in)).await), ["1.1.0"]);
    assert_eq!(versions(&entries(&staging).await), ["1.1.0", "1.2.0"]);
    stand_in.repository(|repository, _| repository.is_careless = false);
    assert_eq!(versions(&entries(&staging).await), ["1.1.0", "1.2.0"]);
}

#[tokio::test]
async fn statuses_of_others_do_not_decide() {
    let stand_in = StandIn::start().await;
    let hubot = ("success", "Deployment finished successfully.");
    put(
        &stand_in,
        &entry(1),
        &[BEGUN, GOOD, ("inactive", ""), ("failure", "by hand")],
    );
    put(&stand_in, &entry(2), &[BEGUN, hubot]);
    put(&stand_in, &entry(3), &[hubot]);
    put(&stand_in, &entry(4), &[]);
    put(
        &stand_in,
        &entry(5),
        &[BEGUN, ("queued", "sluicegate: splendid: from the future")],
    );
    put(&stand_in, &entry(6), &[BEGUN, BAD, BEGUN]);
    let found = entries(&ledger(&stand_in)).await;
    let states: Vec<State> = found.iter().map(|entry| entry.state).collect();
    let open = State::InProgress;
    assert_eq!(states, [State::Good, open, open, open, open, State::Bad]);
}

#[tokio::test]
async fn a_good_release_stays_good_when_the_next_makes_it_inactive() {
    let stand_in = StandIn::start().await;
    let ledger = ledger(&stand_in);
    for number in 1..=2 {
        ledger.begin(&entry(number)).await.expect("is begun");
        ledger
            .conclude(&format!("run-{number}"), State::Good, "")
            .await
            .expect("is concluded");
    }
    assert_eq!(stand_in.states(1), ["in_progress", "success", "inactive"]);
    assert_eq!(stand_in.states(2), ["in_progress", "success"]);
    assert!(
        entries(&ledger)
            .await
            .iter()
            .all(|entry| entry.state == State::Good)
    );
}

#[tokio::test]
async fn a_status_far_down_is_found() {
    let stand_in = StandIn::start().await;
    let mut said = vec![GOOD];
    said.extend(std::iter::repeat_n(("queued", "waiting for hubot"), 130));
    put(&stand_in, &entry(1), &said);
    assert_eq!(entries(&ledger(&stand_in)).await[0].state, State::Good);
    assert_eq!(stand_in.count("GET", "/statuses"), 2);
}

#[tokio::test]
async fn an_entry_that_does_not_parse_is_an_error_and_not_left_out() {
    let stand_in = StandIn::start().await;
    put(&stand_in, &entry(1), &[BEGUN, GOOD]);
    put_of_another_tool(
        &stand_in,
        json!({"sluicegate": {"id": "run-2"}}),
        "deploy:sluicegate",
    );
    let error = ledger(&stand_in)
        .entries()
        .await
        .expect_err("one does not parse")
        .to_string();
    let place = format!("{}/repos/ada/cal/deployments/2: ", stand_in.api);
    assert!(error.starts_with(&place), "{error}");
    assert!(
        error.contains("the ledger entry in deployment 2 does not parse"),
        "{error}"
    );
    // The one that does can still be concluded.
    ledger(&stand_in)
        .conclude("run-1", State::Bad, "")
        .await
        .expect("is concluded");
}

#[tokio::test]
async fn the_token_does_not_follow_a_link_to_another_host() {
    let (stand_in, other) = (StandIn::start().await, StandIn::start().await);
    stand_in.plan("GET", "/deployments", Fault::LinkTo(other.api.clone()));
    let error = ledger(&stand_in)
        .entries()
        .await
        .expect_err("the list goes on elsewhere")
        .to_string();
    assert!(
        error.contains("the next page is not on `127.0.0.1`"),
        "{error}"
    );
    assert_eq!(other.requests().len(), 0);
}
