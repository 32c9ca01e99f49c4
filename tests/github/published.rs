//! The contract itself: it lets pass what the description allows and finds what it does not.

use super::contract::{Contract, Request};
use super::repository::Repository;
use serde_json::{Value, json};

const DEPLOYMENTS: &str = "/repos/ada/cal/deployments";
const STATUSES: &str = "/repos/ada/cal/deployments/1/statuses";

fn problems(method: &str, path: &str, query: &[(&str, &str)], body: Option<Value>) -> Vec<String> {
    let query: Vec<_> = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let request = Request {
        method,
        path,
        query: &query,
        body: body.as_ref(),
    };
    Contract::published().problems_of_request(&request)
}

#[test]
fn it_finds_what_is_wrong_with_a_request() {
    assert!(
        problems(
            "GET",
            DEPLOYMENTS,
            &[("per_page", "100"), ("task", "x")],
            None
        )
        .is_empty()
    );
    assert!(problems("POST", DEPLOYMENTS, &[], Some(json!({"ref": "main"}))).is_empty());
    assert!(problems("POST", STATUSES, &[], Some(json!({"state": "success"}))).is_empty());
    let wrong = [
        problems("GET", DEPLOYMENTS, &[("perpage", "100")], None),
        problems("GET", DEPLOYMENTS, &[("per_page", "many")], None),
        problems("GET", "/repos/ada/cal/deployments/one", &[], None),
        problems("GET", "/repos/ada/cal/releases", &[], None),
        problems("DELETE", DEPLOYMENTS, &[], None),
        problems("POST", DEPLOYMENTS, &[], None),
        problems(
            "POST",
            DEPLOYMENTS,
            &[],
            Some(json!({"environment": "staging"})),
        ),
        problems(
            "POST",
            DEPLOYMENTS,
            &[],
            Some(json!({"ref": "main", "auto-merge": false})),
        ),
        problems(
            "POST",
            DEPLOYMENTS,
            &[],
            Some(json!({"ref": "main", "auto_merge": "no"})),
        ),
        problems("POST", STATUSES, &[], Some(json!({"state": "passed"}))),
    ];
    for problems in wrong {
        assert_eq!(problems.len(), 1, "{problems:?}");
    }
}

#[test]
fn it_finds_what_is_wrong_with_an_answer() {
    let contract = Contract::published();
    let request = Request {
        method: "POST",
        path: DEPLOYMENTS,
        query: &[],
        body: None,
    };
    let check = |status, body: &Value| contract.problems_of_answer(&request, status, body).len();
    let root = "https://api.example.com/repos/ada/cal";
    let body = json!({"ref": "a".repeat(40), "description": null});
    let made = Repository::default().create(&body, root).body;
    assert_eq!(check(201, &made), 0);
    let with = |name: &str, value: Value| {
        let mut changed = made.clone();
        changed[name] = value;
        changed
    };
    // `nullable` in the description, and not.
    assert_eq!(
        (
            check(201, &with("creator", Value::Null)),
            check(201, &with("sha", Value::Null))
        ),
        (0, 1)
    );
    assert_eq!(check(201, &with("url", json!("not a url"))), 1);
    assert_eq!(check(201, &with("created_at", json!("yesterday"))), 1);
    assert_eq!(check(202, &json!({"message": "Auto-merged"})), 0);
    assert_eq!(check(200, &made), 1);
    assert_eq!(check(403, &json!({"message": "no"})), 0);
    assert_eq!(check(403, &json!({"message": 403})), 1);
    let mut without = made.clone();
    without
        .as_object_mut()
        .expect("is an object")
        .remove("node_id");
    assert_eq!(check(201, &without), 1);
}
