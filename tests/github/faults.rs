//! What goes wrong between us and GitHub: nothing is made twice, nothing is retried that changes
//! something without looking first, and every refusal says what to do.

use super::stand_in::{Fault, StandIn, TOKEN};
use super::wire::Answer;
use super::{entries, entry, github, ledger, limits};
use shared::ledger::{Ledger, State};
use std::time::Duration;

fn server_error() -> Answer {
    Answer::refusal(502, "Server Error")
}

async fn begun_once(stand_in: &StandIn, ledger: &Ledger, posts: usize) {
    ledger.begin(&entry(1)).await.expect("is begun");
    assert_eq!(stand_in.deployments().len(), 1);
    assert_eq!(stand_in.count("POST", "/deployments"), posts);
    assert_eq!(stand_in.states(1), ["in_progress"]);
    assert_eq!(entries(ledger).await, [entry(1)]);
}

#[tokio::test]
async fn a_deployment_whose_answer_is_lost_is_found_and_not_created_again() {
    let faults = [
        Fault::LoseAnswer,
        Fault::CutAnswer,
        Fault::DoneButAnswer(server_error()),
    ];
    for fault in faults {
        let stand_in = StandIn::start().await;
        stand_in.plan("POST", "/deployments", fault);
        begun_once(&stand_in, &ledger(&stand_in), 1).await;
    }
}

#[tokio::test]
async fn a_deployment_whose_answer_never_comes_is_found_after_the_deadline() {
    let stand_in = StandIn::start().await;
    stand_in.plan("POST", "/deployments", Fault::Hang);
    let short = shared::github::Limits {
        attempt: Duration::from_millis(300),
        ..limits()
    };
    let ledger = Ledger::on_github(
        github(&stand_in.api, TOKEN).with_limits(short),
        "production",
    );
    begun_once(&stand_in, &ledger, 1).await;
}

#[tokio::test]
async fn a_deployment_that_is_listed_late_is_looked_for_again() {
    let stand_in = StandIn::start().await;
    stand_in.repository(|repository, _| repository.listed_late = 2);
    stand_in.plan("POST", "/deployments", Fault::LoseAnswer);
    begun_once(&stand_in, &ledger(&stand_in), 1).await;
}

#[tokio::test]
async fn a_deployment_that_is_listed_too_late_is_made_twice_but_is_one_entry() {
    let stand_in = StandIn::start().await;
    stand_in.repository(|repository, _| repository.listed_late = 3);
    stand_in.plan("POST", "/deployments", Fault::LoseAnswer);
    let began = ledger(&stand_in);
    began.begin(&entry(1)).await.expect("is begun");
    assert_eq!(stand_in.deployments().len(), 2);
    // Another process knows of neither, and concludes both.
    stand_in.repository(|repository, _| repository.listed_late = 0);
    let other = ledger(&stand_in);
    let mut found = entries(&other).await;
    while found.is_empty() {
        found = entries(&other).await;
    }
    assert_eq!(found, [entry(1)]);
    other
        .conclude("run-1", State::Bad, "")
        .await
        .expect("is concluded");
    assert_eq!(
        entries(&other)
            .await
            .iter()
            .map(|entry| entry.state)
            .collect::<Vec<_>>(),
        [State::Bad]
    );
}

#[tokio::test]
async fn a_deployment_that_never_arrived_is_sent_once_more_after_looking() {
    for fault in [Fault::LoseRequest, Fault::Answer(server_error())] {
        let stand_in = StandIn::start().await;
        stand_in.plan("POST", "/deployments", fault);
        begun_once(&stand_in, &ledger(&stand_in), 2).await;
    }
}

#[tokio::test]
async fn a_deployment_is_never_sent_a_third_time() {
    let stand_in = StandIn::start().await;
    for _ in 0..9 {
        stand_in.plan("POST", "/deployments", Fault::LoseRequest);
    }
    let error = ledger(&stand_in)
        .begin(&entry(1))
        .await
        .expect_err("nothing arrives")
        .to_string();
    assert!(
        error.ends_with("; it was sent twice and is not there"),
        "{error}"
    );
    assert_eq!(stand_in.count("POST", "/deployments"), 2);
    assert_eq!(stand_in.deployments().len(), 0);
}

#[tokio::test]
async fn a_deployment_is_not_sent_again_when_nobody_can_look() {
    let stand_in = StandIn::start().await;
    let ledger = ledger(&stand_in);
    assert_eq!(entries(&ledger).await, []);
    stand_in.plan("POST", "/deployments", Fault::LoseAnswer);
    // The first look is that of `begin` itself.
    stand_in.plan(
        "GET",
        "/deployments",
        Fault::Answer(Answer::new(200, serde_json::json!([]))),
    );
    for _ in 0..3 {
        stand_in.plan("GET", "/deployments", Fault::Answer(server_error()));
    }
    let error = ledger
        .begin(&entry(1))
        .await
        .expect_err("cannot know")
        .to_string();
    assert!(
        error.ends_with("; whether it was done could not be read back"),
        "{error}"
    );
    assert_eq!(stand_in.count("POST", "/deployments"), 1);
}

#[tokio::test]
async fn a_status_whose_answer_is_lost_is_said_once() {
    for fault in [
        Fault::LoseAnswer,
        Fault::CutAnswer,
        Fault::DoneButAnswer(server_error()),
    ] {
        let stand_in = StandIn::start().await;
        let ledger = ledger(&stand_in);
        stand_in.plan("POST", "/statuses", fault.clone());
        ledger.begin(&entry(1)).await.expect("is begun");
        stand_in.plan("POST", "/statuses", fault);
        ledger
            .conclude("run-1", State::Good, "")
            .await
            .expect("is concluded");
        assert_eq!(stand_in.states(1), ["in_progress", "success"]);
    }
}

#[tokio::test]
async fn a_status_that_never_arrived_is_said_once_more() {
    let stand_in = StandIn::start().await;
    let ledger = ledger(&stand_in);
    ledger.begin(&entry(1)).await.expect("is begun");
    stand_in.plan("POST", "/statuses", Fault::LoseRequest);
    ledger
        .conclude("run-1", State::Good, "")
        .await
        .expect("is concluded");
    assert_eq!(stand_in.states(1), ["in_progress", "success"]);
}

#[tokio::test]
async fn neither_a_merge_nor_red_statuses_come_in_between() {
    let stand_in = StandIn::start().await;
    stand_in.repository(|repository, _| (repository.is_behind, repository.is_red) = (true, true));
    begun_once(&stand_in, &ledger(&stand_in), 1).await;
}

#[tokio::test]
async fn whatever_is_not_201_is_an_error_and_not_repeated() {
    let merged = Answer::new(
        202,
        serde_json::json!({"message": "Auto-merged main into topic."}),
    );
    let moved = Answer::refusal(307, "Moved").header("location", "/repositories/1/deployments");
    let cases = [
        (
            merged,
            "GitHub answered 202: Auto-merged main into topic.; it merged the default branch",
        ),
        (
            moved,
            "GitHub answered 307: Moved; the repository has moved: correct `GITHUB_REPOSITORY`",
        ),
        (
            Answer::refusal(409, "Conflict"),
            "GitHub answered 409: Conflict; it conflicts with the default",
        ),
        (
            Answer::refusal(422, "No ref found"),
            "422: No ref found; is the commit pushed to this",
        ),
        (
            Answer::refusal(403, "Resource not accessible"),
            "; give the job `deployments: write`",
        ),
        (
            Answer::refusal(418, "teapot"),
            "create a deployment to production: GitHub answered 418",
        ),
    ];
    for (answer, said) in cases {
        let stand_in = StandIn::start().await;
        stand_in.plan("POST", "/deployments", Fault::Answer(answer));
        let error = ledger(&stand_in)
            .begin(&entry(1))
            .await
            .expect_err("is refused")
            .to_string();
        assert!(error.contains(said), "{error}");
        assert_eq!(stand_in.count("POST", ""), 1);
        assert_eq!(stand_in.deployments().len(), 0);
    }
}

#[tokio::test]
async fn a_read_that_is_refused_says_where_and_what_to_do_and_is_not_repeated() {
    let cases = [
        (
            401,
            "GitHub answered 401: no; `GITHUB_TOKEN` is wrong or has expired",
        ),
        (
            403,
            "GitHub answered 403: no; give the job `deployments: write`",
        ),
        (
            404,
            "GitHub answered 404: no; check `GITHUB_REPOSITORY`, and that the token may see it",
        ),
    ];
    for (status, said) in cases {
        let stand_in = StandIn::start().await;
        stand_in.plan(
            "GET",
            "/deployments",
            Fault::Answer(Answer::refusal(status, "no")),
        );
        let error = ledger(&stand_in)
            .entries()
            .await
            .expect_err("is refused")
            .to_string();
        let place = format!(
            "{}/repos/ada/cal/deployments?environment=production",
            stand_in.api
        );
        assert!(
            error.starts_with(&place) && error.contains(said) && !error.contains('\n'),
            "{error}"
        );
        assert_eq!(stand_in.requests().len(), 1);
    }
}

#[tokio::test]
async fn the_token_is_in_no_url_and_no_error() {
    let stand_in = StandIn::start().await;
    let wrong = Ledger::on_github(github(&stand_in.api, "ghs_anotherToken"), "production");
    let error = wrong
        .entries()
        .await
        .expect_err("the token is wrong")
        .to_string();
    assert!(
        error.contains("GitHub answered 401: Bad credentials"),
        "{error}"
    );
    let echo = Answer::refusal(403, &format!("token {TOKEN} may not"));
    stand_in.plan("GET", "/deployments", Fault::Answer(echo));
    let error = ledger(&stand_in)
        .entries()
        .await
        .expect_err("is refused")
        .to_string();
    assert!(error.contains("token *** may not"), "{error}");
    assert!(!format!("{wrong:?}").contains("ghs_"));
    let urls = stand_in
        .requests()
        .into_iter()
        .map(|one| format!("{}{:?}", one.path, one.query));
    assert!(urls.into_iter().all(|url| !url.contains("ghs_")));
}

#[tokio::test]
async fn a_read_is_repeated_twice_and_no_more() {
    let faults = [
        Fault::Answer(server_error()),
        Fault::LoseRequest,
        Fault::CutAnswer,
    ];
    for fault in faults {
        let stand_in = StandIn::start().await;
        stand_in.plan("GET", "/deployments", fault.clone());
        stand_in.plan("GET", "/deployments", fault.clone());
        assert_eq!(entries(&ledger(&stand_in)).await, []);
        assert_eq!(stand_in.requests().len(), 3);

        for _ in 0..3 {
            stand_in.plan("GET", "/deployments", fault.clone());
        }
        ledger(&stand_in).entries().await.expect_err("is down");
        assert_eq!(stand_in.requests().len(), 6);
    }
}

#[tokio::test]
async fn a_secondary_limit_is_waited_out_when_there_is_time() {
    let limit = |seconds: &str| {
        Fault::Answer(
            Answer::refusal(403, "You have exceeded a secondary rate limit")
                .header("retry-after", seconds),
        )
    };
    let stand_in = StandIn::start().await;
    let ledger = ledger(&stand_in);
    stand_in.plan("GET", "/deployments", limit("0"));
    stand_in.plan("POST", "/deployments", limit("0"));
    ledger.begin(&entry(1)).await.expect("is begun");
    assert_eq!(stand_in.deployments().len(), 1);
    assert_eq!(stand_in.count("POST", "/deployments"), 2);

    stand_in.plan("GET", "/deployments", limit("3600"));
    let before = stand_in.requests().len();
    let error = ledger
        .entries()
        .await
        .expect_err("an hour is too long")
        .to_string();
    assert!(
        error.ends_with("; GitHub wants us to wait 3600 s"),
        "{error}"
    );
    assert_eq!(stand_in.requests().len(), before + 1);

    stand_in.plan("POST", "/statuses", limit("3600"));
    let error = ledger
        .conclude("run-1", State::Good, "")
        .await
        .expect_err("is too long")
        .to_string();
    assert!(
        error.ends_with("; GitHub wants us to wait 3600 s"),
        "{error}"
    );
    assert_eq!(stand_in.states(1), ["in_progress"]);
}

#[tokio::test]
async fn a_spent_hourly_limit_says_how_long_to_wait() {
    let stand_in = StandIn::start().await;
    let spent = Answer::refusal(403, "API rate limit exceeded for installation")
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", "4102444800");
    stand_in.plan("GET", "/deployments", Fault::Answer(spent));
    let error = ledger(&stand_in)
        .entries()
        .await
        .expect_err("is spent")
        .to_string();
    assert!(
        error.contains("exceeded for installation; GitHub wants us to wait "),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_hangs_ends_the_read_at_the_deadline() {
    let stand_in = StandIn::start().await;
    for _ in 0..3 {
        stand_in.plan("GET", "/deployments", Fault::Hang);
    }
    let short = shared::github::Limits {
        attempt: Duration::from_millis(50),
        ..limits()
    };
    let ledger = Ledger::on_github(
        github(&stand_in.api, TOKEN).with_limits(short),
        "production",
    );
    let error = ledger
        .entries()
        .await
        .expect_err("nothing comes")
        .to_string();
    let said = "could not list the deployments of production: no answer within 0.05 s";
    assert!(error.ends_with(said), "{error}");
}

#[tokio::test]
async fn a_renamed_repository_is_still_read() {
    let stand_in = StandIn::start().await;
    let ledger = ledger(&stand_in);
    ledger.begin(&entry(1)).await.expect("is begun");
    let moved = Answer::refusal(301, "Moved Permanently");
    let moved = moved.header("location", "/repositories/1/deployments?per_page=100");
    stand_in.plan("GET", "/deployments", Fault::Answer(moved));
    assert_eq!(entries(&ledger).await, [entry(1)]);
}
