//! Series of requests and comparisons.

use super::{Case, Quality, Started};
use crate::Result;
use crate::servers::{HttpServer, Reply};
use std::time::Duration;

/// A service that is fast, or errs and is slow.
pub(super) fn series() -> Case {
    Case {
        checks: &["load"],
        start: |quality| {
            let server = HttpServer::start(move |_| match quality {
                Quality::Good => reply(200),
                Quality::Bad => reply(500),
            })?;
            Ok(Started {
                environment: vec![("addresses", format!("{{steady: '{}'}}", server.url()))],
                probes: vec![
                    "load: {name: steady, at: steady, path: /, p95: 5s, errors: 10%, requests: 100, \
                     per_second: 200}"
                        .into(),
                ],
                variables: Vec::new(),
                files: Vec::new(),
                trusted: Vec::new(),
                running: Box::new(server),
            })
        },
    }
}

/// A release that is as fast as the current one, or much slower.
pub(super) fn comparison() -> Case {
    Case {
        checks: &["compare"],
        start: |quality| {
            let time = match quality {
                Quality::Good => 0,
                Quality::Bad => 50,
            };
            let (new, current) = (paused(time)?, paused(0)?);
            let addresses = format!("{{new: '{}', current: '{}'}}", new.url(), current.url());
            Ok(Started {
                environment: vec![("addresses", addresses)],
                probes: vec![
                    "compare: {name: pairs, at: new, against: current, path: /, max_delta: 25ms, \
                     pairs: 60}"
                        .into(),
                ],
                variables: Vec::new(),
                files: Vec::new(),
                trusted: Vec::new(),
                running: Box::new((new, current)),
            })
        },
    }
}

/// Answers one after the other, each after so many milliseconds.
fn paused(time: u64) -> Result<HttpServer> {
    HttpServer::start(move |_| {
        std::thread::sleep(Duration::from_millis(time));
        reply(200)
    })
}

fn reply(status: u16) -> Reply {
    let mut reply = Reply::new("ok".into());
    *reply.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    reply
}
