//! The request of an entry: where it goes, and what is sent.

use super::super::draft::{Draft, endpoint, origin, percent_encoded};
use super::super::yaml::Node;
use super::syntax::{Body, Entry, Lined, Pair};
use super::template::{Names, leading};
use crate::sensitive::is_sensitive;
use serde_json::json;
use std::collections::BTreeMap;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    method: String,
    at: Option<String>,
    /// With the query.
    pub(super) path: String,
    headers: Vec<(String, String)>,
    body: Option<(&'static str, Node)>,
    within: Option<String>,
    /// What is not carried over, with its line.
    pub(super) left_out: Vec<(usize, String)>,
}

/// Options that change nothing about what is asked.
const HARMLESS: [&str; 6] = [
    "verbose",
    "very-verbose",
    "output",
    "color",
    "no-output",
    "variable",
];
/// Options without which the answer is another.
const DECISIVE: [&str; 6] = [
    "location",
    "location-trusted",
    "skip",
    "repeat",
    "proxy",
    "unix-socket",
];

impl Asked {
    /// Of an entry. `Err` says why it cannot be asked.
    pub(super) fn of(entry: &Entry, names: &mut Names, draft: &mut Draft) -> Result<Self, String> {
        if let Some(line) = entry.multipart {
            return Err(format!(
                "it sends `[Multipart]` (line {line}), which no probe can"
            ));
        }
        if !crate::plan::KNOWN_METHODS.contains(&entry.method.as_str()) {
            return Err(format!("no probe sends `{}`", entry.method));
        }
        let mut asked = Self {
            method: entry.method.clone(),
            ..Self::default()
        };
        for option in &entry.options {
            asked.option(option, names)?;
        }
        asked.place(&entry.url, names, draft)?;
        asked.query(&entry.query, names)?;
        asked.has_no_secret()?;
        for header in &entry.headers {
            let (name, value) = &header.value;
            let value = names.with_variables(value)?;
            let value = names.hidden(name, &value);
            asked.headers.push((name.clone(), value));
        }
        if let Some(line) = entry.basic {
            let what = "`[BasicAuth]`: put user:password in base64 into the variable BASIC_AUTH";
            asked.left_out.push((line, what.into()));
            draft
                .variables
                .insert("BASIC_AUTH".into(), "user:password in base64".into());
            asked
                .headers
                .push(("Authorization".into(), "Basic ${BASIC_AUTH}".into()));
        }
        if !entry.cookies.is_empty() {
            let pairs = entry.cookies.iter();
            let cookies: Result<Vec<String>, String> = pairs
                .map(
                    |Lined {
                         value: (name, value),
                         ..
                     }| {
                        Ok(format!("{name}={}", names.with_variables(value)?))
                    },
                )
                .collect();
            let cookies = names.hidden("Cookie", &cookies?.join("; "));
            asked.headers.push(("Cookie".into(), cookies));
        }
        asked.has_no_header_twice()?;
        asked.content(entry, names)?;
        Ok(asked)
    }

    fn option(&mut self, option: &Pair, names: &mut Names) -> Result<(), String> {
        let (name, value) = &option.value;
        if name == "variable" {
            if let Some((name, value)) = value.split_once('=') {
                names.set(name.trim(), value.trim().trim_matches('"'));
            }
            return Ok(());
        }
        if DECISIVE.contains(&name.as_str()) && value != "false" {
            return Err(format!("it has the option `{name}`, which no probe has"));
        }
        if name == "max-time" {
            // A number without a unit is of seconds.
            let is_bare = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
            self.within = Some(if is_bare {
                format!("{value}s")
            } else {
                value.clone()
            });
            let read = shared::config::Span::try_from(self.within.clone().unwrap_or_default());
            if read.is_ok_and(|span| !span.duration().is_zero()) {
                return Ok(());
            }
            self.within = None;
        }
        if !HARMLESS.contains(&name.as_str()) {
            // `user` has a password in its value.
            let is_secret = name == "user" || is_sensitive(name);
            let shown = if is_secret { "…" } else { value };
            let what = format!("the option `{name}: {shown}`, which no probe has");
            self.left_out.push((option.line, what));
        }
        Ok(())
    }

    /// The address and the path. A name at the start stands for the service itself.
    fn place(&mut self, url: &str, names: &mut Names, draft: &mut Draft) -> Result<(), String> {
        let path = if let Some((_, rest)) = leading(url) {
            rest
        } else {
            let authority_end = url.find("://").map(|at| at + 3).unwrap_or_default();
            let length = url[authority_end..]
                .find(['/', '?'])
                .map(|at| authority_end + at);
            let (start, rest) = url.split_at(length.unwrap_or(url.len()));
            let endpoint = endpoint(start).ok_or("its address is none of HTTP")?;
            self.at = address(&origin(&endpoint), draft);
            rest
        };
        let path = path.split('#').next().unwrap_or_default();
        let path = names.without_variables(path, str::to_owned)?;
        self.path = if path.starts_with('/') {
            path
        } else {
            format!("/{path}")
        };
        Ok(())
    }

    fn query(&mut self, pairs: &[Pair], names: &mut Names) -> Result<(), String> {
        for Lined {
            value: (name, value),
            ..
        } in pairs
        {
            let value = names.without_variables(value, percent_encoded)?;
            let sign = if self.path.contains('?') { '&' } else { '?' };
            self.path
                .push_str(&format!("{sign}{}={value}", percent_encoded(name)));
        }
        Ok(())
    }

    /// No variable can stand in a path, and a draft is printed and committed.
    fn has_no_secret(&self) -> Result<(), String> {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut secrets = pairs.filter(|(name, value)| {
            is_sensitive(name) && !value.is_empty() && !value.contains("{{")
        });
        match secrets.next() {
            Some((name, _)) => Err(format!(
                "it has the secret `{name}` in its address, where no variable can stand"
            )),
            None => Ok(()),
        }
    }

    /// A probe names each of its headers once.
    fn has_no_header_twice(&self) -> Result<(), String> {
        let mut names = std::collections::BTreeSet::new();
        let mut all = self.headers.iter();
        match all.find(|(name, _)| !names.insert(name.to_ascii_lowercase())) {
            Some((name, _)) => Err(format!("it sends the header `{name}` twice")),
            None => Ok(()),
        }
    }

    fn content(&mut self, entry: &Entry, names: &mut Names) -> Result<(), String> {
        if !entry.form.is_empty() {
            let mut fields = BTreeMap::new();
            for Lined {
                value: (name, value),
                ..
            } in &entry.form
            {
                let value = names.with_variables(value)?;
                fields.insert(name.clone(), Node::text(names.hidden(name, &value)));
            }
            if fields.len() < entry.form.len() {
                return Err("it sends a field of its form twice".into());
            }
            self.body = Some(("form", Node::map(fields)));
        }
        let Some(Lined { value: body, .. }) = &entry.body else {
            return Ok(());
        };
        if matches!(entry.method.as_str(), "GET" | "HEAD") {
            return Err(format!("it sends a body with `{}`", entry.method));
        }
        self.body = Some(match body {
            Body::Json(text) => {
                let text = names.with_variables(text)?;
                ("json", Node::text(names.hidden_in(&text)?))
            }
            Body::Text(text) => ("text", Node::text(names.with_variables(text)?)),
            Body::File(file) => ("file", Node::text(file)),
            Body::Other(kind) => return Err(format!("it sends {kind}, which no probe can")),
        });
        Ok(())
    }

    /// Without a limit of time of its own.
    pub(super) fn without_limit(mut self) -> Self {
        self.within = None;
        self
    }

    /// The keys of a probe that say what is asked.
    pub(super) fn written(&self) -> Vec<(String, Node)> {
        let mut keys = Vec::new();
        let mut key = |name: &str, node| keys.push((name.to_owned(), node));
        if let Some(at) = &self.at {
            key("at", Node::text(at));
        }
        if self.method != "GET" {
            key("method", Node::text(&self.method));
        }
        key("path", Node::text(&self.path));
        if !self.headers.is_empty() {
            let headers = self.headers.iter();
            key(
                "headers",
                Node::map(headers.map(|(name, value)| (name, Node::text(value)))),
            );
        }
        if let Some((kind, body)) = &self.body {
            key("body", Node::map([(*kind, body.clone())]));
        }
        if let Some(within) = &self.within {
            key("within", Node::Value(json!(within)));
        }
        keys
    }
}

/// The name of an address; none for the environment's own, which is the first.
fn address(origin: &str, draft: &mut Draft) -> Option<String> {
    // `--url` says where the service is now that the first one names.
    let first = draft.first.get_or_insert_with(|| origin.to_owned()).clone();
    if draft.url.is_none() {
        draft.url = Some(origin.to_owned());
    }
    if first == origin {
        return None;
    }
    let is_same = |entry: &(&String, &String)| entry.1 == origin;
    if let Some((name, _)) = draft.addresses.iter().find(is_same) {
        return Some(name.clone());
    }
    let name = format!("address-{}", draft.addresses.len() + 2);
    draft.addresses.insert(name.clone(), origin.to_owned());
    Some(name)
}
