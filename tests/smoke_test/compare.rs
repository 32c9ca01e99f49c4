//! Two releases against each other, in pairs.

use super::sandbox::{Ran, Sandbox};
use super::server::{Reply, Request, Server, answer, with_headers};
use super::{finding, outcome, reason};
use shared::verdict::Outcome;
use std::time::Duration;

/// A release that answers so fast, and with this status.
fn server(version: &'static str, time: u64, status: fn(&Request) -> u16) -> Server {
    Server::start(move |request| {
        if request.path == "/id" {
            return Reply::Send(answer(200, version, ""));
        }
        let bytes = with_headers(status(request), &[("x-release", version)], "page");
        match time {
            0 => Reply::Send(bytes),
            time => Reply::Late(bytes, Duration::from_millis(time)),
        }
    })
}

fn compared(new: &Server, current: &str, settings: &str) -> Ran {
    Sandbox::with_file(&format!(
        "version: 1\nproject: cal\nenvironments:\n  staging:\n    url: {}\n    \
         addresses: {{ current: '{current}' }}\n    allow: {{ private_addresses: true }}\n    \
         services:\n      web:\n        target:\n          command:\n            \
         deploy: [deploy]\n            stop: [stop]\n            stable: [\"127.0.0.1:1\"]\n            \
         canary: []\nservices:\n  web:\n    identity:\n      header: {{ name: x-release, path: /id }}\n\
         smoke:\n  wait: 20s\n  probes:\n    - compare: {{ name: page, path: /page, {settings} }}\n",
        new.url()
    ))
    .run(&["-v"])
}

const MEDIAN: &str = "against: current, max_delta: 200ms";

#[test]
fn two_that_are_alike_pass_and_only_the_new_one_must_be_the_release() {
    let (new, current) = (server("1.1.0", 0, |_| 200), server("1.0.0", 0, |_| 200));
    let ran = compared(
        &new,
        &current.url(),
        &format!("{MEDIAN}, max_delta_p95: 5s"),
    );
    ran.ends(
        0,
        &[
            "only the new release failed in 0 of 100 pairs",
            "the median of the difference is",
            "the p95 of the difference is",
            "105 of 105 requests of `page` to the new release were answered by 1.1.0",
            "Compared",
        ],
    );
    assert_eq!((new.requests(), current.requests()), (111, 105));
    let detail = &ran.receipt.as_ref().expect("a receipt was written").detail["compare"][0];
    let firsts = detail["new_first"].as_u64().expect("is a number");
    // Of 100 fair coins, outside of these in one of ten million cases.
    assert!((24..=76).contains(&firsts), "{firsts}");
}

#[test]
fn a_slower_release_fails_on_the_difference() {
    let (new, current) = (server("1.1.0", 400, |_| 200), server("1.0.0", 100, |_| 200));
    let ran = compared(&new, &current.url(), MEDIAN);
    ran.ends(
        1,
        &[
            "`page`: the median of the difference is +3",
            "limit 200ms, 100 pairs",
        ],
    );
    let ran = compared(&new, &current.url(), "against: current, max_delta: 20%");
    ran.ends(1, &["the median of the difference is +", "limit 20%"]);
    assert!(finding(&ran, "compare").contains(" %"), "{}", ran.all());
}

#[test]
fn a_release_that_fails_more_often_fails() {
    let bad = |request: &Request| {
        if request.number.is_multiple_of(5) {
            500
        } else {
            200
        }
    };
    let (new, current) = (server("1.1.0", 0, bad), server("1.0.0", 0, |_| 200));
    let ran = compared(&new, &current.url(), MEDIAN);
    ran.ends(
        1,
        &[
            "`page`: only the new release failed in ",
            "which chance alone brings in",
        ],
    );
}

#[test]
fn a_few_failures_are_unknown_or_decided_by_more_pairs() {
    let few = |request: &Request| {
        if [50, 60, 70].contains(&request.number) {
            500
        } else {
            200
        }
    };
    let (new, current) = (server("1.1.0", 0, few), server("1.0.0", 0, |_| 200));
    let ran = compared(&new, &current.url(), MEDIAN);
    ran.ends(
        3,
        &[
            "only the new release failed in 3 of 100 pairs",
            "pairs would decide",
        ],
    );
    let (new, current) = (server("1.1.0", 0, few), server("1.0.0", 0, |_| 200));
    let ran = compared(
        &new,
        &current.url(),
        &format!("{MEDIAN}, budget: {{ pairs: 400 }}"),
    );
    ran.ends(
        0,
        &[
            "only the new release failed in 3 of 200 pairs",
            "at 98.333 % confidence",
        ],
    );
}

#[test]
fn the_release_is_not_compared_with_itself() {
    let (new, same) = (server("1.1.0", 0, |_| 200), server("1.1.0", 0, |_| 200));
    compared(&new, &same.url(), MEDIAN).ends(
        3,
        &["105 of 105 answers of the current release came from 1.1.0 itself"],
    );
}

#[test]
fn a_release_that_dies_of_requests_fails() {
    let new = Server::start(|request| {
        if request.path != "/id" && request.number.is_multiple_of(3) {
            std::thread::sleep(Duration::from_millis(50));
            return Reply::Close(Vec::new());
        }
        Reply::Send(answer(200, "1.1.0", "page"))
    });
    let current = server("1.0.0", 0, |_| 200);
    compared(&new, &current.url(), MEDIAN).ends(1, &["only the new release failed in "]);
}

#[test]
fn a_current_release_that_is_not_there_is_nothing_to_compare_with() {
    let new = server("1.1.0", 0, |_| 200);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = nobody.local_addr().expect("it is bound");
    drop(nobody);
    let ran = compared(&new, &format!("http://{address}"), MEDIAN);
    ran.ends(3, &["the current release failed in 100 of 100 pairs"]);
    assert!(reason(&ran, "compare").contains("nothing to compare with"));
    let ran = compared(&new, &new.url(), &MEDIAN.replace("current", "elsewhere"));
    ran.ends(
        2,
        &["is at `elsewhere`, which is no address of environment `staging`"],
    );
}

#[test]
fn what_could_decide_nothing_is_refused() {
    let new = server("1.1.0", 0, |_| 200);
    for (settings, words) in [
        (
            "against: current, max_delta: 0ms",
            "no two answers take the same time",
        ),
        (
            "against: current, max_delta: 20ms, pairs: 50",
            "it needs at least 59",
        ),
        ("against: current, max_delta: 20", "max_delta"),
        ("max_delta: 20ms", "against"),
        (MEDIAN, "compares an address with itself"),
    ] {
        let current = match settings {
            MEDIAN => new.url(),
            _ => "http://127.0.0.1:1".into(),
        };
        let ran = compared(&new, &current, settings);
        ran.ends(2, &[words]);
    }
    assert_eq!(new.requests(), 0);
}

#[test]
fn a_wrong_release_behind_the_new_address_is_noticed() {
    let mixed = Server::start(|request| {
        let version = if request.number == 30 {
            "1.0.0"
        } else {
            "1.1.0"
        };
        Reply::Send(answer(200, version, ""))
    });
    let current = server("1.0.0", 0, |_| 200);
    let ran = compared(&mixed, &current.url(), MEDIAN);
    ran.ends(
        1,
        &["requests of `page` to the new release were answered by another release"],
    );
    assert!(matches!(outcome(&ran, "compare"), Outcome::Pass { .. }));
}
