//! Facts for the tests of the checks: an environment in which everything holds.

mod access;
mod load;
mod page;
pub(crate) mod ports;
pub(crate) mod tls;

pub(crate) use access::{
    answered, answered_with, auth_plan, default_credentials_plan, isolation_plan, rate_limit_plan,
    sse_plan, websocket_plan,
};

pub(crate) use load::{compare_fact, compare_plan, compared, load_fact, load_plan, measured};
pub(crate) use page::{page_fact, visit};

use crate::address::Address;
use crate::answer::{Answer, Asked, Phases};
use crate::counts::Counts;
use crate::facts::{
    Compared, End, Fact, Facts, HttpSeen, IdentityFact, Measured, Pair, Ready, Sample,
    Seen as SeenProbes, Timed, Visit, Visits,
};
use crate::plan::expectations::BodyExpectations;
use crate::plan::keys::Keystroke;
use crate::plan::schema::Schema;
use crate::plan::{
    ComparePlan, DeltaLimit, Expectations, Figure, FigureLimit, HttpPlan, KeyPlan, Length, Limit,
    LoadPlan, Marks, Model, Of, PagePlan, Ramps, Request, Selected, StepPlan,
};
use crate::predicate::Predicate;
use crate::timeline::{Observation, Seen, Timeline};
use shared::config::{Delta, LoadAbort, Share, Span, WarmUp};
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
            stopped: None,
            reproduce: "curl -sSi http://h/".into(),
        },
        identities: vec![IdentityFact {
            service: "web".into(),
            url: "http://h/".into(),
            asked: "fresh connections to",
            counts: counts(&[("1.1.0", 5)], &[]),
            reproduce: "curl -sSi http://h/".into(),
        }],
        counts: Counts::default(),
        sent: 6,
        probes: SeenProbes::default(),
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
        version: "HTTP/1.1".into(),
        body: body.into(),
        phases: Phases {
            total: 3.0,
            ..Phases::default()
        },
        ..Answer::default()
    }
}

pub(crate) fn expectations() -> Expectations {
    Expectations {
        status: vec![200],
        redirects: Vec::new(),
        headers: Vec::new(),
        cookies: Vec::new(),
        json: Vec::new(),
        schema: None,
        body: BodyExpectations::default(),
        phases: None,
        within: Span::seconds(5),
        host: "h".into(),
    }
}

fn address() -> Address {
    Address::parse("http://h", "http://h").expect("is an address")
}

/// What the file says as an expectation.
pub(crate) fn predicate(yaml: &str) -> Predicate {
    let read = serde_saphyr::from_str(yaml).expect("is an expectation");
    match Predicate::of(&read) {
        Ok(predicate) => predicate,
        Err(mistake) => panic!("{}", mistake.message),
    }
}

/// What must hold at a JSONPath.
pub(crate) fn selected(path: &str, yaml: &str) -> Selected {
    Selected {
        path: serde_json_path::JsonPath::parse(path).expect("is a path"),
        predicate: predicate(yaml),
    }
}

/// A JSON Schema, as if it had been read from `health.json`.
pub(crate) fn schema(document: &serde_json::Value) -> Schema {
    Schema::new(document, "health.json".into()).expect("is a schema")
}

/// A `GET` of a path at `http://h` that may take 5 s.
pub(crate) fn request(path: &str) -> Request {
    Request::get(address().at(path).expect("is a path"), Span::seconds(5))
}

pub(crate) fn http_fact(status: u16, body: &str) -> Fact<HttpPlan, HttpSeen> {
    Fact {
        plan: HttpPlan {
            name: "health".into(),
            request: request("/api/health"),
            expectations: expectations(),
            reproduce: "curl -sS -i --max-time 5 http://h/api/health".into(),
        },
        seen: Ok(HttpSeen {
            asked: Asked {
                attempts: 1,
                answer: Ok(answer(status, body)),
            },
            hops: Vec::new(),
            samples: Vec::new(),
            spoilt: None,
        }),
    }
}

/// A step of a journey that must be answered with one of these.
pub(crate) fn step(name: &str, status: &[u16]) -> StepPlan {
    let mut http = http_fact(200, "").plan;
    http.name = name.into();
    http.expectations.status = status.to_vec();
    StepPlan {
        http,
        address: address(),
        path: format!("/{name}"),
        encoding: crate::plan::Encoding::Plain,
        captures: Vec::new(),
    }
}
