//! Which release every answer came from, whatever it was asked for.

use crate::answer::Answer;
use crate::counts::Counts;
use crate::plan::{Request, Source};
use shared::config::Identity;
use shared::error::one_line;
use shared::identity::Told;

/// Longer names of releases are cut: a SHA-256 commit id has 64 digits.
const LONGEST_RELEASE: usize = 80;
/// More names than this in one answer are no names of releases.
const MOST_NAMES: usize = 20;

/// Which release every answer came from.
pub(super) struct Tally {
    sources: Vec<Source>,
    counts: Counts,
}

impl Tally {
    /// Knows where the services say it.
    pub(super) fn new(sources: &[Source]) -> Self {
        Self {
            sources: sources.to_vec(),
            counts: Counts::default(),
        }
    }

    /// Counts what an answer says by the way. One that names no release is counted only where it
    /// could have a header that does.
    pub(super) fn add(&mut self, request: &Request, answer: &Answer) {
        match self.said(request, answer) {
            Some(said) => self.counts.add(Ok(said)),
            None if self.watched(request).is_empty() => {}
            None => self.counts.add(Err("without a release".into())),
        }
    }

    /// Starts again.
    pub(super) fn forget(&mut self) {
        self.counts = Counts::default();
    }

    /// What an answer to any path says: a header may be on every answer, a document is at its own
    /// path only. Where several services say it at one address, all that is said counts.
    pub(super) fn said(&self, request: &Request, answer: &Answer) -> Option<String> {
        let telling = self.sources.iter().filter(|source| {
            source.url.endpoint == request.url.endpoint
                && match &source.identity {
                    Identity::Header { .. } => true,
                    Identity::Json { .. } | Identity::Meta { .. } => {
                        source.url.target == request.url.target
                    }
                    Identity::Command { .. } => false,
                }
        });
        let mut all: Vec<String> = Vec::new();
        for said in telling.filter_map(|source| said(source, answer).ok()) {
            if !all.contains(&said) {
                all.push(said);
            }
        }
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// The headers in which any answer of that address says it.
    pub(super) fn watched(&self, request: &Request) -> Vec<String> {
        let sources = self.sources.iter();
        let there = sources.filter(|source| source.url.endpoint == request.url.endpoint);
        let names = there.filter_map(|source| match &source.identity {
            Identity::Header { name, .. } => Some(name.clone()),
            Identity::Json { .. } | Identity::Meta { .. } | Identity::Command { .. } => None,
        });
        let mut watched: Vec<String> = names.collect();
        watched.sort();
        watched.dedup();
        watched
    }

    /// The counts so far.
    pub(super) fn counts(&self) -> Counts {
        self.counts.clone()
    }
}

/// What an answer to a service's own path says of its release.
pub(crate) fn said(source: &Source, answer: &Answer) -> Result<String, String> {
    let told = Told {
        status: answer.status,
        headers: &answer.headers,
        body: &answer.body,
    };
    match shared::identity::said(&source.identity, &told) {
        Ok(release) => Ok(shown_release(&release)),
        Err(error) => Err(one_line(error.message())),
    }
}

/// The name of a release as it is counted and shown; of several, each.
pub(crate) fn shown_release(said: &str) -> String {
    let names = said.split(',').take(MOST_NAMES + 1).enumerate();
    let names = names.map(|(index, name)| match index {
        MOST_NAMES => "…".to_owned(),
        _ => crate::answer::shown(name.trim(), LONGEST_RELEASE),
    });
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::sample::{answer, release, request};

    /// A service that says it in this header of any answer of the address.
    fn source(service: &str, header: &str) -> Source {
        let address = Address::parse("http://h", "http://h").expect("is an address");
        Source {
            service: service.into(),
            identity: Identity::Header {
                name: header.into(),
                path: "/".into(),
            },
            url: address.at("/").expect("is a path"),
            reproduce: String::new(),
        }
    }

    fn heard(headers: &[(&str, &str)]) -> Counts {
        let mut tally = Tally::new(&[source("api", "x-release"), source("web", "x-web")]);
        let mut answer = answer(200, "");
        let headers = headers.iter();
        answer.headers = headers
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        tally.add(&request("/data"), &answer);
        tally.counts()
    }

    #[test]
    fn whatever_names_another_release_is_heard() {
        for (headers, of_others) in [
            (vec![("x-release", "1.1.0"), ("x-web", "v1.1.0")], 0),
            (vec![("x-release", "1.1.0"), ("x-release", "1.1.0")], 0),
            (vec![("x-release", "1.1.0"), ("x-web", "0.9.0")], 1),
            (vec![("x-release", "0.9.0"), ("x-web", "1.1.0")], 1),
            (vec![("x-release", "1.1.0"), ("x-release", "0.9.0")], 1),
        ] {
            let counts = heard(&headers);
            assert_eq!(
                (counts.total(), counts.of_others(&release())),
                (1, of_others),
                "{headers:?}"
            );
        }
    }

    #[test]
    fn an_answer_that_could_name_one_and_does_not_is_counted() {
        assert_eq!(heard(&[]).unsaid(), 1);
        let mut tally = Tally::new(&[]);
        tally.add(&request("/data"), &answer(200, ""));
        assert_eq!(tally.counts().total(), 0);
    }

    #[test]
    fn many_names_are_cut_and_then_of_no_release() {
        let many = ["1.1.0"; 30].join(", ");
        assert!(!release().is_named_by(&shown_release(&many)));
        assert!(release().is_named_by(&shown_release("1.1.0, 1.1.0")));
    }
}
