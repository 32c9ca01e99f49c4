//! Probes from a Compose file: what it publishes is open, what it keeps to itself is closed, and
//! what it asks for its own health is asked.

use super::draft::{Draft, endpoint};
use super::yaml::Node;
use crate::compose::{Lookup, services};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// A host that no document names.
const SOMEWHERE: &str = "staging.example.com";
/// A service that publishes more ports than this is listed in no file.
const MOST_PORTS: usize = 200;
/// Images by the end of their name, and the port that each listens on by itself.
const KNOWN: [(&str, u16); 14] = [
    ("postgres", 5432),
    ("postgis", 5432),
    ("pgbouncer", 6432),
    ("redis", 6379),
    ("valkey", 6379),
    ("mysql", 3306),
    ("mariadb", 3306),
    ("mongo", 27017),
    ("memcached", 11211),
    ("rabbitmq", 5672),
    ("elasticsearch", 9200),
    ("opensearch", 9200),
    ("prometheus", 9090),
    ("clickhouse-server", 8123),
];

/// A port of the host and the port of the container behind it.
struct Mapping {
    outside: u16,
    inside: Option<u16>,
    /// Whether only the host itself reaches it.
    is_local: bool,
}

/// Drafts a section from a file. `Err` says what is wrong with it.
pub(super) fn draft(
    document: &Value,
    file: &str,
    url: Option<&str>,
    lookup: Lookup<'_>,
) -> Result<Draft, String> {
    // Everything that is wrong with a port is said by the one who knows them.
    services(document, lookup)?;
    let mut draft = Draft::of(file, url);
    let (mut open, mut closed) = (BTreeSet::new(), BTreeSet::new());
    let all = document.get("services").and_then(Value::as_object);
    for (name, service) in all.into_iter().flatten() {
        let Some(service) = service.as_object() else {
            continue;
        };
        let mappings = mappings(service, lookup)?;
        let (local, public): (Vec<&Mapping>, Vec<&Mapping>) =
            mappings.iter().partition(|mapping| mapping.is_local);
        open.extend(public.iter().map(|mapping| mapping.outside));
        closed.extend(local.iter().map(|mapping| mapping.outside));
        closed.extend(kept(service));
        health(name, service, &mappings, &mut draft);
        hint(name, service, &mut draft);
    }
    closed.retain(|port| !open.contains(port));
    ports(&open, &closed, &mut draft);
    Ok(draft)
}

fn ports(open: &BTreeSet<u16>, closed: &BTreeSet<u16>, draft: &mut Draft) {
    if open.len() > MOST_PORTS || closed.len() > MOST_PORTS {
        let count = open.len().max(closed.len());
        draft.leave_out(format!("{count} ports, which is more than {MOST_PORTS}"));
        return;
    }
    if draft.url.is_none() {
        let first = open.first().copied();
        draft.url = Some(url(SOMEWHERE, first.unwrap_or(80)));
    }
    if open.is_empty() && closed.is_empty() {
        return;
    }
    let name = draft.name("ports");
    let mut probe = vec![("name", Node::text(name))];
    if !open.is_empty() {
        probe.push(("open", Node::Value(json!(open))));
    }
    if !closed.is_empty() {
        probe.push(("closed", Node::Value(json!(closed))));
    }
    let said = "What is published must be reached, and nothing else. Run it from outside of the \
                host: there a port that is bound to the host alone is closed.";
    draft.probe(said, "ports", Node::map(probe));
}

/// What a service publishes, port by port.
fn mappings(service: &Map<String, Value>, lookup: Lookup<'_>) -> Result<Vec<Mapping>, String> {
    let mut mappings = Vec::new();
    for port in service
        .get("ports")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let alone = json!({ "services": { "one": { "ports": [port] } } });
        let published = services(&alone, lookup)?
            .into_iter()
            .flat_map(|one| one.published);
        for published in published.filter(|published| published.is_tcp) {
            let is_local = published.host_ip.as_deref().is_some_and(is_loopback);
            let inside = inside(port).filter(|_| published.ports.len() == 1);
            mappings.extend(published.ports.map(|outside| Mapping {
                outside,
                inside,
                is_local,
            }));
        }
    }
    Ok(mappings)
}

/// The port of the container, where it is a single one.
fn inside(port: &Value) -> Option<u16> {
    let text = match port {
        Value::Object(map) => match map.get("target")? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
        Value::String(text) => text.rsplit(':').next()?.split('/').next()?.to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
    };
    text.parse().ok()
}

fn is_loopback(ip: &str) -> bool {
    ip.parse::<std::net::IpAddr>()
        .is_ok_and(|ip| ip.is_loopback())
}

/// Ports of containers that are reached within the project only.
fn kept(service: &Map<String, Value>) -> Vec<u16> {
    let exposed = service
        .get("expose")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let exposed = exposed.filter_map(|port| match port {
        Value::String(text) => text.split('/').next()?.parse().ok(),
        other => other.as_u64().and_then(|port| u16::try_from(port).ok()),
    });
    exposed
        .filter(|port| *port > 0)
        .chain(known(service).map(|(_, port)| port))
        .collect()
}

/// The image of a service without its registry and its tag, and its own port.
fn known(service: &Map<String, Value>) -> Option<(&'static str, u16)> {
    let image = service.get("image")?.as_str()?;
    let name = image
        .split('@')
        .next()?
        .rsplit('/')
        .next()?
        .split(':')
        .next()?;
    KNOWN.into_iter().find(|(known, _)| *known == name)
}

/// A probe of what the service asks for its own health.
fn health(name: &str, service: &Map<String, Value>, mappings: &[Mapping], draft: &mut Draft) {
    let test = service
        .get("healthcheck")
        .and_then(|health| health.get("test"));
    let words: Vec<&str> = match test {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => return,
    };
    let shown = crate::answer::shown(name, 60);
    let mut urls = words
        .iter()
        .flat_map(|word| word.split(['\'', '"', ' ', '\t', '\n', '|', ';']));
    let Some(url) = urls.find(|word| word.starts_with("http://")) else {
        let what = crate::answer::shown(&words.join(" "), 80);
        draft.leave_out(format!(
            "the health check of `{shown}`, which asks no URL: `{what}`"
        ));
        return;
    };
    let Some(asked) = endpoint(url).filter(|_| !url.contains('$')) else {
        let url = crate::answer::shown(url, 80);
        draft.leave_out(format!(
            "the health check of `{shown}`: `{url}` is no address as it stands"
        ));
        return;
    };
    let outside = mappings
        .iter()
        .find(|one| one.inside == Some(asked.port) && !one.is_local);
    let Some(outside) = outside.map(|mapping| mapping.outside) else {
        let port = asked.port;
        draft.leave_out(format!(
            "the health check of `{shown}`: its port {port} is not published"
        ));
        return;
    };
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    let path = format!("/{}", path.split('#').next().unwrap_or_default());
    let probe_name = draft.name(&format!("{name} is healthy"));
    let mut probe = vec![("name", Node::text(probe_name))];
    if let Some(at) = address(name, outside, draft) {
        probe.push(("at", Node::text(at)));
    }
    probe.push(("path", Node::text(path)));
    draft.probe(
        format!("The health check of `{shown}`"),
        "http",
        Node::map(probe),
    );
}

/// The name of the address with that port; none when it is the environment's own.
fn address(service: &str, port: u16, draft: &mut Draft) -> Option<String> {
    let own = draft.url.get_or_insert_with(|| url(SOMEWHERE, port));
    let own = endpoint(own)?;
    if own.port == port {
        return None;
    }
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let name: String = service.chars().take(50).map(plain).collect();
    let name = format!("{}-{port}", name.trim_matches('-'))
        .trim_matches('-')
        .to_owned();
    draft.addresses.insert(name.clone(), url(&own.host, port));
    Some(name)
}

/// The two ports that everybody knows are not written.
fn url(host: &str, port: u16) -> String {
    match port {
        80 => format!("http://{host}"),
        443 => format!("https://{host}"),
        _ => format!("http://{host}:{port}"),
    }
}

/// What else could be asked, when it can be reached.
fn hint(name: &str, service: &Map<String, Value>, draft: &mut Draft) {
    let Some((image, _)) = known(service) else {
        return;
    };
    let (kind, key, place) = match image {
        "redis" | "valkey" => ("redis", "cache", "caches"),
        "postgres" | "postgis" => ("postgres", "database", "databases"),
        _ => return,
    };
    let name = crate::answer::shown(name, 60);
    draft.hints.push(format!(
        "`{name}` is of the image {image}. Where it can be reached, name it under the \
         environment's `{place}`, and add:\n- {kind}: {{ name: {name}, {key}: {name} }}"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &str = "services:
  web:
    image: ghcr.io/acme/web:1.2
    ports: ['${PORT:-8080}:3000', '127.0.0.1:9229:9229', '53:53/udp']
    expose: [9464]
    healthcheck: { test: ['CMD', 'curl', '-f', 'http://localhost:3000/api/health?full=1'] }
  admin:
    build: .
    ports: [{ target: 80, published: 8081 }]
    healthcheck: { test: \"wget -qO- 'http://127.0.0.1/ready' || exit 1\" }
  db:
    image: postgres:16@sha256:abc
    healthcheck: { test: ['CMD-SHELL', 'pg_isready -U app'] }
  cache: { image: 'redis:7-alpine' }
";

    fn drafted(yaml: &str, url: Option<&str>) -> Result<Draft, String> {
        draft(
            &shared::config::yaml_value(yaml, "compose.yml").map_err(|e| e.to_string())?,
            "compose.yaml",
            url,
            &|_| Ok(None),
        )
    }

    #[test]
    fn what_is_published_is_open_and_all_else_is_closed() {
        let draft = drafted(FILE, Some("http://app.example.com:8080")).expect("is a file");
        let yaml = draft.written();
        let read = shared::config::yaml_value(&yaml, "draft.yml").expect(&yaml);
        assert_eq!(
            read["smoke"]["probes"],
            json!([
                {"http": {"name": "admin is healthy", "at": "admin-8081", "path": "/ready"}},
                {"http": {"name": "web is healthy", "path": "/api/health?full=1"}},
                {"ports": {"name": "ports", "open": [8080, 8081],
                    "closed": [5432, 6379, 9229, 9464]}},
            ])
        );
        assert!(
            yaml.contains("#       admin-8081: http://app.example.com:8081\n"),
            "{yaml}"
        );
        assert!(
            yaml.contains("    # - postgres: { name: db, database: db }\n"),
            "{yaml}"
        );
        assert!(
            yaml.contains("    # - redis: { name: cache, cache: cache }\n"),
            "{yaml}"
        );
        assert_eq!(
            draft.left_out,
            ["the health check of `db`, which asks no URL: `CMD-SHELL pg_isready -U app`"]
        );
    }

    #[test]
    fn without_an_address_the_first_port_stands_for_the_environment() {
        let draft = drafted("services: {web: {ports: ['80:80', '81:81']}}", None);
        let draft = draft.expect("is a file");
        assert_eq!(draft.url.as_deref(), Some("http://staging.example.com"));
    }

    #[test]
    fn what_is_no_compose_file_is_refused() {
        for (yaml, why) in [
            ("a: 1", "has no `services`"),
            ("services: {a: {ports: ['x:y']}}", "cannot be read"),
            ("services: {a: {extends: b}}", "has `extends`"),
        ] {
            let refused = drafted(yaml, None).expect_err(yaml);
            assert!(refused.contains(why), "{yaml}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(text in ".{0,20}", number: i64, test in "[a-z:/.' 0-9$]{0,40}") {
            let odd = json!([text, number, null, [text], { text.clone(): number }]);
            for (ports, test, image) in [
                (json!([text]), json!(format!("http://{test}")), json!(text)),
                (odd.clone(), odd.clone(), odd.clone()),
                (json!(["80:80", number]), json!(["CMD", test]), json!("redis")),
            ] {
                let service = json!({"ports": ports, "healthcheck": {"test": test},
                    "image": image, "expose": odd});
                let document = json!({ "services": { text.clone(): service, "b": number } });
                if let Ok(draft) = draft(&document, "f", None, &|_| Ok(None)) {
                    let yaml = draft.written();
                    let is_empty = draft.probes.is_empty();
                    let read = shared::config::yaml_value(&yaml, "draft.yml");
                    prop_assert!(is_empty || read.is_ok(), "{}\n{:?}", yaml, read);
                }
            }
        }
    }
}
