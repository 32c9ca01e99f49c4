//! Every answer comes from the release.

use crate::counts::Counts;
use crate::facts::Facts;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "release",
    title: "every answer comes from the release",
    why: "behind a balancer one instance of the old build is enough to make every other check a \
          matter of luck",
    fix: "find the instances that still run another release: their deployment failed, or they are \
          still being drained",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    if facts.identities.is_empty() {
        return Outcome::unknown(format!(
            "not asked, because {} never answered as {}",
            facts.address, facts.release.version
        ));
    }
    let (mut evidence, mut findings, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for identity in &facts.identities {
        let (service, url) = (&identity.service, &identity.url);
        let what = format!("{} `{service}`", identity.asked);
        match judge(facts, &identity.counts, &what) {
            Judged::Holds(text) => evidence.push(text),
            Judged::Mixed(finding) => {
                findings.push(finding.on(url).reproduce(&identity.reproduce));
            }
            Judged::Open(reason) => unknown.push(reason),
        }
    }
    let version = &facts.release.version;
    for (what, counts, url) in by_the_way(facts) {
        let right = counts.of(&facts.release);
        match judge(facts, &counts, &what) {
            Judged::Holds(text) => evidence.push(text),
            Judged::Mixed(finding) => findings.push(finding.on(url)),
            // Not every path says it; the fresh connections above are what must.
            Judged::Open(_) if what == PROBES && right > 0 => evidence.push(format!(
                "{right} of {} {what} were answered by {version}, and the others named no release",
                counts.total()
            )),
            // But where one answer to the same question says it, one that does not may be of a build
            // that does not know the header.
            Judged::Open(reason) if !counts.said.is_empty() => unknown.push(reason),
            Judged::Open(_) if counts.total() == 0 => {}
            Judged::Open(_) => evidence.push(format!("none of {} {what} said it", counts.total())),
        }
    }
    Outcome::judge(evidence, findings, unknown)
}

/// What the answers to all single questions are called.
const PROBES: &str = "answers to probes";

enum Judged {
    Holds(String),
    Mixed(Finding),
    Open(String),
}

fn judge(facts: &Facts, counts: &Counts, what: &str) -> Judged {
    let version = &facts.release.version;
    let (right, total) = (counts.of(&facts.release), counts.total());
    let others = counts.of_others(&facts.release);
    if others > 0 {
        let listed = counts.listed();
        let message =
            format!("{others} of {total} {what} were answered by another release: {listed}");
        Judged::Mixed(Finding::new(message).compared(listed, format!("{total} from {version}")))
    } else if right == total && total > 0 {
        Judged::Holds(format!(
            "{right} of {total} {what} were answered by {version}"
        ))
    } else {
        Judged::Open(format!(
            "only {right} of {total} {what} said a release: {}",
            counts.listed()
        ))
    }
}

/// What answers said that were asked for something else, with the address.
fn by_the_way(facts: &Facts) -> Vec<(String, Counts, &str)> {
    let mut all = Vec::new();
    if facts.counts.total() > 0 {
        all.push((
            PROBES.to_owned(),
            facts.counts.clone(),
            facts.address.as_str(),
        ));
    }
    for load in &facts.probes.load {
        if let Ok(measured) = &load.seen {
            let what = format!("requests of `{}`", load.plan.name);
            let url = load.plan.request().url.shown.as_str();
            all.push((what, measured.counts.clone(), url));
        }
    }
    for compare in &facts.probes.compare {
        if let Ok(compared) = &compare.seen {
            let what = format!("requests of `{}` to the new release", compare.plan.name);
            let url = compare.plan.new.url.shown.as_str();
            all.push((what, compared.counts.clone(), url));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{counts, facts, load_fact};

    #[test]
    fn only_the_release_passes_with_every_count() {
        let mut facts = facts();
        facts.counts = counts(&[("1.1.0", 1)], &[]);
        facts.probes.load.push(load_fact(&[(300, 12.0, 200)]));
        assert_eq!(
            check(&facts),
            Outcome::Pass {
                evidence: vec![
                    "5 of 5 fresh connections to `web` were answered by 1.1.0".into(),
                    "1 of 1 answers to probes were answered by 1.1.0".into(),
                    "300 of 300 requests of `status` were answered by 1.1.0".into(),
                ]
            }
        );
    }

    #[test]
    fn a_mix_fails_with_the_count_of_each_release() {
        let mut facts = facts();
        facts.identities[0].counts = counts(&[("1.0.0", 2), ("1.1.0", 3)], &[]);
        assert_eq!(
            check(&facts),
            Outcome::fail(
                Finding::new(
                    "2 of 5 fresh connections to `web` were answered by another release: \
                     2 from 1.0.0, 3 from 1.1.0"
                )
                .on("http://h/")
                .compared("2 from 1.0.0, 3 from 1.1.0", "5 from 1.1.0")
                .reproduce("curl -sSi http://h/")
            )
        );
    }

    #[test]
    fn one_sample_of_another_release_in_a_series_fails() {
        let mut facts = facts();
        let mut load = load_fact(&[(300, 12.0, 200)]);
        if let Ok(measured) = &mut load.seen {
            measured.counts = counts(&[("1.0.0", 1), ("1.1.0", 299)], &[]);
        }
        facts.probes.load.push(load);
        let Outcome::Fail { findings } = check(&facts) else {
            panic!("one of 300 came from 1.0.0");
        };
        assert_eq!(
            findings[0].message,
            "1 of 300 requests of `status` were answered by another release: 1 from 1.0.0, \
             299 from 1.1.0"
        );
    }

    #[test]
    fn a_connection_that_does_not_say_is_unknown() {
        let mut facts = facts();
        facts.identities[0].counts =
            counts(&[("1.1.0", 4)], &[("without a release (status 502)", 1)]);
        assert_eq!(
            check(&facts),
            Outcome::unknown(
                "only 4 of 5 fresh connections to `web` said a release: 4 from 1.1.0, \
                 1 without a release (status 502)"
            )
        );
    }

    #[test]
    fn a_series_that_cannot_say_does_not_decide() {
        let mut facts = facts();
        let mut load = load_fact(&[(300, 12.0, 200)]);
        if let Ok(measured) = &mut load.seen {
            measured.counts = counts(&[], &[("without a release (status 200)", 300)]);
        }
        facts.probes.load.push(load);
        assert_eq!(
            check(&facts),
            Outcome::Pass {
                evidence: vec![
                    "5 of 5 fresh connections to `web` were answered by 1.1.0".into(),
                    "none of 300 requests of `status` said it".into(),
                ]
            }
        );
    }

    #[test]
    fn answers_to_probes_that_do_not_say_it_are_told() {
        let mut facts = facts();
        facts.counts = counts(&[("1.1.0", 5)], &[("without a release", 5)]);
        assert_eq!(
            check(&facts),
            Outcome::Pass {
                evidence: vec![
                    "5 of 5 fresh connections to `web` were answered by 1.1.0".into(),
                    "5 of 10 answers to probes were answered by 1.1.0, and the others named no \
                     release"
                        .into(),
                ]
            }
        );
    }

    #[test]
    fn a_series_in_which_only_some_say_it_is_unknown() {
        let mut facts = facts();
        let mut load = load_fact(&[(300, 12.0, 200)]);
        if let Ok(measured) = &mut load.seen {
            measured.counts = counts(&[("1.1.0", 250)], &[("without a release (status 200)", 50)]);
        }
        facts.probes.load.push(load);
        assert_eq!(
            check(&facts),
            Outcome::unknown(
                "only 250 of 300 requests of `status` said a release: 250 from 1.1.0, \
                 50 without a release (status 200)"
            )
        );
    }

    #[test]
    fn an_environment_that_never_got_ready_is_unknown() {
        let mut facts = facts();
        facts.identities.clear();
        assert_eq!(
            check(&facts),
            Outcome::unknown("not asked, because http://h never answered as 1.1.0")
        );
    }
}
