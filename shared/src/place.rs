//! How a service was found in an environment, and whether that is one release with all traffic.

use crate::receipt::Table;
use crate::release::Release;
use crate::traffic::Weight;
use crate::verdict::{Finding, Outcome};

/// How one service was found: asked of the running router and of every stable instance.
#[derive(Clone, Debug)]
pub struct Place {
    /// `environment/service`.
    pub subject: String,
    /// The weight that applies, or why it is not known.
    pub weight: Result<Weight, String>,
    /// Each stable instance with the release that it says it runs, or why it does not say.
    pub stable: Vec<(String, Result<String, String>)>,
    /// The command that shows the weight by hand.
    pub reproduce: String,
}

impl Place {
    /// Whether all traffic is on stable, and every stable instance runs that release.
    pub fn is_settled_on(&self, release: &Release) -> bool {
        let is_right = |said: &Result<String, String>| {
            said.as_ref().is_ok_and(|name| release.is_named_by(name))
        };
        self.weight == Ok(Weight::NONE) && self.stable.iter().all(|(_, said)| is_right(said))
    }
}

/// Whether every service has all its traffic on stable, and stable runs that release alone.
pub fn judge(places: &[Place], release: &Release) -> Outcome {
    let (mut evidence, mut findings, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for place in places {
        let subject = &place.subject;
        match &place.weight {
            Ok(Weight::NONE) => evidence.push(format!("{subject}: the router says 0 % canary")),
            Ok(weight) => findings.push(
                Finding::new(format!(
                    "{subject}: the router still gives the canary {weight}"
                ))
                .compared(weight.to_string(), Weight::NONE.to_string())
                .reproduce(place.reproduce.clone()),
            ),
            Err(why) => unknown.push(format!("{subject}: {why}")),
        }
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
                "{subject}: {right} stable instance(s) answer as {release}"
            ));
        }
    }
    Outcome::judge(evidence, findings, unknown)
}

/// The same for people.
pub fn table(places: &[Place]) -> Table {
    let columns = ["service", "canary weight", "stable instance", "release"];
    let mut table = Table::new("what runs now", &columns);
    for place in places {
        let weight = place
            .weight
            .as_ref()
            .map_or_else(Clone::clone, ToString::to_string);
        for (address, said) in &place.stable {
            let release = said.as_ref().map_or_else(Clone::clone, Clone::clone);
            table.row([
                place.subject.clone(),
                weight.clone(),
                address.clone(),
                release,
            ]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release() -> Release {
        Release {
            version: "1.1.0".to_owned().try_into().expect("is a version"),
            commit: "1".repeat(40).try_into().expect("is a commit id"),
            artifacts: Default::default(),
        }
    }

    fn place() -> Place {
        Place {
            subject: "production/web".into(),
            weight: Ok(Weight::NONE),
            stable: vec![("127.0.0.1:7890".into(), Ok("1.1.0".into()))],
            reproduce: "curl -sS http://127.0.0.1:7000/".into(),
        }
    }

    #[test]
    fn one_release_with_all_traffic_passes() {
        let evidence = vec![
            "production/web: the router says 0 % canary".into(),
            "production/web: 1 stable instance(s) answer as 1.1.0 (11111111)".into(),
        ];
        assert_eq!(judge(&[place()], &release()), Outcome::Pass { evidence });
        assert!(place().is_settled_on(&release()));
    }

    #[test]
    fn a_weight_that_is_left_or_a_stranger_fails() {
        let split = Place {
            weight: Ok(Weight::ALL),
            ..place()
        };
        assert_eq!(
            judge(std::slice::from_ref(&split), &release()).word(),
            "fail"
        );
        assert!(!split.is_settled_on(&release()));
        let stable = vec![("127.0.0.1:7890".into(), Ok("1.0.0".into()))];
        let stranger = Place { stable, ..place() };
        assert_eq!(
            judge(std::slice::from_ref(&stranger), &release()).word(),
            "fail"
        );
        assert!(!stranger.is_settled_on(&release()));
    }

    #[test]
    fn what_does_not_answer_is_unknown_and_so_is_nothing() {
        let silent = Place {
            weight: Err("connection refused".into()),
            ..place()
        };
        let expected = Outcome::unknown("production/web: connection refused");
        assert_eq!(judge(&[silent], &release()), expected);
        let stable = vec![("127.0.0.1:7890".into(), Err("no answer".into()))];
        let mute = Place { stable, ..place() };
        assert_eq!(
            judge(std::slice::from_ref(&mute), &release()),
            Outcome::unknown("no answer")
        );
        assert!(!mute.is_settled_on(&release()));
        assert_eq!(
            judge(&[], &release()),
            Outcome::unknown("nothing was examined")
        );
    }
}
