//! put-back: read back, all traffic is on stable and every stable instance runs the target.

use crate::facts::{Facts, Place, Target};
use shared::check::Check;
use shared::traffic::Weight;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "put-back",
    title: "all traffic is on stable, and every stable instance runs the target",
    why: "a change that was accepted is not a change that applies: it is read back",
    fix: "run `rollback` again: it does what is not done yet",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let (Some(done), Ok(target)) = (&facts.done, &facts.target) else {
        return Outcome::skipped("nothing was touched");
    };
    if let Some(problem) = &done.problem {
        return Outcome::unknown(format!("it could not be finished: {problem}"));
    }
    let (mut evidence, mut findings, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for place in &done.places {
        match &place.weight {
            Ok(Weight::NONE) => {
                evidence.push(format!("{}: the router says 0 % canary", place.subject))
            }
            Ok(weight) => findings.push(
                Finding::new(format!(
                    "{}: the router gives the canary {weight}",
                    place.subject
                ))
                .compared(weight.to_string(), Weight::NONE.to_string()),
            ),
            Err(why) => unknown.push(why.clone()),
        }
        instances(place, target, &mut evidence, &mut findings, &mut unknown);
    }
    Outcome::judge(evidence, findings, unknown)
}

fn instances(
    place: &Place,
    target: &Target,
    evidence: &mut Vec<String>,
    findings: &mut Vec<Finding>,
    unknown: &mut Vec<String>,
) {
    let release = &target.entry.release;
    let mut right = 0;
    for (address, said) in &place.stable {
        match said {
            Ok(name) if release.is_named_by(name) => right += 1,
            Ok(name) => findings.push(
                Finding::new(format!("{address} runs {name}"))
                    .compared(name.clone(), release.to_string()),
            ),
            Err(why) => unknown.push(why.clone()),
        }
    }
    if right > 0 {
        evidence.push(format!(
            "{}: {right} stable instance(s) answer as {release}",
            place.subject
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::facts;

    #[test]
    fn everything_on_the_target_passes() {
        assert_eq!(check(&facts()).word(), "pass");
    }

    #[test]
    fn a_stranger_among_the_instances_fails() {
        let mut facts = facts();
        if let Some(done) = &mut facts.done {
            done.places[0].stable[0].1 = Ok("1.4.0".into());
        }
        assert_eq!(check(&facts).word(), "fail");
    }

    #[test]
    fn what_could_not_be_finished_or_read_is_unknown() {
        let mut facts = facts();
        if let Some(done) = &mut facts.done {
            done.places[0].weight = Err("connection refused".into());
        }
        assert_eq!(check(&facts).word(), "unknown");
        if let Some(done) = &mut facts.done {
            done.problem = Some("nginx is gone".into());
        }
        assert_eq!(
            check(&facts),
            Outcome::unknown("it could not be finished: nginx is gone")
        );
        facts.done = None;
        assert_eq!(check(&facts).word(), "skipped");
    }
}
