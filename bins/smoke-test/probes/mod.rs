//! The requests themselves: one file for each kind of probe.

pub(crate) mod http;
pub(crate) mod load;
mod pause;
pub(crate) mod ready;
pub(crate) mod release;

use crate::plan::Source;
use shared::config::Identity;
use shared::error::one_line;

/// Longer names of releases are cut: a SHA-256 commit id has 64 digits.
const LONGEST_RELEASE: usize = 80;

/// What an answer to a service's own path says of its release.
fn said(source: &Source, answer: &shared::http::Answer) -> Result<String, String> {
    match shared::identity::said(&source.identity, answer) {
        Ok(release) => Ok(crate::answer::shown(&release, LONGEST_RELEASE)),
        Err(error) => Err(one_line(error.message())),
    }
}

/// What an answer to any path says: a header may be on every answer, a document is at its own
/// path only.
fn said_by_the_way(
    sources: &[Source],
    path: &str,
    answer: &shared::http::Answer,
) -> Option<String> {
    let is_its_own = |own: &str| own.trim_start_matches('/') == path.trim_start_matches('/');
    let mut telling = sources.iter().filter(|source| match &source.identity {
        Identity::Header { .. } => true,
        Identity::Json { path, .. } => is_its_own(path),
    });
    telling.find_map(|source| said(source, answer).ok())
}
