//! A page that is shown, and one that a browser complains about.

use super::{Case, Quality, Started};
use crate::Result;
use crate::servers::{Page, PageServer};

/// The page and its case.
pub(super) fn case() -> Case {
    Case {
        checks: &["page"],
        start,
    }
}

fn start(quality: Quality) -> Result<Started> {
    let server = PageServer::start(move |path, _| match (path, quality) {
        ("/", Quality::Good) => Page::html("<h1>Welcome</h1>"),
        ("/", Quality::Bad) => Page::html("<h1>Sorry</h1><script>nothing.like.this()</script>"),
        _ => Page::html("there is nothing").status(404),
    })?;
    Ok(Started {
        environment: vec![("addresses", format!("{{page: '{}'}}", server.url()))],
        probes: vec![
            "page: { name: page, at: page, path: /, runs: 1, contains: [Welcome], within: 5s }"
                .into(),
        ],
        variables: Vec::new(),
        files: Vec::new(),
        trusted: Vec::new(),
        running: Box::new(server),
    })
}
