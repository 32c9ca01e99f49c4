//! one-release: read back at the end, all traffic is on stable and stable runs one release.

use crate::facts::{End, Facts, Place};
use shared::check::Check;
use shared::release::Release;
use shared::traffic::Weight;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "one-release",
    title: "at the end all traffic is on stable, and stable runs one release",
    why: "a weight that was accepted is not a weight that applies: it is asked of the running \
          router, and the release of every instance",
    fix: "run `canary-promote reconcile`; when it cannot, read the journal and settle it by hand",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let expected = match facts.end {
        End::Promoted | End::Nothing => Some(&facts.release),
        End::PutBack { .. } | End::Held | End::Stuck { .. } => facts.previous.as_ref(),
    };
    let Some(expected) = expected else {
        return Outcome::unknown("nobody knows which release stable should run");
    };
    let (mut evidence, mut findings, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for place in &facts.places {
        traffic(place, &mut evidence, &mut findings, &mut unknown);
        instances(place, expected, &mut evidence, &mut findings, &mut unknown);
    }
    Outcome::judge(evidence, findings, unknown)
}

fn traffic(
    place: &Place,
    evidence: &mut Vec<String>,
    findings: &mut Vec<Finding>,
    unknown: &mut Vec<String>,
) {
    match &place.weight {
        Ok(Weight::NONE) => evidence.push(format!("{}: the router says 0 % canary", place.subject)),
        Ok(weight) => findings.push(
            Finding::new(format!(
                "{}: the router still gives the canary {weight}",
                place.subject
            ))
            .compared(weight.to_string(), Weight::NONE.to_string())
            .reproduce(place.reproduce.clone()),
        ),
        Err(why) => unknown.push(format!("{}: {why}", place.subject)),
    }
}

fn instances(
    place: &Place,
    expected: &Release,
    evidence: &mut Vec<String>,
    findings: &mut Vec<Finding>,
    unknown: &mut Vec<String>,
) {
    let mut right = 0;
    for (address, said) in &place.stable {
        match said {
            Ok(name) if expected.is_named_by(name) => right += 1,
            Ok(name) => findings.push(
                Finding::new(format!("{address} runs {name}"))
                    .compared(name.clone(), expected.to_string()),
            ),
            Err(why) => unknown.push(why.clone()),
        }
    }
    if right > 0 {
        evidence.push(format!(
            "{}: {right} stable instance(s) answer as {expected}",
            place.subject
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::promoted;
    use crate::facts::Cause;

    #[test]
    fn one_release_with_all_traffic_passes() {
        assert_eq!(
            check(&promoted()),
            Outcome::Pass {
                evidence: vec![
                    "production/web: the router says 0 % canary".into(),
                    "production/web: 1 stable instance(s) answer as 1.1.0 (11011011)".into(),
                ]
            }
        );
    }

    #[test]
    fn a_weight_that_is_left_fails() {
        let mut facts = promoted();
        facts.places[0].weight = Ok(Weight::ALL);
        assert_eq!(check(&facts).word(), "fail");
    }

    #[test]
    fn an_instance_with_another_release_fails_after_a_retreat() {
        let mut facts = promoted();
        facts.end = End::PutBack {
            cause: Cause::Asked("x".into()),
        };
        assert_eq!(check(&facts).word(), "fail");
    }

    #[test]
    fn a_router_that_does_not_answer_is_unknown() {
        let mut facts = promoted();
        facts.places[0].weight = Err("connection refused".into());
        assert_eq!(
            check(&facts),
            Outcome::unknown("production/web: connection refused")
        );
        facts.places.clear();
        assert_eq!(check(&facts), Outcome::unknown("nothing was examined"));
    }
}
