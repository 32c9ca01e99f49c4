//! Which release an answer says it comes from.

use crate::config::Identity;
use crate::error::{Error, Result};
use crate::http::{Answer, Http, join};
use crate::shell::quoted;
use std::time::Duration;

/// The path that an identity is read from.
pub fn path(identity: &Identity) -> &str {
    match identity {
        Identity::Header { path, .. } | Identity::Json { path, .. } => path,
    }
}

/// What an answer to that path says of its release.
pub fn said(identity: &Identity, answer: &Answer) -> Result<String> {
    match identity {
        Identity::Header { name, .. } => answer.header(name).map(str::to_owned).ok_or_else(|| {
            Error::unavailable(format!(
                "the answer has no header `{name}` (status {})",
                answer.status
            ))
        }),
        Identity::Json { select, .. } => selected(select, answer),
    }
}

fn selected(select: &str, answer: &Answer) -> Result<String> {
    let path = serde_json_path::JsonPath::parse(select)
        .map_err(|error| Error::config(format!("`{select}` is no JSONPath")).source(error))?;
    let value: serde_json::Value = serde_json::from_slice(&answer.body).map_err(|error| {
        Error::unavailable(format!("the answer is no JSON (status {})", answer.status))
            .source(error)
    })?;
    let nodes = path.query(&value).all();
    match nodes.as_slice() {
        [serde_json::Value::String(text)] => Ok(text.clone()),
        [_] => Err(Error::unavailable(format!("`{select}` selects no string"))),
        [] => Err(Error::unavailable(format!("`{select}` selects nothing"))),
        _ => Err(Error::unavailable(format!(
            "`{select}` selects {} values",
            nodes.len()
        ))),
    }
}

/// Asks an address over a fresh connection which release it runs.
pub async fn ask(
    http: &Http,
    base: &str,
    identity: &Identity,
    deadline: Duration,
) -> Result<String> {
    let url = join(base, path(identity));
    let answer = http.get(&url, deadline).await?;
    said(identity, &answer).map_err(|error| error.at(url))
}

/// The command that shows the same by hand.
pub fn reproduce(base: &str, identity: &Identity) -> String {
    let url = quoted(&join(base, path(identity)));
    match identity {
        Identity::Header { name, .. } => {
            format!("curl -sSi {url} | grep -i {}", quoted(&format!("^{name}:")))
        }
        Identity::Json { .. } => format!("curl -sS {url}"),
    }
}
