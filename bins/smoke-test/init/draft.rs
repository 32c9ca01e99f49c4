//! A section of the configuration as it is drafted from another document.

use super::yaml::{Node, comment};
use crate::address::Endpoint;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Where a service may be that no document tells.
const SOMEWHERE: &str = "https://staging.example.com";

/// A section of the configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// The document, as it was named.
    pub(super) file: String,
    /// Where the service is, without a path.
    pub(super) url: Option<String>,
    /// Further addresses by name.
    pub(super) addresses: BTreeMap<String, String>,
    /// Methods that need to be allowed.
    pub(super) methods: BTreeSet<String>,
    /// Variables of the process, and what each must hold.
    pub(super) variables: BTreeMap<String, String>,
    /// The probes, each with what is said of it.
    pub(super) probes: Vec<(String, Node)>,
    /// What could not be carried over, and why.
    pub(super) left_out: Vec<String>,
    /// What may be added, as comments.
    pub(super) hints: Vec<String>,
    /// The first address that the document names, which `url` stands for.
    pub(super) first: Option<String>,
    names: BTreeSet<String>,
}

impl Draft {
    /// Of a document.
    pub(super) fn of(file: &str, url: Option<&str>) -> Self {
        Self {
            file: file.to_owned(),
            url: url.map(|url| url.trim_end_matches('/').to_owned()),
            ..Self::default()
        }
    }

    /// A name that no other probe has: printable, on one line, not too long.
    pub(super) fn name(&mut self, wanted: &str) -> String {
        let wanted = match crate::answer::shown(wanted, 80) {
            empty if empty.is_empty() => "probe".to_owned(),
            wanted => wanted,
        };
        let numbered = (2..).map(|number| format!("{wanted} ({number})"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        let free = names
            .find(|name| !self.names.contains(name))
            .unwrap_or(wanted);
        self.names.insert(free.clone());
        free
    }

    /// One more probe of a kind, and what is said of it.
    pub(super) fn probe(&mut self, said: impl Into<String>, kind: &str, probe: Node) {
        self.probes.push((said.into(), Node::map([(kind, probe)])));
    }

    /// Something that could not be carried over.
    pub(super) fn leave_out(&mut self, what: impl AsRef<str>) {
        self.left_out.push(crate::answer::shown(what.as_ref(), 200));
    }

    /// The section as YAML. What stands outside of it is a comment.
    pub(super) fn written(&self) -> String {
        let mut out = comment(&self.preamble(), 0);
        out.push_str("smoke:\n  probes:\n");
        for (said, probe) in &self.probes {
            out.push_str(&comment(said, 4));
            out.push_str("    - ");
            probe.write(6, &mut out);
            out.push('\n');
        }
        for hint in &self.hints {
            out.push_str(&comment(hint, 4));
        }
        if !self.left_out.is_empty() {
            out.push_str(&comment("Not carried over:", 4));
            for line in &self.left_out {
                out.push_str(&comment(&format!("- {line}"), 4));
            }
        }
        out
    }

    fn preamble(&self) -> String {
        let file = crate::answer::shown(&self.file, 200);
        let mut lines = format!(
            "Made by `smoke-test init` from {file}. Put it into sluicegate.yml, and what it needs \
             into the environment:\n\nenvironments:\n  staging:\n"
        );
        let url = self.url.as_deref().unwrap_or(SOMEWHERE);
        lines.push_str(&format!("    url: {url}\n"));
        if !self.addresses.is_empty() {
            lines.push_str("    addresses:\n");
            for (name, url) in &self.addresses {
                lines.push_str(&format!("      {name}: {url}\n"));
            }
        }
        let mut allow = Vec::new();
        if !self.methods.is_empty() {
            let methods: Vec<&str> = self.methods.iter().map(String::as_str).collect();
            allow.push(format!("methods: [{}]", methods.join(", ")));
        }
        let urls = self.url.iter().chain(self.addresses.values());
        if urls.into_iter().any(|url| is_private(url)) {
            allow.push("private_addresses: true".into());
        }
        if !allow.is_empty() {
            lines.push_str(&format!("    allow: {{ {} }}\n", allow.join(", ")));
        }
        if !self.variables.is_empty() {
            lines.push_str("\nVariables of the process that runs it:\n");
            for (name, what) in &self.variables {
                lines.push_str(&format!("  {name}: {what}\n"));
            }
        }
        lines
    }
}

/// Whether an address is certainly none of the public internet.
fn is_private(url: &str) -> bool {
    let Some(endpoint) = endpoint(url) else {
        return false;
    };
    let bare = endpoint.host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(ip) => crate::client::is_private(ip),
        Err(_) => bare == "localhost" || bare.ends_with(".localhost") || bare.ends_with(".local"),
    }
}

/// Where a URL leads to; none for anything but HTTP.
pub(super) fn endpoint(url: &str) -> Option<Endpoint> {
    let url = reqwest::Url::parse(url).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    Some(Endpoint {
        host: url.host_str()?.to_owned(),
        port: url.port_or_known_default()?,
        is_secure: url.scheme() == "https",
    })
}

/// `https://host:port`.
pub(super) fn origin(endpoint: &Endpoint) -> String {
    let scheme = if endpoint.is_secure { "https" } else { "http" };
    format!("{scheme}://{}", endpoint.authority())
}

/// A text as it stands in a path or a query: RFC 3986, section 2.1.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A text in which `${` means itself, for values that read variables.
pub(super) fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_needs_is_said() {
        let mut draft = Draft::of("a\nb.yaml", Some("http://127.0.0.1:8080/"));
        draft.methods.insert("POST".into());
        draft.variables.insert("TOKEN".into(), "a token".into());
        let (one, two) = (draft.name("GET /"), draft.name("GET /"));
        assert_eq!((one.as_str(), two.as_str()), ("GET /", "GET / (2)"));
        draft.probe("said", "http", Node::map([("name", Node::text(one))]));
        draft.leave_out("POST /: why\nnot");
        assert_eq!(
            draft.written(),
            "# Made by `smoke-test init` from a b.yaml. Put it into sluicegate.yml, and what it needs \
             into the environment:\n#\n# environments:\n#   staging:\n#     url: \
             http://127.0.0.1:8080\n#     allow: { methods: [POST], private_addresses: true }\n#\n# \
             Variables of the process that runs it:\n#   TOKEN: a token\nsmoke:\n  probes:\n    # \
             said\n    - http:\n        name: GET /\n    # Not carried over:\n    # - POST /: why not\n"
        );
    }

    #[test]
    fn only_what_is_certainly_private_is_called_so() {
        for url in [
            "http://localhost:1",
            "http://10.0.0.1",
            "http://[::1]:80",
            "http://a.local",
        ] {
            assert!(is_private(url), "{url}");
        }
        for url in [
            "https://staging.example.com",
            "http://1.1.1.1",
            "ftp://localhost",
            "x",
        ] {
            assert!(!is_private(url), "{url}");
        }
    }

    #[test]
    fn texts_are_encoded_for_where_they_stand() {
        assert_eq!(percent_encoded("a b/ä"), "a%20b%2F%C3%A4");
        assert_eq!(literal("a ${B}"), "a $${B}");
    }
}
