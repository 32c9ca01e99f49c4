//! Which release every answer came from, whatever it was asked for.

use crate::answer::Answer;
use crate::counts::Counts;
use crate::plan::{Request, Source};
use shared::config::Identity;
use shared::error::one_line;
use shared::identity::Told;

/// Longer names of releases are cut: a SHA-256 commit id has 64 digits.
const LONGEST_RELEASE: usize = 80;

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

    /// Counts what an answer says by the way.
    pub(super) fn add(&mut self, request: &Request, answer: &Answer) {
        if let Some(said) = self.said(request, answer) {
            self.counts.add(Ok(said));
        }
    }

    /// Starts again.
    pub(super) fn forget(&mut self) {
        self.counts = Counts::default();
    }

    /// What an answer to any path says: a header may be on every answer, a document is at its own
    /// path only.
    pub(super) fn said(&self, request: &Request, answer: &Answer) -> Option<String> {
        let mut telling = self.sources.iter().filter(|source| {
            source.url.endpoint == request.url.endpoint
                && match &source.identity {
                    Identity::Header { .. } => true,
                    Identity::Json { .. } | Identity::Meta { .. } => {
                        source.url.target == request.url.target
                    }
                    Identity::Command { .. } => false,
                }
        });
        telling.find_map(|source| said(source, answer).ok())
    }

    /// The headers in which any answer of that address says it.
    pub(super) fn watched(&self, request: &Request) -> Vec<String> {
        let sources = self.sources.iter();
        let there = sources.filter(|source| source.url.endpoint == request.url.endpoint);
        let names = there.filter_map(|source| match &source.identity {
            Identity::Header { name, .. } => Some(name.clone()),
            Identity::Json { .. } | Identity::Meta { .. } | Identity::Command { .. } => None,
        });
        names.collect()
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

/// The name of a release as it is counted and shown.
pub(crate) fn shown_release(said: &str) -> String {
    crate::answer::shown(said, LONGEST_RELEASE)
}
