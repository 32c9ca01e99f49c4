//! What the deployments and their statuses say, read no further than it takes to know.

use super::deployment::Deployment;
use super::status::{Said, Status};
use super::{Deployments, MOST_PAGES, PAGE_SIZE, call, path_of};
use crate::error::{Error, Result};
use crate::ledger::{Entry, State, last_good};
use futures_util::{StreamExt as _, TryStreamExt as _};
use std::collections::BTreeSet;

/// So many entries are always read. Each costs a request for its statuses, and a job may send
/// 1000 requests an hour: <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
const ENOUGH: usize = 20;

/// Requests for statuses under way at the same time.
const AT_ONCE: usize = 8;

impl Deployments {
    pub(super) async fn read(&self) -> Result<Vec<Entry>> {
        let what = format!("list the deployments of {}", self.environment);
        let query = self.query();
        let mut pages = self
            .github
            .pages(call(&what, "deployments", &query), MOST_PAGES);
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some(page) = pages.next::<Deployment>().await? {
            // A deployment made meanwhile moves the others on, and one of them comes twice.
            let here = page
                .into_iter()
                .filter(|one| self.is_here(one) && seen.insert(one.id));
            let ours: Vec<Deployment> = here.filter(Deployment::is_ours).collect();
            for some in ours.chunks(ENOUGH) {
                found.extend(self.with_states(some).await?);
                let entries = oldest_first(&found);
                if found.len() >= ENOUGH && last_good(&entries).is_some() {
                    return Ok(entries);
                }
            }
        }
        let entries = oldest_first(&found);
        if pages.is_cut() && last_good(&entries).is_none() {
            return Err(Error::unavailable(
                "no release is good among the newest 500 of the ledger",
            )
            .at(self.github.url("deployments"))
            .hint("an older one may be; name the release yourself"));
        }
        Ok(entries)
    }

    async fn with_states(&self, deployments: &[Deployment]) -> Result<Vec<Entry>> {
        let one = async |deployment: &Deployment| {
            let mut entry = deployment.entry(&self.github.url(&path_of(deployment.id)))?;
            if let Some(said) = self.said(deployment.id).await? {
                (entry.state, entry.note) = (said.state, said.note);
            }
            Ok(entry)
        };
        let requests = futures_util::stream::iter(deployments).map(one);
        requests.buffered(AT_ONCE).try_collect().await
    }

    /// What our statuses say of a deployment: the newest conclusion counts, and `in progress` only
    /// when there is none, because a late repetition of it must not reopen what is concluded.
    pub(super) async fn said(&self, number: u64) -> Result<Option<Said>> {
        let what = format!("read the statuses of deployment {number}");
        let path = format!("{}/statuses", path_of(number));
        let mut pages = self
            .github
            .pages(call(&what, &path, &[("per_page", PAGE_SIZE)]), MOST_PAGES);
        let mut newest: Option<Said> = None;
        while let Some(mut page) = pages.next::<Status>().await? {
            page.sort_by_key(|status| std::cmp::Reverse(status.id));
            for said in page.iter().filter_map(Status::said) {
                if said.state != State::InProgress {
                    return Ok(Some(said));
                }
                newest.get_or_insert(said);
            }
        }
        if pages.is_cut() {
            return Err(Error::unavailable(format!(
                "deployment {number} has more than 500 statuses"
            ))
            .at(self.github.url(&path)));
        }
        Ok(newest)
    }
}

/// One entry for each id; of two deployments of the same entry the conclusion counts.
fn oldest_first(newest_first: &[Entry]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for entry in newest_first.iter().rev() {
        match entries.iter_mut().find(|known| known.id == entry.id) {
            Some(known) if entry.state != State::InProgress => {
                (known.state, known.note) = (entry.state, entry.note.clone());
            }
            Some(_) => {}
            None => entries.push(entry.clone()),
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::entry;

    #[test]
    fn an_entry_with_two_deployments_is_one_entry_with_its_conclusion() {
        let newest_first = [
            entry("1.2.0", State::InProgress),
            entry("1.1.0", State::Good),
            entry("1.1.0", State::InProgress),
            entry("1.0.0", State::InProgress),
            entry("1.0.0", State::Bad),
        ];
        let entries = oldest_first(&newest_first);
        let states: Vec<(&str, State)> = entries
            .iter()
            .map(|entry| (entry.release.version.as_str(), entry.state))
            .collect();
        assert_eq!(
            states,
            [
                ("1.0.0", State::Bad),
                ("1.1.0", State::Good),
                ("1.2.0", State::InProgress)
            ]
        );
    }
}
