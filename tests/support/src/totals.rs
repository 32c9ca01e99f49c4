//! What the traffic has counted.

use std::collections::BTreeMap;
use std::ops::Sub;

/// Requests and errors, in all and by release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests that came to an end.
    pub requests: u64,
    /// Requests that were answered with 500 or above, or not at all.
    pub errors: u64,
    /// Requests and errors by the value of `x-release`; an answer without it is in the sums only.
    pub by_release: BTreeMap<String, (u64, u64)>,
}

impl Totals {
    /// Counts one request.
    pub fn record(&mut self, release: Option<&str>, is_error: bool) {
        let error = u64::from(is_error);
        self.requests += 1;
        self.errors += error;
        if let Some(release) = release {
            let counts = self.by_release.entry(release.to_owned()).or_default();
            counts.0 += 1;
            counts.1 += error;
        }
    }
}

/// `now - before` is what came since; a release without requests since is left out.
impl Sub<&Totals> for &Totals {
    type Output = Totals;

    fn sub(self, before: &Totals) -> Totals {
        let since = |(release, now): (&String, &(u64, u64))| {
            let before = before.by_release.get(release).copied().unwrap_or_default();
            let requests = now.0.saturating_sub(before.0);
            (requests > 0).then(|| (release.clone(), (requests, now.1.saturating_sub(before.1))))
        };
        Totals {
            requests: self.requests.saturating_sub(before.requests),
            errors: self.errors.saturating_sub(before.errors),
            by_release: self.by_release.iter().filter_map(since).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_what_came_since() {
        let mut before = Totals::default();
        before.record(Some("1.0.0"), false);
        before.record(Some("1.1.0"), true);
        let mut now = before.clone();
        now.record(Some("1.1.0"), true);
        now.record(None, true);
        let by_release = BTreeMap::from([("1.1.0".to_owned(), (1, 1))]);
        assert_eq!(
            &now - &before,
            Totals {
                requests: 2,
                errors: 2,
                by_release
            }
        );
    }
}
