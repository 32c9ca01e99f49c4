//! Which release is bad and which one is put back: from the ledger and from what runs. Pure.

use crate::facts::Target;
use shared::ledger::{Entry, State, is_condemned, last_good};
use shared::release::Release;

/// What is taken away and what is put back.
#[derive(Debug)]
pub struct Choice {
    /// The entry of the release that is taken away; `None` when it was taken away before.
    pub bad: Option<Entry>,
    /// What is put back, or why nothing can be.
    pub target: Result<Target, String>,
}

/// Chooses. `asked` is the release of `--release`; `running` is what stable says, one name for
/// each instance that answers.
///
/// What is taken away is the newest release that was begun, unless the ledger says already that it
/// is bad: then only what is left of it is cleaned up, so that a second run of one rollback does
/// not go back a second step.
pub fn choose(entries: &[Entry], asked: Option<&Release>, running: &[String]) -> Choice {
    let runs = |release: &Release| {
        !running.is_empty() && running.iter().all(|name| release.is_named_by(name))
    };
    let target = |entry: &Entry, remaining: &[Entry]| Target {
        is_condemned: is_condemned(remaining, &entry.release),
        runs_already: runs(&entry.release),
        entry: entry.clone(),
    };
    if let Some(asked) = asked {
        let newest = entries
            .iter()
            .rev()
            .find(|entry| entry.release.commit == asked.commit && entry.state == State::Good);
        let any = entries
            .iter()
            .rev()
            .find(|entry| entry.release.commit == asked.commit);
        let bad = newest_standing(entries).filter(|entry| entry.release.commit != asked.commit);
        return Choice {
            bad: bad.cloned(),
            target: newest
                .or(any)
                .map(|entry| target(entry, entries))
                .ok_or_else(|| {
                    format!("the ledger does not know {asked}: nobody can say that it was good")
                }),
        };
    }
    let bad = newest_standing(entries);
    let remaining: Vec<Entry> = entries
        .iter()
        .filter(|entry| bad.is_none_or(|bad| entry.release.commit != bad.release.commit))
        .cloned()
        .collect();
    Choice {
        bad: bad.cloned(),
        target: last_good(&remaining)
            .map(|entry| target(entry, entries))
            .ok_or_else(|| match entries.is_empty() {
                true => "the ledger knows no release of this environment".to_owned(),
                false => "the ledger knows no other release that was good".to_owned(),
            }),
    }
}

/// The newest entry, as long as nobody has condemned or given it up.
fn newest_standing(entries: &[Entry]) -> Option<&Entry> {
    entries
        .last()
        .filter(|entry| matches!(entry.state, State::Good | State::InProgress))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: &str, state: State) -> Entry {
        let digits: String = version
            .chars()
            .filter(char::is_ascii_digit)
            .cycle()
            .take(40)
            .collect();
        Entry {
            schema: 1,
            id: format!("run-{version}"),
            release: Release {
                version: version.to_owned().try_into().expect("is a version"),
                commit: digits.try_into().expect("is 40 digits"),
                artifacts: Default::default(),
            },
            at: String::new(),
            actor: String::new(),
            schema_version: String::new(),
            state,
            note: String::new(),
        }
    }

    fn chosen(entries: &[Entry], running: &[&str]) -> (Option<String>, Result<String, String>) {
        let running: Vec<String> = running.iter().map(|name| (*name).to_owned()).collect();
        let choice = choose(entries, None, &running);
        let version = |release: &Release| release.version.as_str().to_owned();
        (
            choice.bad.map(|entry| version(&entry.release)),
            choice.target.map(|target| version(&target.entry.release)),
        )
    }

    #[test]
    fn the_newest_release_goes_and_the_last_good_one_comes() {
        let entries = [
            entry("1.0.0", State::Good),
            entry("1.1.0", State::Good),
            entry("1.3.0", State::Bad),
            entry("1.4.0", State::Good),
        ];
        assert_eq!(
            chosen(&entries, &["1.4.0"]),
            (Some("1.4.0".into()), Ok("1.1.0".into()))
        );
    }

    #[test]
    fn a_second_run_of_one_rollback_does_not_go_back_a_second_step() {
        let entries = [
            entry("1.0.0", State::Good),
            entry("1.1.0", State::Good),
            entry("1.4.0", State::Bad),
        ];
        assert_eq!(chosen(&entries, &["1.1.0"]), (None, Ok("1.1.0".into())));
        // The first run broke off before it had put anything back.
        assert_eq!(chosen(&entries, &["1.4.0"]), (None, Ok("1.1.0".into())));
    }

    #[test]
    fn a_promotion_that_never_ended_is_taken_away() {
        let entries = [
            entry("1.0.0", State::Good),
            entry("1.1.0", State::InProgress),
        ];
        assert_eq!(
            chosen(&entries, &[]),
            (Some("1.1.0".into()), Ok("1.0.0".into()))
        );
    }

    #[test]
    fn without_a_good_release_there_is_no_target() {
        assert!(chosen(&[], &["1.0.0"]).1.is_err());
        assert!(
            chosen(&[entry("1.0.0", State::Good)], &["1.0.0"])
                .1
                .is_err()
        );
    }

    #[test]
    fn a_release_that_is_asked_for_must_be_known() {
        let entries = [entry("1.0.0", State::Good), entry("1.1.0", State::Good)];
        let asked = entry("1.0.0", State::Good).release;
        let choice = choose(&entries, Some(&asked), &["1.1.0".to_owned()]);
        assert_eq!(choice.bad.map(|entry| entry.id), Some("run-1.1.0".into()));
        assert!(choice.target.is_ok_and(|target| !target.runs_already));
        let unknown = entry("9.9.9", State::Good).release;
        assert!(choose(&entries, Some(&unknown), &[]).target.is_err());
    }
}
