//! A rollout that went well, for the tests to damage.

use crate::facts::{End, Exposed, Facts, Metric, Sample, Step, Task};
use crate::judge::{Counts, Decision, Interval};
use shared::place::Place;
use shared::release::Release;
use shared::traffic::Weight;

/// Errors and requests of canary and stable.
pub fn interval(xc: f64, nc: f64, xs: f64, ns: f64) -> Interval {
    Interval {
        canary: Counts {
            requests: nc,
            errors: xc,
        },
        stable: Counts {
            requests: ns,
            errors: xs,
        },
    }
}

fn release(version: &str) -> Release {
    let digits: String = version
        .chars()
        .filter(char::is_ascii_digit)
        .cycle()
        .take(40)
        .collect();
    Release {
        version: version.to_owned().try_into().expect("is a version"),
        commit: digits.try_into().expect("is 40 digits"),
        artifacts: Default::default(),
    }
}

/// 1.1.0 over 1.0.0 on production, one step at 10 %.
pub fn promoted() -> Facts {
    let interval = interval(0.0, 100.0, 0.0, 900.0);
    Facts {
        task: Task::Run,
        release: release("1.1.0"),
        previous: Some(release("1.0.0")),
        ready: Some(Ok(vec!["3 canary instances answer as 1.1.0".into()])),
        steps: vec![Step {
            weight: Weight::try_from(1000).expect("is at most 10,000"),
            seconds: 5.0,
            samples: vec![Sample {
                metric: 0,
                at: 1.0,
                interval,
            }],
            decision: Decision::Advance,
            trouble: None,
        }],
        metrics: vec![Metric {
            name: "requests".into(),
            sees_users: true,
            intervals: vec![interval],
            is_certified: true,
        }],
        end: End::Promoted,
        places: vec![Place {
            subject: "production/web".into(),
            weight: Ok(Weight::NONE),
            stable: vec![("127.0.0.1:7890".into(), Ok("1.1.0".into()))],
            reproduce: "curl -sS http://127.0.0.1:7000/".into(),
        }],
        exposed: Exposed {
            requests: 100.0,
            errors: 0.0,
            seconds: 5.0,
        },
    }
}
