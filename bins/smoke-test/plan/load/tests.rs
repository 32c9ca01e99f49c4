use super::*;
use crate::sample::load_plan;

fn plan(yaml: &str) -> std::result::Result<LoadPlan, String> {
    let text = format!("{{name: status, {yaml}}}");
    let probe: LoadProbe = serde_saphyr::from_str(&text).expect("is a probe");
    let (model, length) = shape(&probe)?;
    paths(&probe)?;
    let plan = LoadPlan {
        warm_up: probe
            .warm_up
            .unwrap_or_else(|| default_warm_up(&model, length)),
        model,
        length,
        connections: probe.connections,
        limits: limits::of(&probe),
        errors: probe.errors,
        budget: probe.budget.map(|budget| budget.requests),
        abort: probe.abort,
        within: probe.within,
        ..load_plan()
    };
    match impossible(&plan) {
        Some(why) => Err(why),
        None => Ok(plan),
    }
}

#[track_caller]
fn refused(yaml: &str, why: &str) {
    let yaml = format!("path: /, {yaml}");
    assert_eq!(plan(&yaml).expect_err("is refused"), why, "{yaml}");
}

#[test]
fn the_defaults_can_decide() {
    let plan = plan("path: /, p95: 500ms").expect("is fine");
    assert_eq!(plan.model, Model::Open(Ramps::steady(100.0)));
    assert_eq!((plan.judged(), plan.requests()), (300, 315));
    assert_eq!((plan.looks(), plan.describe().as_str()), (1, "at 100/s"));
    for yaml in ["requests: 299", "requests: 72, errors: 5%", "errors: 10%"] {
        super::tests::plan(&format!("path: /, p95: 500ms, {yaml}")).expect("is fine");
    }
}

#[test]
fn too_few_requests_are_refused_with_the_number_needed() {
    for (yaml, why) in [
        (
            "p95: 500ms, requests: 298",
            "can never show `errors: 1%` even if none of them fails with 298 `requests`: it needs \
             at least 299",
        ),
        (
            "p95: 500ms, errors: 0.1%",
            "can never show `errors: 0.1%` even if none of them fails with 300 `requests`: it \
             needs at least 2995",
        ),
        (
            "p95: 500ms, requests: 71, errors: 50%",
            "can never show `p95: 500ms` even if all of them are fast with 71 `requests`: it needs \
             at least 72",
        ),
        (
            "p50: 500ms, requests: 5, errors: 60%",
            "can never show `p50: 500ms` even if all of them are fast with 5 `requests`: it needs \
             at least 6",
        ),
        (
            "p99: 500ms, requests: 367",
            "can never show `p99: 500ms` even if all of them are fast with 367 `requests`: it \
             needs at least 368",
        ),
        (
            "service_p95: 1s, requests: 71, errors: 50%",
            "can never show `service_p95: 1s` even if all of them are fast with 71 `requests`: it \
             needs at least 72",
        ),
        (
            "requests: 300, errors: 1%, budget: {requests: 1000}",
            "can never show `errors: 1%` even if none of them fails with 300 `requests`: it needs \
             at least 408",
        ),
        (
            "for: 2s, per_second: 100",
            "can never show `errors: 1%` even if none of them fails with 190 `requests`: it needs \
             at least 299",
        ),
        (
            "errors: 0%",
            "has `errors: 0%`, which no number of requests can show; `errors: 1%` can be shown by \
             299",
        ),
    ] {
        refused(yaml, why);
    }
}

#[test]
fn keys_that_do_not_fit_together_are_refused() {
    for (yaml, why) in [
        ("per_second: 0", "needs a `per_second` of more than 0"),
        ("per_second: .nan", "needs a `per_second` of more than 0"),
        ("per_second: .inf", "needs a `per_second` of more than 0"),
        ("per_second: -1", "needs a `per_second` of more than 0"),
        ("users: 0", "needs a number of `users` of more than 0"),
        (
            "per_second: 1, users: 1",
            "has both `users` and `per_second`; users have no rate of their own",
        ),
        ("think: 1s", "has `think`, which only `users` do"),
        (
            "users: 2, achieved: 90%",
            "has `achieved` with users, who have no planned rate",
        ),
        (
            "requests: 300, for: 1s",
            "has both `requests` and `for`; one of them ends it",
        ),
        (
            "paths: [/a]",
            "has both `path` and `paths`; `paths` will do",
        ),
        ("p50: 0s", "has a `p50` of 0"),
        ("service_p95: 0s", "has a `service_p95` of 0"),
        ("connections: 0", "needs `connections` from 1 to 10000"),
        (
            "users: 20, connections: 10",
            "has 20 users and only 10 `connections`",
        ),
        (
            "abort: {after: 0}",
            "has an `abort` with `after: 0`, which would stop it at once",
        ),
        ("requests: 1000001", "needs at most 1000000 `requests`"),
        (
            "budget: {requests: 300}",
            "has a `budget` of no more than the 300 requests that are sent anyway",
        ),
        (
            "users: 5, for: 10s, budget: {requests: 100000}",
            "has a `budget` for users; give them `requests` instead of a time",
        ),
        (
            "per_second: 0.01",
            "would take 31500 s for 300 requests, and at most an hour will do",
        ),
        (
            "stages: [{for: 1s, to: 5}], requests: 300",
            "has `stages`, which say how long it takes, and `requests` or `for`",
        ),
        (
            "stages: [{for: 1s, to: 5}], per_second: 5",
            "has `stages` and, beside them, `per_second` or `users`",
        ),
        (
            "stages: [{for: 1s, to: 5}, {for: 1s, users: 5}]",
            "needs `to` in all of its `stages`, or `users` in all of them",
        ),
        (
            "stages: [{for: 1s}]",
            "needs `to` in all of its `stages`, or `users` in all of them",
        ),
        (
            "stages: [{for: 0s, to: 5}]",
            "has a stage with a `for` of 0",
        ),
    ] {
        refused(yaml, why);
    }
    assert_eq!(
        plan("p95: 1s").expect_err("is refused"),
        "needs a `path`, or several `paths`"
    );
}

#[test]
fn stages_take_their_warm_up_from_their_beginning() {
    let yaml =
        "paths: [/a, /b], stages: [{for: 20s, to: 50}, {for: 10s, to: 50}, {for: 20s, to: 0}]";
    let ramped = plan(yaml).expect("is fine");
    assert_eq!(
        (ramped.judged(), ramped.requests(), ramped.stages()),
        (1480, 1500, 3)
    );
    assert_eq!(ramped.describe(), "in 3 stages up to 50/s");
    assert_eq!(ramped.stage(1), "2: 10 s from 50 to 50");
    assert_eq!(ramped.stage(3), "more");
    let yaml = format!("{yaml}, warm_up: {{for: 10s}}");
    let warmed = plan(&yaml).expect("is fine");
    assert_eq!((warmed.judged(), warmed.requests()), (1375, 1500));
}

#[test]
fn a_warm_up_of_a_number_of_requests_comes_on_top() {
    let timed = plan("path: /, warm_up: {for: 2s}").expect("is fine");
    assert_eq!((timed.judged(), timed.requests()), (300, 500));
    let counted = plan("path: /, users: 20, warm_up: {requests: 40}").expect("is fine");
    assert_eq!((counted.judged(), counted.requests()), (300, 340));
    assert_eq!(counted.describe(), "by 20 users");
}

#[test]
fn users_send_no_more_than_the_environment_allows() {
    let users = plan("path: /, users: 20, for: 10s, think: 1s").expect("is fine");
    assert_eq!(users.requests(), 5020);
    let staged = "stages: [{for: 10s, users: 50}, {for: 10s, users: 100}]";
    let staged = plan(&format!("path: /, {staged}")).expect("is fine");
    assert_eq!(staged.describe(), "in 2 stages up to 100 users");
}

#[test]
fn a_budget_counts_and_makes_each_look_stricter() {
    let plan = plan("path: /, requests: 500, budget: {requests: 2000}").expect("is fine");
    assert_eq!(
        (plan.judged(), plan.requests(), plan.looks()),
        (500, 2020, 3)
    );
    assert!((plan.confidence() - (1.0 - 0.05 / 3.0)).abs() < 1e-12);
}
