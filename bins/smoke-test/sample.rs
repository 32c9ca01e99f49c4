//! Facts for the tests of the checks: an environment in which everything holds.

use crate::address::Address;
use crate::answer::Answer;
use crate::counts::Counts;
use crate::facts::{
    End, Facts, HttpFact, HttpOutcome, IdentityFact, LoadFact, Measured, Ready, Sample,
};
use crate::plan::{Expectations, HttpPlan, LoadPlan};
use crate::timeline::{Observation, Seen, Timeline};
use shared::config::{Share, Span};
use shared::release::{Release, Sha, Version};

pub(crate) fn release() -> Release {
    Release {
        version: Version::try_from("1.1.0".to_owned()).expect("is a version"),
        commit: Sha::try_from("0123456789".repeat(4)).expect("is 40 hexadecimal digits"),
        artifacts: Default::default(),
    }
}

pub(crate) fn facts() -> Facts {
    Facts {
        environment: "staging".into(),
        address: "http://h".into(),
        release: release(),
        ready: Ready {
            is_ready: true,
            milliseconds: 4.2,
            deadline: Span::seconds(30),
            timeline: observed(&[Seen::Answer(200, Ok("1.1.0".into()))]),
            reproduce: "curl -sSi http://h/".into(),
        },
        identities: vec![IdentityFact {
            service: "web".into(),
            url: "http://h/".into(),
            counts: counts(&[("1.1.0", 5)], &[]),
            reproduce: "curl -sSi http://h/".into(),
        }],
        http: Vec::new(),
        load: Vec::new(),
    }
}

pub(crate) fn observed(seen: &[Seen]) -> Timeline {
    let mut timeline = Timeline::default();
    for seen in seen {
        let observation = Observation {
            service: None,
            seen: seen.clone(),
        };
        timeline.push(1.0, observation);
    }
    timeline
}

pub(crate) fn counts(said: &[(&str, u64)], silent: &[(&str, u64)]) -> Counts {
    let owned = |list: &[(&str, u64)]| {
        list.iter()
            .map(|(key, count)| ((*key).to_owned(), *count))
            .collect()
    };
    Counts {
        said: owned(said),
        silent: owned(silent),
    }
}

pub(crate) fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        body: body.into(),
        milliseconds: 3.0,
        ..Answer::default()
    }
}

pub(crate) fn expectations() -> Expectations {
    Expectations {
        status: vec![200],
        headers: Default::default(),
        json: Vec::new(),
        contains: Vec::new(),
        not_contains: Vec::new(),
        within: Span::seconds(5),
    }
}

fn address() -> Address {
    Address::parse("http://h", "http://h").expect("is an address")
}

pub(crate) fn http_fact(status: u16, body: &str) -> HttpFact {
    HttpFact {
        plan: HttpPlan {
            name: "health".into(),
            method: "GET".into(),
            path: "/api/health".into(),
            url: address().at("/api/health").expect("is a path"),
            headers: Vec::new(),
            expectations: expectations(),
            reproduce: "curl -sS -i --max-time 5 http://h/api/health".into(),
        },
        attempts: 1,
        outcome: HttpOutcome::Answered(answer(status, body)),
        said: Some("1.1.0".into()),
    }
}

pub(crate) fn load_plan() -> LoadPlan {
    LoadPlan {
        name: "status".into(),
        path: "/api/status".into(),
        url: address().at("/api/status").expect("is a path"),
        warm_up: 15,
        requests: 300,
        per_second: 100.0,
        p95: Span::milliseconds(500),
        errors: Share::percent(1.0),
        within: Span::seconds(5),
        reproduce: "curl -sS http://h/api/status".into(),
    }
}

/// So many requests with that time in milliseconds and that status.
pub(crate) fn measured(answers: &[(usize, f64, u16)]) -> Measured {
    let mut measured = Measured {
        achieved: 100.0,
        most_open: 4,
        ..Measured::default()
    };
    for (count, service, status) in answers {
        for _ in 0..*count {
            let end = End::Status(*status);
            measured.samples.push(Sample {
                lateness: 0.0,
                service: *service,
                end,
            });
            measured.counts.add(Ok("1.1.0".into()));
        }
    }
    measured
}

pub(crate) fn load_fact(answers: &[(usize, f64, u16)]) -> LoadFact {
    LoadFact {
        plan: load_plan(),
        measured: Ok(measured(answers)),
    }
}
