//! Which release an answer says it comes from.

use crate::config::Identity;
use crate::error::{Error, Result};
use crate::http::{Http, join};
use crate::process::Command;
use crate::secret::Secret;
use crate::shell::quoted;
use std::time::Duration;

/// The part of an answer that tells its release.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The status code.
    pub status: u16,
    /// Names in any case, and values.
    pub headers: &'a [(String, String)],
    /// What was read of the body.
    pub body: &'a [u8],
}

/// The path that an identity is read from; none when a command tells it.
pub fn path(identity: &Identity) -> Option<&str> {
    match identity {
        Identity::Header { path, .. }
        | Identity::Json { path, .. }
        | Identity::Meta { path, .. } => Some(path),
        Identity::Command { .. } => None,
    }
}

/// What an answer to that path says of its release.
pub fn said(identity: &Identity, answer: &Told<'_>) -> Result<String> {
    match identity {
        Identity::Header { name, .. } => header(name, answer),
        Identity::Json { select, .. } => selected(select, answer),
        Identity::Meta { name, .. } => tagged(name, answer),
        Identity::Command { .. } => Err(Error::unavailable("only its command tells it")),
    }
}

/// What the command of a service prints for an address: its first line that is not empty.
pub async fn told(run: &[String], base: &str, deadline: Duration) -> Result<String> {
    // Not as an argument: the address may hold credentials.
    let command = Command::new(run.to_vec())
        .variable("SLUICEGATE_URL", Secret::plain(base))
        .deadline(deadline);
    let output = command.run().await?;
    if !output.is_success {
        let reason = output.stderr.lines().last().unwrap_or_default();
        let message = format!(
            "`{}` ended with {}: {reason}",
            command.line(),
            output.status
        );
        return Err(Error::unavailable(message));
    }
    let mut lines = output.stdout.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty());
    line.map(str::to_owned)
        .ok_or_else(|| Error::unavailable(format!("`{}` prints nothing", command.line())))
}

fn header(name: &str, answer: &Told<'_>) -> Result<String> {
    let headers = answer.headers.iter();
    let found = headers.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    // Several lines mean their values joined by commas (RFC 9110, section 5.3). A proxy that adds
    // the same once more says nothing new.
    let mut values: Vec<&str> = Vec::new();
    for (_, value) in found {
        if !values.contains(&value.as_str()) {
            values.push(value);
        }
    }
    if values.is_empty() {
        let status = answer.status;
        return Err(Error::unavailable(format!(
            "the answer has no header `{name}` (status {status})"
        )));
    }
    Ok(values.join(", "))
}

fn tagged(name: &str, answer: &Told<'_>) -> Result<String> {
    let page = String::from_utf8_lossy(answer.body);
    for token in html5gum::Tokenizer::new(page.as_ref()).flatten() {
        let html5gum::Token::StartTag(tag) = token else {
            continue;
        };
        let attribute = |key: &str| {
            let value = tag.attributes.get(key.as_bytes())?;
            Some(String::from_utf8_lossy(value).into_owned())
        };
        let is_it = tag.name.as_slice() == b"meta"
            && attribute("name").is_some_and(|found| found.eq_ignore_ascii_case(name));
        if let (true, Some(content)) = (is_it, attribute("content")) {
            return Ok(content.trim().to_owned());
        }
    }
    let status = answer.status;
    Err(Error::unavailable(format!(
        "the page has no `<meta name=\"{name}\">` (status {status})"
    )))
}

fn selected(select: &str, answer: &Told<'_>) -> Result<String> {
    let path = serde_json_path::JsonPath::parse(select)
        .map_err(|error| Error::config(format!("`{select}` is no JSONPath")).source(error))?;
    // Parsers may ignore a byte order mark: RFC 8259, section 8.1.
    let body = answer.body.strip_prefix(b"\xef\xbb\xbf");
    let body = body.unwrap_or(answer.body);
    let value: serde_json::Value = serde_json::from_slice(body).map_err(|error| {
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
    if let Identity::Command { run, deadline } = identity {
        return told(run, base, deadline.duration()).await;
    }
    let url = join(base, path(identity).unwrap_or_default());
    let answer = http.get(&url, deadline).await?;
    let told = Told {
        status: answer.status,
        headers: &answer.headers,
        body: &answer.body,
    };
    said(identity, &told).map_err(|error| error.at(url))
}

/// The command that shows the same by hand.
pub fn reproduce(base: &str, identity: &Identity) -> String {
    let url = quoted(&join(base, path(identity).unwrap_or_default()));
    match identity {
        Identity::Command { run, .. } => Command::new(run.clone()).line(),
        Identity::Header { name, .. } => {
            format!("curl -sSi {url} | grep -i {}", quoted(&format!("^{name}:")))
        }
        Identity::Json { .. } => format!("curl -sS {url}"),
        Identity::Meta { name, .. } => {
            let pattern = quoted(&format!("<meta[^>]*{name}[^>]*>"));
            format!("curl -sS {url} | grep -io {pattern}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Result<String> {
        let identity = Identity::Meta {
            path: "/".into(),
            name: "Release".into(),
        };
        let told = Told {
            status: 200,
            headers: &[],
            body: body.as_bytes(),
        };
        said(&identity, &told)
    }

    #[test]
    fn a_byte_order_mark_before_a_document_is_ignored() {
        let identity = Identity::Json {
            path: "/".into(),
            select: "$.version".into(),
        };
        let told = Told {
            status: 200,
            headers: &[],
            body: b"\xef\xbb\xbf{\"version\":\"1.1.0\"}",
        };
        assert_eq!(said(&identity, &told).expect("is there"), "1.1.0");
    }

    #[test]
    fn every_line_of_a_header_is_read() {
        let identity = Identity::Header {
            path: "/".into(),
            name: "x-release".into(),
        };
        let lines = |values: &[&str]| {
            let headers = values.iter();
            let headers: Vec<(String, String)> = headers
                .map(|value| ("X-Release".to_owned(), (*value).to_owned()))
                .collect();
            let told = Told {
                status: 200,
                headers: &headers,
                body: b"",
            };
            said(&identity, &told).ok()
        };
        assert_eq!(lines(&["1.1.0", "1.1.0"]).as_deref(), Some("1.1.0"));
        assert_eq!(lines(&["1.1.0", "0.9.0"]).as_deref(), Some("1.1.0, 0.9.0"));
        assert_eq!(lines(&[]), None);
    }

    #[test]
    fn a_meta_tag_is_read_however_it_is_written() {
        for body in [
            r#"<html><head><meta name="release" content="1.1.0"></head>"#,
            "<META content=' 1.1.0 ' NAME=release />",
            "<!-- <meta name=release content=0.9.0> --><meta name=release content=1.1.0>",
        ] {
            assert_eq!(page(body).expect("is there"), "1.1.0", "{body}");
        }
        for body in [
            "",
            "<meta name=version content=1>",
            "<meta name=release>",
            "<meta",
        ] {
            assert!(page(body).is_err(), "{body}");
        }
    }
}
