//! How an answer may be cached, and that it can be revalidated.

use super::scope::Scope;
use super::{Planned, Request};
use shared::config::{CacheClass, CacheProbe, Located};
use shared::error::Result;
use shared::gate::Step;

/// Caches count no further than about this: RFC 9111, section 1.2.2.
const LARGEST_AGE: u64 = 1 << 31;
const YEAR: u64 = 31_536_000;

/// How an answer may be cached, and that it can be revalidated.
#[derive(Clone, Debug)]
pub(crate) struct CachePlan {
    /// What it is called.
    pub(crate) name: String,
    /// What is asked first.
    pub(crate) request: Request,
    /// A tag that no page has.
    pub(crate) foreign_tag: String,
    /// How it may be cached.
    pub(crate) rule: CacheRule,
    /// Whether a header must tell that a cache stands in front.
    pub(crate) age_required: bool,
}

/// How an answer may be cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CacheRule {
    /// By whom.
    pub(crate) class: CacheClass,
    /// The least `max-age` in seconds.
    pub(crate) least: Option<u64>,
    /// The largest one.
    pub(crate) most: Option<u64>,
}

impl CacheRule {
    /// For a file that never changes.
    pub(crate) fn immutable() -> Self {
        Self {
            class: CacheClass::Immutable,
            least: Some(YEAR),
            most: None,
        }
    }
}

/// The word for a class.
pub(crate) fn word(class: CacheClass) -> &'static str {
    match class {
        CacheClass::Immutable => "immutable",
        CacheClass::NoStore => "no-store",
        CacheClass::Revalidate => "revalidate",
        CacheClass::Public => "public",
        CacheClass::Private => "private",
    }
}

impl Planned for CachePlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["cache"]
    }

    fn steps(&self) -> Vec<Step> {
        let (name, class) = (&self.name, word(self.rule.class));
        let mut steps = vec![Step::reads(
            format!("probe `{name}`: cached as `{class}`"),
            self.request.call(),
        )];
        if self.rule.class != CacheClass::NoStore {
            steps.push(Step::reads(
                format!("probe `{name}`: asked again with what it gave, and with a foreign tag"),
                format!("GET {} (at most 3 times)", self.request.url.shown),
            ));
        }
        steps
    }

    fn requests(&self) -> u64 {
        match self.rule.class {
            CacheClass::NoStore => 1,
            CacheClass::Immutable
            | CacheClass::Revalidate
            | CacheClass::Public
            | CacheClass::Private => 4,
        }
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &CacheProbe) -> Result<CachePlan> {
    if let Some((value, why)) = impossible(probe) {
        return Err(match value {
            Some(value) => scope.refuse_at(value, why),
            None => scope.refuse(why),
        });
    }
    let given = probe.max_age.as_ref().map(|age| age.value);
    let default = match probe.class {
        CacheClass::Immutable => Some(YEAR),
        CacheClass::Public => Some(1),
        CacheClass::NoStore | CacheClass::Revalidate | CacheClass::Private => None,
    };
    let request = scope.get(probe.at.as_ref(), &probe.path, probe.within)?;
    Ok(CachePlan {
        name: probe.name.value.clone(),
        // As browsers ask; what is stored then depends on it.
        request: request.with("accept-encoding", "gzip"),
        foreign_tag: format!("\"sluicegate-{}\"", scope.context.run.id),
        rule: CacheRule {
            class: probe.class,
            least: given.or(default),
            most: probe.max_age_at_most.as_ref().map(|age| age.value),
        },
        age_required: probe.age_required,
    })
}

/// What could never hold or never fail, and where it stands.
fn impossible(probe: &CacheProbe) -> Option<(Option<&Located<u64>>, String)> {
    let class = word(probe.class);
    let ages = [
        ("max_age", probe.max_age.as_ref()),
        ("max_age_at_most", probe.max_age_at_most.as_ref()),
    ];
    for (key, age) in ages {
        let Some(age) = age else { continue };
        let is_unasked = match probe.class {
            CacheClass::NoStore | CacheClass::Revalidate => true,
            CacheClass::Immutable => key == "max_age_at_most",
            CacheClass::Public | CacheClass::Private => false,
        };
        if is_unasked {
            return Some((
                Some(age),
                format!("has a `{key}`, which `{class}` does not ask for"),
            ));
        }
        if age.value > LARGEST_AGE {
            let why = format!(
                "has a `{key}` of {} s, and caches count no further",
                age.value
            );
            return Some((Some(age), why));
        }
    }
    if let (Some(least), Some(most)) = (&probe.max_age, &probe.max_age_at_most)
        && least.value > most.value
    {
        let why = format!(
            "wants a `max-age` from {} s to {} s",
            least.value, most.value
        );
        return Some((Some(most), why));
    }
    let is_shared = match probe.class {
        CacheClass::NoStore | CacheClass::Private => false,
        CacheClass::Immutable | CacheClass::Revalidate | CacheClass::Public => true,
    };
    (probe.age_required && !is_shared).then(|| {
        let why = format!("has `age_required`, and no cache in front may keep what is `{class}`");
        (None, why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(yaml: &str) -> Option<String> {
        let yaml = format!("{{name: page, path: /, {yaml}}}");
        let probe: CacheProbe = serde_saphyr::from_str(&yaml).expect("is a probe");
        impossible(&probe).map(|(_, why)| why)
    }

    #[test]
    fn a_rule_that_can_hold_and_can_fail_is_taken() {
        for yaml in [
            "class: immutable",
            "class: immutable, max_age: 86400, age_required: true",
            "class: no-store",
            "class: public, max_age: 60, max_age_at_most: 60",
            "class: private, max_age_at_most: 0",
        ] {
            assert_eq!(why(yaml), None, "{yaml}");
        }
    }

    #[test]
    fn a_rule_that_asks_nothing_or_too_much_is_refused() {
        for (yaml, told) in [
            (
                "class: no-store, max_age: 5",
                "has a `max_age`, which `no-store` does not ask for",
            ),
            (
                "class: immutable, max_age_at_most: 5",
                "has a `max_age_at_most`, which `immutable` does not ask for",
            ),
            (
                "class: public, max_age: 61, max_age_at_most: 60",
                "wants a `max-age` from 61 s to 60 s",
            ),
            (
                "class: public, max_age: 99999999999",
                "has a `max_age` of 99999999999 s, and caches count no further",
            ),
            (
                "class: private, age_required: true",
                "has `age_required`, and no cache in front may keep what is `private`",
            ),
        ] {
            assert_eq!(why(yaml).as_deref(), Some(told), "{yaml}");
        }
    }
}
