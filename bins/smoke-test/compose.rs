//! What a Compose file publishes: its services, and the ports of the host that lead to them.
//!
//! Both syntaxes of <https://docs.docker.com/reference/compose-file/services/#ports>, with the
//! interpolation of <https://docs.docker.com/reference/compose-file/interpolation/>.

mod environment;
mod interpolation;

pub(crate) use environment::Environment;

use core::net::IpAddr;
use interpolation::interpolated;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// A service and what it publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// Its name.
    pub(crate) name: String,
    /// Ports of the host; one that Docker chooses when it starts is left out.
    pub(crate) published: Vec<Published>,
}

/// Ports of the host that lead to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// The address that they are bound to; none for all of them.
    pub(crate) host_ip: Option<String>,
    /// The ports.
    pub(crate) ports: RangeInclusive<u16>,
    /// Whether it is TCP, not UDP or SCTP.
    pub(crate) is_tcp: bool,
}

/// Where a variable is looked up. `Err` says why its value is not known.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Result<Option<String>, String>;

/// The services of a Compose file, by name. `Err` says what cannot be read, without the value of
/// any variable.
pub(crate) fn services(document: &Value, lookup: Lookup<'_>) -> Result<Vec<Service>, String> {
    if document.get("include").is_some() {
        return Err(format!("has `include`; {RENDERED}"));
    }
    let services = document.get("services").and_then(Value::as_object);
    let services = services.ok_or("has no `services`")?;
    let read = |(name, service): (&String, &Value)| {
        let published = published(service, lookup);
        let name = name.clone();
        match published {
            Ok(published) => Ok(Service { name, published }),
            Err(why) => Err(format!(
                "has a service `{}` that {why}",
                crate::answer::shown(&name, 60)
            )),
        }
    };
    services.iter().map(read).collect()
}

/// What is published elsewhere would be missed.
const RENDERED: &str = "render it with `docker compose config`, and name the result";

fn published(service: &Value, lookup: Lookup<'_>) -> Result<Vec<Published>, String> {
    if service.get("extends").is_some() {
        return Err(format!("has `extends`; {RENDERED}"));
    }
    let ports = match service.get("ports") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(ports)) => ports,
        Some(_) => return Err("has `ports` that are no list".into()),
    };
    let mut published = Vec::new();
    for port in ports {
        published.extend(match port {
            // A number is a port of the container alone.
            Value::Number(_) => None,
            Value::String(text) => short(text, lookup)?,
            Value::Object(map) => long(map, lookup)?,
            Value::Null | Value::Bool(_) | Value::Array(_) => return Err(unreadable(port)),
        });
    }
    Ok(published)
}

/// `[[address:]published:]target[/protocol]`; none when Docker chooses the port.
fn short(raw: &str, lookup: Lookup<'_>) -> Result<Option<Published>, String> {
    let text = interpolated(raw, lookup)?;
    let unreadable = || unreadable(&Value::from(raw));
    let text = text.trim();
    let (mapping, protocol) = text.rsplit_once('/').unwrap_or((text, "tcp"));
    let is_tcp = is_tcp(protocol).ok_or_else(unreadable)?;
    let Some((host, target)) = mapping.rsplit_once(':') else {
        range(mapping).ok_or_else(unreadable)?;
        return Ok(None);
    };
    let (host_ip, ports) = match host.rsplit_once(':') {
        Some((ip, ports)) => (Some(address(ip).ok_or_else(unreadable)?), ports),
        None => (None, host),
    };
    let target = range(target).ok_or_else(unreadable)?;
    if ports.is_empty() && host_ip.is_some() {
        return Ok(None);
    }
    let ports = range(ports).ok_or_else(unreadable)?;
    // Several ports lead to one port of the container, or each to its own.
    if target.len() > 1 && target.len() != ports.len() {
        return Err(unreadable());
    }
    Ok(Some(Published {
        host_ip,
        ports,
        is_tcp,
    }))
}

/// `{target, published, host_ip, protocol}`; none when Docker chooses the port.
fn long(map: &Map<String, Value>, lookup: Lookup<'_>) -> Result<Option<Published>, String> {
    let unreadable = || unreadable(&Value::Object(map.clone()));
    let text = |key: &str| match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::String(raw)) => Ok(Some(interpolated(raw, lookup)?)),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(unreadable()),
    };
    let target = text("target")?.ok_or_else(unreadable)?;
    range(&target).ok_or_else(unreadable)?;
    let is_tcp = match text("protocol")? {
        Some(protocol) => is_tcp(&protocol).ok_or_else(unreadable)?,
        None => true,
    };
    let host_ip = match text("host_ip")? {
        Some(ip) if !ip.is_empty() => Some(address(&ip).ok_or_else(unreadable)?),
        Some(_) | None => None,
    };
    match text("published")? {
        Some(ports) if !ports.is_empty() && ports != "0" => Ok(Some(Published {
            host_ip,
            ports: range(&ports).ok_or_else(unreadable)?,
            is_tcp,
        })),
        Some(_) | None => Ok(None),
    }
}

fn unreadable(port: &Value) -> String {
    let shown = crate::answer::shown(&port.to_string(), 100);
    format!("has `ports` with {shown}, which cannot be read")
}

fn is_tcp(protocol: &str) -> Option<bool> {
    match protocol.trim().to_ascii_lowercase().as_str() {
        "tcp" => Some(true),
        "udp" | "sctp" => Some(false),
        _ => None,
    }
}

/// An address, in brackets or not, without them.
fn address(text: &str) -> Option<String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().ok().map(|ip| ip.to_string())
}

/// `80` or `8000-8010`.
fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let port = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let port = text.parse::<u16>().ok().filter(|port| *port > 0);
        port.filter(|_| is_number)
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (port(first)?, port(last)?),
        None => (port(text)?, port(text)?),
    };
    (first <= last).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lookup(name: &str) -> Result<Option<String>, String> {
        match name {
            "PORT" => Ok(Some("9000".into())),
            "IP" => Ok(Some("127.0.0.1".into())),
            "WORD" => Ok(Some("hunter22".into())),
            _ => Ok(None),
        }
    }

    fn read(yaml: &str) -> Result<Vec<Service>, String> {
        let value = shared::config::yaml_value(yaml, "compose.yml").map_err(|e| e.to_string())?;
        services(&value, &lookup)
    }

    fn published(ports: &str) -> Result<Vec<Published>, String> {
        let read = read(&format!("services:\n  web:\n    ports: {ports}\n"));
        read.map(|services| services.into_iter().flat_map(|one| one.published).collect())
    }

    fn one(host_ip: Option<&str>, ports: RangeInclusive<u16>, is_tcp: bool) -> Published {
        Published {
            host_ip: host_ip.map(str::to_owned),
            ports,
            is_tcp,
        }
    }

    #[test]
    fn the_short_syntax_is_read() {
        for (port, wanted) in [
            ("'8080:80'", one(None, 8080..=8080, true)),
            ("8080:80", one(None, 8080..=8080, true)),
            ("22:22", one(None, 22..=22, true)),
            ("'7890-7892:7890'", one(None, 7890..=7892, true)),
            ("'9090-9091:8080-8081'", one(None, 9090..=9091, true)),
            (
                "'127.0.0.1:5432:5432'",
                one(Some("127.0.0.1"), 5432..=5432, true),
            ),
            ("'[::1]:6379:6379/tcp'", one(Some("::1"), 6379..=6379, true)),
            ("'6060:6060/udp'", one(None, 6060..=6060, false)),
            ("'${PORT}:80'", one(None, 9000..=9000, true)),
            ("'$PORT:80'", one(None, 9000..=9000, true)),
            ("'${NOPE:-8081}:80'", one(None, 8081..=8081, true)),
            (
                "'${IP}:${NOPE-${PORT}}:80'",
                one(Some("127.0.0.1"), 9000..=9000, true),
            ),
        ] {
            assert_eq!(published(&format!("[{port}]")), Ok(vec![wanted]), "{port}");
        }
    }

    #[test]
    fn the_long_syntax_is_read() {
        for (port, wanted) in [
            (
                "{target: 80, published: 8080}",
                one(None, 8080..=8080, true),
            ),
            (
                "{target: 80, published: '8080-8082', mode: host}",
                one(None, 8080..=8082, true),
            ),
            (
                "{target: 53, published: '${PORT}', protocol: udp, host_ip: 127.0.0.1}",
                one(Some("127.0.0.1"), 9000..=9000, false),
            ),
        ] {
            assert_eq!(published(&format!("[{port}]")), Ok(vec![wanted]), "{port}");
        }
    }

    #[test]
    fn a_port_that_docker_chooses_is_left_out() {
        let random = "[80, '81', '3000-3005', '127.0.0.1::82', {target: 83}, \
                      {target: 84, published: ''}]";
        assert_eq!(published(random), Ok(Vec::new()));
        assert_eq!(published("null"), Ok(Vec::new()));
    }

    #[test]
    fn services_are_told_apart_and_anchors_are_followed() {
        let yaml = "x-web: &web\n  ports: ['80:80']\nservices:\n  a:\n    <<: *web\n  b:\n    \
                    image: redis\n  c:\n    ports: ['6379:6379']\n";
        let services = read(yaml).expect("is a Compose file");
        let ports: Vec<_> = services
            .iter()
            .map(|service| (service.name.as_str(), service.published.len()))
            .collect();
        assert_eq!(ports, [("a", 1), ("b", 0), ("c", 1)]);
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_the_value_of_a_variable() {
        for (ports, why) in [
            (
                "['99999:80']",
                "`ports` with \"99999:80\", which cannot be read",
            ),
            ("['0:80']", "cannot be read"),
            ("['127.0.0.1:80']", "cannot be read"),
            ("['8000-8001:80-82']", "cannot be read"),
            ("['9-8:80']", "cannot be read"),
            ("['+80:80']", "cannot be read"),
            ("['80:80/icmp']", "cannot be read"),
            ("[true]", "cannot be read"),
            ("[{published: 80}]", "cannot be read"),
            (
                "[{target: 80, published: 80, host_ip: here}]",
                "cannot be read",
            ),
            ("web", "`ports` that are no list"),
            (
                "['${WORD}:80']",
                "with \"${WORD}:80\", which cannot be read",
            ),
            ("['${NOPE}:80']", "the variable `NOPE`, which is not set"),
            (
                "['${NOPE:?set it}:80']",
                "the variable `NOPE`, which is not set",
            ),
        ] {
            let refused = published(ports).expect_err(ports);
            assert!(refused.contains(why), "{ports}: {refused}");
            assert!(!refused.contains("hunter22"), "{refused}");
        }
        for (yaml, why) in [
            ("a: 1", "has no `services`"),
            ("[1]", "has no `services`"),
            ("include: [a.yml]\nservices: {}", "has `include`"),
            (
                "services: {a: {extends: b}}",
                "has a service `a` that has `extends`",
            ),
        ] {
            let refused = read(yaml).expect_err(yaml);
            assert!(refused.contains(why), "{yaml}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}", like in "[0-9:./${}A-Z?+-]{0,30}") {
            for text in [text, like] {
                let port = serde_json::json!({"services": {"a": {"ports": [text, {"target": text}]}}});
                let _ = services(&port, &lookup);
                let _ = services(&serde_json::json!(text), &lookup);
            }
        }

        #[test]
        fn what_is_written_in_the_short_syntax_is_read_back(
            ip in proptest::option::of(any::<IpAddr>()),
            first in 1u16..=65000,
            more in 0u16..=500,
            target in 1u16..,
            is_tcp: bool,
        ) {
            let last = first + more;
            let host = match ip {
                Some(IpAddr::V6(ip)) => format!("[{ip}]:"),
                Some(IpAddr::V4(ip)) => format!("{ip}:"),
                None => String::new(),
            };
            let protocol = if is_tcp { "" } else { "/udp" };
            let text = format!("{host}{first}-{last}:{target}{protocol}");
            let wanted = Published {
                host_ip: ip.map(|ip| ip.to_string()),
                ports: first..=last,
                is_tcp,
            };
            prop_assert_eq!(short(&text, &lookup), Ok(Some(wanted)));
        }
    }
}
