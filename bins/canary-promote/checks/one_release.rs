//! one-release: read back at the end, all traffic is on stable and stable runs one release.

use crate::facts::{End, Facts};
use shared::check::Check;
use shared::place;
use shared::verdict::{Outcome, Severity};

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
    place::judge(&facts.places, expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::promoted;
    use crate::facts::Cause;
    use shared::traffic::Weight;

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
