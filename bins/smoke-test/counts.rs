//! How many answers came from which release.

use shared::release::Release;
use std::collections::BTreeMap;

/// So many different names are kept apart; an environment that says more is not saying a release.
const MOST_NAMES: usize = 20;

/// How many answers came from which release, and how many did not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// By what the answer said.
    pub(crate) said: BTreeMap<String, u64>,
    /// By the reason why it did not.
    pub(crate) silent: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts one answer.
    pub(crate) fn add(&mut self, said: Result<String, String>) {
        self.add_many(said, 1);
    }

    /// Counts several answers that said the same.
    pub(crate) fn add_many(&mut self, said: Result<String, String>, times: u64) {
        let (map, key) = match said {
            Ok(release) => (&mut self.said, release),
            Err(reason) => (&mut self.silent, reason),
        };
        let is_full = map.len() >= MOST_NAMES && !map.contains_key(&key);
        let key = if is_full { "others".to_owned() } else { key };
        *map.entry(key).or_default() += times;
    }

    /// How many came from the release.
    pub(crate) fn of(&self, release: &Release) -> u64 {
        let matching = self
            .said
            .iter()
            .filter(|(said, _)| release.is_named_by(said));
        matching.map(|(_, count)| count).sum()
    }

    /// How many came from another one.
    pub(crate) fn of_others(&self, release: &Release) -> u64 {
        self.said.values().sum::<u64>() - self.of(release)
    }

    /// How many did not say.
    pub(crate) fn unsaid(&self) -> u64 {
        self.silent.values().sum()
    }

    /// How many there are.
    pub(crate) fn total(&self) -> u64 {
        self.said.values().sum::<u64>() + self.unsaid()
    }

    /// `3 from 1.0.0, 2 from 1.1.0, 1 refused`.
    pub(crate) fn listed(&self) -> String {
        let said = self
            .said
            .iter()
            .map(|(release, count)| format!("{count} from {release}"));
        let silent = self
            .silent
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"));
        said.chain(silent).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_release_and_by_reason() {
        let mut counts = Counts::default();
        for said in ["1.1.0", "v1.1.0", "1.0.0"] {
            counts.add(Ok(said.to_owned()));
        }
        counts.add(Err("refused".to_owned()));
        let release = crate::sample::release();
        assert_eq!(
            (
                counts.of(&release),
                counts.of_others(&release),
                counts.unsaid(),
                counts.total()
            ),
            (2, 1, 1, 4)
        );
        assert_eq!(
            counts.listed(),
            "1 from 1.0.0, 1 from 1.1.0, 1 from v1.1.0, 1 refused"
        );
    }

    #[test]
    fn an_endless_list_of_names_is_folded() {
        let mut counts = Counts::default();
        for number in 0..1000 {
            counts.add(Ok(number.to_string()));
        }
        assert_eq!(counts.said.len(), MOST_NAMES + 1);
        assert_eq!(counts.total(), 1000);
    }
}
