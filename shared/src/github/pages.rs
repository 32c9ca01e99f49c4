//! A list that comes in pages: read only as far as the caller asks, and only from the API's own host.

use super::{Call, Github};
use crate::error::{Error, Result};
use crate::secret::redact;
use reqwest::Url;
use serde::de::DeserializeOwned;

/// The pages of one list.
#[derive(Debug)]
pub struct Pages<'a> {
    github: &'a Github,
    call: Call<'a>,
    next: Option<Url>,
    left: usize,
}

impl<'a> Pages<'a> {
    pub(super) fn new(github: &'a Github, call: Call<'a>, most: usize) -> Self {
        Self {
            github,
            call,
            next: Some(github.address_of(&call)),
            left: most,
        }
    }

    /// The next page; `None` at the end of the list, and where the limit cuts it.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<Vec<T>>> {
        if self.left == 0 {
            return Ok(None);
        }
        let Some(url) = self.next.take() else {
            return Ok(None);
        };
        self.left -= 1;
        let answer = self.github.read(&url, &self.call).await?;
        let page = answer.parse(&url, &self.call)?;
        self.next = answer
            .next_page()
            .map(|link| self.follow(&url, link))
            .transpose()?;
        Ok(Some(page))
    }

    /// Whether the list goes on behind the limit.
    pub fn is_cut(&self) -> bool {
        self.left == 0 && self.next.is_some()
    }

    /// The token goes along, so a link may lead to the API's own host only.
    fn follow(&self, page: &Url, link: &str) -> Result<Url> {
        let api = &self.github.access.api;
        let target = page.join(link).ok().filter(|target| {
            target.origin() == api.origin()
                && target.username().is_empty()
                && target.password().is_none()
        });
        target.ok_or_else(|| {
            let host = api.host_str().unwrap_or_default();
            Error::unavailable(format!(
                "could not {}: the next page is not on `{host}`",
                self.call.what
            ))
            .at(redact(link))
        })
    }
}
