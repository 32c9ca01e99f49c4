//! Facts for the tests of what judges series and pairs of requests.

use super::*;

pub(crate) fn load_plan() -> LoadPlan {
    LoadPlan {
        name: "status".into(),
        requests: vec![request("/api/status")],
        model: Model::Open(Ramps::steady(100.0)),
        length: Length::Requests(300),
        warm_up: WarmUp::Requests(15),
        connections: 512,
        limits: vec![Limit {
            of: Of::Response(0.95),
            under: Span::milliseconds(500),
        }],
        errors: Share::percent(1.0),
        achieved: Share::percent(95.0),
        budget: None,
        abort: LoadAbort::default(),
        most_per_second: 500.0,
        within: Span::seconds(5),
        reproduce: "curl -sS http://h/api/status".into(),
    }
}

/// So many requests with that time in milliseconds and that status.
pub(crate) fn measured(answers: &[(usize, f64, u16)]) -> Measured {
    let mut measured = Measured {
        warm_up: 15,
        most_open: 4,
        looks: 1,
        ..Measured::default()
    };
    for (count, service, status) in answers {
        for _ in 0..*count {
            let at = measured.samples.len() as f64 / 100.0;
            measured.pace.add(at, at);
            measured.samples.push(Sample {
                lateness: 0.0,
                wait: 0.0,
                service: *service as f32,
                end: End::Status(*status),
                stage: 0,
            });
            measured.counts.add(Ok("1.1.0".into()));
        }
    }
    measured.stages = vec![measured.pace];
    measured
}

pub(crate) fn load_fact(answers: &[(usize, f64, u16)]) -> Fact<LoadPlan, Measured> {
    Fact {
        plan: load_plan(),
        seen: Ok(measured(answers)),
    }
}

pub(crate) fn compare_plan() -> ComparePlan {
    let old = Address::parse("http://old", "http://old").expect("is an address");
    ComparePlan {
        name: "pages".into(),
        new: request("/pages"),
        current: Request::get(old.at("/pages").expect("is a path"), Span::seconds(5)),
        pairs: 100,
        budget: None,
        limits: vec![DeltaLimit {
            share: 0.5,
            under: Delta::Time(Span::milliseconds(20)),
        }],
        errors: Share::percent(5.0),
        reproduce: "curl http://h/pages; curl http://old/pages".into(),
    }
}

/// So many pairs with these times in milliseconds and statuses, the new one first.
pub(crate) fn compared(pairs: &[(usize, f64, u16, f64, u16)]) -> Compared {
    let mut compared = Compared {
        looks: 1,
        ..Compared::default()
    };
    let timed = |time: f64, status: u16| Timed {
        time,
        end: End::Status(status),
    };
    for (count, new, new_status, current, current_status) in pairs {
        for _ in 0..*count {
            compared.pairs.push(Pair {
                new: timed(*new, *new_status),
                current: timed(*current, *current_status),
                is_new_first: compared.pairs.len().is_multiple_of(2),
            });
            compared.counts.add(Ok("1.1.0".into()));
        }
    }
    compared
}

pub(crate) fn compare_fact(pairs: &[(usize, f64, u16, f64, u16)]) -> Fact<ComparePlan, Compared> {
    Fact {
        plan: compare_plan(),
        seen: Ok(compared(pairs)),
    }
}
